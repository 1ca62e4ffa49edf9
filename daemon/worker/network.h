/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a host could not be reached: this computer has no network, it is in one
 * from which the host cannot be seen, or somebody else answers in its place.
 *
 * None of these is an error of anybody's; each is a reason that status shows,
 * and the agent tries again by itself.  What decides:
 *
 *   offline         no way leads out of this computer, or no name server
 *                   answers at all
 *   vpn-down        there is a network, but no route to the host; or a sign-in
 *                   has worked from this computer before, and now the host's
 *                   name is not known or nothing answers at its address.  The
 *                   company's VPN is the common cause; a farm that is down
 *                   behind a firewall looks the same
 *   captive-portal  a sign-in has worked before, and now another certificate
 *                   is shown, or what answers does not speak TLS
 *   unreachable     the connection broke off in the handshake, as it does
 *                   where a firewall or a busy host drops it
 *
 * A host that has never worked from here is more likely misspelt, or its
 * authority not set up: that stays the fault that it was.
 */
#ifndef AWSFED_WORKER_NETWORK_H
#define AWSFED_WORKER_NETWORK_H

#include <curl/curl.h>
#include <stdbool.h>

#include "awsfed/fault.h"

enum network_name {
	NAME_FOUND,
	NAME_UNKNOWN, /* a name server said so */
	NAME_SILENT   /* none answered */
};

/* What the kernel and the resolver say; no packet goes to the host. */
struct network_facts {
	enum network_name name;
	bool way;      /* a route to one of its addresses */
	bool anywhere; /* a route to the internet, or whatever is there */
};

/* How libcurl's transfer failed, before the request could be sent. */
struct network_failure {
	CURLcode code;
	long os_errno;
	long verify;	/* CURLINFO_SSL_VERIFYRESULT */
	bool looked_up; /* the name has an address */
	bool connected;
	bool worked;	    /* a sign-in from here has worked before */
	const char *detail; /* libcurl's own words, "" or NULL for none */
};

/* Is it worth a look at the network? */
bool network_is_about(const struct network_failure *n);
/* Takes half a second at most; silent: the name was
 * asked for in vain already. */
void network_look(
    const char *host, const char *port, bool silent, struct network_facts *ret);
/* Replaces *fault where it knows better; host as people read it. */
void network_judge(const struct network_failure *n,
    const struct network_facts *facts, const char *host, struct fault *fault);
/* The same for a certificate or a handshake that failed. */
void network_judge_tls(
    const struct network_failure *n, const char *host, struct fault *fault);
/* Something else than the host has answered (what: a sentence's end). */
void network_captive(struct fault *fault, const char *host, const char *what);

#endif
