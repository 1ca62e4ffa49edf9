/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-time codes by time (RFC 6238 on RFC 4226), from a secret in base 32 or
 * an otpauth:// URI as authenticator apps take it ("Key Uri Format").
 *
 * A totp holds its key in a struct secret: moved, never copied, wiped at the
 * end.  Nothing here looks at a clock.
 */
#ifndef AWSFED_WORKER_TOTP_H
#define AWSFED_WORKER_TOTP_H

#include <stdint.h>

struct secret;

#define TOTP_KEY_MIN 5	  /* bytes; less is no secret */
#define TOTP_KEY_MAX 256  /* bytes */
#define TOTP_CODE_SIZE 9  /* eight digits and NUL */
#define TOTP_PERIOD_MIN 5 /* seconds */
#define TOTP_PERIOD_MAX 300

enum totp_hash { TOTP_SHA1, TOTP_SHA256, TOTP_SHA512 };

struct totp {
	struct secret *key;
	enum totp_hash hash;
	unsigned digits; /* 6 to 8 */
	int64_t period;	 /* seconds */
};

/*
 * text: base 32 (either case, blanks, dashes and padding ignored) or
 * otpauth://totp/….  0, or -EINVAL for anything else, also for codes that are
 * counted (hotp).
 */
int totp_parse(const char *text, struct totp *ret);
void totp_done(struct totp *t);
/* The number of the period that the time (seconds since 1970) is in. */
int64_t totp_step(const struct totp *t, int64_t time_s);
/* The code of a period. */
void totp_code(const struct totp *t, int64_t step, char code[TOTP_CODE_SIZE]);

#define _cleanup_totp_ __attribute__((cleanup(totp_done)))

#endif
