/* SPDX-License-Identifier: Apache-2.0 */
/* What the adapters of the second factor share among themselves. */
#ifndef SIM_MFA_INT_H
#define SIM_MFA_INT_H

#include <stdbool.h>
#include <stdint.h>

#include <awsfed/buf.h>
#include <awsfed/str.h>

#include "form.h"
#include "mfa.h"
#include "state.h"
#include "visit.h"

struct mfa;

enum push { PUSH_NONE, PUSH_PENDING, PUSH_APPROVED, PUSH_DENIED, PUSH_EXPIRED };

/* A page with one field for a code. */
struct code_form {
	const char *title, *form, *prompt;
	const char *type, *id, *field, *placeholder;
	const char *submit_id, *submit, *submit_value; /* submit may be NULL */
	const char *wrong;
};

/* One product.  A page is a step of its own numbering. */
struct adapter {
	const char *name;     /* AuthMethod */
	const char *friendly; /* on the choice page */
	/* The first page; afterwards each post of its form. */
	void (*begin)(struct mfa *m);
	void (*answer)(struct mfa *m);
	const struct code_form *code;
};

/* One second factor in the making.  Dies with its last page. */
struct mfa_run {
	struct mfa_run *next;
	char *sso;  /* its token, NULL before the first factor */
	char *user; /* NULL before the first factor */
	const struct adapter *adapter; /* NULL at the choice page */
	char *name;    /* AuthMethod as it is shown, NULL at the choice page */
	char *context; /* of the page that was shown last */
	struct strv stale;    /* of the pages before it */
	struct form hidden;   /* must come back as they were */
	struct strv inputs;   /* must come back, with any value */
	struct strv scripted; /* the same, and hidden */
	struct strv optional; /* may */
	struct strv submits;  /* one, when something was filled in */
	struct strv sent;     /* codes that were refused */
	int step;
	int64_t pushed; /* when; 0: no push is in flight */
	enum push verdict;
	int64_t polls;
	char number[16]; /* to be typed in the phone, or "" */
	bool by_get;	 /* its page is asked for again by GET */
};

/* One request of a run. */
struct mfa {
	struct visit *v;
	struct sim *sim;
	struct mfa_run *run;
	struct user *user; /* NULL before the first factor */
	struct buf *b;	   /* the page being written */
};

extern const struct adapter adapters_azure[], adapters_code[], adapters_other[],
    adapters_otp[], adapters_rsa[], adapters_vip[], adapters_wait[];

const struct adapter *adapter_find(const char *name);

/* mfa-page.c: a page is frame, form, fields, end. */
void mfa_page(struct mfa *m, const char *title);
void mfa_form(struct mfa *m, const char *id);
void mfa_hidden(
    struct mfa *m, const char *id, const char *name, const char *value);
/* Hidden, and a script may give it another value. */
void mfa_scripted(
    struct mfa *m, const char *id, const char *name, const char *value);
void mfa_label(struct mfa *m, const char *id, const char *text);
void mfa_input(struct mfa *m, const char *type, const char *id,
    const char *name, const char *placeholder);
void mfa_checkbox(
    struct mfa *m, const char *id, const char *name, const char *label);
void mfa_choice_of(struct mfa *m, const char *type, const char *name,
    const char *const *values, const char *const *labels);
void mfa_submit(
    struct mfa *m, const char *id, const char *name, const char *value);
void mfa_error(struct mfa *m, const char *text);
void mfa_end(struct mfa *m, const char *script);
void mfa_method_choice(struct mfa *m);

/* mfa.c: ends of a run. */
void mfa_pass(struct mfa *m);
void mfa_refuse(struct mfa *m, const char *text);	      /* error page */
const char *mfa_field(const struct mfa *m, const char *name); /* or "" */
void mfa_begin(struct mfa *m, const char *name);

/* mfa-code.c */
enum code { CODE_RIGHT, CODE_WRONG, CODE_LOCKED };
/*
 * Judges a code.  CODE_LOCKED: the error page is already shown.  field is for
 * the violation when an empty or an already refused one comes.
 */
enum code mfa_code(struct mfa *m, const char *field, const char *code);
bool mfa_has_code(const struct mfa *m);
/* mfa-push.c */
void mfa_push(struct mfa *m);
enum push mfa_push_state(struct mfa *m);
/* The same, after having waited for a decision, the lock given up. */
enum push mfa_push_wait(struct mfa *m);
/* The error page, or nothing: of a push that ended badly. */
const char *mfa_push_text(enum push state);
#define MFA_FAILED \
	"Authentication attempt failed. Select a different sign in option " \
	"or close the web browser and sign in again. Contact your " \
	"administrator for more information."

#endif
