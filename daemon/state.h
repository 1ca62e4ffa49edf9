/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that outlives the agent: in a memory file that the service manager
 * keeps in its descriptor store, so that after a crash, an upgrade or a restart
 * nobody has to sign in again.  Nothing of it touches a disk, but for swap.
 *
 * The file has two slots (state-blob.h).  A write goes to the one that is not
 * in use, which is wiped before and after: what was logged out of is in none
 * of them once the write is over.  A kill at any point leaves one whole slot.
 */
#ifndef AWSFED_STATE_H
#define AWSFED_STATE_H

#include <stdbool.h>

struct credfile;
struct manager;
struct state;

/* service.h's, or a test's. */
struct state_store {
	bool (*store)(int fd);
	void (*unstore)(void);
};

/*
 * fd is what came from the store, or -1; it is taken.  What it holds is taken
 * over if it can be believed, else dropped with a line.  After credfile_adopt:
 * a file says more than a memory.  From then on every change is written.
 */
struct state *state_new(struct manager *m, struct credfile *cf, int fd,
    const struct state_store *store);
void state_flush(struct state *st); /* what has changed, now */
/* What is stored stays; flush first.  Before manager_free. */
void state_free(struct state *st);

#endif
