/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to AD FS while it is being answered: who it is, and the answers
 * that need cookies and ids to agree (login page, error page, assertion).
 */
#ifndef SIM_VISIT_H
#define SIM_VISIT_H

#include "form.h"
#include "pages.h"
#include "state.h"

struct mishap;
struct request;
struct response;
struct sim;
struct sso;

#define VISIT_COOKIE "; path=/adfs; HttpOnly; Secure"
#define VISIT_COOKIE_GONE \
	"; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/adfs; HttpOnly; " \
	"Secure"
#define VISIT_MAX_CHUNKS 16 /* MSISAuth cookies */
#define VISIT_FOREIGN "https://evil.example.net"
#define VISIT_HTML "text/html; charset=utf-8"

struct visit {
	struct sim *sim;
	const struct request *q;
	struct response *r;
	struct form query;
	struct form cookies;
	struct form fields;
	char *host; /* without port */
	char *self; /* path?query, without client-request-id */
	char *id;   /* client-request-id */
	struct page page;
	struct sp sp; /* what the service provider asked */
	struct sso *sso;
	const struct mishap *m;
};

/* Reads query and cookies, judges them, finds the sign-in.  0 or -EBADMSG. */
int visit_init(struct visit *v, struct sim *s, const struct request *q,
    struct response *r);
void visit_done(struct visit *v);

/* The cookie that brings the next request back to this one. */
void visit_remember(struct visit *v);
/* A new __VIEWSTATE for the page to come. */
void visit_viewstate(struct visit *v);
void visit_show_login(struct visit *v, enum login_error error);
void visit_show_error(
    struct visit *v, int status, const char *code, const char *text);
void visit_go_to(struct visit *v, const char *url);
/* Needs v->sso: the page with the assertion, or MSIS7042, or a refusal. */
void visit_show_assertion(struct visit *v);
/* An all-hidden form that posts back here. */
void visit_show_autopost(struct visit *v);

#endif
