/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's federation endpoint, /federation of the sign-in hosts: getSigninToken
 * and login (IAM User Guide, "Enable custom identity broker access").
 */
#ifndef SIM_FEDERATION_H
#define SIM_FEDERATION_H

struct request;
struct response;
struct sim;

void federation_handle(
    struct sim *s, const struct request *q, struct response *r);

#endif
