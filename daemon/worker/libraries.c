/* SPDX-License-Identifier: Apache-2.0 */
#include "libraries.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

extern char **environ;

/* Names, or beginnings of names. */
static const char *const denied[] = {
	"SSLKEYLOGFILE",
	"OPENSSL_CONF",
	"OPENSSL_MODULES",
	"OPENSSL_ENGINES",
	"SSL_CERT_FILE",
	"SSL_CERT_DIR",
	"XML_CATALOG_FILES",
	"SGML_CATALOG_FILES",
	"XML_DEBUG_CATALOG",
	"KRB5_TRACE",
	"GCONV_PATH",
	"NETRC",
	"CURL_*",
	"LD_*",
	"MALLOC_*",
	"GLIBC_TUNABLES",
	"LOCALDOMAIN",
	"RES_OPTIONS",
	"HOSTALIASES",
	"http_proxy",
	"https_proxy",
	"all_proxy",
	"no_proxy",
	"HTTP_PROXY",
	"HTTPS_PROXY",
	"ALL_PROXY",
	"NO_PROXY",
};

static bool
is_denied(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(denied); i++) {
		size_t n = strlen(denied[i]);

		if (denied[i][n - 1] == '*' ?
			len >= n - 1 && strncmp(name, denied[i], n - 1) == 0 :
			len == n && strncmp(name, denied[i], n) == 0)
			return true;
	}
	return false;
}

void
libraries_clean_environment(void)
{
	size_t i = 0;

	while (environ != NULL && environ[i] != NULL) {
		size_t len = strcspn(environ[i], "=");
		char name[256];

		if (len >= sizeof(name) || !is_denied(environ[i], len)) {
			i++;
			continue;
		}
		memcpy(name, environ[i], len);
		name[len] = '\0';
		if (unsetenv(name) < 0)
			i++;
	}
}

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : xmalloc(size);
}

static void *
crypto_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0) {
		xfree(p);
		return NULL;
	}
	return xrealloc(p, size);
}

static void
crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	xfree(p);
}

static void *
plain_malloc(size_t size)
{
	return xmalloc(size);
}

static void *
plain_realloc(void *p, size_t size)
{
	return xrealloc(p, size);
}

static void *
plain_calloc(size_t n, size_t size)
{
	return xcalloc(n, size);
}

static char *
plain_strdup(const char *s)
{
	return xstrdup(s);
}

int
libraries_start(void)
{
	if (CRYPTO_set_mem_functions(
		crypto_malloc, crypto_realloc, crypto_free) != 1)
		return -1;
	xalloc_install();
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, plain_malloc, xfree,
		plain_realloc, plain_strdup, plain_calloc) != CURLE_OK)
		return -1;
	return 0;
}
