/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes which source of a profile: as it was tried out, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "explain.h"
#include "unit.h"

#define KEYS "aws_access_key_id = A\naws_secret_access_key = s\n"
#define PROCESS "credential_process = /bin/p\n"
#define SOURCE "role_arn = arn:aws:iam::1:role/R\nsource_profile = q\n"
#define WEB "role_arn = arn:aws:iam::1:role/R\nweb_identity_token_file = /t\n"

static json_t *
look(const char *config, const char *credentials, const char *variables)
{
	_cleanup_free_ char *a = xasprintf("[profile p]\n%s", config),
			    *b = xasprintf("[p]\n%s", credentials);
	struct ini *one = ini_parse(a, strlen(a)), *two = NULL;
	_cleanup_strv_ struct strv names = { 0 };
	json_t *o;

	two = ini_parse(b, strlen(b));
	strv_split(&names, variables);
	o = explain(one, two, "p", &names);
	ini_free(one);
	ini_free(two);
	return o;
}

static const char *
of(const json_t *o, const char *sdk)
{
	json_t *e;
	size_t i;

	json_array_foreach (json_object_get(o, "sdks"), i, e)
		if (strstr(json_string_value(json_object_get(e, "sdk")), sdk))
			return json_string_value(json_object_get(e, "source"));
	return NULL;
}

static void
test_table(void **state)
{
	static const struct {
		const char *config, *credentials, *variables;
		const char *boto, *go, *js, *java, *rust;
	} cases[] = {
		{ "", "", "", "none", "none", "none", "none", "none" },
		{ "", KEYS, "", "credentials-file", "credentials-file",
		    "credentials-file", "credentials-file",
		    "credentials-file" },
		{ KEYS, KEYS, "", "credentials-file", "credentials-file",
		    "credentials-file", "credentials-file",
		    "credentials-file" },
		{ PROCESS, "", "", "credential-process", "credential-process",
		    "credential-process", "credential-process",
		    "credential-process" },
		{ PROCESS, KEYS, "", "credentials-file", "credentials-file",
		    "credentials-file", "credential-process", "unknown" },
		{ PROCESS KEYS, "", "", "credential-process", "config-file",
		    "config-file", "unknown", "unknown" },
		{ KEYS, PROCESS, "", "credential-process", "config-file",
		    "config-file", "unknown", "unknown" },
		{ SOURCE, KEYS, "", "assume-role", "assume-role", "assume-role",
		    "assume-role", "unknown" },
		{ SOURCE, "", "", "assume-role", "assume-role", "assume-role",
		    "assume-role", "assume-role" },
		{ "role_arn = arn:aws:iam::1:role/R\n", KEYS, "", "invalid",
		    "assume-role", "credentials-file", "credentials-file",
		    "unknown" },
		{ WEB, KEYS, "", "web-identity", "assume-role",
		    "credentials-file", "web-identity", "unknown" },
		{ "sso_session = s\n", KEYS, "", "sso", "credentials-file",
		    "credentials-file", "sso", "unknown" },
		{ SOURCE PROCESS, "", "", "assume-role", "invalid",
		    "assume-role", "credential-process", "unknown" },
		{ "", KEYS, "AWS_ACCESS_KEY_ID", "environment", "environment",
		    "environment", "environment", "environment" },
		{ "", KEYS, "AWS_ACCESS_KEY_ID AWS_PROFILE", "environment",
		    "environment", "credentials-file", "environment",
		    "environment" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *o = look(
		    cases[i].config, cases[i].credentials, cases[i].variables);

		print_message("# case %zu\n", i);
		assert_non_null(o);
		assert_string_equal(of(o, "botocore"), cases[i].boto);
		assert_string_equal(of(o, "Go v2"), cases[i].go);
		assert_string_equal(of(o, "JavaScript"), cases[i].js);
		assert_string_equal(of(o, "Java v2"), cases[i].java);
		assert_string_equal(of(o, "Rust"), cases[i].rust);
		json_decref(o);
	}
}

static void
test_others(void **state)
{
	json_t *o = look(PROCESS, KEYS, "AWS_SECURITY_TOKEN");

	(void)state;
	assert_string_equal(of(o, ".NET"), "invalid");
	/* Files, both at once, where process cannot work, the variable. */
	assert_int_equal(json_array_size(json_object_get(o, "notes")), 4);
	json_decref(o);
	o = look("sso_start_url = u\n", KEYS, "");
	assert_string_equal(of(o, "Ruby"), "sso");
	assert_string_equal(of(o, "PHP"), "sso");
	json_decref(o);
	/* tests/system/peers-explain.py has it from the SDK itself. */
	o = look(SOURCE, KEYS, "");
	assert_string_equal(of(o, "Go v1"), "assume-role");
	json_decref(o);
	o = look(SOURCE PROCESS, "", "");
	assert_string_equal(of(o, "Go v1"), "invalid");
	json_decref(o);
	o = look("role_arn = arn:aws:iam::1:role/R\n", KEYS, "");
	assert_string_equal(of(o, "Go v1"), "assume-role");
	json_decref(o);
	o = look(WEB, KEYS, "");
	assert_string_equal(of(o, "Go v1"), "unknown");
	json_decref(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_others),
	};

	return RUN(tests);
}
