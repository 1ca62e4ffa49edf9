/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "signin.h"
#include "trust.h"

#define PEM_FILE_MAX (256 * 1024)
#define CHAIN_MAX 16
#define METHOD "CertificateAuthentication"

struct certificate {
	X509 *leaf;
	X509 *chain[CHAIN_MAX];
	size_t nchain;
	EVP_PKEY *key;
};

struct certificate *
certificate_free(struct certificate *c)
{
	if (c == NULL)
		return NULL;
	X509_free(c->leaf);
	for (size_t i = 0; i < c->nchain; i++)
		X509_free(c->chain[i]);
	EVP_PKEY_free(c->key);
	xfree(c);
	return NULL;
}

/* ---- PEM -------------------------------------------------------------------- */

static BIO *
open_pem(const char *path, char **ret_data, struct fault *fault)
{
	size_t len;
	int r = path_read(path, PEM_FILE_MAX, ret_data, &len);

	if (r == 0)
		return BIO_new_mem_buf(*ret_data, (int)len);
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s cannot be read: %s."), path, strerror(-r));
	fault_next(fault, _("Check awsfed.client_cert and awsfed.client_key."));
	return NULL;
}

static int
pem_certificate(struct certificate *c, const char *path, struct fault *fault)
{
	_cleanup_free_ char *data = NULL;
	BIO *b = open_pem(path, &data, fault);
	X509 *x;

	if (b == NULL)
		return -1;
	c->leaf = PEM_read_bio_X509(b, NULL, NULL, NULL);
	while (c->leaf != NULL && c->nchain < CHAIN_MAX &&
	    (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		c->chain[c->nchain++] = x;
	BIO_free(b);
	ERR_clear_error(); /* the end of the file is one */
	if (c->leaf != NULL)
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s holds no certificate in PEM form."), path);
	fault_next(fault,
	    _("From a .p12 or .pfx file: openssl pkcs12 -in FILE -out NEW.pem; "
	      "then set awsfed.client_cert to NEW.pem."));
	return -1;
}

struct asking {
	struct signin *signin;
	const char *path;
	struct fault *fault;
	bool asked;
};

static int
on_passphrase(char *to, int size, int writing, void *arg)
{
	struct asking *a = arg;
	_cleanup_free_ char *label =
	    xasprintf(_("Passphrase of the private key %s"), a->path);
	const struct question q = { Q_SECRET, QN_PIN, label,
		a->signin->job->question_timeout, NULL };
	_cleanup_secret_ struct secret *typed = NULL;

	(void)writing;
	if (a->asked)
		return -1;
	a->asked = true;
	if (conduit_ask(a->signin->conduit, &q, &typed, a->fault) < 0 ||
	    secret_len(typed) > (size_t)size)
		return -1;
	memcpy(to, secret_bytes(typed), secret_len(typed));
	return (int)secret_len(typed);
}

static int
pem_key(struct signin *s, const char *path, EVP_PKEY **ret, struct fault *fault)
{
	_cleanup_free_ char *data = NULL;
	struct asking a = { s, path, fault, false };
	BIO *b = open_pem(path, &data, fault);

	if (b == NULL)
		return -1;
	*ret = PEM_read_bio_PrivateKey(b, NULL, on_passphrase, &a);
	BIO_free(b);
	ERR_clear_error();
	if (*ret != NULL)
		return 0;
	if (fault_is(fault))
		return -1; /* nobody answered */
	if (a.asked) {
		fault_set(fault, FAULT_REJECTED, REASON_PASSWORD,
		    _("The passphrase does not open the private key %s."),
		    path);
		fault_next(fault, _("Sign in again and type it anew."));
	} else {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s holds no private key in PEM form."), path);
		fault_next(fault,
		    _("Set awsfed.client_key to the file with the key."));
	}
	return -1;
}

/* ---- loading ------------------------------------------------------------------ */

/* Before it is shown to anybody: the right key, and not over. */
static int
check(const struct certificate *c, const char *from, struct fault *fault)
{
	if (X509_check_private_key(c->leaf, c->key) != 1) {
		ERR_clear_error();
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The private key does not belong to the certificate "
		      "%s."),
		    from);
		fault_next(fault,
		    _("Check awsfed.client_cert and awsfed.client_key."));
		return -1;
	}
	if (X509_cmp_current_time(X509_get0_notAfter(c->leaf)) >= 0)
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_EXPIRED,
	    _("The certificate %s has expired."), from);
	fault_next(fault,
	    _("Get a new one from your administrator and set "
	      "awsfed.client_cert to it."));
	return -1;
}

static int
check_tls(struct fault *fault)
{
	const char *tls;

	if (trust_openssl(&tls))
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("A client certificate needs a libcurl with OpenSSL; this one "
	      "has %s."),
	    tls);
	fault_next(fault, _("Install libcurl4 instead of libcurl3-gnutls."));
	return -1;
}

int
certificate_need(struct signin *s, struct fault *fault)
{
	const char *from = s->job->client_cert;
	const char *key =
	    s->job->client_key != NULL ? s->job->client_key : from;
	struct certificate *c;
	int r;

	if (s->cert != NULL)
		return 0;
	if (check_tls(fault) < 0)
		return -1;
	c = xcalloc(1, sizeof(*c));
	r = token_is_uri(from) ? token_certificate(s, from, &c->leaf, fault) :
				 pem_certificate(c, from, fault);
	if (r == 0)
		r = token_is_uri(key) ? token_key(s, key, &c->key, fault) :
					pem_key(s, key, &c->key, fault);
	if (r == 0)
		r = check(c, from, fault);
	if (r < 0) {
		certificate_free(c);
		return -1;
	}
	s->cert = c;
	http_certificate(s->http, c);
	return 0;
}

/* ---- TLS ------------------------------------------------------------------------ */

static CURLcode
on_context(CURL *e, void *ctx, void *arg)
{
	const struct certificate *c = arg;

	(void)e;
	if (SSL_CTX_use_certificate(ctx, c->leaf) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, c->key) != 1)
		return CURLE_SSL_CERTPROBLEM;
	for (size_t i = 0; i < c->nchain; i++)
		if (SSL_CTX_add1_chain_cert(ctx, c->chain[i]) != 1)
			return CURLE_SSL_CERTPROBLEM;
	return CURLE_OK;
}

/*
 * TLS 1.2 at most: http.sys asks for the certificate by renegotiation, which
 * 1.3 has not, and a refusal comes in the handshake, where it can be told.
 */
void
certificate_offer(const struct certificate *c, CURL *e)
{
	curl_easy_setopt(e, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2 | (long)CURL_SSLVERSION_MAX_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_context);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, c);
}

void
certificate_judge(
    struct fault *f, CURLcode code, const char *url, const char *detail)
{
	_cleanup_free_ char *label = NULL, *clean = NULL;
	_cleanup_origin_ struct origin o = { 0 };

	if ((code != CURLE_SSL_CONNECT_ERROR && code != CURLE_SSL_CLIENTCERT &&
		code != CURLE_SSL_CERTPROBLEM && code != CURLE_RECV_ERROR) ||
	    strstr(detail, "alert") == NULL || origin_parse(url, &o) < 0)
		return;
	label = origin_label(&o);
	clean = str_clean(detail, 200);
	fault_set(f, FAULT_REJECTED, REASON_TLS,
	    _("%s refused the client certificate (%s)."), label, clean);
	fault_next(f,
	    _("Check that awsfed.client_cert is the certificate that your "
	      "company issued to you, with its intermediate ones in the same "
	      "file."));
}

/* ---- the page -------------------------------------------------------------------- */

static int
not_taken(struct signin *s, struct fault *fault)
{
	_cleanup_free_ char *text = page_text(&s->page, "errorText");

	fault_set(fault, FAULT_REJECTED, REASON_REFUSED,
	    _("%s did not sign you in by your certificate.%s%s"), s->host,
	    *text == '\0' ? "" : " ", text);
	fault_next(fault,
	    _("Ask your administrator whether the certificate belongs to your "
	      "account."));
	return -1;
}

int
certificate_choose(struct signin *s, struct fault *fault)
{
	int r;

	if (!str_eq(s->job->auth, "certificate"))
		return 1;
	if (s->method != NULL)
		return not_taken(s, fault);
	if ((r = method_choose(s, METHOD, fault)) != 1)
		return r;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s does not offer a sign-in by certificate."), s->host);
	fault_next(fault,
	    _("Set awsfed.auth = auto, or ask your administrator to allow "
	      "certificate authentication."));
	return -1;
}
