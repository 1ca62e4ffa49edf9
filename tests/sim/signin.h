/* SPDX-License-Identifier: Apache-2.0 */
/* The AWS sign-in page that takes a SAML response: POST /saml. */
#ifndef SIM_SIGNIN_H
#define SIM_SIGNIN_H

struct request;
struct response;
struct sim;

void signin_handle(struct sim *s, const struct request *q, struct response *r);

#endif
