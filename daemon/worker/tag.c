/* SPDX-License-Identifier: Apache-2.0 */
#include "tag.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

struct tag {
	pthread_t thread;
	bool runs;
	const struct secret *password;
	const unsigned char *salt;
	char text[TAG_SIZE];
};

/*
 * On a machine in FIPS mode OpenSSL's own context has no scrypt.  What is made
 * here protects nothing: a context of its own does without that mode.
 */
static bool
derive(const struct tag *t, unsigned char *key, size_t len)
{
	OSSL_LIB_CTX *own = OSSL_LIB_CTX_new();
	bool made;

	/* N 16384, r 8, p 1: 16 MiB, some 50 ms.  RFC 7914. */
	made = own != NULL && EVP_default_properties_enable_fips(own, 0) == 1 &&
	    EVP_PBE_scrypt_ex(secret_bytes(t->password),
		secret_len(t->password), t->salt, JOB_SALT_SIZE, 16384, 8, 1,
		64 * 1024 * 1024, key, len, own, NULL) == 1;
	OSSL_LIB_CTX_free(own);
	return made;
}

static void *
make(void *arg)
{
	struct tag *t = arg;
	unsigned char key[2];

	if (!derive(t, key, sizeof(key)))
		xalloc_oom(); /* no way to keep the ledger's promise */
	str_hex(key, sizeof(key), t->text);
	return NULL;
}

struct tag *
tag_start(
    const struct secret *password, const unsigned char salt[JOB_SALT_SIZE])
{
	struct tag *t = xcalloc(1, sizeof(*t));

	t->password = password;
	t->salt = salt;
	t->runs = pthread_create(&t->thread, NULL, make, t) == 0;
	return t;
}

void
tag_end(struct tag *t, char ret[TAG_SIZE])
{
	if (t->runs)
		pthread_join(t->thread, NULL);
	else
		make(t);
	memcpy(ret, t->text, TAG_SIZE);
	xfree(t);
}
