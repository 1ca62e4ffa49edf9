/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong before there is a request: faults of the place "connect". */
#ifndef SIM_GREET_H
#define SIM_GREET_H

#include <openssl/ssl.h>

#include <awsfed/str.h>

struct sim;
struct tls_ca;

/* From now on the faults of `connect` have their way with this door. */
int greet_init(struct sim *s, SSL_CTX *door, const struct tls_ca *ca,
    const struct strv *names);
void greet_done(void);

#endif
