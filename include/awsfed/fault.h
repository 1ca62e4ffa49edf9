/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, for a person to read and for the engine to branch on.
 *
 * kind decides what happens next (retry, ask, stop); reason is the finer word
 * that status shows; text is a whole sentence; next is the command or act that
 * helps; request is an id an administrator can search for (AD FS Activity ID,
 * AWS RequestId).  A fault never holds a secret.  FAULT_NONE is "no fault": a
 * zeroed struct fault is empty.
 */
#ifndef AWSFED_FAULT_H
#define AWSFED_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_TEMPORARY,  /* retry later */
	FAULT_REJECTED,	  /* a secret was refused: never resend it */
	FAULT_DENIED,	  /* a human or a policy said no */
	FAULT_NEEDS_USER, /* nobody is there to answer */
	FAULT_CONFIG,
	FAULT_PROTOCOL, /* an unknown page or answer */
	FAULT_SECURITY, /* foreign host, bad certificate: stop */
	FAULT_CANCELLED,
	FAULT_INTERNAL,
	FAULT_KIND_MAX
};

enum reason {
	REASON_NONE,
	REASON_OFFLINE,	    /* no network or no name resolution */
	REASON_UNREACHABLE, /* refused or timed out */
	REASON_VPN_DOWN,
	REASON_CAPTIVE_PORTAL,
	REASON_SERVER, /* 5xx */
	REASON_BUSY,   /* 429, throttling, MSIS7042 */
	REASON_TLS,
	REASON_FOREIGN_HOST,
	REASON_PASSWORD, /* the password was refused */
	REASON_SECOND_FACTOR,
	REASON_REFUSED, /* AWS or a policy refuses the role */
	REASON_GONE,	/* the role is not in the assertion any more */
	REASON_EXPIRED, /* assertion or sign-in ended */
	REASON_CLOCK,
	REASON_UNKNOWN_PAGE,
	REASON_ERROR_PAGE,
	REASON_MALFORMED,
	REASON_DURATION, /* above the role's maximum */
	REASON_REGION,	 /* STS is disabled in that region */
	REASON_LEDGER,	 /* the attempt ledger forbids a post */
	REASON_BUDGET,	 /* too many failed of late: fewer by itself */
	REASON_SETTINGS,
	REASON_FILE, /* the AWS files */
	REASON_TIMEOUT,
	REASON_WORKER,	/* the worker died */
	REASON_LOCKED,	/* the agent is */
	REASON_POLICY,	/* the policy of the machine */
	REASON_KEYRING, /* it is locked, or not there */
	REASON_MAX
};

struct fault {
	enum fault_kind kind;
	enum reason reason;
	char *text;
	char *next;
	char *request;
	int64_t retry_after; /* seconds the server asked for, 0 if none */
};

const char *fault_kind_name(enum fault_kind kind);
int fault_kind_from(const char *name, enum fault_kind *ret);
const char *reason_name(enum reason reason); /* "" for REASON_NONE */
int reason_from(const char *name, enum reason *ret);

/* Sets *f, freeing what it held.  Returns -1, so that one can return it. */
int fault_set(struct fault *f, enum fault_kind kind, enum reason reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void fault_next(struct fault *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void fault_request(struct fault *f, const char *request);
void fault_copy(struct fault *to, const struct fault *from);
void fault_done(struct fault *f); /* leaves it empty */
bool fault_is(const struct fault *f);
/*
 * Does the next try depend on the network of this machine, which may change at
 * any moment?  No when the server answered and said when to come again.
 */
bool fault_of_network(const struct fault *f);
/* Exit status of awsfedctl for this kind: awsfedctl(1). */
int fault_exit(enum fault_kind kind);

/* {"kind","reason","text","next","request","retryAfter"}; absent when empty. */
json_t *fault_to_json(const struct fault *f);
/* Unknown kinds become FAULT_INTERNAL; texts are cleaned.  0 or -EINVAL. */
int fault_from_json(const json_t *j, struct fault *ret);

#define _cleanup_fault_ __attribute__((cleanup(fault_done)))

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NEEDS_LOGIN = 3,
	EXIT_REFUSED = 4,
	EXIT_TEMPORARY = 5,
	EXIT_NO_AGENT = 6,
	EXIT_LIFETIME = 7
};

#endif
