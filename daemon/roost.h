/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the agent lives: the directories that it needs, and whether they stay.
 * A runtime directory that is deleted under a running agent (a cleaner, the end
 * of a login) leaves it unreachable; it listens again where it was as soon as
 * that is possible, and ends when another agent has come there meanwhile.
 */
#ifndef AWSFED_ROOST_H
#define AWSFED_ROOST_H

struct control;
struct fault;
struct loop;
struct manager;
struct roost;

/*
 * May this process keep its state in this home?  Makes the state directory.  0,
 * or -1 with *fault: root by sudo in the home of the user who called it would
 * leave files there that the user cannot write; a directory of somebody else.
 */
int roost_check(struct fault *fault);

struct roost_ops {
	void (*again)(void *arg); /* the directory is there again, and empty */
	void (*leave)(void *arg); /* another agent serves there: end */
	void *arg;
};

/* path: of the socket; all else is borrowed.  Never NULL. */
struct roost *roost_new(struct loop *loop, struct manager *m,
    struct control *control, const char *path, const struct roost_ops *ops);
void roost_free(struct roost *r); /* before control_free; NULL allowed */

#endif
