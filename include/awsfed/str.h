/* SPDX-License-Identifier: Apache-2.0 */
/* Small string questions, asked in many places and answered once. */
#ifndef AWSFED_STR_H
#define AWSFED_STR_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _(s) gettext(s)
#define N_(s) (s)

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_caseeq(const char *a, const char *b);
bool str_empty(const char *s); /* NULL or "" */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Any byte below 0x20 or 0x7f?  Such names and values are refused. */
bool str_has_control(const char *s);
/* Is every byte in the range 0x20..0x7e? */
bool str_printable(const char *s);
/* Valid UTF-8, as RFC 3629 has it? */
bool str_utf8(const char *s);
/* Trims ASCII white space at both ends, in place; returns s. */
char *str_trim(char *s);
void str_lower(char *s);
/* yes/no, true/false, on/off, 1/0, any case (so Python's True too). */
int str_bool(const char *s, bool *ret); /* 0 or -EINVAL */
int str_int(const char *s, int64_t min, int64_t max, int64_t *ret);
/* The value of a hex digit of either case; -1 for anything else. */
int str_unhex(char c);
/* Lower-case hex, NUL-terminated: out has room for 2 * n + 1. */
void str_hex(const void *bytes, size_t n, char *out);
/* 36 characters and NUL: a random (version 4) UUID. */
void str_uuid(char out[37]);
/* A copy with control bytes and invalid UTF-8 as '?', at most max bytes. */
char *str_clean(const char *s, size_t max);

/* A growing list of strings, NULL-terminated; each string is owned. */
struct strv {
	char **v;
	size_t n;
};
void strv_add(struct strv *sv, const char *s);
void strv_take(struct strv *sv, char *s);
bool strv_has(const struct strv *sv, const char *s);
void strv_done(struct strv *sv);
/* Splits at commas and white space, leaving out empty pieces. */
void strv_split(struct strv *sv, const char *s);
#define _cleanup_strv_ __attribute__((cleanup(strv_done)))

#endif
