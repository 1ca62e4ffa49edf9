/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from outside: whatever comes in, what comes out goes round. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

/* What the reader of the plain form takes, the library takes as the same. */
static bool
taken(const struct buf *in, struct wire_flat *ret)
{
	const char *nul = in->len == 0 ? NULL : memchr(in->data, '\0', in->len);

	return nul != NULL &&
	    wire_flat(in->data, (size_t)(nul - in->data), ret);
}

static void
agree(const struct wire_flat *f, json_t *msg)
{
	struct call call;

	if (call_decode(msg, &call) < 0 || call.more || call.oneway ||
	    !wire_word_is(&f->method, call.method) ||
	    json_object_size(call.parameters) != f->n)
		abort();
	for (size_t i = 0; i < f->n; i++) {
		const struct wire_param *p = &f->param[i];
		_cleanup_free_ char *key = xstrndup(p->key.at, p->key.len);
		const json_t *v = json_object_get(call.parameters, key);

		if (v == NULL || json_typeof(v) != p->type ||
		    (p->type == JSON_STRING &&
			!wire_word_is(&p->string, json_string_value(v))) ||
		    (p->type == JSON_INTEGER &&
			p->number != json_integer_value(v)))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REQUEST);
	_cleanup_buf_ struct buf text = BUF_INIT(WIRE_MAX_REQUEST);
	struct wire_flat plain;
	json_t *msg = NULL;
	bool flat;
	int r;

	if (buf_add(&in, data,
		size < WIRE_MAX_REQUEST ? size : WIRE_MAX_REQUEST) < 0)
		abort();
	for (;;) {
		/* What plain points to goes with the message: a copy. */
		buf_reset(&text);
		if (buf_add(&text, in.data, in.len) < 0)
			abort();
		flat = taken(&text, &plain);
		r = wire_get(&in, &msg);
		if (flat && r != 1)
			abort();
		if (r != 1 && r != -EBADMSG)
			break;
		_cleanup_buf_ struct buf out = BUF_INIT(WIRE_MAX_REPLY);
		_cleanup_fault_ struct fault f = { 0 };
		json_t *again = NULL;
		struct call call;

		if (r < 0)
			continue;
		if (flat)
			agree(&plain, msg);
		(void)call_decode(msg, &call);
		(void)fault_from_json(msg, &f);
		if (wire_put(&out, msg) < 0 || wire_get(&out, &again) != 1 ||
		    !json_equal(msg, again))
			abort();
		json_decref(again);
		json_decref(msg);
	}
	return 0;
}
