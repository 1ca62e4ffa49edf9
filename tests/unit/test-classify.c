/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-test.h"

#include <ftw.h>

#include "adapters.h"
#include "classify.h"
#include "signin.h"

#define URL "https://adfs.example.com/adfs/ls/"
#define S2A "saml2aws/pkg/provider/"

static const struct {
	const char *file;
	enum page_kind kind;
	const char *form;    /* id or name of the form it is about, or "" */
	const char *adapter; /* kind of who answers a second factor */
} rows[] = {
	{ "adapters/azure-code.html", PAGE_MFA, "loginForm", "azure" },
	{ "adapters/azure-old-name.html", PAGE_MFA, "loginForm", "azure" },
	{ "adapters/azure-primary.html", PAGE_MFA, "loginForm",
	    "azure-primary" },
	{ "adapters/azure-push.html", PAGE_MFA, "loginForm", "azure" },
	{ "adapters/azure-server.html", PAGE_MFA, "loginForm", "azure-server" },
	{ "adapters/defender.html", PAGE_MFA, "loginForm", "defender" },
	{ "adapters/duo-return.html", PAGE_DUO, "", NULL },
	{ "adapters/duo-traditional.html", PAGE_MFA, "loginForm", "duo" },
	{ "adapters/free-otp.html", PAGE_MFA, "loginForm", "free-otp" },
	{ "adapters/neos.html", PAGE_MFA, "IdentificationForm", "neos" },
	{ "adapters/privacyidea-otp.html", PAGE_MFA, "loginForm",
	    "privacyidea" },
	{ "adapters/privacyidea-push.html", PAGE_MFA, "loginForm",
	    "privacyidea" },
	{ "adapters/safenet.html", PAGE_MFA, "safenetForm", "safenet" },
	{ "adapters/sample.html", PAGE_MFA, "loginForm", "generic" },
	{ "adapters/securid2-approve.html", PAGE_MFA, "loginForm", "securid2" },
	{ "adapters/securid2-passcode.html", PAGE_MFA, "loginForm",
	    "securid2" },
	{ "adapters/securid2-start.html", PAGE_MFA, "loginForm", "securid2" },
	{ "adapters/silverfort.html", PAGE_MFA, "loginForm", "silverfort" },
	{ "adapters/surfnet.html", PAGE_MFA, "authForm", "browser" },
	{ "adapters/unknown-choice.html", PAGE_MFA, "loginForm", "generic" },
	{ "adapters/unknown-wait.html", PAGE_MFA, "loginForm", "generic" },
	{ "adapters/vip-check.html", PAGE_MFA, "loginForm", "vip" },
	{ "adapters/vip-code.html", PAGE_MFA, "loginForm", "vip" },
	{ "adapters/vip-old.html", PAGE_MFA, "loginForm", "vip" },
	{ "aws-adfs-login/tests/login-page.html", PAGE_LOGIN, "aspnetForm",
	    NULL },
	{ "aws-adfs-login/tests/login-success.html", PAGE_ASSERTION,
	    "hiddenform", NULL },
	{ "pages/browser-form.html", PAGE_UNKNOWN, "f", NULL },
	{ "pages/captive-portal.html", PAGE_UNKNOWN, "", NULL },
	{ "pages/duo-start.html", PAGE_DUO, "duo_form", NULL },
	{ "pages/error-2019.html", PAGE_ERROR, NULL, NULL },
	{ "pages/consent.html", PAGE_AUTO_POST, "consentForm", NULL },
	{ "pages/error-2.0.html", PAGE_ERROR, "aspnetForm", NULL },
	{ "pages/error-denied.html", PAGE_ERROR, NULL, NULL },
	{ "pages/error-loop.html", PAGE_ERROR, NULL, NULL },
	{ "pages/error-not-enrolled.html", PAGE_ERROR, NULL, NULL },
	{ "pages/hrd-2.0.html", PAGE_HRD, "aspnetForm", NULL },
	{ "pages/hrd.html", PAGE_HRD, "hrd", NULL },
	{ "pages/login-2016-refused.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/login-2016.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/login-2019-de.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/login-2022-paginated.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/login-expired.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/login-name-first.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/login-password-second.html", PAGE_LOGIN, "loginForm", NULL },
	{ "pages/method-choice-2019.html", PAGE_METHOD, "options", NULL },
	{ "pages/method-choice.html", PAGE_METHOD, "options", NULL },
	{ "pages/mfa-adapter-named-login.html", PAGE_MFA, "loginForm",
	    "generic" },
	{ "pages/partner-request.html", PAGE_AUTO_POST, "hiddenform", NULL },
	{ "pages/partner-response.html", PAGE_ASSERTION, "hiddenform", NULL },
	{ "pages/rp-list-2.0.html", PAGE_RP_LIST, "aspnetForm", NULL },
	{ "pages/rp-list.html", PAGE_RP_LIST, "idpForm", NULL },
	{ "pages/signed-out.html", PAGE_SIGNED_OUT, NULL, NULL },
	{ "pages/unknown-terms.html", PAGE_UNKNOWN, "aup", NULL },
	{ "pages/update-password.html", PAGE_UPDATE_PASSWORD, NULL, NULL },
	{ "saml2aws/pkg/page/example/multi-form.html", PAGE_UNKNOWN, "form_a",
	    NULL },
	{ S2A "aad/testdata/ADFS.html", PAGE_LOGIN, "loginForm", NULL },
	{ S2A "aad/testdata/ADFStrust.html", PAGE_AUTO_POST, "hiddenform",
	    NULL },
	{ S2A "aad/testdata/HiddenForm.html", PAGE_AUTO_POST, "hiddenform",
	    NULL },
	{ S2A "aad/testdata/SAMLRequest.html", PAGE_AUTO_POST,
	    "RedirectToFederatedApplicationForm", NULL },
	{ S2A "aad/testdata/SAMLResponse.html", PAGE_ASSERTION, "hiddenform",
	    NULL },
	{ S2A "adfs2/example/loginpage.html", PAGE_LOGIN, "loginForm", NULL },
	{ S2A "adfs2/example/passcode.html", PAGE_MFA, "passcodeForm",
	    "securid" },
	{ "saml2aws/testdata/saml.html", PAGE_ASSERTION, "saml_form", NULL },
	{ "signin/interstitial-no-accounts.html", PAGE_UNKNOWN, NULL, NULL },
	{ "signin/invalid-saml-response.html", PAGE_UNKNOWN, NULL, NULL },
	{ "signin/revamped-2023.html", PAGE_UNKNOWN, NULL, NULL },
};

static void
load(const char *file, const char *url, struct page *p)
{
	size_t len;
	_cleanup_free_ char *html = fixture(file, &len);
	_cleanup_fault_ struct fault f = { 0 };

	assert_int_equal(page_parse(html, len, url, p, &f), 0);
}

static void
test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };
		const struct form *f = NULL;
		const struct adapter *a;
		enum page_kind k;

		load(rows[i].file, URL, &p);
		k = classify(&p, &f);
		if (k != rows[i].kind)
			fail_msg("%s: %s, not %s", rows[i].file,
			    page_kind_name(k), page_kind_name(rows[i].kind));
		if (rows[i].form == NULL)
			assert_null(f);
		else
			assert_string_equal(f->id ? f->id :
				f->name != NULL	  ? f->name :
						    "",
			    rows[i].form);
		if (k != PAGE_MFA) {
			assert_null(rows[i].adapter);
			continue;
		}
		a = adapter_find(form_control(f, "AuthMethod")->value, NULL);
		if (!str_eq(a->kind, rows[i].adapter))
			fail_msg("%s: answered by %s, not %s", rows[i].file,
			    a->kind, rows[i].adapter);
	}
}

static int
expected(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	const char *file = strstr(path, "/fixtures/") + strlen("/fixtures/");

	(void)st;
	(void)ftw;
	if (flag != FTW_F || !str_ends(file, ".html"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].file, file))
			return 0;
	fail_msg("tests/fixtures/%s: say in rows[] what page it is", file);
	return 1;
}

/* Each fixture has a row; each kind of page and each adapter a fixture. */
static void
test_complete(void **state)
{
	const char *top = getenv("top_srcdir");
	_cleanup_free_ char *dir =
	    xasprintf("%s/tests/fixtures", top == NULL ? "." : top);

	(void)state;
	assert_int_equal(nftw(dir, expected, 8, FTW_PHYS), 0);
	for (int k = 0; k < PAGE_KIND_MAX; k++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			found |= rows[i].kind == (enum page_kind)k;
		if (!found)
			fail_msg("no page is of the kind \"%s\"",
			    page_kind_name((enum page_kind)k));
	}
	for (size_t a = 0; a < adapters_count; a++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			found |= str_eq(rows[i].adapter, adapters[a].kind);
		/* Nobody is called so: it answers by an alias alone. */
		if (!found && adapters[a].names != NULL)
			fail_msg(
			    "no page of the adapter \"%s\"", adapters[a].kind);
	}
}

static void
test_names(void **state)
{
	(void)state;
	for (int k = 0; k < PAGE_KIND_MAX; k++)
		for (int other = 0; other < k; other++)
			assert_string_not_equal(
			    page_kind_name((enum page_kind)k),
			    page_kind_name((enum page_kind)other));
	assert_string_equal(page_kind_name(PAGE_KIND_MAX), "unknown");
}

/* The path alone: no password is ever put into that page. */
static void
test_update_password_path(void **state)
{
	_cleanup_page_ struct page p = { 0 };
	const struct form *f;

	(void)state;
	load("pages/login-2016-refused.html",
	    "https://adfs.example.com/adfs/portal/updatepassword/", &p);
	assert_int_equal(classify(&p, &f), PAGE_UPDATE_PASSWORD);
}

static const struct {
	const char *file;
	const char *user, *password; /* control names, NULL: absent */
	bool kmsi, submit;
} logins[] = {
	{ S2A "adfs2/example/loginpage.html", "UserName", "Password", false,
	    false },
	{ S2A "aad/testdata/ADFS.html", "UserName", "Password", false, false },
	{ "aws-adfs-login/tests/login-page.html",
	    "ctl00$ContentPlaceHolder1$UsernameTextBox",
	    "ctl00$ContentPlaceHolder1$PasswordTextBox", false, true },
	{ "pages/login-2022-paginated.html", "UserName", "Password", false,
	    false },
	{ "pages/login-2016-refused.html", "UserName", "Password", true,
	    false },
	{ "pages/login-password-second.html", NULL, "Password", false, false },
};

static void
test_login_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(logins); i++) {
		_cleanup_page_ struct page p = { 0 };
		const struct form *f;
		struct login_form l;

		load(logins[i].file, URL, &p);
		assert_int_equal(classify(&p, &f), PAGE_LOGIN);
		assert_true(login_form_read(f, &l));
		assert_string_equal(l.password->name, logins[i].password);
		if (logins[i].user == NULL)
			assert_null(l.user);
		else
			assert_string_equal(l.user->name, logins[i].user);
		assert_int_equal(l.kmsi != NULL, logins[i].kmsi);
		assert_int_equal(l.submit != NULL, logins[i].submit);
	}
}

static void
test_error_page(void **state)
{
	_cleanup_page_ struct page p = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	char code[9];

	(void)state;
	load("pages/error-2019.html", URL, &p);
	assert_true(error_page_code(&p, code));
	assert_string_equal(code, "MSIS7065");
	assert_int_equal(error_page_fault(&p, 200, "adfs.example.com", &f), -1);
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_string_equal(f.request, "0f3d9d2a-8b7c-4f21-2d00-0080000000ff");
	assert_has(f.text, "MSIS7065");
}

static void
test_error_rows(void **state)
{
	static const struct {
		const char *detail;
		long status;
		enum fault_kind kind;
		enum reason reason;
		int64_t retry;
	} errors[] = {
		{ "MSIS7042: same client", 200, FAULT_TEMPORARY, REASON_BUSY,
		    20 },
		{ "MSIS7001", 200, FAULT_TEMPORARY, REASON_ERROR_PAGE, 0 },
		{ "MSIS7007", 200, FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "MSIS7066: x", 200, FAULT_DENIED, REASON_ERROR_PAGE, 0 },
		{ "MSIS9605", 200, FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "MSIS3127", 500, FAULT_CONFIG, REASON_SETTINGS, 0 },
		{ "MSIS7012", 200, FAULT_DENIED, REASON_ERROR_PAGE, 0 },
		{ "MSIS7012", 500, FAULT_TEMPORARY, REASON_ERROR_PAGE, 0 },
		{ "MSIS70", 200, FAULT_DENIED, REASON_ERROR_PAGE, 0 },
		{ "no code", 200, FAULT_DENIED, REASON_ERROR_PAGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		_cleanup_free_ char *html = xasprintf(
		    "<div id=errorArea>"
		    "<div id=errorMessage>Broken\x01.</div><ul id=errorDetails>"
		    "<li>%s</li></ul></div>",
		    errors[i].detail);
		_cleanup_page_ struct page p = { 0 };
		_cleanup_fault_ struct fault f = { 0 };

		assert_int_equal(
		    page_parse(html, strlen(html), URL, &p, &f), 0);
		error_page_fault(&p, errors[i].status, "h", &f);
		assert_int_equal(f.kind, errors[i].kind);
		assert_int_equal(f.reason, errors[i].reason);
		assert_int_equal(f.retry_after, errors[i].retry);
		assert_non_null(f.next);
		assert_null(f.request);
		assert_false(str_has_control(f.text));
	}
}

/* Names, never values. */
static void
test_unknown_page(void **state)
{
	_cleanup_page_ struct page p = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	const struct form *form;

	(void)state;
	load("pages/unknown-terms.html", URL, &p);
	unknown_page_fault(&p, classify(&p, &form), "adfs.example.com", &f);
	assert_int_equal(f.kind, FAULT_PROTOCOL);
	assert_has(f.text, "Terms of use");
	assert_has(f.text, "aup(agree csrf)");
	assert_lacks(f.text, "hush");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_update_password_path),
		cmocka_unit_test(test_login_forms),
		cmocka_unit_test(test_error_page),
		cmocka_unit_test(test_error_rows),
		cmocka_unit_test(test_unknown_page),
	};

	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
