/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "awsfed/fault.h"
#include "awsfed/str.h"

static void
test_names(void **state)
{
	(void)state;
	for (int i = FAULT_NONE + 1; i < FAULT_KIND_MAX; i++) {
		enum fault_kind back = FAULT_NONE;

		assert_false(str_empty(fault_kind_name((enum fault_kind)i)));
		assert_int_equal(
		    fault_kind_from(fault_kind_name((enum fault_kind)i), &back),
		    0);
		assert_int_equal(back, i);
		assert_true(fault_exit((enum fault_kind)i) != EXIT_OK);
	}
	for (int i = REASON_NONE; i < REASON_MAX; i++) {
		enum reason back = REASON_MAX;

		assert_non_null(reason_name((enum reason)i));
		assert_int_equal(
		    reason_from(reason_name((enum reason)i), &back), 0);
		assert_int_equal(back, i);
	}
	assert_int_equal(fault_exit(FAULT_NONE), EXIT_OK);
	assert_int_equal(fault_exit(FAULT_NEEDS_USER), EXIT_NEEDS_LOGIN);
	assert_int_equal(fault_exit(FAULT_REJECTED), EXIT_REFUSED);
	assert_int_equal(fault_exit(FAULT_DENIED), EXIT_REFUSED);
	assert_int_equal(fault_exit(FAULT_TEMPORARY), EXIT_TEMPORARY);
}

static void
test_set(void **state)
{
	_cleanup_fault_ struct fault f = { 0 }, g = { 0 };

	(void)state;
	assert_false(fault_is(&f));
	assert_int_equal(
	    fault_set(&f, FAULT_CONFIG, REASON_SETTINGS, "a %s\n\x1b", "b"),
	    -1);
	assert_string_equal(f.text, "a b ?");
	fault_next(&f, "do %d", 1);
	fault_next(&f, "%s, then 2", f.next); /* may quote itself */
	assert_string_equal(f.next, "do 1, then 2");
	fault_request(&f, "id");
	f.retry_after = 5;
	fault_copy(&g, &f);
	fault_copy(&g, &g);
	assert_string_equal(g.next, f.next);
	assert_string_equal(g.request, "id");
	assert_int_equal(g.retry_after, 5);
	fault_set(&f, FAULT_SECURITY, REASON_TLS, "was: %s", f.text);
	assert_string_equal(f.text, "was: a b ?");
	assert_null(f.next); /* a new fault is a new one */
	assert_null(f.request);
	fault_done(&f);
	assert_false(fault_is(&f));
}

static void
test_json(void **state)
{
	_cleanup_fault_ struct fault f = { 0 }, g = { 0 };
	json_t *j, *bad;

	(void)state;
	fault_set(&f, FAULT_TEMPORARY, REASON_BUSY, "busy");
	fault_next(&f, "wait");
	fault_request(&f, "r-1");
	f.retry_after = 7;
	j = fault_to_json(&f);
	assert_int_equal(fault_from_json(j, &g), 0);
	assert_int_equal(g.kind, FAULT_TEMPORARY);
	assert_int_equal(g.reason, REASON_BUSY);
	assert_string_equal(g.text, "busy");
	assert_string_equal(g.next, "wait");
	assert_string_equal(g.request, "r-1");
	assert_int_equal(g.retry_after, 7);
	json_decref(j);
	bad = json_pack("{s:s, s:i, s:s, s:i}", "kind", "frob", "text", 5,
	    "reason", "frob", "retryAfter", -3);
	assert_int_equal(fault_from_json(bad, &g), 0);
	assert_int_equal(g.kind, FAULT_INTERNAL);
	assert_int_equal(g.reason, REASON_NONE);
	assert_string_equal(g.text, "");
	assert_null(g.next);
	assert_int_equal(g.retry_after, 0);
	json_decref(bad);
	bad = json_array();
	assert_int_equal(fault_from_json(bad, &g), -EINVAL);
	json_decref(bad);
	assert_int_equal(fault_from_json(NULL, &g), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_json),
	};

	return RUN(tests);
}
