/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that end a sign-in, put into words. */
#include <ctype.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "signin.h"

#define NAMES_MAX 600 /* bytes of form and field names in a message */

static const struct {
	const char *code;
	enum fault_kind kind;
	enum reason reason;
	int64_t retry_after;
	const char *text; /* %s: the host */
	const char *next;
} codes[] = {
	{ "MSIS7042", FAULT_TEMPORARY, REASON_BUSY, 20,
	    N_("%s saw too many sign-ins in a few seconds (MSIS7042)."),
	    N_("Wait 20 seconds; awsfed tries again by itself.") },
	{ "MSIS7001", FAULT_TEMPORARY, REASON_ERROR_PAGE, 0,
	    N_("%s lost track of the sign-in (MSIS7001)."),
	    N_("Sign in again.") },
	{ "MSIS7007", FAULT_CONFIG, REASON_SETTINGS, 0,
	    N_("%s does not know the relying party (MSIS7007)."),
	    N_("Check adfs_config.provider_id of the profile.") },
	{ "MSIS7065", FAULT_CONFIG, REASON_SETTINGS, 0,
	    N_("%s does not serve this sign-in address (MSIS7065)."),
	    N_("Check awsfed.path; from AD FS 2016 on, the page for sign-in "
	       "started at the provider must be enabled by the "
	       "administrator.") },
	{ "MSIS7066", FAULT_DENIED, REASON_ERROR_PAGE, 0,
	    N_("%s says that the authentication failed (MSIS7066)."),
	    N_("Sign in again with another method if there is one; else give "
	       "your administrator the request id.") },
	{ "MSIS9605", FAULT_CONFIG, REASON_SETTINGS, 0,
	    N_("%s refused an OAuth client (MSIS9605), which awsfed is not."),
	    N_("Check awsfed.path and awsfed.query of the profile.") },
	{ "MSIS3127", FAULT_CONFIG, REASON_SETTINGS, 0,
	    N_("%s answered as a WS-Trust service (MSIS3127)."),
	    N_("Check awsfed.path: it must be that of the sign-in page.") },
};

/* The first "MSIS" with four digits in a text. */
static bool
find_code(const char *text, char code[9])
{
	for (const char *p = text; (p = strstr(p, "MSIS")) != NULL; p++) {
		size_t digits = strspn(p + 4, "0123456789");

		if (digits < 4)
			continue;
		memcpy(code, p, 8);
		code[8] = '\0';
		return true;
	}
	return false;
}

bool
error_page_code(const struct page *p, char code[9])
{
	_cleanup_free_ char *text = page_visible_text(p, 64 * 1024);

	return find_code(text, code);
}

/* Does a GUID begin here? */
static bool
guid_at(const char *p)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)p[i]) :
				      p[i] != shape[i])
			return false;
	return true;
}

/* The Activity ID: by its own element, else the first GUID of the details. */
static char *
activity_id(const struct page *p)
{
	static const char *const ids[] = { "activityID", "errorDetails",
		"errorArea" };

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		_cleanup_free_ char *text = page_text(p, ids[i]);

		for (const char *c = text; *c != '\0'; c++)
			if (guid_at(c))
				return xstrndup(c, 36);
	}
	return NULL;
}

int
error_page_fault(
    const struct page *p, long status, const char *host, struct fault *fault)
{
	_cleanup_free_ char *message = page_text(p, "errorMessage");
	_cleanup_free_ char *id = activity_id(p), *own = NULL;
	char code[9] = "";

	if (*message == '\0')
		xreplace(&message, page_text(p, "errorArea"));
	if (*message == '\0') /* 2.0's has no ids that stay */
		xreplace(&message, page_visible_text(p, 300));
	own = str_clean(message, 300);
	(void)error_page_code(p, code);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		_cleanup_free_ char *text = NULL;

		if (strcmp(codes[i].code, code) != 0)
			continue;
			/* The table's texts hold one %s each. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		text = xasprintf(gettext(codes[i].text), host);
#pragma GCC diagnostic pop
		fault_set(fault, codes[i].kind, codes[i].reason, "%s", text);
		fault_next(fault, "%s", gettext(codes[i].next));
		fault->retry_after = codes[i].retry_after;
		fault_request(fault, id);
		return -1;
	}
	fault_set(fault, status >= 500 ? FAULT_TEMPORARY : FAULT_DENIED,
	    REASON_ERROR_PAGE, _("%s answered with an error page: %s%s%s%s"),
	    host, own, *code == '\0' ? "" : " (", code,
	    *code == '\0' ? "" : ")");
	if (id != NULL && strcmp(code, "MSIS7012") == 0)
		fault_next(fault,
		    _("Check adfs_config.provider_id; if it is right, ask your "
		      "administrator to look up Activity ID %s."),
		    id);
	else if (id != NULL)
		fault_next(fault,
		    _("Ask your administrator to look up "
		      "Activity ID %s."),
		    id);
	else
		fault_next(fault, _("Show this to your administrator."));
	fault_request(fault, id);
	return -1;
}

static void
describe(const struct page *p, struct buf *b)
{
	int full = 0;

	/* What does not fit is left out: the names are a hint. */
	for (size_t i = 0; i < p->nforms && full == 0; i++) {
		const struct form *f = &p->forms[i];
		const char *name = f->id != NULL ? f->id :
		    f->name != NULL		 ? f->name :
						   "-";

		full = buf_addf(b, "%s%s(", i == 0 ? "" : "; ", name);
		for (size_t k = 0; k < f->ncontrols && full == 0; k++)
			full = buf_addf(b, "%s%s", k == 0 ? "" : " ",
			    f->controls[k].name == NULL ? "-" :
							  f->controls[k].name);
		if (full == 0)
			full = buf_add(b, ")", 1);
	}
}

int
unknown_page_fault(const struct page *p, enum page_kind kind, const char *host,
    struct fault *fault)
{
	_cleanup_buf_ struct buf b = BUF_INIT(NAMES_MAX);
	_cleanup_free_ char *names = NULL, *clean = NULL;
	const char *title = p->title;

	describe(p, &b);
	names = buf_take(&b);
	clean = str_clean(names, NAMES_MAX);
	fault_set(fault, FAULT_PROTOCOL, REASON_UNKNOWN_PAGE,
	    _("%s shows a page that awsfed cannot answer (%s, titled \"%s\", "
	      "forms: %s)."),
	    host, page_kind_name(kind), title,
	    *clean == '\0' ? _("none") : clean);
	switch (kind) {
	case PAGE_UPDATE_PASSWORD:
		fault_next(fault,
		    _("Change your password in a browser, then "
		      "sign in again."));
		break;
	case PAGE_HRD:
		fault_next(fault,
		    _("Set awsfed.home_realm of the profile to "
		      "the provider you sign in with."));
		break;
	case PAGE_UNKNOWN:
	case PAGE_ASSERTION:
	case PAGE_LOGIN:
	case PAGE_ERROR:
	case PAGE_MFA:
	case PAGE_DUO:
	case PAGE_METHOD:
	case PAGE_RP_LIST:
	case PAGE_SIGNED_OUT:
	case PAGE_AUTO_POST:
	case PAGE_KIND_MAX:
		fault_next(fault,
		    _("Report it with this message: it holds "
		      "names only, no values."));
		break;
	}
	return -1;
}
