/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second factor: what the adapters share.
 *
 * A second lives from the first page of an adapter to the end of the job; it
 * keeps the limits that protect people: three wrong codes, one push unless the
 * person asks for another, and a deadline for each wait.  Each page is answered
 * by one post of the form at hand, with its own Context.
 */
#ifndef AWSFED_WORKER_SECOND_H
#define AWSFED_WORKER_SECOND_H

#include <stdbool.h>
#include <stdint.h>

#include "adapters.h"
#include "signin.h"
#include "totp.h"

struct secret;

#define SECOND_CODES_MAX 3  /* wrong ones in a sign-in */
#define SECOND_POSTS_MAX 6  /* posts of codes, whatever became of them */
#define SECOND_PUSHES_MAX 5 /* even of those that the person asks for */
#define SECOND_POLL_MS 2000
#define SECOND_NOTES_MAX 5   /* a page that counts seconds does not flood */
#define SECOND_LABEL_MAX 700 /* bytes; the agent takes 1024 */

struct second {
	struct signin *s;
	const struct adapter *adapter;
	char *name; /* its AuthMethod */

	unsigned wrong; /* codes that were refused */
	unsigned codes; /* posted in all */
	char *sent;	/* the field of the code posted last, or NULL */

	unsigned pushes;
	int64_t until; /* boot clock, of the wait that is on; 0 none */
	unsigned polls;
	bool began;	/* the adapter's own first post is done */
	bool noticed;	/* that nobody knows this adapter */
	char *number;	/* shown last */
	unsigned notes; /* texts told in the wait that is on */
	char *noted;	/* a text of the page that was told last */

	bool totp_tried; /* asked for, used or refused */
	struct totp totp;
	int64_t totp_last; /* the step of the code used last */
};

/* What people call it; the name that the page has, for those nobody knows. */
const char *second_product(const struct second *x);
/* The page's own error text, cleaned; "" when there is none.  xalloc. */
char *second_error(const struct second *x);

/* What a post is for decides how it is sent. */
enum post {
	POST_FORM, /* no secret in it; its button pressed */
	POST_CODE, /* the same with a code: to the provider alone, once */
	POST_PASS, /* as a script sends it, without a button */
	POST_WAY,  /* the same, and a person may be awaited meanwhile */
	POST_POLL, /* one look of a wait, not counted among the pages */
	POST_PUSH  /* its button pressed, and a person is awaited */
};
/* Posts the form at hand with these fields in place of its own.  0 or -1. */
int second_post(struct second *x, const struct field *fields, size_t n,
    enum post how, struct fault *fault);
/*
 * Asks for a code for this control (or makes one) and posts it, with more
 * fields beside it; counts wrong ones.  words: what to ask for, NULL: the
 * control's own words.
 */
int second_code(struct second *x, const struct control *c, const char *words,
    const struct field *more, size_t nmore, struct fault *fault);
/* The answer to a question put to the person; the agent may know it. */
int second_ask(struct second *x, const struct question *q, struct secret **ret,
    struct fault *fault);

/*
 * A push, call or message is about to go or has just gone: only one, unless the
 * person says so.  by_choice: the person has just asked for it.  Begins the
 * wait for its answer and tells the person, in the page's words or (NULL) ours.
 */
int second_push(
    struct second *x, const char *words, bool by_choice, struct fault *fault);
/*
 * One turn of waiting: a pause, then the form again with these fields.  -1 with
 * needs-user when the time is over.
 */
int second_poll(struct second *x, const struct field *fields, size_t n,
    struct fault *fault);
/*
 * A question in a page's words, for the person: cleaned and cut.  Where nobody
 * here knows the adapter, or the words ask for a password, they say whose they
 * are: "HOST asks: …".  xalloc.
 */
char *second_label(const struct second *x, bool foreign, const char *words);
/*
 * Does a control want the person's password rather than a code?  No command
 * and no stored secret answers such a one.
 */
bool second_wants_password(
    const struct second *x, const struct control *c, const char *words);
/*
 * Is a code for this control one more after a wrong one?  Counts it; -1 with
 * the fault when it was the last.  0: the first, 1: again.
 */
int second_count(struct second *x, const char *name, struct fault *fault);
/* Shows a number to type on the device, when it is another one. */
void second_number(struct second *x, const char *number);
/* Tells a text of the page, once. */
void second_note(struct second *x, const char *text);
/* Too many wrong codes, in the page's words.  -1. */
int second_refused(struct second *x, struct fault *fault);
/* "denied", in the page's words.  -1. */
int second_denied(struct second *x, struct fault *fault);
/* A page of the adapter that nobody can answer.  -1. */
int second_unknown(struct second *x, struct fault *fault);
/* Lets the person choose; *ret is a choice's value (xalloc). */
int second_choose(struct second *x, const char *label, const json_t *choices,
    char **ret, struct fault *fault);

/* adapter-code.c: the control that the adapter's row names, or NULL. */
const struct control *adapter_field(const struct second *x);
/* adapter-azure.c: does the page offer other ways, and which one then? */
bool azure_offers(const struct second *x);
int azure_choose(struct second *x, struct fault *fault);

/* ---- words.c: what a page says about its controls -------------------------- */
/* label, placeholder, aria-label, the page's instructions; "" at worst. */
char *words_of(
    const struct page *p, const struct form *f, const struct control *c);
/* The page's instructions, "" when it has none. */
char *words_instructions(const struct page *p);
/* All that a page says in an adapter's part of it, "" when nothing. */
char *words_around(const struct page *p);
/* What radio buttons or a select offer: [{"value","label"}], or NULL. */
json_t *words_choices(
    const struct page *p, const struct form *f, const struct control *c);
/* An element's text by id, for links that choose; "" when not there. */
char *words_by_id(const struct page *p, const char *id);
/* Does a script, a refresh or #Progress say that the page sends itself? */
enum page_motion {
	PAGE_STILL,
	PAGE_PASSES, /* at once: it only passes on */
	PAGE_WAITS   /* after a while, again and again */
};
enum page_motion page_motion(const struct page *p);
/* Does a script ask the browser for a passkey? */
bool page_wants_passkey(const struct page *p);
/* Can a person fill it in? */
bool control_writable(const struct control *c);

#endif
