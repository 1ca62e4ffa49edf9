/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: connections, peer check, frames, limits.  It knows no
 * method; each decoded call goes to a handler, and replies come back by the
 * connection's id, which may have gone by then (then they are dropped).
 */
#ifndef AWSFED_CONTROL_H
#define AWSFED_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct buf;
struct control;
struct fault;
struct loop;

#define CONTROL_CLIENTS 64
#define CONTROL_REQUEST_TIME 5		     /* seconds for one whole request */
#define CONTROL_QUEUED_MAX (9 * 1024 * 1024) /* unsent bytes of one client */

struct control_handler {
	/* parameters is borrowed, never NULL.  Answer with control_reply. */
	void (*call)(uint64_t conn, const char *method,
	    const json_t *parameters, bool more, void *arg);
	/*
	 * The answer of a call that can be given at once, with its NUL, for
	 * the message's text.  false: call is to be asked.  May be NULL.
	 */
	bool (*quick)(const char *text, size_t len, struct buf *ret, void *arg);
	/* The connection went away: forget its id.  Not for never-called ones. */
	void (*closed)(uint64_t conn, void *arg);
	/* Is this process none that may call, though of our user? */
	bool (*barred)(pid_t pid, void *arg); /* NULL: there is none such */
	void *arg;
};

/*
 * Serves on listen_fd when it is >= 0 (socket activation: the socket is then
 * not ours to unlink), else binds path: private directory made or checked,
 * lock file beside it held for life, stale socket replaced.  NULL with *fault
 * (another agent runs; directory of somebody else; path too long).
 */
struct control *control_new(struct loop *loop, const char *path, int listen_fd,
    const struct control_handler *handler, struct fault *fault);
void control_free(struct control *control);
/*
 * Looks whether clients still find the socket, and listens anew when they do
 * not; see control_socket_mend().  Whoever is connected stays so.
 */
int control_mend(struct control *control, struct fault *fault);
/* Takes reply.  last ends the call: the connection may send its next one. */
void control_reply(
    struct control *control, uint64_t conn, json_t *reply, bool last);
/* Its socket (borrowed) and when it was accepted (boot clock); -1: gone. */
int control_socket_of(
    const struct control *control, uint64_t conn, int64_t *ret_since);
bool control_busy(const struct control *control); /* anybody there? */
bool control_alive(const struct control *control, uint64_t conn);

#endif
