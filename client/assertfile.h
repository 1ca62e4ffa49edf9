/* SPDX-License-Identifier: Apache-2.0 */
/* --assertfile: a SAMLResponse that a person took from a browser. */
#ifndef CLIENT_ASSERTFILE_H
#define CLIENT_ASSERTFILE_H

#include <jansson.h>

struct fault;

/*
 * The file's base64 without its blanks and line ends.  0 with a JSON string,
 * or -1 with *fault.
 */
int assertfile_read(const char *path, json_t **ret, struct fault *fault);

#endif
