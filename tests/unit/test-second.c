/* SPDX-License-Identifier: Apache-2.0 */
/* The table of adapters, and what a page says about its controls. */
#include "worker-test.h"

#include <jansson.h>

#include "second.h"

static void
test_table(void **state)
{
	static const struct {
		const char *name, *aliases, *kind;
	} rows[] = {
		{ "AzureMfaAuthentication", NULL, "azure" },
		{ "azuremfaauthentication", NULL, "azure" },
		{ "WindowsAzureMultiFactorAuthentication", "", "azure" },
		{ "AzurePrimaryAuthentication", NULL, "azure-primary" },
		{ "AzureMfaServerAuthentication", NULL, "azure-server" },
		{ "SecurIDAuthentication", NULL, "securid" },
		{ "SecurIDv2Authentication", NULL, "securid2" },
		{ "SymantecVipAdapter", NULL, "vip" },
		{ "VIPAuthenticationProviderUPN", NULL, "vip" },
		{ "SafeNet-MFA", NULL, "safenet" },
		{ "SilverfortAdfs", NULL, "silverfort" },
		{ "Defender AD FS Adapter", NULL, "defender" },
		{ "privacyIDEAADFSProvider", NULL, "privacyidea" },
		{ "MultiFactorAuthenticationProvider", NULL, "neos" },
		{ "free-adfs-otp", NULL, "free-otp" },
		{ "DuoAdfsAdapter", NULL, "duo" },
		{ "VIP", NULL, "generic" },
		{ "", NULL, "generic" },
		{ "", "=vip", "vip" },
		{ "Our RSA", "Our RSA=securid", "securid" },
		{ "our rsa", "a=b,  Our RSA =  SecurID , x=vip", "securid" },
		{ "a=b", "a=b=vip", "vip" },
		{ "x", "x=nothing", "generic" },
		{ "x", "x", "generic" },
		{ "x", ",,=,x=", "generic" },
		/* What the user says goes before what we know. */
		{ "DuoAdfsAdapter", "DuoAdfsAdapter=sample", "sample" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct adapter *a =
		    adapter_find(rows[i].name, rows[i].aliases);

		if (strcmp(a->kind, rows[i].kind) != 0)
			fail_msg("%s is %s", rows[i].name, a->kind);
	}
	for (size_t i = 0; i < adapters_count; i++) {
		assert_ptr_equal(adapter_kind(adapters[i].kind), &adapters[i]);
		assert_non_null(adapters[i].answer);
	}
	assert_null(adapter_kind("nothing"));
}

/* The page's text is "BEFORE <form>CONTROLS</form>". */
static void
parse(const char *text, struct page *ret)
{
	_cleanup_fault_ struct fault f = { 0 };

	assert_int_equal(
	    page_parse(text, strlen(text), "https://h/adfs/ls/", ret, &f), 0);
}

static void
test_words(void **state)
{
	static const struct {
		const char *html, *want;
	} rows[] = {
		{ "<form><label for=a>Your  code : </label><input id=a name=x "
		  "placeholder=P></form>",
		    "Your code" },
		{ "<form><input name=x placeholder=P aria-label=A></form>",
		    "P" },
		{ "<form><input name=x aria-label=A></form>", "A" },
		{ "<p id=instructions>Do <b>this</b></p><form><input name=x>"
		  "</form>",
		    "Do this" },
		{ "<p>far</p><form><p>Near</p><script>x()</script><input "
		  "name=x></form>",
		    "Near" },
		{ "<form><span id=errorText>Wrong</span><input name=x></form>",
		    "" },
		{ "<form><input name=x></form>", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };
		_cleanup_free_ char *words = NULL;

		parse(rows[i].html, &p);
		words =
		    words_of(&p, &p.forms[0], form_control(&p.forms[0], "x"));
		assert_string_equal(words, rows[i].want);
	}
}

static void
test_motion(void **state)
{
	static const struct {
		const char *html;
		enum page_motion want;
	} rows[] = {
		{ "<p>x</p>", PAGE_STILL },
		{ "<img id=Progress>", PAGE_WAITS },
		{ "<meta http-equiv=Refresh content=5>", PAGE_WAITS },
		{ "<script>setTimeout(function(){f.submit()},9)</script>",
		    PAGE_WAITS },
		{ "<script>function go(){f.submit()}setInterval(go,9)</script>",
		    PAGE_WAITS },
		{ "<script>document.forms[0].submit();</script>", PAGE_PASSES },
		{ "<body onload='f.submit()'>", PAGE_PASSES },
		{ "<script>function check(){f.submit()}</script>", PAGE_STILL },
		{ "<script>function SelectOption(o){f.submit()}"
		  "setTimeout(x,1)</script>",
		    PAGE_STILL },
		{ "<script>setTimeout(show,1)</script>", PAGE_STILL },
		{ "", PAGE_STILL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_page_ struct page p = { 0 };

		parse(rows[i].html, &p);
		if (page_motion(&p) != rows[i].want)
			fail_msg("%s", rows[i].html);
	}
}

static void
test_choices(void **state)
{
	_cleanup_page_ struct page p = { 0 };
	json_t *c;
	char *text;

	(void)state;
	parse("<form><input type=radio name=r value=1 id=i><label for=i>One"
	      "</label><label><input type=radio name=r value=2>Two</label>"
	      "<input type=checkbox name=b><select name=s><option value=''>"
	      "-<option>A<option value=b>B</select></form>",
	    &p);
	c = words_choices(&p, &p.forms[0], form_control(&p.forms[0], "r"));
	text = json_dumps(c, JSON_COMPACT);
	assert_string_equal(text,
	    "[{\"value\":\"1\",\"label\":\"One\"},"
	    "{\"value\":\"2\",\"label\":\"Two\"}]");
	free(text);
	json_decref(c);
	c = words_choices(&p, &p.forms[0], form_control(&p.forms[0], "s"));
	text = json_dumps(c, JSON_COMPACT);
	assert_string_equal(text,
	    "[{\"value\":\"A\",\"label\":\"A\"},"
	    "{\"value\":\"b\",\"label\":\"B\"}]");
	free(text);
	json_decref(c);
	assert_null(
	    words_choices(&p, &p.forms[0], form_control(&p.forms[0], "b")));
}

/* The real page of RSA's agent. */
static void
test_real(void **state)
{
	size_t len;
	_cleanup_free_ char *html =
	    fixture("saml2aws/pkg/provider/adfs2/example/passcode.html", &len);
	_cleanup_page_ struct page p = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *words = NULL;
	const struct form *form = NULL;
	struct signin s = { 0 };
	struct second x = { .s = &s };
	const struct control *c;

	(void)state;
	assert_int_equal(
	    page_parse(html, len, "https://id.example.com/adfs/ls/", &p, &f),
	    0);
	assert_int_equal(classify(&p, &form), PAGE_MFA);
	s.page = p;
	s.form = form;
	x.adapter = adapter_find(form_control(form, "AuthMethod")->value, NULL);
	assert_string_equal(x.adapter->kind, "securid");
	assert_int_equal(page_motion(&p), PAGE_STILL);
	c = adapter_field(&x);
	assert_string_equal(c->name, "Passcode");
	words = words_of(&p, form, c);
	assert_string_equal(words, "Passcode");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_motion),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests_name("second", tests, NULL, NULL);
}
