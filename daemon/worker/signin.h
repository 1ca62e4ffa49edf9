/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sign-in: page, handler, page, until there is an assertion.
 *
 * Straight-line code: a question to the agent blocks, and cancelling is the
 * end of the process.  handlers (in signin.c) is the table of who answers which
 * kind of page; travel.c moves from page to page.
 */
#ifndef AWSFED_WORKER_SIGNIN_H
#define AWSFED_WORKER_SIGNIN_H

#include <stdbool.h>

#include "classify.h"
#include "conduit.h"
#include "http.h"
#include "job.h"
#include "origin.h"
#include "page.h"

#define SIGNIN_STEPS_MAX 30
#define SIGNIN_REDIRECTS_MAX 10

struct signin {
	const struct job *job;
	struct conduit *conduit;
	struct http *http;
	struct policy policy;
	char *host;	/* as faults name it */
	char *entry;	/* URL to begin with */
	char *user;	/* NULL until known */
	bool posted;	/* the one password is spent */
	bool open;	/* its outcome has not been told */
	bool restarted; /* begun anew with no cookies, once */
	unsigned steps;
	int64_t skew_s;
	char *assertion; /* SAMLResponse, when there is one */

	/* the page at hand */
	long status;
	struct page page;
	const struct form *form;
	int64_t retry_after;
	char *authenticate; /* WWW-Authenticate, or NULL */
};

/* The whole job: everything is reported over the conduit. */
void signin_job(struct conduit *c, const json_t *msg);

/*
 * For handlers.  0, or -1 with *fault; the page at hand is replaced, and form
 * with it.  grade is what the body holds.
 */
int signin_get(struct signin *s, const char *url, struct fault *fault);
int signin_post(struct signin *s, const char *url, const char *body, size_t len,
    enum grade grade, struct fault *fault);
/*
 * Submits a form of the page at hand; fields and press as in form_encode.  With
 * GRADE_SECRET the page itself must have come from the identity provider.
 */
int signin_post_form(struct signin *s, const struct form *f,
    const struct field *fields, size_t nfields, const struct control *press,
    enum grade grade, struct fault *fault);
/* Gets the first page (again); cookies stay as they are. */
int signin_begin(struct signin *s, struct fault *fault);
/*
 * Nobody answers the page at hand: -1 with a protocol fault that names its
 * kind, title and fields, and the flight recorder's file.
 */
int signin_unknown(struct signin *s, enum page_kind kind, struct fault *fault);
/* Tells the attempt's outcome, if it has not been told. */
void signin_settle(struct signin *s, const char *outcome);

/* The URL to begin with: xalloc, or NULL when host or path is unusable. */
char *signin_entry_url(const struct job *job, const char *request_id);

/* ---- login.c: the page that asks for a password -------------------------- */
int login_answer(struct signin *s, struct fault *fault);
/*
 * The name as AD FS takes it: a domain is put before a bare one.  0; -1 with a
 * config fault when it is bare and there is no domain.
 */
int login_user(
    const char *typed, const char *domain, char **ret, struct fault *fault);
#define LOGIN_TAG_SIZE 5 /* four hex digits and NUL */
/* scrypt cut to 16 bits: tells another password, useless for guessing. */
void login_tag(const char *password, size_t len, const unsigned char *salt,
    size_t salt_len, char tag[LOGIN_TAG_SIZE]);

/* ---- page-fault.c: pages that end a sign-in ------------------------------ */
/* An error page: message, MSIS code, Activity ID. */
int error_page_fault(
    const struct page *p, long status, const char *host, struct fault *fault);
bool error_page_code(const struct page *p, char code[9]); /* "MSIS7042" */
/* A page nobody answers: its title, forms and field names, no values. */
int unknown_page_fault(const struct page *p, enum page_kind kind,
    const char *host, struct fault *fault);

#endif
