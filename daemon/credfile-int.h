/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by credfile.c (what is written) and credfile-look.c (what is read). */
#ifndef AWSFED_CREDFILE_INT_H
#define AWSFED_CREDFILE_INT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "awsfed/fault.h"
#include "awsfed/names.h"

#include "credfile.h"
#include "manager.h"

struct ini;
struct session;
struct sink;
struct batch;

struct held {
	struct held *next;
	struct barrier *barrier;
};

/* A profile whose section was left alone, until it is written or let go. */
struct refusal {
	char *name;
	struct fault fault;
};

struct credfile {
	struct manager *manager;
	struct loop *loop;
	struct files *files;
	struct undo *undo; /* NULL: nobody keeps a record */
	/*
	 * NULL: the AWS credentials file, which is also the record of what is
	 * kept.  Else a further file (owned): it follows what is kept, says
	 * nothing of it, and is waited for only a moment.
	 */
	struct sink *sink;
	bool retired; /* it is none of ours any more: all is taken out */
	struct timer *patience;
	void (*told)(void *arg); /* a sink's state may be another one */
	void *told_arg;
	char *warned; /* the last failure that was logged */
	struct timer *timer;
	int64_t delay;		/* of it; grows while one job trickles */
	int64_t latest;		/* boot clock: a batch is not held for longer */
	struct timer *again;	/* for a second look */
	struct names pending;	/* sections to look at */
	struct names gone;	/* those whose keys are to go */
	struct names forced;	/* those that are taken over */
	struct names delivered; /* those that hold our keys */
	/* The id of the keys that this agent put there last, by section. */
	struct names wrote;
	char **wrote_ids;
	struct refusal *refusals;
	size_t nrefusals;
	struct batch *writing; /* with the writer, or NULL */
	struct held *held;     /* released after the write */
	struct fault fault;    /* of the last write */
	int64_t doubt;	       /* boot clock: a section is missing since */
	int64_t span;	       /* boot clock: rewrites are counted since */
	unsigned rewrites;
};

/* An instance for one file; the first form of credfile.h is the AWS one. */
struct credfile *credfile_new_at(
    struct manager *m, struct files *files, const struct sink *sink);
void credfile_event(struct credfile *cf, enum manager_event ev,
    struct session *s, struct barrier *barrier);
/*
 * A sink is there now, or takes other profiles: what it takes is written.  It
 * is not read for that; what is in it may be ours, and goes when it must.
 */
void credfile_assume(struct credfile *cf);
const char *credfile_path(const struct credfile *cf);
/* Do the keys of this session go to this file, once it is kept? */
bool credfile_takes(const struct credfile *cf, const struct session *s);
/* The section that its keys go to; xalloc. */
char *credfile_section(const struct session *s);
/* The profile's section is to be written, or emptied. */
void credfile_changed(struct credfile *cf, const char *name);
bool credfile_refused(const struct credfile *cf, const char *name);
/* A profile that is delivered by another way now leaves the file. */
void credfile_take_back(struct credfile *cf, const struct session *s);
void credfile_take_back_all(struct credfile *cf);
/* Its section holds our keys now, or does not. */
void credfile_delivered(struct credfile *cf, const char *name, bool yes);

/* credfile-peer.c: the id in `wrote`, or NULL; an id of NULL forgets. */
const char *credfile_last(const struct credfile *cf, const char *name);
void credfile_wrote(struct credfile *cf, const char *name, const char *id);
void credfile_wrote_done(struct credfile *cf);
/* Keys of ours for a section, as far as another agent's compare. */
struct credfile_ours {
	const char *id;	    /* of the key; NULL: there are none */
	const char *before; /* what this agent put there last, or NULL */
	const char *role;   /* its ARN */
	int64_t until_s;
};
/*
 * Does this section of ours hold keys of another agent's, for the same role,
 * that live longer than these?
 */
bool credfile_fresher(const struct ini *doc, const char *section,
    const struct credfile_ours *ours, int64_t now_s);
/* credfile-look.c: the section was emptied elsewhere. */
void credfile_emptied(struct credfile *cf, const char *name);

#endif
