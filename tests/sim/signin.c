/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "form.h"
#include "http.h"
#include "mishap.h"
#include "signin.h"
#include "state.h"

/* NULL: the account has none. */
static const char *
alias_of(const struct sim *s, const char *account)
{
	size_t len = strlen(account);

	for (size_t i = 0; i < s->aliases.n; i++) {
		const char *line = s->aliases.v[i];

		if (strncmp(line, account, len) == 0 && line[len] == ' ')
			return line + len + 1;
	}
	return NULL;
}

/* "Account: alias (0123)" or "Account: 0123", in the reader's language. */
static void
put_account(struct sim *s, struct buf *b, const char *account, bool english)
{
	const char *alias = alias_of(s, account);

	put(b, english ? "Account: " : "Konto ");
	if (alias != NULL) {
		put_html(b, alias);
		put(b, " (%s)", account);
	} else {
		put(b, "%s", account);
	}
}

/* The page of 2023: other classes, the account in groups of four. */
static void
put_account_2023(struct sim *s, struct buf *b, const char *account)
{
	const char *alias = alias_of(s, account);

	put(b, "<div class=\"saml-form_account_name_div__dDGkX\">");
	if (alias != NULL)
		put_html(b, alias);
	put(b, " </div>\n<div class=\"saml-form_account_id_div__Q1PBA\">");
	for (size_t i = 0; account[i] != '\0'; i++)
		put(b, i > 0 && i % 4 == 0 ? "-%c" : "%c", account[i]);
	put(b, "</div>\n");
}

static void
page_2023(struct sim *s, struct buf *b, const struct assertion *a)
{
	_cleanup_strv_ struct strv done = { 0 };

	put(b,
	    "<!DOCTYPE html>\n<html><body>\n"
	    "<ul class=\"saml-form_custom_list__LuP_V\">\n");
	for (size_t i = 0; i < a->pairs.n; i++) {
		_cleanup_free_ char *role = NULL, *provider = NULL;
		_cleanup_free_ char *account = NULL;

		if (pair_split(a->pairs.v[i], &role, &provider) < 0)
			continue;
		account = arn_field(role, 4);
		if (strv_has(&done, account))
			continue;
		strv_add(&done, account);
		put(b, "<li class=\"saml-form_custom_list_item__H1wPE\">\n");
		put_account_2023(s, b, account);
		put(b,
		    "<div class=\"saml-form_role_div__BeMu2\">"
		    "<a id=\"%s\" role=\"button\">x</a></div>\n</li>\n",
		    role);
	}
	put(b, "</ul></body></html>\n");
}

static void
put_role(struct buf *b, const char *role)
{
	const char *slash = strrchr(role, '/');

	put(b,
	    "<div class=\"saml-role\" onClick=\"checkRadio(this);\">\n"
	    "<input type=\"radio\" name=\"roleIndex\" value=\"%s\" "
	    "class=\"saml-radio\" id=\"%s\" />\n<label for=\"%s\" "
	    "class=\"saml-role-description\">%s</label>\n</div>\n",
	    role, role, role, slash != NULL ? slash + 1 : role);
}

static void
page_chooser(struct sim *s, struct buf *b, const struct assertion *a,
    const char *text, bool english)
{
	_cleanup_strv_ struct strv done = { 0 };

	put(b,
	    "<!DOCTYPE html>\n<html>\n<body>\n<div id=\"container\">\n"
	    "<h1 class=\"background\">Amazon Web Services Login</h1>\n"
	    "<div id=\"content\">\n<div id=\"main_error\"></div>\n"
	    "<form id=\"saml_form\" name=\"saml_form\" action=\"/saml\" "
	    "method=\"post\">\n<input type=\"hidden\" name=\"RelayState\" "
	    "value=\"\" />\n<input type=\"hidden\" name=\"SAMLResponse\" "
	    "value=\"%s\" />\n<input type=\"hidden\" name=\"name\" value=\"\""
	    " />\n<input type=\"hidden\" name=\"portal\" value=\"\" />\n"
	    "<fieldset>\n",
	    text);
	for (size_t i = 0; i < a->pairs.n; i++) {
		_cleanup_free_ char *role = NULL, *provider = NULL;
		_cleanup_free_ char *account = NULL;

		if (pair_split(a->pairs.v[i], &role, &provider) < 0)
			continue;
		account = arn_field(role, 4);
		if (strv_has(&done, account))
			continue;
		strv_add(&done, account);
		put(b,
		    "<div class=\"saml-account\"> "
		    "<div onClick=\"expandCollapse(%zu);\">\n"
		    "<div class=\"saml-account-name\">",
		    i);
		put_account(s, b, account, english);
		put(b,
		    "</div>\n</div>\n<hr>\n<div id=\"%zu\" "
		    "class=\"saml-account\" >\n",
		    i);
		for (size_t k = i; k < a->pairs.n; k++) {
			_cleanup_free_ char *r = NULL, *p = NULL, *n = NULL;

			if (pair_split(a->pairs.v[k], &r, &p) < 0)
				continue;
			n = arn_field(r, 4);
			if (str_eq(n, account))
				put_role(b, r);
		}
		put(b, "</div></div>\n");
	}
	put(b, "</fieldset>\n</form>\n</div>\n</div>\n</body>\n</html>\n");
}

static void
refuse(struct response *r)
{
	response_text(r, 200, "text/html;charset=UTF-8",
	    "<!DOCTYPE html>\n"
	    "<html><head><title>\nAWS Signin</title></head><body>"
	    "<div id=\"container\"><div id=\"content\"><h2>Amazon Web "
	    "Services Sign In</h2>\nYour request included an invalid SAML "
	    "response. To logout, click <a href=\"/oauth?Action=logout\">here"
	    "</a></div></div></body></html>\n");
}

void
signin_handle(struct sim *s, const struct request *q, struct response *r)
{
	_cleanup_form_ struct form f = { 0 };
	_cleanup_free_ char *doc = NULL;
	const struct assertion *a = NULL;
	const struct mishap *m;
	const char *text, *language = request_header(q, "accept-language");
	char digest[65];
	size_t len;

	s->count.signin_posts++;
	if (request_header(q, "cookie") != NULL &&
	    strcasestr(request_header(q, "cookie"), "MSIS") != NULL)
		sim_violation(s, "AD FS cookies sent to the AWS sign-in");
	m = mishap_take(s, "signin", NULL, NULL, r);
	if (mishap_generic(m, r))
		return;
	if (mishap_is(m, "foreign-redirect")) {
		response_text(r, 302, "text/html", "");
		response_header(r, "Location", "https://evil.example.net/");
		return;
	}
	if (!str_eq(q->method, "POST") || form_parse(q->body, &f) < 0 ||
	    (text = form_get(&f, "SAMLResponse")) == NULL ||
	    b64_decode(text, &doc, &len) < 0) {
		refuse(r);
		return;
	}
	sha256_hex(doc, len, digest);
	a = assertion_find(s, digest);
	if (a == NULL || sim_now() >= a->redeem_until || a->pairs.n == 0) {
		refuse(r);
	} else if (a->pairs.n == 1) {
		response_text(r, 302, "text/html", "");
		response_header(r, "Location",
		    "https://console.aws.amazon.com/console/home");
	} else {
		response_text(r, 200, "text/html;charset=UTF-8", "");
		if (str_eq(s->opt.chooser, "2023"))
			page_2023(s, &r->body, a);
		else if (str_eq(s->opt.chooser, "interstitial"))
			put(&r->body,
			    "<!DOCTYPE html>\n<html><head><script>var hashArgs "
			    "= window.location.hash;</script></head><body>"
			    "</body></html>\n");
		else
			page_chooser(s, &r->body, a, text,
			    language != NULL && str_starts(language, "en"));
	}
}
