/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <awsfed/str.h>

#include "totp.h"

#define TOTP_STEP 30
#define TOTP_KEY_MAX 64

/* Bytes of the key, or 0 when it is none. */
static size_t
decode(const char *secret, unsigned char key[TOTP_KEY_MAX])
{
	uint32_t bits = 0, have = 0;
	size_t n = 0;

	for (; *secret != '\0'; secret++) {
		unsigned v;

		if (*secret == ' ' || *secret == '-' || *secret == '=')
			continue;
		if (*secret >= 'A' && *secret <= 'Z')
			v = (unsigned)(*secret - 'A');
		else if (*secret >= 'a' && *secret <= 'z')
			v = (unsigned)(*secret - 'a');
		else if (*secret >= '2' && *secret <= '7')
			v = (unsigned)(*secret - '2') + 26;
		else
			return 0;
		bits = (bits << 5 | v) & 0xfff;
		have += 5;
		if (have < 8)
			continue;
		if (n == TOTP_KEY_MAX)
			return 0;
		have -= 8;
		key[n++] = (unsigned char)(bits >> have);
	}
	return n;
}

bool
totp_secret(const char *secret)
{
	unsigned char key[TOTP_KEY_MAX];

	return decode(secret, key) >= 8;
}

bool
totp_matches(
    const char *secret, const char *code, int64_t now, int64_t *ret_step)
{
	unsigned char key[TOTP_KEY_MAX];
	size_t n = decode(secret, key);

	for (int64_t step = now / TOTP_STEP - 1; step <= now / TOTP_STEP + 1;
	     step++) {
		unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
		unsigned len = 0, at;
		uint32_t value;
		char text[16];

		for (int i = 0; i < 8; i++)
			counter[i] = (unsigned char)(step >> (56 - 8 * i));
		if (HMAC(EVP_sha1(), key, (int)n, counter, sizeof(counter), mac,
			&len) == NULL)
			return false;
		at = mac[len - 1] & 15;
		value = (uint32_t)(mac[at] & 0x7f) << 24 |
		    (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 |
		    mac[at + 3];
		snprintf(text, sizeof(text), "%06u", value % 1000000);
		if (str_eq(text, code)) {
			*ret_step = step;
			return true;
		}
	}
	return false;
}
