/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SAML AuthnRequest, for farms that switched off the page for sign-ins that
 * start at the provider (SAML 2.0 core 3.4.1, bindings 3.4 and 3.5).
 *
 * It names the relying party as its issuer and no assertion consumer service:
 * AD FS takes the one that is registered.  It is not signed.
 */
#ifndef AWSFED_WORKER_REQUEST_H
#define AWSFED_WORKER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "awsfed/buf.h"

#define REQUEST_XML_MAX 4096
#define REQUEST_URL_MAX 2000 /* longer: the POST binding */

/* "_" and 32 hex digits: an xs:ID that nobody can guess. */
char *request_new_id(void);
/*
 * The request as XML: now_s by the server's clock.  0, or -EMSGSIZE when the
 * issuer is too long.
 */
int request_xml(struct buf *out, const char *id, const char *issuer,
    const char *destination, int64_t now_s);
/* "SAMLRequest=…", deflated, base64, escaped.  0 or -EMSGSIZE. */
int request_redirect(struct buf *out, const char *xml, size_t len);
/* The body of the POST binding: base64, escaped.  0 or -EMSGSIZE. */
int request_post(struct buf *out, const char *xml, size_t len);

struct signin;
struct fault;
/*
 * Begins the sign-in with a request: by redirect, or by POST when that is too
 * long or post is set.  0, or -1 with *fault.
 */
int request_begin(struct signin *s, bool post, struct fault *fault);

#endif
