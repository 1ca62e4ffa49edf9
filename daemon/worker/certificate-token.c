/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate and key of a PKCS#11 token, by OpenSSL's engine "pkcs11" (Debian:
 * libengine-pkcs11-openssl), which finds the modules through p11-kit.
 *
 * A PIN goes to one token, once in a job.  The engine tries every token that a
 * URI fits, and would ask again after a refusal: so the URI must name its token,
 * may hold no PIN, and a second question is never answered.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines; providers come with Debian 13 */
#include <openssl/opensslconf.h>
/* OpenSSL 4 has none, and RHEL 10 and Fedora keep their header apart. */
#if !defined(OPENSSL_NO_ENGINE) && __has_include(<openssl/engine.h>)
#define ENGINES 1
#include <openssl/engine.h>
#else
#define ENGINES 0
#endif
#include <openssl/err.h>
#include <openssl/ui.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "certificate.h"
#include "signin.h"

#define SCHEME "pkcs11:"

bool
token_is_uri(const char *s)
{
	return s != NULL && str_starts(s, SCHEME);
}

#if ENGINES

struct session {
	struct signin *signin;
	struct fault *fault;
	bool asked;
};

static ENGINE *engine;
static UI_METHOD *ui;
/* What the engine's questions are about; it lives as long as the process. */
static struct session session;

/* ---- the PIN ------------------------------------------------------------------- */

static int
on_prompt(UI *u, UI_STRING *string)
{
	const char *text = UI_get0_output_string(string);
	_cleanup_free_ char *label = NULL;
	_cleanup_secret_ struct secret *pin = NULL;
	struct question q = { Q_SECRET, QN_PIN, NULL, 0, NULL };

	if (UI_get_string_type(string) != UIT_PROMPT || session.asked)
		return 0;
	session.asked = true;
	label = str_clean(text, 200);
	str_trim(label);
	if (str_ends(label, ":"))
		label[strlen(label) - 1] = '\0';
	q.label = label;
	q.deadline_s = session.signin->job->question_timeout;
	if (conduit_ask(session.signin->conduit, &q, &pin, session.fault) < 0)
		return 0;
	return UI_set_result(u, string, secret_bytes(pin)) == 0;
}

static int
nothing(UI *u)
{
	(void)u;
	return 1;
}

static int
nothing_written(UI *u, UI_STRING *string)
{
	(void)u;
	(void)string;
	return 1;
}

/* ---- the engine ------------------------------------------------------------------- */

static int
start(struct fault *fault)
{
	if (engine != NULL)
		return 0;
	OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, NULL);
	ui = UI_create_method("awsfed");
	UI_method_set_opener(ui, nothing);
	UI_method_set_writer(ui, nothing_written);
	UI_method_set_reader(ui, on_prompt);
	UI_method_set_closer(ui, nothing);
	engine = ENGINE_by_id("pkcs11");
	if (engine != NULL && ENGINE_init(engine) != 1) {
		ENGINE_free(engine);
		engine = NULL;
	}
	if (engine != NULL) {
		ENGINE_ctrl_cmd_string(engine, "QUIET", NULL, 1);
		ENGINE_ctrl(
		    engine, ENGINE_CTRL_SET_USER_INTERFACE, 0, ui, NULL);
		return 0;
	}
	ERR_clear_error();
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("A pkcs11: certificate needs OpenSSL's engine for PKCS#11, which "
	      "is not installed."));
	fault_next(
	    fault, _("Debian: apt-get install libengine-pkcs11-openssl"));
	return -1;
}

/*
 * The URI without its type, which differs between certificate and key; NULL
 * with a fault when it is not one we may use.
 */
static char *
plain_uri(const char *uri, struct fault *fault)
{
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	const char *p = uri + strlen(SCHEME);
	bool token = false, pin = false;
	int r = buf_adds(&b, SCHEME);

	while (r == 0 && *p != '\0') {
		size_t n = strcspn(p, ";?&");

		token |= str_starts(p, "token=") || str_starts(p, "serial=");
		pin |=
		    str_starts(p, "pin-value=") || str_starts(p, "pin-source=");
		if (n > 0 && !str_starts(p, "type=") &&
		    !str_starts(p, "object-type=")) {
			if (b.len > strlen(SCHEME))
				r = buf_add(&b, ";", 1);
			if (r == 0)
				r = buf_add(&b, p, n);
		}
		p += n;
		p += *p != '\0';
	}
	if (r == 0 && token && !pin)
		return buf_take(&b);
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    pin ? _("The PKCS#11 URI holds a PIN. A wrong one would be sent "
		    "again and again and lock the token.") :
		  _("The PKCS#11 URI does not say which token is meant, so "
		    "that the PIN could go to another one."));
	fault_next(fault,
	    pin ? _("Take pin-value or pin-source out of "
		    "awsfed.client_cert and awsfed.client_key: the PIN is "
		    "asked for.") :
		  _("Add token=NAME or serial=NUMBER to awsfed.client_cert and "
		    "awsfed.client_key; p11tool --list-tokens shows them."));
	return NULL;
}

static bool
pin_refused(void)
{
	unsigned long e;
	bool found = false;

	/* The engine's reasons are PKCS#11's: CKR_PIN_INCORRECT to _LOCKED. */
	while ((e = ERR_get_error()) != 0)
		found |= ERR_GET_REASON(e) >= 0xa0 && ERR_GET_REASON(e) <= 0xa4;
	return found;
}

static int
failed(const char *what, struct fault *fault)
{
	bool refused = pin_refused();

	if (fault_is(fault))
		return -1; /* nobody answered */
	if (session.asked && refused) {
		fault_set(fault, FAULT_REJECTED, REASON_PASSWORD,
		    _("The token refused the PIN (sent once)."));
		fault_next(fault,
		    _("Make sure of the PIN before you sign in again: a few "
		      "wrong ones lock the token."));
	} else {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The token has no such %s, or is not there."), what);
		fault_next(fault,
		    _("Put the token in and check awsfed.client_cert and "
		      "awsfed.client_key; p11tool --list-all URI shows what "
		      "there is."));
	}
	return -1;
}

int
token_certificate(
    struct signin *s, const char *uri, X509 **ret, struct fault *fault)
{
	struct {
		const char *uri;
		X509 *cert;
	} load = { NULL, NULL };
	_cleanup_free_ char *plain = plain_uri(uri, fault);

	if (plain == NULL || start(fault) < 0)
		return -1;
	session.signin = s;
	session.fault = fault;
	load.uri = plain;
	if (ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &load, NULL, 1) != 1 ||
	    load.cert == NULL)
		return failed(_("certificate"), fault);
	ERR_clear_error();
	*ret = load.cert;
	return 0;
}

int
token_key(
    struct signin *s, const char *uri, EVP_PKEY **ret, struct fault *fault)
{
	_cleanup_free_ char *plain = plain_uri(uri, fault);

	if (plain == NULL || start(fault) < 0)
		return -1;
	session.signin = s;
	session.fault = fault;
	*ret = ENGINE_load_private_key(engine, plain, ui, NULL);
	if (*ret == NULL)
		return failed(_("private key"), fault);
	ERR_clear_error();
	return 0;
}

#else

static int
cannot(struct fault *fault)
{
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("A pkcs11: certificate needs OpenSSL's engines, and awsfed was "
	      "built with an OpenSSL that has none."));
	fault_next(fault,
	    _("Set awsfed.client_cert and awsfed.client_key to PEM files."));
	return -1;
}

int
token_certificate(
    struct signin *s, const char *uri, X509 **ret, struct fault *fault)
{
	(void)s;
	(void)uri;
	(void)ret;
	return cannot(fault);
}

int
token_key(
    struct signin *s, const char *uri, EVP_PKEY **ret, struct fault *fault)
{
	(void)s;
	(void)uri;
	(void)ret;
	return cannot(fault);
}

#endif
