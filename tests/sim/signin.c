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

/* "Account: alias (0123)" or "Account: 0123". */
static void
put_account(struct sim *s, struct buf *b, const char *account)
{
	size_t len = strlen(account);

	for (size_t i = 0; i < s->aliases.n; i++) {
		const char *line = s->aliases.v[i];

		if (strncmp(line, account, len) == 0 && line[len] == ' ') {
			put(b, "Account: ");
			put_html(b, line + len + 1);
			put(b, " (%s)", account);
			return;
		}
	}
	put(b, "Account: %s", account);
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
page_chooser(
    struct sim *s, struct buf *b, const struct assertion *a, const char *text)
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
		put_account(s, b, account);
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
	const char *text;
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
		page_chooser(s, &r->body, a, text);
	}
}
