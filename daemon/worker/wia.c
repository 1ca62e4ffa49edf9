/* SPDX-License-Identifier: Apache-2.0 */
#include "wia.h"

#include <curl/curl.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "http-fault.h"
#include "signin.h"

/* ---- the ticket ------------------------------------------------------------ */

/* Whose cache it is, also when its ticket is over; NULL unknown. */
static char *
cache_owner(void)
{
	krb5_context ctx = NULL;
	krb5_ccache cache = NULL;
	krb5_principal who = NULL;
	char *text = NULL, *clean = NULL;

	if (krb5_init_context(&ctx) != 0)
		return NULL;
	if (krb5_cc_default(ctx, &cache) == 0 &&
	    krb5_cc_get_principal(ctx, cache, &who) == 0 &&
	    krb5_unparse_name(ctx, who, &text) == 0) {
		clean = str_clean(text, 200);
		krb5_free_unparsed_name(ctx, text);
	}
	krb5_free_principal(ctx, who);
	if (cache != NULL)
		krb5_cc_close(ctx, cache);
	krb5_free_context(ctx);
	return clean;
}

/* The default cache's: whose it is, and how many seconds it still lives. */
static enum ticket
look(char **ret_principal, int64_t *ret_left)
{
	gss_OID_set_desc krb5 = { 1, (gss_OID)gss_mech_krb5 };
	gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
	enum ticket t = TICKET_NONE;
	OM_uint32 major, minor, left = 0;

	if (gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &krb5,
		GSS_C_INITIATE, &cred, NULL, NULL) != GSS_S_COMPLETE)
		return TICKET_NONE;
	major = gss_inquire_cred(&minor, cred, NULL, &left, NULL, NULL);
	if (major == GSS_S_COMPLETE && left > 0)
		t = TICKET_GOOD;
	else if (major == GSS_S_COMPLETE || major == GSS_S_CREDENTIALS_EXPIRED)
		t = TICKET_EXPIRED;
	if (t == TICKET_GOOD && left != GSS_C_INDEFINITE)
		*ret_left = left;
	if (t != TICKET_NONE)
		xreplace(ret_principal, cache_owner());
	gss_release_cred(&minor, &cred);
	return t;
}

static char *
status_text(OM_uint32 code, int kind)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	_cleanup_free_ char *copy = NULL;
	OM_uint32 minor, more = 0;

	if (gss_display_status(&minor, code, kind, (gss_OID)gss_mech_krb5,
		&more, &text) != GSS_S_COMPLETE)
		return xstrdup("?");
	copy = xstrndup(text.value, text.length);
	gss_release_buffer(&minor, &text);
	return str_clean(copy, 300);
}

/* The provider's host as its service's name has it: without brackets. */
static gss_name_t
service_name(const struct signin *s)
{
	_cleanup_free_ char *text = xasprintf("HTTP@%s", s->policy.idp.host);
	gss_buffer_desc b = { strlen(text), text };
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 minor;

	(void)gss_import_name(&minor, &b, GSS_C_NT_HOSTBASED_SERVICE, &name);
	return name;
}

/*
 * Gets the service's ticket into the cache, where libcurl finds it: it would
 * keep to itself why there is none.  0, or -1 with *ret_code (krb5's) and a
 * text.
 */
static int
get_service_ticket(const struct signin *s, OM_uint32 *ret_code, char **ret_text)
{
	gss_ctx_id_t ctx = GSS_C_NO_CONTEXT;
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
	gss_name_t name = service_name(s);
	OM_uint32 major, minor = 0, code;

	major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &ctx, name,
	    (gss_OID)gss_mech_krb5, GSS_C_MUTUAL_FLAG, 0,
	    GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, &token, NULL,
	    NULL);
	code = minor;
	if (GSS_ERROR(major)) {
		*ret_text = minor != 0 ? status_text(minor, GSS_C_MECH_CODE) :
					 status_text(major, GSS_C_GSS_CODE);
		*ret_code = code;
	}
	gss_release_buffer(&minor, &token);
	gss_release_name(&minor, &name);
	if (ctx != GSS_C_NO_CONTEXT)
		gss_delete_sec_context(&minor, &ctx, GSS_C_NO_BUFFER);
	return GSS_ERROR(major) ? -1 : 0;
}

/* ---- what is wrong ----------------------------------------------------------- */

static const char *
whose(const struct signin *s)
{
	return s->principal != NULL ? s->principal : _("you");
}

static int
no_ticket(struct signin *s, struct fault *fault)
{
	if (s->ticket == TICKET_EXPIRED)
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("The Kerberos ticket for %s has expired, and %s asks "
		      "for one."),
		    whose(s), s->host);
	else
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("%s asks for a Kerberos ticket and there is none%s%s."),
		    s->host, s->job->ccache != NULL ? _(" in ") : "",
		    s->job->ccache != NULL ? s->job->ccache : "");
	if (str_eq(s->job->auth, "kerberos"))
		fault_next(fault,
		    _("Get one with kinit, then sign in again; awsfed.auth = "
		      "auto goes on to the password form instead."));
	else
		fault_next(fault,
		    _("Get one with kinit, then sign in again, or ask your "
		      "administrator to allow forms sign-in for the user agent "
		      "awsfed."));
	return -1;
}

static int
no_service_ticket(
    struct signin *s, OM_uint32 code, const char *text, struct fault *fault)
{
	/* The type of krb5's codes; GSS-API hands them on as unsigned. */
	krb5_error_code e = (krb5_error_code)code;

	if (e == KRB5KRB_AP_ERR_TKT_EXPIRED) {
		s->ticket = TICKET_EXPIRED;
		return no_ticket(s, fault);
	}
	if (e == KRB5_KDC_UNREACH || e == KRB5_REALM_CANT_RESOLVE) {
		fault_set(fault, FAULT_TEMPORARY, REASON_UNREACHABLE,
		    _("No ticket for %s: the Kerberos server cannot be "
		      "reached (%s)."),
		    s->host, text);
		fault_next(fault,
		    _("Check the network or the VPN; awsfed tries again by "
		      "itself."));
	} else if (e == KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("Kerberos does not know a service HTTP/%s (%s)."),
		    s->policy.idp.host, text);
		fault_next(fault,
		    _("Check the spelling of adfs_config.adfs_host. If it is "
		      "an alias, set dns_canonicalize_hostname = false and "
		      "rdns = false in krb5.conf."));
	} else {
		fault_set(fault, FAULT_NEEDS_USER, REASON_EXPIRED,
		    _("Kerberos gives no ticket for %s (%s)."), s->host, text);
		fault_next(fault,
		    _("Try kinit, then kvno HTTP/%s; awsfed.auth = auto goes "
		      "on to the password form instead."),
		    s->policy.idp.host);
	}
	return -1;
}

static int
ticket_refused(struct signin *s, struct fault *fault)
{
	fault_set(fault, FAULT_DENIED, REASON_REFUSED,
	    _("%s did not accept the Kerberos ticket of %s."), s->host,
	    whose(s));
	fault_next(fault,
	    _("Make sure that it is of the right account (klist). If it is, "
	      "show this to your administrator: a farm that requires Extended "
	      "Protection refuses clients without channel bindings. "
	      "awsfed.auth = forms signs in with the password."));
	return -1;
}

static int
password_refused(struct signin *s, struct fault *fault)
{
	signin_settle(s, OUTCOME_REJECTED);
	fault_set(fault, FAULT_REJECTED, REASON_PASSWORD,
	    _("%s refused the password for %s (sent once, by NTLM). A locked "
	      "or expired account looks the same."),
	    s->host, s->user);
	fault_next(fault,
	    _("Make sure of the password before you sign in again (awsfedctl "
	      "login): further wrong ones lock the account."));
	return -1;
}

static int
cannot(struct fault *fault, const char *method)
{
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("awsfed.auth = %s: the libcurl of this system was built without "
	      "it."),
	    method);
	fault_next(fault,
	    _("Set awsfed.auth = forms, or install a libcurl that can."));
	return -1;
}

/* ---- the ways in --------------------------------------------------------------- */

static bool
is_auth(const struct signin *s, const char *auth)
{
	return str_eq(s->job->auth == NULL ? "auto" : s->job->auth, auth);
}

static void
show_as(struct signin *s, bool windows)
{
	s->windows = windows;
	http_windows(s->http, windows);
}

/* Is the scheme among them?  "Negotiate, NTLM", perhaps with parameters. */
static bool
offers(const struct signin *s, const char *scheme)
{
	size_t len = strlen(scheme);

	for (const char *p = s->authenticate; p != NULL;) {
		p += strspn(p, ", ");
		if (strncasecmp(p, scheme, len) == 0 &&
		    strchr(", ", p[len]) != NULL)
			return true;
		p = strchr(p, ',');
	}
	return false;
}

/* The plain User-Agent gets the form. */
static int
to_the_form(struct signin *s, struct fault *fault)
{
	show_as(s, false);
	return signin_begin(s, fault);
}

static int
by_ticket(struct signin *s, const char *url, struct fault *fault)
{
	const struct proof ticket = { .flags = HTTP_NEGOTIATE };
	_cleanup_free_ char *text = NULL;
	OM_uint32 code = 0;

	if (s->ticket != TICKET_GOOD)
		return no_ticket(s, fault);
	if (get_service_ticket(s, &code, &text) < 0)
		return is_auth(s, "auto") ?
		    to_the_form(s, fault) :
		    no_service_ticket(s, code, text, fault);
	s->proved = true;
	return signin_get_as(s, url, &ticket, GRADE_PAGE, fault);
}

/* The rules for a password are the form's: asked, entered, sent once. */
static int
by_ntlm(struct signin *s, const char *url, struct fault *fault)
{
	_cleanup_secret_ struct secret *password = NULL;
	struct proof proof = { .flags = HTTP_NTLM };

	if (login_need_user(s, NULL, fault) < 0 ||
	    login_need_password(s, url, &password, fault) < 0 ||
	    login_attempt(s, password, fault) < 0)
		return -1;
	s->proved = true;
	proof.user = s->user;
	proof.password = secret_bytes(password);
	conduit_hush(s->conduit, STEAL(password)); /* which keeps it */
	return signin_get_as(s, url, &proof, GRADE_SECRET, fault);
}

static int
refused(struct signin *s, struct fault *fault)
{
	if (is_auth(s, "ntlm"))
		return password_refused(s, fault);
	if (is_auth(s, "auto") && s->windows)
		return to_the_form(s, fault);
	return ticket_refused(s, fault);
}

int
wia_unauthorized(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *url = xstrdup(s->page.url);
	bool wanted =
	    is_auth(s, "ntlm") ? offers(s, "NTLM") : offers(s, "Negotiate");

	if (s->proved)
		return refused(s, fault);
	if (wanted && policy_is_provider(&s->policy, url)) {
		if (is_auth(s, "ntlm"))
			return by_ntlm(s, url, fault);
		if (is_auth(s, "kerberos") ||
		    (is_auth(s, "auto") && s->ticket == TICKET_GOOD))
			return by_ticket(s, url, fault);
		if (is_auth(s, "auto"))
			return no_ticket(s, fault);
	}
	signin_settle(s, OUTCOME_UNKNOWN);
	http_fault_status(fault, s->status, url, s->retry_after);
	return -1;
}

int64_t
wia_ticket_left(const struct signin *s)
{
	return s->ticket == TICKET_GOOD &&
		(s->proved || is_auth(s, "kerberos")) ?
	    s->ticket_left :
	    0;
}

int
wia_form(struct signin *s, struct fault *fault)
{
	if (is_auth(s, "auto") && s->ticket == TICKET_EXPIRED && !s->posted &&
	    s->job->attended) {
		_cleanup_free_ char *text = xasprintf(
		    _("The Kerberos ticket for %s has expired; going on with "
		      "the password form (kinit gets a new one)."),
		    whose(s));

		conduit_tell(s->conduit, "info", text, 0);
		s->ticket = TICKET_NONE; /* said once */
	}
	if (!is_auth(s, "kerberos") && !(is_auth(s, "ntlm") && !s->posted))
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s shows its password form instead of asking for Windows "
	      "integrated authentication, which awsfed.auth = %s wants."),
	    s->host, s->job->auth);
	fault_next(fault,
	    _("From outside the company's network that is usual: set "
	      "awsfed.auth = auto. Inside, ask your administrator to add "
	      "\"awsfed\" to WIASupportedUserAgents."));
	return -1;
}

int
wia_prepare(struct signin *s, struct fault *fault)
{
	int features = curl_version_info(CURLVERSION_NOW)->features;
	bool spnego = (features & CURL_VERSION_SPNEGO) != 0;

	if (is_auth(s, "browser")) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("awsfed.auth = browser does not work in this version."));
		fault_next(fault,
		    _("Set awsfed.auth to auto, forms, kerberos, ntlm or "
		      "certificate."));
		return -1;
	}
	if (is_auth(s, "kerberos") && !spnego)
		return cannot(fault, "kerberos");
	if (is_auth(s, "ntlm") && !(features & CURL_VERSION_NTLM))
		return cannot(fault, "ntlm");
	if (is_auth(s, "certificate") && s->job->client_cert == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("awsfed.auth = certificate needs a certificate."));
		fault_next(fault,
		    _("Set awsfed.client_cert to a PEM file or a pkcs11: "
		      "URI."));
		return -1;
	}
	/* Of this process alone, and there is nobody it starts. */
	if (s->job->ccache != NULL)
		setenv("KRB5CCNAME", s->job->ccache, 1);
	if (spnego && (is_auth(s, "auto") || is_auth(s, "kerberos")))
		s->ticket = look(&s->principal, &s->ticket_left);
	show_as(s,
	    is_auth(s, "kerberos") || is_auth(s, "ntlm") ||
		(is_auth(s, "auto") && s->ticket == TICKET_GOOD));
	return 0;
}
