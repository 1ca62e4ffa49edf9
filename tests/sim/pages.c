/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include <awsfed/str.h>
#include <awsfed/xalloc.h>

#include "pages.h"
#include "state.h"
#include "webforms.h"

struct texts {
	const char *lang, *title, *sign_in, *password, *kmsi, *intro;
	const char *errors[5];
	const char *update, *oops, *ask;
};

static const struct texts english = {
	"en-US",
	"Sign In",
	"Sign in",
	"Password",
	"Keep me signed in",
	"Sign in with your organizational account",
	{
	    "",
	    "Incorrect user ID or password. Type the correct user ID and "
	    "password, and try again.",
	    "You must update your password because your password has "
	    "expired.",
	    "Enter your user ID in the format \"domain\\user\" or "
	    "\"user@domain\".",
	    "Enter your password.",
	},
	"Update it here",
	"An error occurred",
	"An error occurred. Contact your administrator for more information.",
};

static const struct texts french = {
	"fr-FR",
	"Connexion",
	"Se connecter",
	"Mot de passe",
	"Maintenir la connexion",
	"Utilisez votre compte professionnel",
	{
	    "",
	    "ID d\xe2\x80\x99utilisateur ou mot de passe incorrect. "
	    "Corrigez-les, puis r\xc3\xa9"
	    "essayez.",
	    "Votre mot de passe a expir\xc3\xa9.",
	    "Tapez votre ID au format \xc2\xab domaine\\utilisateur "
	    "\xc2\xbb ou \xc2\xab utilisateur@domaine \xc2\xbb.",
	    "Entrez votre mot de passe.",
	},
	"Changer de mot de passe",
	"Une erreur est survenue",
	"Une erreur est survenue. Contactez votre administrateur.",
};

/* The Activity ID stays English in such pages, as in real ones. */
static const struct texts chinese = {
	"zh-CN",
	"\xe7\x99\xbb\xe5\xbd\x95",
	"\xe7\x99\xbb\xe5\xbd\x95",
	"\xe5\xaf\x86\xe7\xa0\x81",
	"\xe4\xbf\x9d\xe6\x8c\x81\xe7\x99\xbb\xe5\xbd\x95",
	"\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95",
	{
	    "",
	    "\xe7\x94\xa8\xe6\x88\xb7\xe5\x90\x8d\xe6\x88\x96"
	    "\xe5\xaf\x86\xe7\xa0\x81\xe9\x94\x99\xe8\xaf\xaf",
	    "\xe5\xaf\x86\xe7\xa0\x81\xe5\xb7\xb2\xe8\xbf\x87\xe6\x9c\x9f",
	    "\xe7\x94\xa8\xe6\x88\xb7\xe5\x90\x8d\xe6\xa0\xbc\xe5\xbc\x8f",
	    "\xe8\xaf\xb7\xe8\xbe\x93\xe5\x85\xa5\xe5\xaf\x86\xe7\xa0\x81",
	},
	"\xe6\x9b\xb4\xe6\x94\xb9\xe5\xaf\x86\xe7\xa0\x81",
	"\xe9\x94\x99\xe8\xaf\xaf",
	"\xe5\x87\xba\xe9\x94\x99\xe4\xba\x86\xe3\x80\x82"
	"\xe8\xaf\xb7\xe8\x81\x94\xe7\xb3\xbb\xe7\xae\xa1\xe7\x90\x86"
	"\xe5\x91\x98\xe3\x80\x82",
};

static const struct flavour {
	const char *name;
	const char *year;
	const struct texts *texts;
	bool label;  /* errorText is a label, not a span */
	bool main;   /* <main>, aria attributes */
	bool holder; /* second, hidden UserName in form#options */
	bool paginated;
	bool links; /* an option link is offered */
} flavours[] = {
	{ "2012r2", "2013", &english, true, false, false, false, false },
	{ "2016", "2016", &english, false, false, false, false, true },
	{ "2019", "2018", &english, false, true, true, false, true },
	{ "2022", "2018", &english, false, true, true, false, false },
	{ "paginated", "2018", &english, false, true, true, true, true },
	{ "centered", "2018", &english, false, true, true, false, true },
	{ "password-second", "2018", &english, false, true, true, false,
	    false },
	{ "chinese", "2016", &chinese, false, false, false, false, true },
	{ "2.0", "2010", &english, false, false, false, false, false },
	{ "2.1", "2012", &english, false, false, false, false, false },
	{ "localised", "2016", &french, false, true, true, false, true },
};

static const struct flavour *
flavour(const struct page *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++)
		if (str_eq(flavours[i].name, p->opt->flavour))
			return &flavours[i];
	return &flavours[0];
}

bool
page_flavour(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++)
		if (str_eq(flavours[i].name, name))
			return true;
	return false;
}

static void
put_head(struct buf *b, const struct flavour *f, const char *title)
{
	put(b,
	    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\"/>\n"
	    "<meta http-equiv=\"content-type\" "
	    "content=\"text/html;charset=UTF-8\" />\n"
	    "<meta http-equiv=\"cache-control\" content=\"no-cache,no-store\""
	    "/>\n<meta name='mswebdialog-title' "
	    "content='Connecting to Example Corp'/>\n<title>%s</title>\n"
	    "<script type='text/javascript'>\n//<![CDATA[\n"
	    "function LoginErrors(){this.userNameFormatError = 'format';"
	    "this.passwordEmpty = 'empty';} var maxPasswordLength = 128;\n"
	    "if (1 < 2 && 3 > 2) { document.write('<form id=\"nope\"><input "
	    "name=\"UserName\"></form>'.substr(0, 0)); }\n//]]>\n</script>\n"
	    "<link rel=\"stylesheet\" type=\"text/css\" "
	    "href=\"/adfs/portal/css/style.css\" />\n</head>\n"
	    "<body dir=\"ltr\" class=\"body\">\n"
	    "<div id=\"noScript\" style=\"position:static; width:100%%; "
	    "height:100%%; z-index:100\">\n<h1>JavaScript required</h1>\n"
	    "<p>This site works only where JavaScript is switched on.</p>\n"
	    "</div>\n<script type=\"text/javascript\" "
	    "language=\"JavaScript\">\n document.getElementById(\"noScript\")"
	    ".style.display = \"none\";\n</script>\n"
	    "<div id=\"fullPage\">\n<div id=\"brandingWrapper\" "
	    "class=\"float\"><div id=\"branding\"></div></div>\n"
	    "<div id=\"contentWrapper\" class=\"float\">\n"
	    "<div id=\"content\">\n<div id=\"header\"><h4>Example Corp</h4>"
	    "</div>\n%s<div id=\"workArea\">\n",
	    f->texts->lang, title, f->main ? "<main>\n" : "");
}

static void
put_foot(struct buf *b, const struct flavour *f)
{
	put(b,
	    "</div>\n%s<div id=\"footerPlaceholder\"></div>\n</div>\n"
	    "<div id=\"footer\"><div id=\"footerLinks\" "
	    "class=\"floatReverse\"><div><span id=\"copyright\">&#169; %s "
	    "Microsoft</span></div></div></div>\n</div>\n</div>\n"
	    "<script type='text/javascript'>\n//<![CDATA[\n"
	    "var onload = \"</di\" + \"v>\";\n//]]>\n</script>\n"
	    "</body>\n</html> \n",
	    f->main ? "</main>\n" : "", f->year);
}

void
page_head(struct buf *b, const struct page *p, const char *title)
{
	put_head(b, flavour(p), title);
}

void
page_foot(struct buf *b, const struct page *p)
{
	put_foot(b, flavour(p));
}

static void
put_error_text(struct buf *b, const struct flavour *f, enum login_error error)
{
	const char *tag = f->label ? "label" : "span";

	put(b,
	    "<div id=\"error\" class=\"fieldMargin error smallText\"%s>\n"
	    "<%s id=\"errorText\" for=\"%s\"%s>",
	    f->label && error == LOGIN_FIRST ? " style=\"display: none;\"" : "",
	    tag, error == LOGIN_WRONG ? "passwordInput" : "",
	    f->main ? " aria-live=\"assertive\" role=\"alert\"" : "");
	put_html(b, f->texts->errors[error]);
	if (error == LOGIN_EXPIRED)
		put(b,
		    " <a id=\"expiredNotification\" "
		    "href=\"/adfs/portal/updatepassword/\">%s</a>",
		    f->texts->update);
	put(b, "</%s>\n</div>\n", tag);
}

static void
put_kmsi(struct buf *b, const struct page *p, const struct flavour *f)
{
	put(b,
	    "<div id=\"kmsiArea\" style=\"display:%s\">\n"
	    "<input type=\"checkbox\" name=\"Kmsi\" id=\"kmsiInput\" "
	    "value=\"true\" tabindex=\"3\" />\n<label for=\"kmsiInput\">%s"
	    "</label>\n</div>\n",
	    p->opt->kmsi ? "" : "none", f->texts->kmsi);
}

/* The one more hidden field that some sites add. */
static void
put_extra(struct buf *b, const struct page *p)
{
	const char *eq = strchr(p->opt->extra, '=');

	if (eq == NULL)
		return;
	put(b, "<input type=\"hidden\" name=\"%.*s\" value=\"",
	    (int)(eq - p->opt->extra), p->opt->extra);
	put_html(b, eq + 1);
	put(b, "\"/>\n");
}

static void
put_password(struct buf *b, const struct flavour *f)
{
	const struct texts *t = f->texts;

	put(b, "<div id=\"passwordArea\">\n");
	if (!f->label)
		put(b,
		    "<label id=\"passwordInputLabel\" for=\"passwordInput\""
		    " class=\"hidden\">%s</label>\n",
		    t->password);
	put(b,
	    "<input id=\"passwordInput\" name=\"Password\" "
	    "type=\"password\" tabindex=\"2\" class=\"text fullWidth\" "
	    "placeholder=\"%s\" autocomplete=\"off\"/>\n</div>\n",
	    t->password);
}

static void
put_login_form(struct buf *b, const struct page *p, const struct flavour *f,
    enum login_error error)
{
	const struct texts *t = f->texts;
	bool second = str_eq(f->name, "password-second");
	bool name_only = second && p->user_name == NULL;

	put(b,
	    "<form method=\"post\" id=\"loginForm\"%s autocomplete=\"off\" "
	    "novalidate=\"novalidate\" onKeyPress=\"if (event &amp;&amp; "
	    "event.keyCode == 13) Login.submitLoginRequest();\" "
	    "action=\"%s\" >\n",
	    f->paginated ? " class=\"paginatedPageForm\"" : "", p->action);
	put_error_text(b, f, error);
	if (f->paginated)
		put(b,
		    "<div id=\"usernamePage\">\n<span "
		    "id=\"errorUsernamePaginated\"></span>\n");
	put(b,
	    "<div id=\"formsAuthenticationArea\">\n"
	    "<div id=\"userNameArea\">\n");
	if (!f->label)
		put(b,
		    "<label id=\"userNameInputLabel\" for=\"userNameInput\""
		    " class=\"hidden\">%s</label>\n",
		    t->sign_in);
	put(b,
	    "<input id=\"userNameInput\" name=\"UserName\" type=\"email\" "
	    "value=\"");
	put_html(b, p->user_name != NULL ? p->user_name : "");
	put(b,
	    "\"%s tabindex=\"1\" class=\"text fullWidth\" "
	    "spellcheck=\"false\" placeholder=\"someone@example.com\" "
	    "autocomplete=\"off\"/>\n</div>\n",
	    second && !name_only ? " readonly=\"readonly\"" : "");
	if (f->paginated)
		put(b,
		    "<div id=\"nextButtonArea\"><span id=\"nextButton\" "
		    "class=\"submit\" role=\"button\">Next</span></div>\n"
		    "</div>\n</div>\n<div id=\"passwordPage\" "
		    "style=\"display:none\">\n<div id=\"identityBanner\">"
		    "</div>\n");
	if (!name_only)
		put_password(b, f);
	put_kmsi(b, p, f);
	put(b,
	    "<div id=\"submissionArea\" class=\"submitMargin\">\n"
	    "<span id=\"submitButton\" class=\"submit\" tabindex=\"4\" "
	    "role=\"button\" onclick=\"return Login.submitLoginRequest();\">"
	    "%s</span>\n</div>\n</div>\n",
	    t->sign_in);
	if (!f->paginated)
		put(b,
		    "<input id=\"optionForms\" type=\"hidden\" "
		    "name=\"AuthMethod\" value=\"FormsAuthentication\"/>\n");
	put_extra(b, p);
	put(b, "</form>\n");
	if (f->paginated) /* seen outside its form */
		put(b,
		    "<input id=\"optionForms\" type=\"hidden\" "
		    "name=\"AuthMethod\" value=\"FormsAuthentication\"/>\n");
}

static void
put_options(struct buf *b, const struct page *p, const struct flavour *f)
{
	put(b,
	    "<div id=\"authOptions\">\n<form id=\"options\" method=\"post\" "
	    "action=\"%s\">\n<script type=\"text/javascript\">\n"
	    "function SelectOption(option) { var i = document.getElementById("
	    "'optionSelection'); i.value = option; "
	    "document.forms['options'].submit(); return false; }\n</script>\n"
	    "<input id=\"optionSelection\" type=\"hidden\" "
	    "name=\"AuthMethod\" />\n",
	    p->absolute);
	if (f->holder)
		put(b,
		    "<input id=\"userNameInputOptionsHolder\" "
		    "name=\"UserName\" value=\"\" type=\"hidden\"/>\n");
	if (f->paginated)
		put(b,
		    "<div id=\"primaryOptionsPage\" style=\"display:none\">"
		    "<span id=\"errorTextOption\"></span>\n"
		    "<div id=\"optionsContainer\" "
		    "class=\"optionButtonContainer\"><span "
		    "class=\"optionButton\" id=\"FormsAuthentication\" "
		    "onclick=\"paginationManager.displayNextPage()\">Password"
		    "</span></div>\n<div id=\"optionsContainer\" "
		    "class=\"optionButtonContainer\"><span "
		    "class=\"optionButton\" id=\"CertificateAuthentication\" "
		    "onclick=\"SelectOption('CertificateAuthentication')\">"
		    "Certificate</span></div></div>\n");
	else if (f->links)
		put(b,
		    "<div id='authOptionLinks' class='groupMargin'>"
		    "<a class=\"actionLink\" href=\"#\" "
		    "id=\"CertificateAuthentication\" role=\"button\" "
		    "onclick=\"return SelectOption('CertificateAuthentication'"
		    ")\">Sign in using a certificate</a>"
		    "<div id=\"waitingWheelDiv\" style=\"display: none;\">"
		    "</div></div>\n");
	else
		put(b, "<div class=\"groupMargin\"></div>\n");
	put(b, "</form>\n</div>\n");
}

void
page_login(struct buf *b, const struct page *p, enum login_error error)
{
	const struct flavour *f = flavour(p);

	if (webforms(p->opt)) {
		webforms_login(b, p, error);
		return;
	}
	put_head(b, f, f->texts->title);
	put(b,
	    "<div id=\"authArea\" class=\"groupMargin\">\n"
	    "<div id=\"loginArea\">\n<div id=\"loginMessage\" "
	    "class=\"groupMargin\">%s</div>\n",
	    f->texts->intro);
	put_login_form(b, p, f, error);
	put_options(b, p, f);
	put(b,
	    "<div id=\"introduction\" class=\"groupMargin\">Ask the "
	    "service desk & have your <b>badge</b> ready.</div>\n"
	    "<script type=\"text/javascript\">\n//<![CDATA[\n%s\n//]]>\n"
	    "</script>\n</div>\n</div>\n",
	    str_eq(f->name, "centered") ?
		"Login.initialize(); document.body.className += ' "
		"centeredUi';" :
		f->paginated ?
		"paginationManager.Initialize({pages:[\"usernamePage\","
		"\"primaryOptionsPage\",\"passwordPage\"]});" :
		"Login.initialize();");
	put_foot(b, f);
}

void
page_error(
    struct buf *b, const struct page *p, const char *code, const char *text)
{
	const struct flavour *f = flavour(p);
	char when[64];
	struct tm tm;
	time_t now = time(NULL);

	if (webforms(p->opt)) {
		webforms_error(b, p, code, text);
		return;
	}
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	put_head(b, f, f->texts->oops);
	put(b,
	    "<div id=\"errorArea\">\n<div id=\"openingMessage\" "
	    "class=\"groupMargin bigText\">%s</div>\n"
	    "<div id=\"errorMessage\" class=\"groupMargin\">",
	    f->texts->oops);
	put_html(b, code == NULL && text != NULL ? text : f->texts->ask);
	if (!p->opt->activity) {
		put(b, "</div>\n</div>\n");
		put_foot(b, f);
		return;
	}
	put(b,
	    "</div>\n<div class=\"groupMargin\"><a id=\"errorDetailsLink\" "
	    "href=\"#\" class=\"actionLink\">Error details</a></div>\n"
	    "<ul id=\"errorDetails\" style=\"display:none\">\n"
	    "<li id=\"activityID\">Activity ID: %s</li>\n"
	    "<li>Error time: %s</li>\n",
	    p->activity, when);
	if (code != NULL && p->opt->detailed) {
		put(b, "<li>Error details: %s: ", code);
		put_html(b, text != NULL ? text : "");
		put(b,
		    "</li>\n<li>Node name: "
		    "3c6f4b0e-0000-4000-8000-5e1f00000001</li>\n");
	}
	put(b, "</ul>\n</div>\n");
	put_foot(b, f);
}

void
page_auto(struct buf *b, const char *name, const char *action,
    const struct form *fields)
{
	put(b,
	    "<html><head><title>Working...</title></head><body>"
	    "<form method=\"POST\" name=\"%s\" action=\"",
	    name);
	put_html(b, action);
	put(b, "\">");
	for (size_t i = 0; i < fields->n; i++) {
		put(b, "<input type=\"hidden\" name=\"%s\" value=\"",
		    fields->v[i].name);
		put_html(b, fields->v[i].value);
		put(b, "\" />");
	}
	put(b,
	    "<noscript><p>Script is disabled. Click Submit to continue.</p>"
	    "<input type=\"submit\" value=\"Submit\" /></noscript></form>"
	    "<script language=\"javascript\">window.setTimeout("
	    "'document.forms[0].submit()', 0);</script></body></html>");
}

void
page_signed_out(struct buf *b, const struct page *p)
{
	const struct flavour *f = flavour(p);

	put_head(b, f, "Sign Out");
	put(b,
	    "<div id=\"signoutArea\"><div id=\"openingMessage\" "
	    "class=\"groupMargin bigText\">You have signed out.</div></div>\n");
	put_foot(b, f);
}

void
page_sites(struct buf *b, const struct page *p, bool signed_in)
{
	const struct flavour *f = flavour(p);

	put_head(b, f, f->texts->title);
	put(b,
	    "<div id=\"idpSignonArea\"><form id=\"idpForm\" method=\"post\" "
	    "action=\"%s\">\n<input type=\"radio\" id=\"idp_ThisRpRadioButton\""
	    " name=\"SignInIdpSite\" value=\"SignInIdpSite\"/>\n"
	    "<input type=\"radio\" id=\"idp_OtherRpRadioButton\" "
	    "name=\"SignInOtherSite\" value=\"SignInOtherSite\"/>\n"
	    "<div id=\"idp_OtherRpPanel\"><select "
	    "id=\"idp_RelyingPartyDropDownList\" name=\"RelyingParty\">"
	    "<option value=\"" SITE_AWS "\">Amazon "
	    "Web Services</option><option value=\"" SITE_WIKI
	    "\">Wiki</option></select></div>\n<input type=\"submit\" "
	    "id=\"%s\" name=\"%s\" value=\"Sign in\"/>\n</form></div>\n",
	    p->action, signed_in ? "idp_GoButton" : "idp_SignInButton",
	    signed_in ? "SignInGo" : "SignInSubmit");
	put_foot(b, f);
}

void
page_mfa(struct buf *b, const struct page *p)
{
	const struct flavour *f = flavour(p);
	_cleanup_free_ char *context = random_b64(120);

	put_head(b, f, "Multi-Factor Authentication");
	put(b,
	    "<div id=\"authArea\" class=\"groupMargin\">\n"
	    "<div id=\"mfaGreeting\" class=\"bigText\">Welcome</div>\n"
	    "<div id=\"mfaGreetingDescription\">One more proof is needed."
	    "</div>\n<div id=\"customAuthArea\">\n<form method=\"post\" "
	    "id=\"loginForm\" autocomplete=\"off\">\n<input id=\"authMethod\" "
	    "type=\"hidden\" name=\"AuthMethod\" "
	    "value=\"AzureMfaAuthentication\"/>\n<input id=\"context\" "
	    "type=\"hidden\" name=\"Context\" value=\"%s\"/>\n"
	    "<p id=\"instructions\">Answer the request on your phone.</p>\n"
	    "<p id=\"validEntropyNumber\">42</p>\n"
	    "<input id=\"verificationCodeInput\" name=\"VerificationCode\" "
	    "type=\"text\" placeholder=\"Code\"/>\n<span id=\"errorText\">"
	    "</span>\n<input id=\"signInButton\" type=\"submit\" "
	    "name=\"SignIn\" value=\"Sign in\"/>\n</form>\n</div>\n",
	    context);
	put_options(b, p, f);
	put(b, "</div>\n");
	put_foot(b, f);
}

void
page_unknown(struct buf *b, const struct page *p)
{
	put_head(b, flavour(p), "Acceptable use of systems");
	put(b,
	    "<form id=\"aup\" method=\"post\" action=\"%s\"><p>Read this "
	    "first.</p><input type=\"checkbox\" name=\"accept\" "
	    "value=\"yes\"/><input type=\"text\" name=\"badge\"/>"
	    "<input type=\"submit\" name=\"go\" value=\"Go on\"/></form>\n"
	    "<form id=\"search\" action=\"/search\"><input name=\"q\"/>"
	    "</form>\n",
	    p->action);
	put_foot(b, flavour(p));
}

void
page_broken(struct buf *b, const struct page *p)
{
	struct buf whole = BUF_INIT(1024 * 1024);

	/* Cut inside a tag, with a form that never becomes one. */
	page_login(&whole, p, LOGIN_FIRST);
	put(b, "%.*s",
	    (int)(strstr(whole.data, "id=\"loginForm\"") - whole.data),
	    whole.data);
	put(b, "id=\"log<table><form></b><input <<a href='");
	buf_done(&whole);
}
