/* SPDX-License-Identifier: Apache-2.0 */
#include "totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define URI_MAX 4096 /* bytes of an otpauth URI */

static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
} hashes[] = {
	[TOTP_SHA1] = { "SHA1", EVP_sha1 },
	[TOTP_SHA256] = { "SHA256", EVP_sha256 },
	[TOTP_SHA512] = { "SHA512", EVP_sha512 },
};

/* RFC 4648 section 6: five bits a letter. */
static int
base32(const char *text, struct secret **ret)
{
	unsigned char key[TOTP_KEY_MAX];
	uint32_t bits = 0;
	unsigned nbits = 0;
	size_t n = 0;
	int r = 0;

	for (const char *p = text; *p != '\0' && r == 0; p++) {
		unsigned v;

		if (*p == ' ' || *p == '-' || *p == '=')
			continue;
		if (*p >= 'A' && *p <= 'Z')
			v = (unsigned)(*p - 'A');
		else if (*p >= 'a' && *p <= 'z')
			v = (unsigned)(*p - 'a');
		else if (*p >= '2' && *p <= '7')
			v = (unsigned)(*p - '2') + 26;
		else {
			r = -EINVAL;
			break;
		}
		bits = (bits << 5 | v) & 0xfff;
		nbits += 5;
		if (nbits < 8)
			continue;
		nbits -= 8;
		if (n == sizeof(key))
			r = -EINVAL;
		else
			key[n++] = (unsigned char)(bits >> nbits);
	}
	if (r == 0 && n < TOTP_KEY_MIN)
		r = -EINVAL;
	if (r == 0)
		*ret = secret_new((const char *)key, n);
	explicit_bzero(key, sizeof(key));
	bits = 0;
	return r;
}

/* In place; -EINVAL for a broken escape or one of a NUL. */
static int
unescape(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		int hi, lo;

		if (*s != '%') {
			*out++ = *s;
			continue;
		}
		if ((hi = str_unhex(s[1])) < 0 || (lo = str_unhex(s[2])) < 0 ||
		    (hi == 0 && lo == 0))
			return -EINVAL;
		*out++ = (char)(hi << 4 | lo);
		s += 2;
	}
	*out = '\0';
	return 0;
}

static int
parameter(struct totp *t, const char *name, const char *value)
{
	int64_t n;

	if (strcasecmp(name, "secret") == 0)
		return t->key != NULL ? -EINVAL : base32(value, &t->key);
	if (strcasecmp(name, "digits") == 0) {
		if (str_int(value, 6, 8, &n) < 0)
			return -EINVAL;
		t->digits = (unsigned)n;
	} else if (strcasecmp(name, "period") == 0) {
		if (str_int(value, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX, &n) < 0)
			return -EINVAL;
		t->period = n;
	} else if (strcasecmp(name, "algorithm") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
			if (strcasecmp(hashes[i].name, value) == 0) {
				t->hash = (enum totp_hash)i;
				return 0;
			}
		return -EINVAL;
	}
	return 0; /* issuer, image, …: not for us */
}

static int
uri(const char *text, struct totp *t)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *p = strchr(copy, '?'), *save = NULL;

	if (p == NULL)
		return -EINVAL;
	for (p = strtok_r(p + 1, "&", &save); p != NULL;
	     p = strtok_r(NULL, "&", &save)) {
		char *value = strchr(p, '=');

		if (value == NULL)
			return -EINVAL;
		*value++ = '\0';
		if (unescape(value) < 0 || parameter(t, p, value) < 0)
			return -EINVAL;
	}
	return t->key == NULL ? -EINVAL : 0;
}

int
totp_parse(const char *text, struct totp *ret)
{
	_cleanup_totp_ struct totp t = { NULL, TOTP_SHA1, 6, 30 };
	int r;

	if (strlen(text) > URI_MAX)
		return -EINVAL;
	if (strncasecmp(text, "otpauth:", 8) != 0)
		r = base32(text, &t.key);
	else if (strncasecmp(text, "otpauth://totp/", 15) == 0)
		r = uri(text, &t);
	else
		r = -EINVAL;
	if (r < 0)
		return r;
	*ret = t;
	t.key = NULL;
	return 0;
}

void
totp_done(struct totp *t)
{
	secret_free(t->key);
	t->key = NULL;
}

int64_t
totp_step(const struct totp *t, int64_t time_s)
{
	return time_s < 0 ? 0 : time_s / t->period;
}

void
totp_code(const struct totp *t, int64_t step, char code[TOTP_CODE_SIZE])
{
	static const uint32_t tens[] = { 1000000, 10000000, 100000000 };
	unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0, at;
	uint32_t n;

	for (int i = 0; i < 8; i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	if (HMAC(hashes[t->hash].md(), secret_bytes(t->key),
		(int)secret_len(t->key), counter, sizeof(counter), mac,
		&mac_len) == NULL)
		xalloc_oom();
	at = mac[mac_len - 1] & 15u;
	n = ((uint32_t)mac[at] & 0x7fu) << 24 | (uint32_t)mac[at + 1] << 16 |
	    (uint32_t)mac[at + 2] << 8 | mac[at + 3];
	n %= tens[t->digits - 6];
	for (unsigned i = t->digits; i-- > 0; n /= 10)
		code[i] = (char)('0' + n % 10);
	code[t->digits] = '\0';
	explicit_bzero(mac, sizeof(mac));
}
