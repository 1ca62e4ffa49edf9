/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz-signin puts around a sign-in: pages instead of the network, an
 * agent that answers everything, a clock that moves when somebody waits.
 *
 * Input is text.  The first line holds letters that choose how the job is (see
 * fake-agent.c); then come the answers, in the order of the requests:
 *
 *	%%% 200			a page, until the next such line
 *	%%% 302 /adfs/ls/	a redirect
 *	%%% 401 Negotiate	with WWW-Authenticate
 *	%%% 503 20		with Retry-After
 *	%%% 0			no answer at all
 *
 * {{SAML}} in a page stands for a good assertion.  Behind the last answer the
 * network is gone, or the last one comes again for ever (letter r).
 */
#ifndef AWSFED_FAKE_PEER_H
#define AWSFED_FAKE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "awsfed/clock.h"

#define FAKE_HOST "adfs.example.com"
/* Whom the profile allows to see the password. */
#define FAKE_PARTNER "idp.example.net"
#define FAKE_NOW 1473476100LL /* seconds since 1970 */
#define FAKE_CALLS_MAX 3000
#define FAKE_TIME_MAX (3 * 3600 * USEC)

struct fake {
	/* fake-http.c */
	const char *pages; /* what is left; NULL: gone */
	const char *last;
	size_t left, last_len;
	bool repeat;
	unsigned calls;
	int64_t now; /* microseconds since it began */
	unsigned password_posts;

	/* fake-agent.c */
	char password[24];
	char code[16];
	char options[32];
	unsigned asked;
	unsigned attempts, outcomes, assertions, faults;
	bool tagged; /* the attempt came with its tag */
};

extern struct fake fake;

void fake_begin(const uint8_t *data, size_t size);
bool fake_option(char letter);
/* Nothing that a person typed may stand in such a text. */
void fake_public(const char *text);
void fake_trace(const char *what, const char *detail);
/* The program is wrong: says so and aborts. */
void fake_wrong(const char *what) __attribute__((noreturn));

#endif
