/* SPDX-License-Identifier: Apache-2.0 */
#include "http-fault.h"

#include <errno.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "origin.h"

struct failure {
	CURLcode code;
	enum fault_kind kind;
	enum reason reason;
	const char *text; /* %s: the host */
	const char *next;
};

#define CHECK_NETWORK \
	N_("Check the network or the VPN; awsfed tries again " \
	   "by itself.")

static const struct failure failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, FAULT_TEMPORARY, REASON_OFFLINE,
	    N_("The name %s cannot be resolved."),
	    N_("Check the network or the VPN, and the spelling of the host.") },
	{ CURLE_COULDNT_RESOLVE_PROXY, FAULT_TEMPORARY, REASON_OFFLINE,
	    N_("The proxy's name cannot be resolved on the way to %s."),
	    N_("Check https_proxy in awsfed.conf and the network.") },
	{ CURLE_COULDNT_CONNECT, FAULT_TEMPORARY, REASON_UNREACHABLE,
	    N_("%s does not accept connections."), CHECK_NETWORK },
	{ CURLE_OPERATION_TIMEDOUT, FAULT_TEMPORARY, REASON_TIMEOUT,
	    N_("%s did not answer in time."), CHECK_NETWORK },
	{ CURLE_PEER_FAILED_VERIFICATION, FAULT_SECURITY, REASON_TLS,
	    N_("The certificate of %s cannot be trusted."),
	    N_("If your company has its own certificate authority, set "
	       "ca_bundle to the path of its bundle in "
	       "~/.config/awsfed/awsfed.conf, section [awsfed], and type "
	       "awsfedctl reload; otherwise do not go on in this network.") },
	{ CURLE_SSL_CACERT_BADFILE, FAULT_CONFIG, REASON_SETTINGS,
	    N_("The CA bundle for %s cannot be read."),
	    N_("Check the path in ca_bundle.") },
	{ CURLE_SSL_CONNECT_ERROR, FAULT_TEMPORARY, REASON_TLS,
	    N_("No encrypted connection to %s could be made."),
	    N_("Check host and port; TLS 1.2 or newer is needed.") },
	{ CURLE_SSL_CERTPROBLEM, FAULT_CONFIG, REASON_TLS,
	    N_("The client certificate for %s cannot be used."),
	    N_("Check client_cert and client_key.") },
	{ CURLE_WRITE_ERROR, FAULT_PROTOCOL, REASON_MALFORMED,
	    N_("%s sent more than a sign-in answer can hold."),
	    N_("Open the same address in a browser and tell your "
	       "administrator what it shows.") },
	{ CURLE_UNSUPPORTED_PROTOCOL, FAULT_SECURITY, REASON_FOREIGN_HOST,
	    N_("%s cannot be reached by https."),
	    N_("Only https is used; check the profile's host.") },
	{ CURLE_URL_MALFORMAT, FAULT_CONFIG, REASON_SETTINGS,
	    N_("%s is not a usable host name."),
	    N_("Check adfs_config.adfs_host, awsfed.path and awsfed.query.") },
	{ CURLE_GOT_NOTHING, FAULT_TEMPORARY, REASON_UNREACHABLE,
	    N_("%s closed the connection without an answer."), CHECK_NETWORK },
};

static const struct failure broken = { CURLE_OK, FAULT_TEMPORARY,
	REASON_UNREACHABLE, N_("The connection to %s broke."), CHECK_NETWORK };
static const struct failure no_route = { CURLE_OK, FAULT_TEMPORARY,
	REASON_OFFLINE, N_("There is no network route to %s."), CHECK_NETWORK };
static const struct failure no_answer = { CURLE_OK, FAULT_TEMPORARY,
	REASON_UNREACHABLE,
	N_("%s cannot be reached: connecting took too long."), CHECK_NETWORK };

static const struct failure *
find(CURLcode code, long os_errno, bool connected)
{
	if (code == CURLE_COULDNT_CONNECT &&
	    (os_errno == ENETUNREACH || os_errno == EHOSTUNREACH ||
		os_errno == ENETDOWN))
		return &no_route;
	if (code == CURLE_OPERATION_TIMEDOUT && !connected)
		return &no_answer;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (failures[i].code == code)
			return &failures[i];
	return &broken;
}

static char *
host_of(const char *url)
{
	_cleanup_origin_ struct origin o = { 0 };

	return origin_parse(url, &o) < 0 ? xstrdup(_("the server")) :
					   origin_label(&o);
}

void
http_fault_transfer(struct fault *f, CURLcode code, long os_errno,
    bool connected, const char *url, const char *detail)
{
	const struct failure *e = find(code, os_errno, connected);
	_cleanup_free_ char *host = host_of(url), *text = NULL, *more = NULL;

	/* The table's texts hold one %s each. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	text = xasprintf(gettext(e->text), host);
#pragma GCC diagnostic pop
	if (!str_empty(detail) && (e == &broken || e->reason == REASON_TLS)) {
		_cleanup_free_ char *clean = str_clean(detail, 200);

		more = xasprintf(" (%s)", clean);
	}
	fault_set(
	    f, e->kind, e->reason, "%s%s", text, more == NULL ? "" : more);
	fault_next(f, "%s", gettext(e->next));
}

void
http_fault_status(
    struct fault *f, long status, const char *url, int64_t retry_after)
{
	_cleanup_free_ char *host = host_of(url);

	if (status == 429) {
		fault_set(f, FAULT_TEMPORARY, REASON_BUSY,
		    _("%s is busy (HTTP 429)."), host);
		fault_next(f, _("awsfed tries again by itself."));
	} else if (status == 511) {
		fault_set(f, FAULT_TEMPORARY, REASON_CAPTIVE_PORTAL,
		    _("The network between here and %s wants a sign-in of its "
		      "own (HTTP 511)."),
		    host);
		fault_next(f,
		    _("Open a browser and sign in to the network; "
		      "awsfed tries again by itself."));
	} else if (status >= 500) {
		fault_set(f, FAULT_TEMPORARY, REASON_SERVER,
		    _("%s is not working at the moment (HTTP %ld)."), host,
		    status);
		fault_next(f,
		    _("awsfed tries again by itself; if it lasts, "
		      "tell your administrator."));
	} else if (status == 401) {
		fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s wants Windows integrated authentication (HTTP "
		      "401)."),
		    host);
		fault_next(f,
		    _("Set awsfed.auth = kerberos (kinit gets a ticket) or "
		      "ntlm, or ask your administrator to allow forms sign-in "
		      "for the user agent awsfed."));
	} else if (status == 407) {
		fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
		    _("The proxy on the way to %s wants a sign-in "
		      "(HTTP 407)."),
		    host);
		fault_next(f,
		    _("Put user and password into https_proxy of "
		      "awsfed.conf, or name the host in no_proxy."));
	} else if (status == 400) {
		fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s refused the request as malformed (HTTP 400)."), host);
		fault_next(f,
		    _("Old cookies that grew too large look like that: "
		      "awsfedctl logout, then login. If it stays, check "
		      "awsfed.path and awsfed.query of the profile."));
	} else if (status == 403) {
		fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s, or a proxy before it, forbids the sign-in from "
		      "here (HTTP 403)."),
		    host);
		fault_next(f,
		    _("Connect the company's VPN if sign-in is for its "
		      "network alone; else ask your administrator whether "
		      "this address or the user agent awsfed is blocked."));
	} else if (status == 404) {
		fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s does not know the sign-in address (HTTP 404)."),
		    host);
		fault_next(f,
		    _("Check adfs_config.adfs_host and awsfed.path of the "
		      "profile. From outside the company's network the page "
		      "may not be published, or the path renamed: try the "
		      "VPN, or ask your administrator."));
	} else {
		fault_set(f, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s does not know the sign-in address (HTTP %ld)."), host,
		    status);
		fault_next(f,
		    _("Check adfs_config.adfs_host, awsfed.path and "
		      "adfs_config.provider_id of the profile."));
	}
	f->retry_after = retry_after;
}
