/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Framing and envelope: JSON objects, each ended by a NUL byte (Varlink's
 * shape), on a stream socket.  Parsing is strict (duplicate keys refused) and
 * parse errors never quote their input.
 */
#ifndef AWSFED_WIRE_H
#define AWSFED_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "buf.h"

struct strv;

#define WIRE_MAX_REQUEST (64 * 1024)	 /* bytes, client to agent */
#define WIRE_MAX_REPLY (8 * 1024 * 1024) /* bytes, agent to client */
#define WIRE_MAX_WORKER (1024 * 1024)	 /* bytes, either way */
#define WIRE_MAX_DEPTH 12

/* Appends the object and its NUL.  0 or -EMSGSIZE. */
int wire_put(struct buf *out, const json_t *msg);
/* Appends valid UTF-8 as a JSON string, with its quotes.  0 or -EMSGSIZE. */
int wire_put_text(struct buf *out, const char *s, size_t len);
/*
 * Takes one message off the front of in.  1: *ret is the object (a new
 * reference); 0: not complete yet; -EMSGSIZE: no NUL within in->max;
 * -EBADMSG: not a JSON object, too deep, or duplicate keys.
 */
int wire_get(struct buf *in, json_t **ret);

/* Blocking ends, for the worker and the client. */
int wire_send(int fd, const json_t *msg, size_t max);
/*
 * One message.  timeout in milliseconds, -1 waits for ever.  0; -ETIMEDOUT;
 * -ECONNRESET at end of file; as wire_get; other errno.  in keeps what came
 * after the message.
 */
int wire_recv(int fd, struct buf *in, int timeout, json_t **ret);

/* A call as it came in. */
struct call {
	const char *method; /* borrowed from the message */
	json_t *parameters; /* borrowed; NULL if absent */
	bool more;
	bool oneway;
};
/* 0, or -EBADMSG for unknown keys, wrong types, a missing method. */
int call_decode(json_t *msg, struct call *ret);

/*
 * The same of a call in the form that programs write: {"method":…,"parameters":
 * {…}} of printable ASCII, with no blank between, no escape, and parameters that
 * are strings, true, false or whole numbers from 0 of nine digits at most.  true:
 * the JSON library would take the text as the very same.  false: it is to be
 * asked.  Everything points into the text.
 */
#define WIRE_FLAT_MAX 8 /* parameters */
struct wire_word {
	const char *at; /* no NUL behind it */
	size_t len;
};
struct wire_param {
	struct wire_word key;
	json_type type;
	struct wire_word string;
	int64_t number;
};
struct wire_flat {
	struct wire_word method;
	struct wire_param param[WIRE_FLAT_MAX];
	size_t n;
};
bool wire_flat(const char *text, size_t len, struct wire_flat *ret);
bool wire_word_is(const struct wire_word *w, const char *text);

json_t *call_new(const char *method, json_t *parameters /* stolen */);
json_t *reply_new(json_t *parameters /* stolen */, bool continues);
json_t *reply_error(const char *error, json_t *parameters /* stolen */);

/*
 * Field checks for objects that came from outside.  A string must be free of
 * control characters and not longer than max bytes.  _opt forms: absent or
 * null gives NULL / def.  0 or -EINVAL.
 */
int json_str(const json_t *o, const char *key, size_t max, const char **ret);
int json_str_opt(
    const json_t *o, const char *key, size_t max, const char **ret);
int json_int_opt(const json_t *o, const char *key, int64_t min, int64_t max,
    int64_t def, int64_t *ret);
int json_bool_opt(const json_t *o, const char *key, bool def, bool *ret);

/* Sets key unless the value is NULL / empty / 0. */
void json_put_str(json_t *o, const char *key, const char *value);
void json_put_int(json_t *o, const char *key, int64_t value);
/* The first object of an array whose key has that value, borrowed; or NULL. */
json_t *json_find(const json_t *list, const char *key, const char *value);
/* An array, also when it is empty. */
void json_put_list(json_t *o, const char *key, const struct strv *list);

/* jansson has json_decrefp itself. */
#define _cleanup_json_ __attribute__((cleanup(json_decrefp)))

#endif
