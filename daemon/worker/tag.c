/* SPDX-License-Identifier: Apache-2.0 */
#include "tag.h"

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

static void *
make(void *arg)
{
	struct tag *t = arg;
	unsigned char key[2];

	/* N 16384, r 8, p 1: 16 MiB, some 50 ms.  RFC 7914. */
	if (EVP_PBE_scrypt(secret_bytes(t->password), secret_len(t->password),
		t->salt, JOB_SALT_SIZE, 16384, 8, 1, 64 * 1024 * 1024, key,
		sizeof(key)) != 1)
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
