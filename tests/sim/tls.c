/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <awsfed/buf.h>
#include <awsfed/xalloc.h>

#include "form.h"
#include "tls.h"

struct tls_ca {
	EVP_PKEY *key;
	X509 *cert;
};

static X509 *
blank(EVP_PKEY *key, const char *cn, long from, long until)
{
	X509 *x = X509_new();
	X509_NAME *name;
	uint64_t serial;

	if (x == NULL)
		return NULL;
	if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		serial = 1;
	X509_set_version(x, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), until);
	X509_set_pubkey(x, key);
	name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, name);
	return x;
}

static int
extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL)
		return -EINVAL;
	ok = X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	return ok == 1 ? 0 : -EINVAL;
}

X509 *
tls_self_signed(EVP_PKEY *key, const char *cn, long days)
{
	X509 *x = blank(key, cn, -86400, days * 86400);

	if (x != NULL && X509_sign(x, key, EVP_sha256()) == 0) {
		X509_free(x);
		return NULL;
	}
	return x;
}

struct tls_ca *
tls_ca_new(void)
{
	struct tls_ca *ca = xcalloc(1, sizeof(*ca));

	ca->key = EVP_EC_gen("P-256");
	if (ca->key == NULL)
		goto fail;
	/* A year on both sides: tests move the clock. */
	ca->cert =
	    blank(ca->key, "awsfed simulator CA", -400 * 86400L, 400 * 86400L);
	if (ca->cert == NULL ||
	    extend(ca->cert, ca->cert, NID_basic_constraints,
		"critical,CA:TRUE") < 0 ||
	    extend(ca->cert, ca->cert, NID_key_usage,
		"critical,keyCertSign,cRLSign") < 0 ||
	    extend(ca->cert, ca->cert, NID_subject_key_identifier, "hash") <
		0 ||
	    X509_sign(ca->cert, ca->key, EVP_sha256()) == 0)
		goto fail;
	return ca;
fail:
	tls_ca_free(ca);
	return NULL;
}

void
tls_ca_free(struct tls_ca *ca)
{
	if (ca == NULL)
		return;
	EVP_PKEY_free(ca->key);
	X509_free(ca->cert);
	xfree(ca);
}

int
tls_ca_write(const struct tls_ca *ca, const char *path)
{
	FILE *f = fopen(path, "we");
	int ok;

	if (f == NULL)
		return -errno;
	ok = PEM_write_X509(f, ca->cert);
	if (fclose(f) != 0 || ok != 1)
		return -EIO;
	return 0;
}

static char *
alt_names(const struct strv *names)
{
	struct buf b = BUF_INIT(65536);

	for (size_t i = 0; i < names->n; i++) {
		const char *n = names->v[i];
		int ip = strspn(n, "0123456789.") == strlen(n);

		put(&b, "%s%s:%s", i > 0 ? "," : "", ip ? "IP" : "DNS", n);
	}
	return buf_take(&b);
}

SSL_CTX *
tls_context(
    const struct tls_ca *ca, enum tls_flaw flaw, const struct strv *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *signer = NULL;
	_cleanup_free_ char *sans = flaw == TLS_WRONG_NAME ?
	    xstrdup("DNS:wrong.example.invalid") :
	    alt_names(names);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method()), *ret = NULL;
	X509 *x = NULL, *issuer;

	if (key == NULL || ctx == NULL)
		goto out;
	x = blank(key, "awsfed simulator",
	    flaw == TLS_FUTURE ? 86400L : -300 * 86400L,
	    flaw == TLS_EXPIRED ? -86400L : 300 * 86400L);
	if (x == NULL)
		goto out;
	issuer = flaw == TLS_FOREIGN ? x : ca->cert;
	signer = flaw == TLS_FOREIGN ? key : ca->key;
	X509_set_issuer_name(x, X509_get_subject_name(issuer));
	if (extend(x, issuer, NID_subject_alt_name, sans) < 0 ||
	    extend(x, issuer, NID_basic_constraints, "CA:FALSE") < 0 ||
	    extend(x, issuer, NID_ext_key_usage, "serverAuth") < 0 ||
	    (flaw != TLS_FOREIGN &&
		extend(x, issuer, NID_authority_key_identifier, "keyid") < 0) ||
	    X509_sign(x, signer, EVP_sha256()) == 0 ||
	    SSL_CTX_use_certificate(ctx, x) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		goto out;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
	ret = ctx;
	ctx = NULL;
out:
	SSL_CTX_free(ctx);
	X509_free(x);
	EVP_PKEY_free(key);
	return ret;
}
