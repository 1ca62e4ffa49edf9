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
#include "tag.h"
#include "wia.h"

#define SIGNIN_STEPS_MAX 30
#define SIGNIN_REDIRECTS_MAX 10
#define METHODS_MAX 3 /* pages that offer a choice of methods */
#define LOOP_WAITS 2  /* times to wait when AD FS sees a loop (MSIS7042) */
#define LOOP_WAIT_S 20

struct certificate;
struct secret;

struct signin {
	const struct job *job;
	struct conduit *conduit;
	struct http *http;
	struct policy policy;
	char *host;	     /* as faults name it */
	char *entry;	     /* URL to begin with */
	char *user;	     /* NULL until known */
	bool posted;	     /* the one password is spent */
	bool open;	     /* its outcome has not been told */
	struct tag *tagging; /* its tag is being made, or NULL */
	char tag[TAG_SIZE];  /* it */
	bool named;	     /* the name went on a page of its own */
	bool restarted;	     /* begun anew with no cookies, once */
	bool resumed;	     /* begun anew after the password was posted */
	unsigned waits;	     /* for AD FS to take another request */
	bool realm_posted;   /* a home realm was chosen */
	bool realm_mailed;   /* an address was given for it */
	bool site_posted;    /* a relying party was chosen from a list */
	unsigned methods;    /* method pages met */
	char *method;	     /* the one chosen last, or NULL */
	bool sp;	     /* begun with a request of our own */
	bool request_posted; /* by the POST binding */
	char *request;	     /* its ID, or NULL */
	unsigned steps;
	int64_t skew_s;
	char *assertion;       /* SAMLResponse, when there is one */
	struct second *second; /* of the second factor, once there is one */
	int64_t patience_ms;   /* the next request's own limit; 0 none */
	bool once; /* the post sends something to a person: never twice */

	/* wia.c and certificate.c */
	bool windows; /* we show ourselves as a Windows browser */
	bool proved;  /* a ticket, or a password by NTLM, has been sent */
	enum ticket ticket;
	int64_t ticket_left;	  /* seconds, of a good one */
	char *principal;	  /* whose ticket, or NULL */
	struct certificate *cert; /* NULL until it is needed */

	/* the page at hand */
	long status;
	struct page page;
	const struct form *form;
	int64_t retry_after;
	char *authenticate; /* WWW-Authenticate, or NULL */
};

/* How the first request of a journey proves who we are, and to no other. */
struct proof {
	unsigned flags; /* HTTP_NEGOTIATE or HTTP_NTLM */
	const char *user;
	const char *password;
};

/* The whole job: everything is reported over the conduit. */
void signin_job(struct conduit *c, const json_t *msg);

/*
 * For handlers.  0, or -1 with *fault; the page at hand is replaced, and form
 * with it.  grade is what the body holds.
 */
int signin_get(struct signin *s, const char *url, struct fault *fault);
/* With a proof for the first request; grade of what that holds. */
int signin_get_as(struct signin *s, const char *url, const struct proof *proof,
    enum grade grade, struct fault *fault);
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
/* The same of the endpoint that takes a SAML request, which goes to its end. */
char *signin_request_url(const struct job *job, const char *request_id);
/* Waits, in which the agent's end is the end: seconds. */
void signin_wait(struct signin *s, int64_t seconds);

/* ---- login.c: the page that asks for a password -------------------------- */
int login_answer(struct signin *s, struct fault *fault);
/* Asks for the user's name, unless it is known or the control (or NULL) has it. */
int login_need_user(
    struct signin *s, const struct control *control, struct fault *fault);
/*
 * The name as AD FS takes it: a domain is put before a bare one.  0; -1 with a
 * config fault when it is bare and there is no domain.
 */
int login_user(
    const char *typed, const char *domain, char **ret, struct fault *fault);
/* Asks for the password; to is the URL that gets it. */
int login_need_password(
    struct signin *s, const char *to, struct secret **ret, struct fault *fault);
/*
 * Enters the attempt in the ledger; 0: the password may go, once.  It must live
 * until signin_settle: of one that a person has just typed the tag is made while
 * it is on its way.
 */
int login_attempt(
    struct signin *s, const struct secret *password, struct fault *fault);
/* The tag is there; the password is no longer needed for it. */
void login_tag_end(struct signin *s);

/* ---- realm.c, method.c, sites.c: pages of choices ------------------------- */
struct choice;
struct choices;

int realm_answer(struct signin *s, struct fault *fault);
/* The organisations of such a page. */
void realm_list(const struct page *p, struct choices *ret);
/* AD FS's own directory among them, or NULL. */
const struct choice *realm_local(const struct choices *c);

int method_answer(struct signin *s, struct fault *fault);
/* The methods of form#options on any page: provider names, texts. */
void method_list(const struct page *p, struct choices *ret);
/* The form itself when it can be posted, or NULL: no other way is offered. */
const struct form *method_form(const struct page *p);
/*
 * The first of preferred (names, kinds or texts with commas between, NULL: none)
 * that is offered, or NULL.
 */
const struct choice *method_preferred(
    const struct signin *s, const struct choices *c, const char *preferred);
/*
 * On a page with form#options below: chooses the first of preferred that it
 * offers.  0 and the next page is at hand; 1: none is offered; -1.
 */
int method_choose(struct signin *s, const char *preferred, struct fault *fault);
/* Chooses a method by the provider's name: 0, or -1. */
int method_post(struct signin *s, const char *name, struct fault *fault);

/*
 * Buttons that mean different things (consent.c): the person presses one.  A
 * form with none or one is what a script submits.
 */
bool consent_asks(const struct form *f);
int consent_answer(struct signin *s, struct fault *fault);
int sites_answer(struct signin *s, struct fault *fault);

/* ---- error.c: pages that say no ------------------------------------------- */
int error_answer(struct signin *s, struct fault *fault);
int signed_out_answer(struct signin *s, struct fault *fault);
int update_password_answer(struct signin *s, struct fault *fault);

/* ---- skeleton.c: pages that nobody answers -------------------------------- */
/*
 * Gives the flight recorder the skeleton of the page at hand.  The file that it
 * is in (xalloc), or NULL when it was not kept.
 */
char *recorder_keep(struct signin *s, enum page_kind kind);

/* ---- second.c: pages of a second factor ----------------------------------- */
int second_answer(struct signin *s, struct fault *fault);
/* An error page after one: says so in *fault, which holds the page's words. */
void second_ended(struct signin *s, struct fault *fault);
struct second *second_free(struct second *x); /* returns NULL */

/* ---- page-fault.c: pages that end a sign-in ------------------------------ */
/* An error page: message, MSIS code, Activity ID. */
int error_page_fault(
    const struct page *p, long status, const char *host, struct fault *fault);
bool error_page_code(const struct page *p, char code[9]); /* "MSIS7042" */
/* A page nobody answers: its title, forms and field names, no values. */
int unknown_page_fault(const struct page *p, enum page_kind kind,
    const char *host, struct fault *fault);

#endif
