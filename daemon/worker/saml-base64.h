/* SPDX-License-Identifier: Apache-2.0 */
/* The base64 of a SAML response, RFC 4648 section 4, as a page carries it. */
#ifndef AWSFED_WORKER_SAML_BASE64_H
#define AWSFED_WORKER_SAML_BASE64_H

#include <stddef.h>

#include "awsfed/buf.h"

/*
 * Strict, but for blanks, which are left out of *clean; the bytes go to *out.
 * 0; -1 when it is none, or when a buffer is full.
 */
int saml_decode(const char *in, size_t len, struct buf *clean, struct buf *out);

#endif
