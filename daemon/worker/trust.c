/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "authorities.h"

#define CA_MAX (8 * 1024 * 1024)

struct trust {
	struct buf pem;
	const char *dir;   /* the system's, where it has no file; or NULL */
	X509_STORE *store; /* of all of pem, or NULL */
	bool tried;
};

struct trust *
trust_new(const char *ca_bundle, const struct authorities *system)
{
	struct trust *t = xcalloc(1, sizeof(*t));
	const char *files[] = { ca_bundle, system->file };

	t->dir = system->dir;
	buf_init(&t->pem, 2 * CA_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *data = NULL;
		size_t len;

		if (files[i] != NULL &&
		    path_read(files[i], CA_MAX, &data, &len) == 0 &&
		    (buf_add(&t->pem, data, len) < 0 ||
			buf_add(&t->pem, "\n", 1) < 0))
			break;
	}
	return t->pem.len > 0 ? t : trust_free(t);
}

struct trust *
trust_free(struct trust *t)
{
	if (t == NULL)
		return NULL;
	X509_STORE_free(t->store);
	buf_done(&t->pem);
	xfree(t);
	return NULL;
}

bool
trust_openssl(const char **ret_tls)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	*ret_tls = tls == NULL ? "none" : tls;
	return strstr(*ret_tls, "OpenSSL") != NULL;
}

static int
add(X509_STORE *store, STACK_OF(X509_INFO) * list)
{
	for (int i = 0; i < sk_X509_INFO_num(list); i++) {
		X509_INFO *one = sk_X509_INFO_value(list, i);

		if (one->x509 != NULL &&
		    X509_STORE_add_cert(store, one->x509) != 1)
			return -1;
	}
	return sk_X509_INFO_num(list) > 0 ? 0 : -1;
}

/* NULL: not a list of certificates. */
static X509_STORE *
parse(const struct buf *pem, const char *dir)
{
	BIO *bio = pem->len > INT_MAX ?
	    NULL :
	    BIO_new_mem_buf(pem->data, (int)pem->len);
	STACK_OF(X509_INFO) *list =
	    bio == NULL ? NULL : PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	X509_STORE *store = list == NULL ? NULL : X509_STORE_new();

	/* libcurl's own rule: an authority need not be a root. */
	if (store != NULL &&
	    (add(store, list) < 0 ||
		(dir != NULL && X509_STORE_load_path(store, dir) != 1) ||
		X509_STORE_set_flags(store,
		    X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) !=
		    1)) {
		X509_STORE_free(store);
		store = NULL;
	}
	sk_X509_INFO_pop_free(list, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
	return store;
}

void
trust_prepare(struct trust *t)
{
	const char *tls;

	if (t == NULL || t->tried)
		return;
	t->tried = true;
	if (trust_openssl(&tls))
		t->store = parse(&t->pem, t->dir);
}

static CURLcode
on_context(CURL *e, void *ctx, void *arg)
{
	const struct trust *t = arg;

	(void)e;
	SSL_CTX_set1_cert_store(ctx, t->store);
	return CURLE_OK;
}

void
trust_use(struct trust *t, CURL *e)
{
	struct curl_blob blob = { t->pem.data, t->pem.len, CURL_BLOB_NOCOPY };

	trust_prepare(t);
	if (t->store != NULL &&
	    curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_context) ==
		CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, t) == CURLE_OK) {
		curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
		/* Its store of authorities is another one's. */
		curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
		return;
	}
	/* libcurl has the word for what is wrong with them. */
	curl_easy_setopt(e, CURLOPT_CAPATH, t->dir);
	curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob);
}
