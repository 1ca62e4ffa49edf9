/* SPDX-License-Identifier: Apache-2.0 */
/* Whose is the other end of a TCP connection on this machine? */
#ifndef AWSFED_CONTAINER_PEER_H
#define AWSFED_CONTAINER_PEER_H

#include <sys/types.h>

/*
 * The user id of the process that made the connection fd (IPv4, accepted here
 * from here), as the kernel tells it; (uid_t)-1 when it does not.  Does not
 * block.  sock_diag(7), proc(5) on /proc/net/tcp.
 */
uid_t container_peer(int fd);
/* The two ways that it tries, for tests. */
uid_t container_peer_by_diag(int fd);
uid_t container_peer_by_table(int fd);

#endif
