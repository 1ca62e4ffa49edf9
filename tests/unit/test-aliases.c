/* SPDX-License-Identifier: Apache-2.0 */
/* The chooser page of the AWS sign-in, as far as it gives accounts names. */
#include "worker-test.h"

#include "aliases.h"

static void
check(const char *html, size_t len, const char *want)
{
	_cleanup_(json_decrefp) json_t *got = aliases_parse(html, len);
	_cleanup_(json_decrefp) json_t *j = json_loads(want, 0, NULL);

	if (!json_equal(got, j)) {
		_cleanup_free_ char *text =
		    json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS);

		fail_msg("%s instead of %s for: %.300s", text, want, html);
	}
}

static void
test_fixtures(void **state)
{
	static const struct {
		const char *name;
		const char *want;
	} files[] = {
		{ "saml2aws/testdata/saml.html",
		    "{\"000000000001\":\"account-alias\"}" },
		{ "signin/revamped-2023.html",
		    "{\"111122223333\":\"example-prod\"}" },
		{ "signin/interstitial-no-accounts.html", "{}" },
		{ "signin/invalid-saml-response.html", "{}" },
		{ "pages/login-2022-paginated.html", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		size_t len;
		_cleanup_free_ char *html = fixture(files[i].name, &len);

		check(html, len, files[i].want);
		/* Cut anywhere: never a crash, never an invented name. */
		for (size_t cut = 0; cut < len; cut += 37) {
			_cleanup_(json_decrefp) json_t *got =
			    aliases_parse(html, cut);
			_cleanup_(json_decrefp) json_t *all =
			    json_loads(files[i].want, 0, NULL);
			const char *account;
			json_t *v;

			json_object_foreach (got, account, v)
				assert_true(json_equal(
				    v, json_object_get(all, account)));
		}
	}
}

#define CLASSIC(text) "<div class=\"saml-account-name\">" text "</div>"
#define NAME(text) \
	"<div class=\"x saml-form_account_name_div__aa\">" text "</div>"
#define ID(text) "<div class=\"saml-form_account_id_div__bb\">" text "</div>"

static void
test_pieces(void **state)
{
	static const struct {
		const char *html;
		const char *want;
	} rows[] = {
		{ "", "{}" },
		{ CLASSIC("Account: my-alias (123456789012)"),
		    "{\"123456789012\":\"my-alias\"}" },
		{ CLASSIC("\n Account:  my-alias\n (123456789012)\n"),
		    "{\"123456789012\":\"my-alias\"}" },
		{ CLASSIC("Account: 123456789012"), "{}" },
		{ CLASSIC("Account: (123456789012)"), "{}" },
		{ CLASSIC("Account: My Alias (123456789012)"), "{}" },
		{ CLASSIC("Account: a--b (123456789012)"), "{}" },
		{ CLASSIC("Account: x&#10;y (123456789012)"), "{}" },
		{ CLASSIC("Account: abc (12345678901x)"), "{}" },
		{ CLASSIC("Account: abc (123456789012) x"), "{}" },
		{ CLASSIC("abc (123456789012)"), "{}" },
		{ CLASSIC("Account: abc (123456789012345678901)"), "{}" },
		{ "<div class=saml-account-names>Account: abc (1)</div>",
		    "{}" },
		{ NAME("one ") ID("1111-2222-3333") NAME("two")
			ID("444455556666"),
		    "{\"111122223333\":\"one\",\"444455556666\":\"two\"}" },
		/* A name is of the number behind it and of no other. */
		{ NAME("one") ID("1") ID("2"), "{\"1\":\"one\"}" },
		{ ID("1") NAME("one"), "{}" },
		{ NAME("") ID("1"), "{}" },
		{ NAME("one") ID("none"), "{}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(rows[i].html, strlen(rows[i].html), rows[i].want);
}

static void
test_many(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(4 * 1024 * 1024);
	_cleanup_(json_decrefp) json_t *got = NULL;

	(void)state;
	for (int i = 0; i < 8000; i++)
		assert_int_equal(
		    buf_addf(&b, CLASSIC("Account: acc-%d (%d)"), i, i), 0);
	got = aliases_parse(b.data, b.len);
	assert_int_equal(json_object_size(got), ALIASES_MAX);
	json_decref(got);
	/* Larger than any page: nothing, and no time spent. */
	while (buf_adds(&b, CLASSIC("Account: aaa (1)")) == 0)
		;
	got = aliases_parse(b.data, b.len);
	assert_int_equal(json_object_size(got), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
