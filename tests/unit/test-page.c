/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include "page.h"
#include "xml.h"

#define URL "https://adfs.example.com/adfs/ls/start?x=1"

static void
parse(const char *html, size_t len, struct page *p)
{
	struct fault f = { 0 };

	assert_int_equal(page_parse(html, len, URL, p, &f), 0);
}

static char *
encode(const struct form *f, const struct field *fields, size_t n,
    const struct control *press)
{
	struct buf b = BUF_INIT(FORM_BODY_MAX);

	assert_int_equal(form_encode(f, fields, n, press, &b), 0);
	return buf_take(&b);
}

static void
test_browser_form(void **state)
{
	size_t len;
	_cleanup_free_ char *html = fixture("pages/browser-form.html", &len);
	_cleanup_page_ struct page p = { 0 };
	const struct form *f;
	const struct field fields[] = { { "text", "ours" }, { "twice", "3" },
		{ "checked", NULL }, { "new", "+" } };
	_cleanup_free_ char *plain = NULL, *filled = NULL;

	(void)state;
	parse(html, len, &p);
	assert_string_equal(p.title, "Every control");
	f = page_form(&p, "f");
	assert_non_null(f);
	assert_string_equal(
	    f->action, "https://adfs.example.com/adfs/ls/next?a=1&b=2");
	plain = encode(f, NULL, 0, form_control(f, "go"));
	assert_string_equal(plain,
	    "text=a+b%26c%3Dd&checked=on&r=2&s=y"
	    "&t=first&area=line%0Atwo&go=Go&twice=1&twice=2&umlaut=%C3%BC"
	    "&outside=in");
	filled = encode(f, fields, ARRAY_SIZE(fields), NULL);
	assert_string_equal(filled,
	    "text=ours&r=2&s=y&t=first"
	    "&area=line%0Atwo&twice=3&umlaut=%C3%BC&outside=in&new=%2B");
	assert_int_equal(p.loose.ncontrols, 1);
	/* No action: the page's own address. */
	assert_string_equal(page_form(&p, "g")->action, URL);
}

static void
test_actions(void **state)
{
	static const struct {
		const char *action;
		const char *want; /* NULL: unusable */
	} rows[] = {
		{ "", URL },
		{ "?y=2", "https://adfs.example.com/adfs/ls/start?y=2" },
		{ "#", URL },
		{ "#top", URL },
		{ "/a", "https://adfs.example.com/a" },
		{ "//evil.example.net/a", "https://evil.example.net/a" },
		{ "https://h:443/a", "https://h:443/a" },
		{ "  /a  ", "https://adfs.example.com/a" },
		{ "/a b", "https://adfs.example.com/a%20b" },
		{ "http://[::1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };
		_cleanup_free_ char *html =
		    xasprintf("<form method=POST "
			      "action='%s'><input name=a></form>",
			rows[i].action);

		parse(html, strlen(html), &p);
		assert_int_equal(p.nforms, 1);
		assert_true(p.forms[0].post);
		if (rows[i].want == NULL)
			assert_null(p.forms[0].action);
		else
			assert_string_equal(p.forms[0].action, rows[i].want);
	}
}

static void
test_base(void **state)
{
	static const struct {
		const char *html;
		bool foreign;
	} rows[] = {
		{ "<base href='/x/'>", false },
		{ "<base href='https://adfs.example.com/'>", false },
		{ "<base href='https://evil.example.net/'>", true },
		{ "<base href='javascript:1'>", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };

		parse(rows[i].html, strlen(rows[i].html), &p);
		assert_int_equal(p.foreign_base, rows[i].foreign);
	}
}

/* Relative actions are relative to it; none at all is the page's own. */
static void
test_base_actions(void **state)
{
	static const char html[] = "<form action='go?a=1'></form><form></form>"
				   "<base href=' /adfs/ls/other/ '>"
				   "<base href='/x/'>";
	_cleanup_page_ struct page p = { 0 };

	(void)state;
	parse(html, strlen(html), &p);
	assert_int_equal(p.nforms, 2);
	assert_string_equal(
	    p.forms[0].action, "https://adfs.example.com/adfs/ls/other/go?a=1");
	assert_string_equal(p.forms[1].action, URL);
}

static void
test_texts(void **state)
{
	size_t len;
	_cleanup_free_ char *html =
	    fixture("pages/login-2016-refused.html", &len);
	_cleanup_page_ struct page p = { 0 };
	_cleanup_free_ char *text = NULL, *none = NULL;

	(void)state;
	parse(html, len, &p);
	text = page_text(&p, "errorText");
	assert_string_equal(text,
	    "Id. utilisateur ou mot de passe incorrect. "
	    "Réessayez.");
	none = page_text(&p, "nowhere");
	assert_string_equal(none, "");
	assert_true(page_id_starts(&p, "kmsi"));
	assert_false(page_id_starts(&p, "updatePassword"));
}

/* Latin-1, NUL bytes and every byte there is: read, never trusted. */
static void
test_bytes(void **state)
{
	static const char latin[] = "<title>Fran\xe7"
				    "ais</title>";
	static const char nul[] = "<title>a\0b</title><form id=x\0>";
	_cleanup_page_ struct page p = { 0 }, q = { 0 }, r = { 0 }, e = { 0 };
	char all[256];

	(void)state;
	parse(latin, sizeof(latin) - 1, &p);
	assert_string_equal(p.title, "Français");
	parse(nul, sizeof(nul) - 1, &q);
	assert_string_equal(q.title, "a b");
	assert_int_equal(q.nforms, 1);
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	parse(all, sizeof(all), &r);
	parse("", 0, &e);
	assert_int_equal(e.nforms, 0);
}

static char *
repeat(const char *head, const char *unit, size_t n, const char *tail)
{
	struct buf b = BUF_INIT(8 * 1024 * 1024);

	assert_int_equal(buf_adds(&b, head), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_adds(&b, unit), 0);
	assert_int_equal(buf_adds(&b, tail), 0);
	return buf_take(&b);
}

static void
test_limits(void **state)
{
	static const struct {
		const char *head, *unit, *tail;
		size_t n;
		int result;
	} rows[] = {
		{ "<p ", "a=1 ", ">", 512, 0 },
		{ "<p ", "a=1 ", ">", 513, -1 },
		{ "<p ", "a='>' ", ">", 513, -1 },
		{ "<p ", "a ", ">", 130000, -1 },
		{ "<p ", "a/", ">", 600, -1 },
		{ "<!-- <p ", "a ", "-->", 600, 0 },
		{ "<script>if (a <b", " x=1", "</script>", 600, 0 },
		{ "", "<input name=a>", "", 2000, 0 },
		{ "", "<input name=a>", "", 2001, -1 },
		{ "", "<form></form>", "", 2001, -1 },
		{ "", "<div>", "<form><input name=a>", 100000, 0 },
		{ "", "<form><input name=a>", "", 1500, 0 },
		{ "", "<b><i><table><form>", "<input>", 400, 0 },
		{ "", "x", "", PAGE_MAX, 0 },
		{ "", "x", "", PAGE_MAX + 1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *html =
		    repeat(rows[i].head, rows[i].unit, rows[i].n, rows[i].tail);
		_cleanup_page_ struct page p = { 0 };
		_cleanup_fault_ struct fault f = { 0 };
		int r = page_parse(html, strlen(html), URL, &p, &f);

		if (r != rows[i].result)
			fail_msg("row %zu: %d", i, r);
		assert_int_equal(fault_is(&f), r < 0);
	}
}

static void
test_cut_anywhere(void **state)
{
	static const char *const files[] = { "pages/browser-form.html",
		"aws-adfs-login/tests/login-page.html",
		"pages/error-2019.html" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		size_t len;
		_cleanup_free_ char *html = fixture(files[i], &len);

		for (size_t n = 0; n <= len; n++) {
			_cleanup_page_ struct page p = { 0 };
			_cleanup_fault_ struct fault f = { 0 };
			/* The exact size, so that ASan sees a step too far. */
			_cleanup_free_ char *cut = xmalloc(n);

			memcpy(cut, html, n);
			if (page_parse(cut, n, URL, &p, &f) < 0)
				assert_true(fault_is(&f));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_browser_form),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_base_actions),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
