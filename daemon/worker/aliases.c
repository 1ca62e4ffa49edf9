/* SPDX-License-Identifier: Apache-2.0 */
#include "aliases.h"

#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/buf.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "page.h"
#include "xml.h"

#define PAGE_URL "https://signin.aws.amazon.com/saml"
#define LINE_MAX_BYTES 200 /* "Account: alias (123456789012)" */
#define ACCOUNT_MAX 20

/* ---- the page --------------------------------------------------------------- */

/* IAM: [a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?, 3 to 63. */
static bool
alias_ok(const char *s)
{
	size_t n = strlen(s);

	return n >= 3 && n <= ALIAS_MAX && s[0] != '-' && s[n - 1] != '-' &&
	    strstr(s, "--") == NULL &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* The digits of "1234-5678-9012"; NULL when it is no account. */
static char *
account_of(const char *text)
{
	size_t n = 0;
	char *out = xmalloc(strlen(text) + 1);

	for (const char *p = text; *p != '\0'; p++) {
		if (*p >= '0' && *p <= '9') {
			out[n++] = *p;
		} else if (*p != '-') {
			n = 0;
			break;
		}
	}
	out[n] = '\0';
	if (n > 0 && n <= ACCOUNT_MAX)
		return out;
	xfree(out);
	return NULL;
}

static void
take(json_t *out, const char *account, const char *alias)
{
	if (account != NULL && alias_ok(alias) &&
	    json_object_size(out) < ALIASES_MAX)
		json_put_str(out, account, alias);
}

/* "Account: alias (123456789012)"; without an alias there is no bracket. */
static void
take_classic(json_t *out, char *text)
{
	_cleanup_free_ char *account = NULL;
	char *colon = strchr(text, ':'), *open = strrchr(text, '('), *close;

	if (colon == NULL || open == NULL || open < colon ||
	    (close = strchr(open, ')')) == NULL || close[1] != '\0')
		return;
	*open = *close = '\0';
	account = account_of(open + 1);
	take(out, account, str_trim(colon + 1));
}

/* Has the class list a word that is, or begins with, this one? */
static bool
has_class(const char *list, const char *word, bool whole)
{
	size_t len = strlen(word);

	for (const char *p = list; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, " \t\r\n\f");

		if (n >= len && (!whole || n == len) &&
		    strncmp(p, word, len) == 0)
			return true;
		p += n;
		p += strspn(p, " \t\r\n\f");
	}
	return false;
}

json_t *
aliases_parse(const char *bytes, size_t len)
{
	json_t *out = json_object();
	_cleanup_page_ struct page page = { 0 };
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *name = NULL;
	const xmlNode *root;

	if (page_parse(bytes, len, PAGE_URL, &page, &f) < 0 ||
	    page.doc == NULL || (root = xml_root(page.doc)) == NULL)
		return out;
	for (const xmlNode *n = root; n != NULL; n = node_next(root, n)) {
		_cleanup_free_ char *class = NULL, *text = NULL;

		if (n->type != XML_ELEMENT_NODE ||
		    (class = node_attr(n, "class")) == NULL)
			continue;
		if (has_class(class, "saml-account-name", true)) {
			text = node_text(n, LINE_MAX_BYTES);
			take_classic(out, text);
		} else if (has_class(
			       class, "saml-form_account_name_div", false)) {
			/* Its number follows. */
			xreplace(&name, node_text(n, LINE_MAX_BYTES));
		} else if (has_class(
			       class, "saml-form_account_id_div", false)) {
			_cleanup_free_ char *account = NULL;

			text = node_text(n, LINE_MAX_BYTES);
			account = account_of(text);
			if (name != NULL)
				take(out, account, name);
			xreplace(&name, NULL);
		}
	}
	return out;
}

/* ---- the request ------------------------------------------------------------- */

/* Only a host of the partition table is ever given the assertion. */
static char *
signin_url(const struct saml *saml)
{
	const struct partition *p =
	    saml->nroles == 0 ? NULL : partition_of_arn(saml->roles[0].role);

	return p == NULL || p->signin_host == NULL ?
	    NULL :
	    xasprintf("https://%s/saml", p->signin_host);
}

void
aliases_report(struct http *h, struct conduit *c, const struct saml *saml)
{
	_cleanup_buf_ struct buf body = BUF_INIT(2 * FORM_BODY_MAX);
	_cleanup_free_ char *url = signin_url(saml);
	struct http_call call = { .url = url,
		.flags = HTTP_PUBLIC | HTTP_SECRET | HTTP_PAGE,
		.timeout_ms = ALIASES_TIME_MS };
	json_t *found, *msg;

	if (url == NULL || buf_adds(&body, "SAMLResponse=") < 0 ||
	    form_escape(&body, saml->base64) < 0)
		return;
	call.body = body.data;
	call.body_len = body.len;
	if (http_run(h, &call) < 0 || call.reply.status != 200) {
		/* A single role is sent on to the console: no page then. */
		log_debug("no account aliases: %s",
		    call.failed ? call.fault.text : "no list of accounts");
		http_call_done(&call);
		return;
	}
	found = aliases_parse(call.reply.body.data, call.reply.body.len);
	http_call_done(&call);
	log_debug("account aliases: %zu", json_object_size(found));
	if (json_object_size(found) == 0) {
		/* A page that we cannot read tells nothing: ask again. */
		json_decref(found);
		return;
	}
	msg = json_object();
	json_object_set_new(msg, "aliases", found);
	conduit_send(c, W_ALIASES, msg);
}
