/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container endpoint: credentials over HTTP on 127.0.0.1, for programs that
 * outlive their first keys and know AWS_CONTAINER_CREDENTIALS_FULL_URI.  It is
 * the agent's only socket that is not a file, so it is off unless the settings
 * say otherwise, and listens only once a program was started for it.
 *
 * Each connection gets one answer and ends.  What a request may be is
 * container-request's, who may ask is container-tokens'; nobody is ever asked
 * anything here, and a back-off is left alone.
 */
#ifndef AWSFED_CONTAINER_H
#define AWSFED_CONTAINER_H

#include <stdbool.h>

struct container;
struct fault;
struct manager;

#define CONTAINER_CONNS 256
#define CONTAINER_REQUEST_TIME 2 /* seconds for a whole request */
#define CONTAINER_WAIT_TIME 1	 /* seconds to wait for a refresh */

/*
 * dir is where tokens and the port are kept; an earlier agent's are taken over
 * and served at once.  Before methods_free, manager_free.
 */
struct container *container_new(struct manager *m, const char *dir);
void container_free(struct container *c);
/* The folder of the tokens was gone: what it held is put back. */
void container_again(struct container *c);
/* Does it listen, for programs that run? */
bool container_listens(const struct container *c);
/*
 * Makes sure that the profile is served: its address and the file of its token,
 * both xalloc.  0, or -1 with *fault.
 */
int container_offer(struct container *c, const char *profile, char **ret_url,
    char **ret_file, struct fault *fault);

#endif
