/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of names and values (form fields, headers, cookies) and the codecs a
 * web server needs: percent, base64, HTML and XML text, SHA-256, random.
 * Order and duplicates are kept, because the simulator judges them.
 */
#ifndef SIM_FORM_H
#define SIM_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include <awsfed/buf.h>

struct pair {
	char *name;
	char *value;
};

struct form {
	struct pair *v;
	size_t n;
};

#define FORM_MAX 512 /* fields in one body */

void form_add(struct form *f, const char *name, const char *value);
/* The first value, or NULL; names compare exactly. */
const char *form_get(const struct form *f, const char *name);
/* The same without regard to case, for headers. */
const char *form_get_case(const struct form *f, const char *name);
size_t form_count(const struct form *f, const char *name);
void form_done(struct form *f);
/*
 * Decodes application/x-www-form-urlencoded.  Strict: a bad percent sequence, a
 * NUL or a byte a client must have encoded is -EBADMSG.
 */
int form_parse(const char *s, struct form *ret);
/* Splits a Cookie header: "a=b; c=d". */
void form_cookies(const char *s, struct form *ret);

/* Appends formatted text; running over the buffer's limit aborts. */
void put(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends s with the five characters of markup as entities. */
void put_html(struct buf *b, const char *s);
/* Appends s as canonical XML text (attribute: also quotes and line ends). */
void put_xml(struct buf *b, const char *s, bool attribute);

/* xalloc strings. */
char *url_encode(const char *s); /* all but A-Za-z0-9-_.~ */
char *b64_encode(const void *data, size_t len);
char *random_hex(size_t bytes);
char *random_b64(size_t bytes);
/* Standard alphabet, padded, nothing else.  0 or -EBADMSG. */
int b64_decode(const char *s, char **ret, size_t *ret_len);
/* Lower-case hex of the SHA-256. */
void sha256_hex(const void *data, size_t len, char out[65]);

#define _cleanup_form_ __attribute__((cleanup(form_done)))

#endif
