/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"

static void
test_bad_messages(void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ "{}", 1 },
		{ "{\"a\":[[[]]]}", 1 },
		{ " {} ", 1 },
		{ "", -EBADMSG },
		{ "[]", -EBADMSG },
		{ "5", -EBADMSG },
		{ "null", -EBADMSG },
		{ "{", -EBADMSG },
		{ "{}x", -EBADMSG },
		{ "{\"a\":1,\"a\":2}", -EBADMSG },
		{ "{\"a\":{\"b\":1,\"b\":1}}", -EBADMSG },
		{ "{\"a\":\"\\u0000\"}", -EBADMSG },
		{ "{\"a\\u0000b\":1}", -EBADMSG },
		{ "{\"a\":\"\xff\"}", -EBADMSG },
		{ "{\"a\":NaN}", -EBADMSG },
		{ "{\"a\":1e999}", -EBADMSG },
		{ "{\"a\":\"[[[[[[[[[[[[[[[[\\\"[[[\"}", 1 },
		{ "{\"a\":[[[[[[[[[[[]]]]]]]]]]]}", 1 }, /* 12 */
		{ "{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf in = BUF_INIT(1000);
		_cleanup_json_ json_t *msg = NULL;

		print_message("# %zu\n", i);
		assert_int_equal(
		    buf_add(&in, cases[i].text, strlen(cases[i].text)), 0);
		assert_int_equal(wire_get(&in, &msg), 0); /* no NUL */
		assert_int_equal(buf_add(&in, "", 1), 0);
		assert_int_equal(wire_get(&in, &msg), cases[i].r);
		assert_int_equal(msg != NULL, cases[i].r == 1);
		assert_int_equal(in.len, 0);
	}
}

static void
test_size(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(8), out = BUF_INIT(8);
	_cleanup_json_ json_t *msg = NULL, *o = json_object();

	(void)state;
	assert_int_equal(buf_adds(&in, "{      }"), 0);
	assert_int_equal(wire_get(&in, &msg), -EMSGSIZE);
	assert_null(msg);
	buf_reset(&in);
	assert_int_equal(buf_add(&in, "{     }", 8), 0);
	assert_int_equal(wire_get(&in, &msg), 1);
	assert_int_equal(wire_put(&out, o), 0);
	assert_int_equal(out.len, 3);
	json_object_set_new(o, "key", json_true());
	assert_int_equal(wire_put(&out, o), -EMSGSIZE);
	assert_int_equal(out.len, 3);
}

/* The same messages in whatever pieces they come. */
static void
test_splits(void **state)
{
	_cleanup_buf_ struct buf all = BUF_INIT(100000);
	unsigned r = 99;

	(void)state;
	for (int i = 0; i < 100; i++) {
		_cleanup_json_ json_t *o = json_pack("{s:i}", "n", i);

		assert_int_equal(wire_put(&all, o), 0);
	}
	for (int round = 0; round < 500; round++) {
		_cleanup_buf_ struct buf in = BUF_INIT(100000);
		int next = 0;

		for (size_t at = 0; at < all.len;) {
			json_t *msg = NULL;
			size_t n;

			r = r * 1103515245 + 12345;
			n = 1 + (r >> 16) % (round % 2 == 0 ? 3 : 300);
			if (n > all.len - at)
				n = all.len - at;
			assert_int_equal(buf_add(&in, all.data + at, n), 0);
			at += n;
			while (wire_get(&in, &msg) == 1) {
				assert_int_equal(json_integer_value(
						     json_object_get(msg, "n")),
				    next++);
				json_decref(msg);
			}
		}
		assert_int_equal(next, 100);
		assert_int_equal(in.len, 0);
	}
}

/* Random damage: an answer of some kind, and never more than was sent. */
static void
test_noise(void **state)
{
	static const char start[] = "{\"method\":\"a.b\",\"parameters\":"
				    "{\"x\":[1,2.5,\"\\u00e9\"]}}";
	unsigned r = 4242;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		_cleanup_buf_ struct buf in = BUF_INIT(200);
		char text[sizeof(start)];
		json_t *msg = NULL;
		int n;

		memcpy(text, start, sizeof(text));
		for (int k = 0; k < 3; k++) {
			r = r * 1103515245 + 12345;
			text[(r >> 8) % (sizeof(text) - 1)] = (char)(r >> 24);
		}
		assert_int_equal(buf_add(&in, text, sizeof(text)), 0);
		while ((n = wire_get(&in, &msg)) != 0) {
			if (n == 1) {
				struct call c;

				(void)call_decode(msg, &c);
				json_decref(msg);
			} else {
				assert_int_equal(n, -EBADMSG);
			}
		}
		assert_int_equal(in.len, 0);
	}
}

static void
test_sockets(void **state)
{
	_cleanup_buf_ struct buf in = BUF_INIT(100);
	_cleanup_json_ json_t *o = json_pack("{s:s}", "a", "b"), *back = NULL,
			      *none = NULL;
	char big[200];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(wire_recv(fds[1], &in, 10, &none), -ETIMEDOUT);
	assert_int_equal(wire_recv(fds[1], &in, 0, &none), -ETIMEDOUT);
	assert_int_equal(wire_send(fds[0], o, 100), 0);
	assert_int_equal(wire_send(fds[0], o, 100), 0);
	assert_int_equal(wire_send(fds[0], o, 5), -EMSGSIZE);
	assert_int_equal(wire_recv(fds[1], &in, 1000, &back), 0);
	assert_true(json_equal(o, back));
	json_decref(back);
	back = NULL;
	assert_int_equal(wire_recv(fds[1], &in, -1, &back), 0);
	assert_true(json_equal(o, back));
	memset(big, ' ', sizeof(big));
	assert_int_equal(write(fds[0], big, sizeof(big)), sizeof(big));
	assert_int_equal(wire_recv(fds[1], &in, 1000, &none), -EMSGSIZE);
	buf_reset(&in);
	close(fds[0]);
	/* the rest of the flood, then the end */
	assert_int_equal(wire_recv(fds[1], &in, 1000, &none), -EMSGSIZE);
	buf_reset(&in);
	assert_int_equal(wire_recv(fds[1], &in, 1000, &none), -ECONNRESET);
	assert_null(none);
	assert_int_equal(wire_send(fds[1], o, 100), -EPIPE);
	close(fds[1]);
}

static void
test_calls(void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ "{\"method\":\"m\"}", 0 },
		{ "{\"method\":\"m\",\"parameters\":{},\"more\":true,"
		  "\"oneway\":false}",
		    0 },
		{ "{}", -EBADMSG },
		{ "{\"method\":5}", -EBADMSG },
		{ "{\"method\":\"m\",\"parameters\":[]}", -EBADMSG },
		{ "{\"method\":\"m\",\"more\":1}", -EBADMSG },
		{ "{\"method\":\"m\",\"upgrade\":true}", -EBADMSG },
	};
	json_t *o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct call c = { 0 };

		o = json_loads(cases[i].text, 0, NULL);
		assert_int_equal(call_decode(o, &c), cases[i].r);
		if (cases[i].r == 0)
			assert_string_equal(c.method, "m");
		json_decref(o);
	}
	o = call_new("m", json_pack("{s:i}", "x", 1));
	assert_int_equal(json_integer_value(json_object_get(
			     json_object_get(o, "parameters"), "x")),
	    1);
	json_decref(o);
	o = reply_new(NULL, true);
	assert_true(json_is_object(json_object_get(o, "parameters")));
	assert_true(json_is_true(json_object_get(o, "continues")));
	json_decref(o);
	o = reply_error("E", NULL);
	assert_string_equal(
	    json_string_value(json_object_get(o, "error")), "E");
	json_decref(o);
}

static void
test_fields(void **state)
{
	_cleanup_json_ json_t *o =
	    json_pack("{s:s,s:s,s:n,s:i,s:b,s:s%}", "s", "text", "bad", "a\nb",
		"null", "int", 7, "bool", 1, "nul", "a\0b", 3);
	const char *s = NULL;
	int64_t i = 0;
	bool b = false;

	(void)state;
	assert_int_equal(json_str(o, "s", 4, &s), 0);
	assert_string_equal(s, "text");
	assert_int_equal(json_str(o, "s", 3, &s), -EINVAL);
	assert_int_equal(json_str(o, "bad", 99, &s), -EINVAL);
	assert_int_equal(json_str(o, "nul", 99, &s), -EINVAL);
	assert_int_equal(json_str(o, "none", 99, &s), -EINVAL);
	assert_int_equal(json_str(o, "int", 99, &s), -EINVAL);
	assert_int_equal(json_str_opt(o, "null", 99, &s), 0);
	assert_null(s);
	assert_int_equal(json_int_opt(o, "int", 0, 7, 5, &i), 0);
	assert_int_equal(i, 7);
	assert_int_equal(json_int_opt(o, "int", 0, 6, 5, &i), -EINVAL);
	assert_int_equal(json_int_opt(o, "int", 8, 9, 5, &i), -EINVAL);
	assert_int_equal(json_int_opt(o, "none", 0, 7, 5, &i), 0);
	assert_int_equal(i, 5);
	assert_int_equal(json_int_opt(o, "s", 0, 7, 5, &i), -EINVAL);
	assert_int_equal(json_bool_opt(o, "bool", false, &b), 0);
	assert_true(b);
	assert_int_equal(json_bool_opt(o, "int", false, &b), -EINVAL);
	assert_int_equal(json_bool_opt(o, "null", false, &b), 0);
	assert_false(b);
	json_put_str(o, "empty", "");
	json_put_str(o, "unset", NULL);
	json_put_int(o, "zero", 0);
	json_put_int(o, "one", 1);
	assert_null(json_object_get(o, "empty"));
	assert_null(json_object_get(o, "unset"));
	assert_null(json_object_get(o, "zero"));
	assert_non_null(json_object_get(o, "one"));
}

static void
test_lists(void **state)
{
	_cleanup_strv_ struct strv sv = { 0 };
	_cleanup_json_ json_t *o = json_object();
	_cleanup_json_ json_t *list = json_pack(
	    "[s, {s:s}, {s:s}, {s:i}]", "x", "k", "a", "k", "b", "k", 1);

	(void)state;
	json_put_list(o, "none", &sv);
	strv_add(&sv, "one");
	strv_add(&sv, "two");
	json_put_list(o, "some", &sv);
	assert_int_equal(json_array_size(json_object_get(o, "none")), 0);
	assert_true(json_is_array(json_object_get(o, "none")));
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(o, "some"), 1)),
	    "two");
	assert_ptr_equal(json_find(list, "k", "b"), json_array_get(list, 2));
	assert_null(json_find(list, "k", "c"));
	assert_null(json_find(NULL, "k", "a"));
}

/* ---- the plain form ------------------------------------------------------------ */

/* What the short reader makes of it is what the library makes of it. */
static bool
agrees(const char *text, size_t len)
{
	struct wire_flat f;
	struct call c = { 0 };
	_cleanup_json_ json_t *msg = NULL;

	if (!wire_flat(text, len, &f))
		return false;
	msg = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(msg);
	assert_int_equal(call_decode(msg, &c), 0);
	assert_true(wire_word_is(&f.method, c.method));
	assert_false(c.more || c.oneway);
	assert_int_equal(json_object_size(c.parameters), f.n);
	for (size_t i = 0; i < f.n; i++) {
		const struct wire_param *p = &f.param[i];
		_cleanup_free_ char *key = xstrndup(p->key.at, p->key.len);
		const json_t *v = json_object_get(c.parameters, key);

		assert_int_equal(strlen(key), p->key.len);
		assert_non_null(v);
		assert_int_equal(json_typeof(v), p->type);
		if (p->type == JSON_STRING)
			assert_true(
			    wire_word_is(&p->string, json_string_value(v)));
		if (p->type == JSON_INTEGER)
			assert_int_equal(json_integer_value(v), p->number);
	}
	return true;
}

static void
test_flat(void **state)
{
#define HEAD "{\"method\":\"a.B\",\"parameters\":{"
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ HEAD "}}", true },
		{ HEAD "\"a\":\"\",\"b\":\"x y~\"}}", true },
		{ HEAD "\"a\":0,\"b\":7,\"c\":999999999}}", true },
		{ HEAD "\"a\":true,\"b\":false}}", true },
		{ HEAD "\"\":\"\"}}", true },
		{ HEAD "\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,"
		       "\"g\":1,\"h\":1}}",
		    true },
		{ HEAD "\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,"
		       "\"g\":1,\"h\":1,\"i\":1}}",
		    false },
		{ "", false },
		{ "{}", false },
		{ "{\"method\":\"a.B\"}", false },
		{ HEAD "}", false },
		{ HEAD "}}}", false },
		{ HEAD "}} ", false },
		{ " " HEAD "}}", false },
		{ HEAD "},\"more\":true}", false },
		{ HEAD "\"a\":1,}}", false },
		{ HEAD ",\"a\":1}}", false },
		{ HEAD "\"a\":1\"b\":1}}", false },
		{ HEAD "\"a\":1,\"a\":1}}", false },
		{ HEAD "\"a\":01}}", false },
		{ HEAD "\"a\":00}}", false },
		{ HEAD "\"a\":-1}}", false },
		{ HEAD "\"a\":1.0}}", false },
		{ HEAD "\"a\":1e2}}", false },
		{ HEAD "\"a\":1000000000}}", false },
		{ HEAD "\"a\":}}", false },
		{ HEAD "\"a\":null}}", false },
		{ HEAD "\"a\":truex}}", false },
		{ HEAD "\"a\":[]}}", false },
		{ HEAD "\"a\":{}}}", false },
		{ HEAD "\"a\":\"\\u0041\"}}", false },
		{ HEAD "\"a\":\"\\\"\"}}", false },
		{ HEAD "\"a\":\"\t\"}}", false },
		{ HEAD "\"a\":\"\x7f\"}}", false },
		{ HEAD "\"a\":\"\xc3\xa9\"}}", false },
		{ HEAD "\"a\" :1}}", false },
		{ HEAD "\"a\":\"b}}", false },
		{ HEAD "\"a", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("# %s\n", cases[i].text);
		assert_int_equal(agrees(cases[i].text, strlen(cases[i].text)),
		    cases[i].good);
	}
	/* Its own length counts, not what lies behind. */
	assert_false(agrees(HEAD "}}", strlen(HEAD "}")));
	assert_true(agrees(HEAD "}}}}", strlen(HEAD "}}")));
	/* A NUL is no end. */
	assert_false(agrees(HEAD "}}", sizeof(HEAD "}}")));
}

/* Damage it as you will: what it takes, the library takes as the same. */
static void
test_flat_noise(void **state)
{
	static const char start[] = HEAD "\"ab\":\"c d\",\"ac\":120,\"x\":true,"
					 "\"y\":false}}";
	static const char dice[] = "\"\"{}:,0019-.eatrufls\\ \x01\xc3\x7f";
	unsigned r = 777, taken = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[sizeof(start)];
		size_t n = sizeof(start) - 1;

		memcpy(text, start, sizeof(text));
		for (int k = 0; k <= round % 3; k++) {
			size_t at;

			r = r * 1103515245 + 12345;
			at = (r >> 8) % n;
			r = r * 1103515245 + 12345;
			if (r >> 31) {
				text[at] = dice[(r >> 8) % (sizeof(dice) - 1)];
			} else {
				n--;
				memmove(text + at, text + at + 1, n - at);
			}
		}
		taken += agrees(text, n);
	}
	assert_true(taken > 1000);
}

/* ---- strings ------------------------------------------------------------------- */

/* Byte for byte what the library writes. */
static void
same_text(const char *s, size_t len)
{
	_cleanup_json_ json_t *v = json_stringn(s, len);
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	_cleanup_free_ char *want = NULL;

	assert_non_null(v);
	want = json_dumps(v, JSON_ENCODE_ANY);
	assert_int_equal(wire_put_text(&out, s, len), 0);
	assert_string_equal(out.data, want);
	assert_int_equal(out.len, strlen(want));
}

static void
test_text(void **state)
{
	static const char *const many[] = { "\xc2\xa2", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	char s[70];
	unsigned r = 31;

	(void)state;
	/* Each character at each place of words of eight. */
	for (int c = 0; c < 0x80; c++)
		for (size_t at = 0; at < 17; at++) {
			memset(s, 'x', 20);
			s[at] = (char)c;
			same_text(s, 20);
			same_text(s, at + 1);
			same_text(s + at, 1);
		}
	same_text("", 0);
	for (int round = 0; round < 20000; round++) {
		size_t n = 0;

		while (n < 60) {
			r = r * 1103515245 + 12345;
			if (r >> 29 == 0) {
				const char *m = many[(r >> 16) % 3];

				memcpy(s + n, m, strlen(m));
				n += strlen(m);
			} else {
				s[n++] = (char)((r >> 16) &
				    (r >> 30 == 3 ? 0x1f : 0x7f));
			}
			if (r >> 16 & 1 && n > (r >> 8) % 60)
				break;
		}
		same_text(s, n);
	}
}

/* It fits or nothing is written past the limit. */
static void
test_text_limit(void **state)
{
	(void)state;
	for (size_t max = 0; max < 20; max++) {
		_cleanup_buf_ struct buf out = BUF_INIT(max);

		assert_int_equal(wire_put_text(&out, "12345678\n0", 10),
		    max < 13 ? -EMSGSIZE : 0);
		assert_true(out.len <= max);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_flat_noise),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_limit),
	};

	xalloc_install();
	return RUN(tests);
}
