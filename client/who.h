/* SPDX-License-Identifier: Apache-2.0 */
/* Who a profile is, in lines for a person: `status P`. */
#ifndef CLIENT_WHO_H
#define CLIENT_WHO_H

#include <jansson.h>

/* To standard output; nothing when the reply of Status has no such profile. */
void who_show(const json_t *status, const char *profile);

#endif
