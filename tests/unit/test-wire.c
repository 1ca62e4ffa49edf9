/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

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
	};

	xalloc_install();
	return RUN(tests);
}
