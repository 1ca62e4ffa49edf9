/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may pass by itself though it does not look like it: a proxy's error
 * page, AD FS that is being updated, an address that is not served for a
 * minute.  A renewal that meets such a thing where sign-ins have worked tries
 * again a few times before a person is asked; a person who signs in is told at
 * once.  Never what a password, a second factor or a foreign host had to do
 * with.
 */
#ifndef AWSFED_PASSING_H
#define AWSFED_PASSING_H

#include <stdbool.h>

struct fault;

#define PASSING_TRIES 3 /* of an identity or a role, before it rests */

/* Of a sign-in whose pages answered so: may the next one go well? */
bool passing_page(const struct fault *f);
/* Of a role: an answer of STS that is none of its own. */
bool passing_role(const struct fault *f);
/* Makes it temporary; its text and its reason stay. */
void passing_soften(struct fault *f);

#endif
