/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of RFC 6238: SHA-1, 30 seconds, six digits. */
#ifndef SIM_TOTP_H
#define SIM_TOTP_H

#include <stdbool.h>
#include <stdint.h>

/* Is it a base32 secret of 8 to 64 bytes?  Blanks and padding are allowed. */
bool totp_secret(const char *secret);
/*
 * Does a code match the step of now (seconds), the one before or the one
 * after?  *ret_step is the step that it belongs to.
 */
bool totp_matches(
    const char *secret, const char *code, int64_t now, int64_t *ret_step);

#endif
