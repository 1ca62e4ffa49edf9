/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, ranges and patterns for a list of roles. */
#include "unit.h"

#include <jansson.h>

#include "../../client/pick.h"
#include "awsfed/str.h"

#define N 9

static void
test_ranges(void **state)
{
	static const struct {
		const char *line;
		const char *want; /* NULL: it is something else */
	} rows[] = {
		{ "1", "100000000" },
		{ "9", "000000001" },
		{ "1-3,7", "111000100" },
		{ " 7 , 1-3 ", "111000100" },
		{ "2 4", "010100000" },
		{ "2-2,2", "010000000" },
		{ "1-9", "111111111" },
		{ "", NULL },
		{ ",", NULL },
		{ "0", NULL },
		{ "10", NULL },
		{ "1-10", NULL },
		{ "3-1", NULL },
		{ "-3", NULL },
		{ "3-", NULL },
		{ "1-2-3", NULL },
		{ "1,x", NULL },
		{ "1 - 3", NULL },
		{ "99999999999999999999", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool on[N] = { false };
		char got[N + 1] = "";
		int r = pick_ranges(rows[i].line, N, on);

		for (size_t k = 0; k < N; k++)
			got[k] = on[k] ? '1' : '0';
		assert_int_equal(r, rows[i].want == NULL ? -EINVAL : 0);
		assert_string_equal(
		    got, rows[i].want == NULL ? "000000000" : rows[i].want);
	}
	assert_int_equal(pick_ranges("1", 0, NULL), -EINVAL);
}

static json_t *
role(const char *account, const char *alias, const char *name,
    const char *profile)
{
	json_t *o = json_pack("{s:s,s:s}", "account", account, "role", name);
	_cleanup_free_ char *arn =
	    xasprintf("arn:aws:iam::%s:role/%s", account, name);

	json_object_set_new(o, "roleArn", json_string(arn));
	if (alias != NULL)
		json_object_set_new(o, "alias", json_string(alias));
	if (profile != NULL)
		json_object_set_new(o, "profile", json_string(profile));
	return o;
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *pattern;
		bool want;
	} rows[] = {
		{ "admin", true },
		{ "ACME", true },
		{ "cme-p", true },
		{ "1122", true },
		{ "role/Ad", true },
		{ "mine", true },
		{ "acme-prod/adm", true },
		{ "Admin*", true },
		{ "*Admin", true },
		{ "acme-*/admin", true },
		{ "1*/Admin", true },
		{ "arn:aws:iam::*:role/Admin", true },
		{ "min?", true }, /* the profile, "mine" */
		{ "dmin*", false },
		{ "acme*Admins", false },
		{ "dev", false },
		{ "[", false },
	};
	json_t *o = role("111122223333", "acme-prod", "Admin", "mine");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (pick_matches(o, rows[i].pattern) != rows[i].want)
			fail_msg("%s", rows[i].pattern);
	json_decref(o);
	o = json_object(); /* an agent that says nothing */
	assert_false(pick_matches(o, "x"));
	assert_false(pick_matches(o, "*"));
	json_decref(o);
}

static void
test_list(void **state)
{
	json_t *roles = json_array();
	const bool shown[] = { true, true, false, true };
	_cleanup_buf_ struct buf out = BUF_INIT(4096);

	(void)state;
	json_array_append_new(roles, role("1", "acme", "Admin", "p"));
	json_array_append_new(roles, role("1", "acme", "A", "q"));
	json_array_append_new(roles, role("2", NULL, "Hidden-role", NULL));
	json_array_append_new(roles, role("2", NULL, "B\x1b[1m", NULL));
	pick_list(roles, shown, &out);
	assert_string_equal(out.data,
	    "acme (1)\n    1  Admin  profile p\n    2  A      profile q\n"
	    "2\n    4  B?[1m\n");
	json_decref(roles);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_list),
	};

	return RUN(tests);
}
