/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of choices, requests of our own, skeletons: what needs no agent. */
#include "worker-test.h"

#include <openssl/evp.h>
#include <zlib.h>

#include "choice.h"
#include "skeleton.h"
#include "request.h"

#define URL "https://adfs.example.com/adfs/ls/"

static void
parse(const char *html, struct page *p)
{
	_cleanup_fault_ struct fault f = { 0 };

	assert_int_equal(page_parse(html, strlen(html), URL, p, &f), 0);
}

static void
load(const char *file, struct page *p)
{
	size_t len;
	_cleanup_free_ char *html = fixture(file, &len);

	parse(html, p);
}

static void
test_script_argument(void **state)
{
	static const struct {
		const char *script;
		const char *want;
	} rows[] = {
		{ "HRD.selection('AD AUTHORITY'); return false",
		    "AD AUTHORITY" },
		{ "HRD.selection(\"a'b\")", "a'b" },
		{ "HRD.selection( 'a\\'b\\/c' )", "a'b/c" },
		{ "HRD.selection('\\x41\\u00e9\\u20ac')",
		    "A\xc3\xa9\xe2\x82\xac" },
		{ "HRD.selection('')", "" },
		{ "HRD.selection('cut", NULL },
		{ "HRD.selection('cut\\", NULL },
		{ "HRD.selection('\\x4')", NULL },
		{ "HRD.selection('\\ud800')", NULL },
		{ "HRD.selection('\\u0000')", NULL },
		{ "HRD.selection('a\\nb')", NULL },
		{ "HRD.selection(this)", NULL },
		{ "HRD.selection", NULL },
		{ "other('x')", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *got =
		    script_argument(rows[i].script, "HRD.selection");

		if (rows[i].want == NULL && got != NULL)
			fail_msg("row %zu gave \"%s\"", i, got);
		if (rows[i].want != NULL) {
			assert_non_null(got);
			assert_string_equal(got, rows[i].want);
		}
	}
}

static void
test_choices(void **state)
{
	_cleanup_choices_ struct choices c = { 0 };
	_cleanup_free_ char *text = NULL, *cut = NULL;
	char big[CHOICE_VALUE_MAX + 2];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_non_null(choices_add(&c, "one", " First\x01 "));
	assert_non_null(choices_add(&c, "two", NULL));
	assert_null(choices_add(&c, "one", "again"));
	assert_null(choices_add(&c, "", "empty"));
	assert_null(choices_add(&c, "a\nb", "control"));
	assert_null(choices_add(&c, "\xff\xfe", "not UTF-8"));
	assert_null(choices_add(&c, big, "long"));
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[0].label, "First?");
	assert_string_equal(c.v[1].label, "two");
	assert_ptr_equal(choices_find(&c, "ONE"), &c.v[0]);
	assert_ptr_equal(choices_find(&c, "first?"), &c.v[0]);
	assert_null(choices_find(&c, "three"));
	assert_null(choices_find(&c, NULL));
	text = choices_text(&c, 100);
	assert_string_equal(text, "\"one\" (First?), \"two\"");
	cut = choices_text(&c, 18);
	assert_string_equal(cut, "\"one\" (First?)");
	for (int i = 0; i < 2 * CHOICES_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		choices_add(&c, name, NULL);
	}
	assert_int_equal(c.n, CHOICES_MAX);
}

static void
test_lists(void **state)
{
	static const struct {
		const char *file;
		void (*list)(const struct page *p, struct choices *c);
		const char *want;
	} rows[] = {
		{ "pages/hrd.html", realm_list,
		    "\"AD AUTHORITY\" (Active Directory), "
		    "\"http://partner.example.com/trust\" (Partner)" },
		{ "pages/method-choice.html", method_list,
		    "\"AzureMfaAuthentication\" (App), "
		    "\"DuoAdfsAdapter\" (Duo)" },
		{ "pages/login-2022-paginated.html", method_list,
		    "\"FormsAuthentication\" (Password), "
		    "\"AzurePrimaryAuthentication\" (Azure)" },
		{ "saml2aws/pkg/provider/adfs2/example/loginpage.html",
		    realm_list, "" },
		{ "pages/unknown-terms.html", method_list, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };
		_cleanup_choices_ struct choices c = { 0 };
		_cleanup_free_ char *text = NULL;

		load(rows[i].file, &p);
		rows[i].list(&p, &c);
		text = choices_text(&c, 500);
		assert_string_equal(text, rows[i].want);
	}
}

static void
test_local_realm(void **state)
{
#define IDP(id, img) \
	"<div class=idp onclick=\"HRD.selection('" id "')\">" img "</div>"
#define PICTURE "<img src='/adfs/portal/images/idp/localsts.png'>"
	static const struct {
		const char *html;
		const char *want; /* NULL: none is sure */
	} rows[] = {
		{ IDP("a", "") IDP("ad authority", ""), "ad authority" },
		{ IDP("a", "") IDP("b", PICTURE), "b" },
		{ IDP("a", PICTURE) IDP("b", PICTURE), NULL },
		{ IDP("a", PICTURE) IDP("AD AUTHORITY", ""), "AD AUTHORITY" },
		{ IDP("a", "<img src=/idp.png>"), NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };
		_cleanup_choices_ struct choices c = { 0 };
		const struct choice *one;

		parse(rows[i].html, &p);
		realm_list(&p, &c);
		one = realm_local(&c);
		if (rows[i].want == NULL)
			assert_null(one);
		else
			assert_string_equal(one->value, rows[i].want);
	}
}

static void
test_preferred(void **state)
{
	static const struct {
		const char *preferred;
		const char *want;
	} rows[] = {
		{ "duoadfsadapter", "DuoAdfsAdapter" },
		{ " nothing , App ", "AzureMfaAuthentication" },
		{ "Duo,App", "DuoAdfsAdapter" },
		{ "App or Duo", NULL },
		{ "securid, azure", "AzureMfaAuthentication" },
		{ "duo", "DuoAdfsAdapter" },
		{ ",,", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};
	_cleanup_page_ struct page p = { 0 };
	_cleanup_choices_ struct choices c = { 0 };
	const struct job job = { 0 };
	const struct signin s = { .job = &job };

	(void)state;
	load("pages/method-choice.html", &p);
	method_list(&p, &c);
	assert_non_null(method_form(&p));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct choice *one =
		    method_preferred(&s, &c, rows[i].preferred);

		if (rows[i].want == NULL)
			assert_null(one);
		else
			assert_string_equal(one->value, rows[i].want);
	}
}

/* What left comes out again: inflated, decoded, the same bytes. */
static void
test_request(void **state)
{
	_cleanup_buf_ struct buf xml = BUF_INIT(REQUEST_XML_MAX);
	_cleanup_buf_ struct buf out = BUF_INIT(4 * REQUEST_XML_MAX);
	_cleanup_free_ char *id = request_new_id(), *other = request_new_id();
	unsigned char raw[REQUEST_XML_MAX], back[REQUEST_XML_MAX];
	char text[2 * REQUEST_XML_MAX], *to = text;
	z_stream z = { 0 };
	int n;

	(void)state;
	assert_int_equal(strlen(id), 33);
	assert_int_equal(id[0], '_');
	assert_string_not_equal(id, other);
	assert_int_equal(
	    request_xml(&xml, "_1", "urn:a&<b>", URL, 1700000000), 0);
	assert_string_equal(xml.data,
	    "<samlp:AuthnRequest "
	    "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" "
	    "Version=\"2.0\" IssueInstant=\"2023-11-14T22:13:20Z\" "
	    "Destination=\"" URL "\"><Issuer "
	    "xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">"
	    "urn:a&amp;&lt;b&gt;</Issuer></samlp:AuthnRequest>");
	assert_int_equal(request_redirect(&out, xml.data, xml.len), 0);
	assert_true(str_starts(out.data, "SAMLRequest="));
	for (const char *p = out.data + 12; *p != '\0'; p++) {
		if (*p == '%') {
			unsigned c = 0;

			sscanf(p + 1, "%2x", &c);
			*to++ = (char)c;
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	n = EVP_DecodeBlock(raw, (unsigned char *)text, (int)strlen(text));
	assert_true(n > 0);
	z.next_in = raw;
	z.avail_in = (unsigned)n;
	z.next_out = back;
	z.avail_out = sizeof(back);
	assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, xml.len);
	assert_memory_equal(back, xml.data, xml.len);
	inflateEnd(&z);
}

static void
test_request_urls(void **state)
{
	static const struct {
		const char *path, *query, *realm, *want;
	} rows[] = {
		{ "/adfs/ls/IdpInitiatedSignOn.aspx", NULL, NULL,
		    "https://h/adfs/ls/?client-request-id=ID" },
		{ "/adfs/ls/", "x=1", "AD AUTHORITY",
		    "https://h/adfs/ls/?x=1&RedirectToIdentityProvider="
		    "AD%20AUTHORITY&client-request-id=ID" },
		{ "/saml/ls/page", "loginToRp=y", "jane@example.com",
		    "https://h/saml/ls/?client-request-id=ID" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct job j = { .host = "h",
			.path = rows[i].path,
			.query = rows[i].query,
			.home_realm = rows[i].realm };
		_cleanup_free_ char *url = signin_request_url(&j, "ID");

		assert_string_equal(url, rows[i].want);
	}
}

static void
test_skeleton(void **state)
{
	_cleanup_page_ struct page p = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT(SKELETON_MAX);

	(void)state;
	parse("<title>Jane's page</title><!-- secret --><form id=f method=post "
	      "action='/adfs/ls/?u=jane'><p title=Jane>Dear Jane"
	      "<input type=hidden name=AuthMethod value=SomeAdapter>"
	      "<input name=Context value=opaque><input id='jane@example.com' "
	      "name='CORP\\jane'><input id=emp12345678 value=7></form>"
	      "<form action=https://evil.example.net/x>"
	      "<script>var s = 'hush'</script>",
	    &p);
	skeleton_write(&b, &p, PAGE_UNKNOWN, 200);
	assert_has(b.data, "kind unknown, HTTP 200, path /adfs/ls\n");
	assert_has(b.data, "form id=f method=post action=/adfs/ls\n");
	assert_has(b.data, "name=AuthMethod type=hidden value=SomeAdapter\n");
	assert_has(b.data, "input name=Context\n");
	assert_has(b.data, "input id=? name=?\n");
	assert_has(b.data, "input id=emp#\n");
	assert_has(b.data, "action=(another host)/x\n");
	for (const char *const *s = (const char *const[]){ "ane", "secret",
		 "opaque", "hush", "evil", "CORP", "123", "Dear", NULL };
	     *s != NULL; s++)
		assert_lacks(b.data, *s);
}

/* Whatever a page is like: bounded, whole lines, plain ASCII. */
static void
test_skeleton_bounds(void **state)
{
	_cleanup_buf_ struct buf html = BUF_INIT(PAGE_MAX);

	(void)state;
	for (int i = 0; i < 5000; i++)
		assert_int_equal(
		    buf_addf(&html, "<div id=name-%d class='\xc3\xa9'>", i), 0);
	for (size_t max = 40; max < 4000; max += 97) {
		_cleanup_page_ struct page p = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT(max);

		parse(html.data, &p);
		skeleton_write(&b, &p, PAGE_MFA, 500);
		assert_true(b.len <= max);
		for (size_t i = 0; i < b.len; i++)
			assert_true(b.data[i] == '\n' ||
			    (b.data[i] >= ' ' && b.data[i] <= '~'));
		if (max > 200)
			assert_int_equal(b.data[b.len - 1], '\n');
		html.data[html.len - 7 * (max % 50)] = '<';
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script_argument),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_local_realm),
		cmocka_unit_test(test_preferred),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_urls),
		cmocka_unit_test(test_skeleton),
		cmocka_unit_test(test_skeleton_bounds),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
