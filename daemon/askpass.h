/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a person in a window, by a program of the user's choice: an
 * askpass (its text in argv, the answer on its standard output, the kind in
 * SSH_ASKPASS_PROMPT, as ssh(1) has it) or a pinentry (the Assuan protocol of
 * GnuPG).  The program is killed when the question is taken back or lapses.
 */
#ifndef AWSFED_ASKPASS_H
#define AWSFED_ASKPASS_H

#include <stdbool.h>
#include <stdint.h>

struct askers;
struct asking;
struct loop;

enum ask_kind {
	ASK_SECRET,
	ASK_TEXT,    /* shown while it is typed, where the program can */
	ASK_CONFIRM, /* yes or no */
	ASK_SHOW     /* nothing to answer; "declined" when it is cancelled */
};

/* All borrowed for the length of the call. */
struct ask {
	enum ask_kind kind;
	const char *program; /* absolute path */
	bool pinentry;	     /* else it is an askpass */
	const char *text;    /* what it is about; lines allowed */
	const char *prompt;  /* beside the field: "Password"; NULL: none */
	const char *yes;     /* the button; NULL: the program's own word */
	const char *no;
	int64_t seconds; /* then it lapses */
};

enum ask_end {
	ASK_ANSWERED, /* value; "" of a confirm or show */
	ASK_DECLINED, /* a person said no, or closed the window */
	ASK_LAPSED,
	ASK_FAILED /* the program cannot be used; value says why */
};
/* From the loop, once; the question is gone then.  value is wiped after. */
typedef void ask_fn(enum ask_end end, const char *value, void *arg);

struct askers *askers_new(struct loop *loop);
void askers_free(struct askers *as); /* calls nobody */
struct asking *ask_start(
    struct askers *as, const struct ask *ask, ask_fn *done, void *arg);
/* Takes it back: done is not called.  NULL is allowed. */
void ask_cancel(struct asking *a);

#endif
