/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages that were cut off, at every byte: a sign-in with such a page ends in
 * one fault, or goes on where enough of it is there; fake-agent.c and
 * fake-http.c look at all that leaves meanwhile.
 */
#include "worker-test.h"

#include "awsfed/log.h"
#include "classify.h"
#include "fake-peer.h"
#include "fuzz.h"

#define LOGIN \
	"%%% 200\n<form id=loginForm method=post><input name=UserName>" \
	"<input name=Password type=password></form>\n%%% 302 /adfs/ls/\n"
#define S2A "saml2aws/pkg/provider/"

static const struct {
	const char *file;
	const char *before; /* answers that come first */
	const char *after;
	size_t step;
} rows[] = {
	{ "pages/login-2016-refused.html", "n\n", LOGIN, 1 },
	{ "pages/login-2022-paginated.html", "k\n", "%%% 302 /adfs/\n", 1 },
	{ "pages/hrd.html", "\n", LOGIN, 1 },
	{ "pages/method-choice.html", "\n" LOGIN, "%%% 200\nx", 1 },
	{ "pages/mfa-adapter-named-login.html", "\n" LOGIN, LOGIN, 1 },
	{ "pages/duo-start.html", "\n" LOGIN, LOGIN, 1 },
	{ "pages/error-2019.html", "\n" LOGIN, LOGIN, 1 },
	{ "pages/rp-list.html", "\n", LOGIN, 1 },
	{ "pages/update-password.html", "\n" LOGIN, "", 1 },
	{ "aws-adfs-login/tests/login-page.html", "\n", LOGIN, 7 },
	{ S2A "aad/testdata/ADFS.html", "\n", LOGIN, 7 },
	{ S2A "adfs2/example/passcode.html", "\n" LOGIN, LOGIN, 7 },
	{ S2A "aad/testdata/ADFStrust.html", "1\n", LOGIN, 1 },
	{ S2A "aad/testdata/SAMLResponse.html", "1\n", "", 7 },
};

/* Under valgrind each run takes long: one in so many. */
static size_t
every(void)
{
	return getenv("AWSFED_VALGRIND") != NULL ? 29 : 1;
}

static void
test_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *page = NULL;
		size_t len, runs = 0;

		page = fixture(rows[i].file, &len);
		for (size_t n = 0; n <= len; n += rows[i].step * every()) {
			_cleanup_buf_ struct buf b = BUF_INIT(4 * 1024 * 1024);

			assert_int_equal(buf_adds(&b, rows[i].before), 0);
			assert_int_equal(buf_adds(&b, "%%% 200\n"), 0);
			assert_int_equal(buf_add(&b, page, n), 0);
			assert_int_equal(
			    buf_addf(&b, "\n%s", rows[i].after), 0);
			LLVMFuzzerTestOneInput((uint8_t *)b.data, b.len);
			assert_int_equal(fake.assertions + fake.faults, 1);
			/* No cut makes an assertion out of an old one. */
			assert_int_equal(fake.assertions, 0);
			runs++;
		}
		assert_true(runs * every() > 50);
	}
}

/* The same of a good one: all of it, or nothing. */
static void
test_assertion(void **state)
{
	static const char page[] =
	    "<form method=post name=hiddenform action=\"https://signin.aws."
	    "amazon.com:443/saml\"><input type=hidden name=SAMLResponse "
	    "value=\"{{SAML}}\"></form>";
	size_t whole = strstr(page, "}}") + 2 - page;

	(void)state;
	for (size_t n = 0; n < sizeof(page); n += every()) {
		_cleanup_free_ char *all =
		    xasprintf("\n%%%%%% 200\n%.*s", (int)n, page);

		LLVMFuzzerTestOneInput((uint8_t *)all, strlen(all));
		assert_int_equal(fake.assertions + fake.faults, 1);
		if (n < whole)
			assert_int_equal(fake.assertions, 0);
		if (n == sizeof(page) - 1)
			assert_int_equal(fake.assertions, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_assertion),
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
