/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket and its lock: who may serve on this path.  Only the
 * holder of the lock ("<path>.lock", an open file description lock that dies
 * with its process) binds the path or removes what is there.
 */
#ifndef AWSFED_CONTROL_SOCKET_H
#define AWSFED_CONTROL_SOCKET_H

struct control_socket;
struct fault;

/* See control_new.  Takes listen_fd when it succeeds. */
struct control_socket *control_socket_new(
    const char *path, int listen_fd, struct fault *fault);
/* Removes the socket when it is ours and still there. */
void control_socket_free(struct control_socket *sock);
int control_socket_fd(const struct control_socket *sock);
/*
 * Is it still what its path leads to?  0: yes; 1: it was not (the directory was
 * deleted, a cleaner took the socket) and a new one listens there, lock and
 * all: control_socket_fd() is another one; -EBUSY: another program listens
 * there now; another negative errno: it cannot be mended now, *fault says why.
 */
int control_socket_mend(struct control_socket *sock, struct fault *fault);

#endif
