/* SPDX-License-Identifier: Apache-2.0 */
/* Whose section is it, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "credfile-owner.h"

#define WHEN "2026-11-22T18:00:00Z"

static const struct {
	const char *text;
	enum owner owner;
	const char *why; /* words, or NULL */
} whose[] = {
	{ "", OWNER_NOBODY, NULL },
	{ "[q]\naws_access_key_id=a\n", OWNER_NOBODY, NULL },
	{ "[p]\n", OWNER_NOBODY, NULL },
	{ "[p]\nregion=x\n", OWNER_NOBODY, NULL },
	{ "[p]\naws_access_key_id=\n", OWNER_NOBODY, NULL },
	{ "[p]\nx_managed_by=awsfed\n", OWNER_US, NULL },
	{ "[p]\nX_Managed_By = awsfed\naws_access_key_id=a\n", OWNER_US, NULL },
	{ "[p]\nx_managed_by=awsfed\nx_logged_out=t\ncredential_process=x\n",
	    OWNER_LOGGED_OUT, NULL },
	{ "[p]\nx_managed_by=awsfed\nx_logged_out=t\n", OWNER_LOGGED_OUT,
	    NULL },
	{ "[p]\nx_managed_by=awsfed\nx_locked=t\ncredential_process=x\n",
	    OWNER_BLANKED, NULL },
	{ "[p]\nx_locked=t\ncredential_process=x\n", OWNER_OTHER,
	    "credential_process" },
	{ "[p]\nx_managed_by=awsfed\ncredential_process=mine\n", OWNER_OTHER,
	    "credential_process" },
	{ "[p]\nx_managed_by=other\naws_access_key_id=a\n", OWNER_OTHER,
	    "another tool" },
	{ "[p]\nx_managed_by=awsfed2\n", OWNER_OTHER, "another tool" },
	{ "[p]\naws_access_key_id=a\n", OWNER_OTHER, "long-term" },
	{ "[p]\naws_access_key_id=a\naws_secret_access_key=b\n", OWNER_OTHER,
	    "long-term" },
	{ "[p]\naws_access_key_id=a\naws_session_token=\n", OWNER_OTHER,
	    "long-term" },
	{ "[p]\naws_access_key_id=a\naws_session_token=t\n", OWNER_ADOPTED,
	    NULL },
	{ "[p]\naws_access_key_id=a\naws_security_token=t\n", OWNER_ADOPTED,
	    NULL },
	{ "[p]\ncredential_process=x\n", OWNER_OTHER, "credential_process" },
	/* What [DEFAULT] lends is not the section's own. */
	{ "[DEFAULT]\naws_access_key_id=a\n[p]\nregion=x\n", OWNER_NOBODY,
	    NULL },
	{ "[DEFAULT]\nx_managed_by=awsfed\n[p]\naws_access_key_id=a\n",
	    OWNER_OTHER, "long-term" },
	{ "[DEFAULT]\naws_session_token=t\n[p]\naws_access_key_id=a\n",
	    OWNER_OTHER, "long-term" },
	{ "[DEFAULT]\naws_security_token=t\n", OWNER_NEVER, "[DEFAULT]" },
	/* Spellings. */
	{ "[ p ]\nx_managed_by=awsfed\n", OWNER_NEVER, "blanks" },
	{ "[p ]\nregion=x\n", OWNER_NEVER, "blanks" },
	{ "[\tp]\n", OWNER_NEVER, "blanks" },
	{ "  [p]\nx_managed_by=awsfed\n", OWNER_US, NULL },
	{ "[p] # c\nx_managed_by=awsfed\n", OWNER_US, NULL },
	{ "[P]\nx_managed_by=awsfed\n", OWNER_NOBODY, NULL },
	/* Stronger sources. */
	{ "[p]\nrole_arn=a\n", OWNER_NEVER, "role_arn" },
	{ "[p]\nx_managed_by=awsfed\nsso_session=s\n", OWNER_NEVER,
	    "sso_session" },
	{ "[p]\nsso_start_url=s\n", OWNER_NEVER, "sso_start_url" },
	{ "[p]\nsso_account_id=s\n", OWNER_NEVER, "sso_account_id" },
	{ "[p]\nweb_identity_token_file=s\n", OWNER_NEVER, "web_identity" },
};

static void
test_whose(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(whose); i++) {
		struct ini *doc =
		    ini_parse(whose[i].text, strlen(whose[i].text));
		const char *why;
		enum owner got = owner_of(doc, "p", &why);

		if (got != whose[i].owner)
			print_message("# %s\n", whose[i].text);
		assert_int_equal(got, whose[i].owner);
		assert_int_equal(why == NULL, whose[i].why == NULL);
		if (why != NULL) {
			struct fault f = { 0 };

			assert_non_null(strstr(why, whose[i].why));
			owner_fault(got, "p", why, &f);
			assert_non_null(strstr(f.text, why));
			assert_int_equal(strstr(f.next, "--force") != NULL,
			    got == OWNER_OTHER);
			fault_done(&f);
		}
		ini_free(doc);
	}
}

static void
test_default(void **state)
{
	struct ini *doc = ini_parse("", 0);
	const char *why;

	(void)state;
	assert_int_equal(owner_of(doc, "DEFAULT", &why), OWNER_NEVER);
	assert_non_null(strstr(why, "every other section"));
	ini_free(doc);
}

static char *
after(const char *text, bool force, int what)
{
	static const char *const values[OWNER_KEYS] = { "K", "S", "T", WHEN,
		NULL, OWNER_MARKER_VALUE };
	struct ini *doc = ini_parse(text, strlen(text));
	char *out;

	if (what == 0)
		assert_int_equal(owner_put(doc, "p", values, force), 0);
	else if (what == 1)
		owner_remove(doc, "p");
	else
		assert_int_equal(owner_empty(doc, "p", "/usr/bin/awsfedctl",
				     OWNER_LOGGED_OUT_KEY, WHEN),
		    0);
	out = ini_print(doc, NULL);
	assert_false(ini_problem(doc, NULL, NULL));
	ini_free(doc);
	return out;
}

#define KEYS \
	"aws_access_key_id = K\naws_secret_access_key = S\n" \
	"aws_session_token = T\nx_security_token_expires = " WHEN "\n" \
	"x_managed_by = awsfed\n"
#define EMPTIED \
	"credential_process = /usr/bin/awsfedctl credential-process p\n" \
	"x_managed_by = awsfed\nx_logged_out = " WHEN "\n" \
	"  aws_access_key_id = SIGNED-OUT\n" \
	"  aws_secret_access_key = SIGNED-OUT\n"

static const struct {
	const char *before;
	bool force;
	int what; /* 0 put, 1 remove, 2 log out */
	const char *after;
} edits[] = {
	{ "", false, 0, "[p]\n" KEYS },
	{ "[p]\nregion = x\n# c\n", false, 0,
	    "[p]\nregion = x\n" KEYS "# c\n" },
	{ "[p]\naws_security_token = old\n", false, 0, "[p]\n" KEYS },
	{ "[p]\ncredential_process = mine\n", false, 0,
	    "[p]\ncredential_process = mine\n" KEYS },
	{ "[p]\ncredential_process = mine\n", true, 0, "[p]\n" KEYS },
	{ "[p]\n" EMPTIED, false, 0, NULL },
	{ "[a]\nb = c\n\n[p]\n" KEYS, false, 1, "[a]\nb = c\n" },
	{ "[p]\n" EMPTIED, false, 1, "" },
	{ "[p]\nregion = x\n" KEYS, false, 1, "[p]\nregion = x\n" },
	{ "[p]\n" KEYS, false, 2, "[p]\n" EMPTIED },
	{ "[p]\nregion = x\n" KEYS "\n[z]\n", false, 2,
	    "[p]\nregion = x\n" EMPTIED "\n[z]\n" },
	{ "[p]\n" EMPTIED, false, 2, "[p]\n" EMPTIED },
};

static void
test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		_cleanup_free_ char *out =
		    after(edits[i].before, edits[i].force, edits[i].what);

		if (edits[i].after != NULL) {
			assert_string_equal(out, edits[i].after);
			continue;
		}
		/* Keys after a logout: in another order, and nothing left. */
		assert_null(strstr(out, "SIGNED-OUT"));
		assert_null(strstr(out, "credential_process"));
		assert_null(strstr(out, "x_logged_out"));
		assert_non_null(strstr(out, "aws_session_token = T\n"));
	}
}

/* botocore reads the two lines as part of x_logged_out, and no keys. */
static void
test_emptied_has_no_keys(void **state)
{
	_cleanup_free_ char *out = after("[p]\n" KEYS, false, 2);
	struct ini *doc = ini_parse(out, strlen(out));

	(void)state;
	assert_null(ini_own(doc, "p", "aws_access_key_id"));
	assert_null(ini_own(doc, "p", "aws_secret_access_key"));
	assert_string_equal(ini_own(doc, "p", "x_logged_out"),
	    WHEN "\naws_access_key_id = SIGNED-OUT\n"
		 "aws_secret_access_key = SIGNED-OUT");
	ini_free(doc);
}

static void
test_quoted(void **state)
{
	struct ini *doc = ini_parse("[p]\n", 4);

	(void)state;
	assert_int_equal(
	    owner_empty(doc, "p", "/opt/a b/it's", OWNER_LOGGED_OUT_KEY, WHEN),
	    0);
	assert_string_equal(ini_own(doc, "p", "credential_process"),
	    "'/opt/a b/it'\\''s' credential-process p");
	ini_free(doc);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_emptied_has_no_keys),
		cmocka_unit_test(test_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
