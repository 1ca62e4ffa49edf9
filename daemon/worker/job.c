/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "fields.h"

static const struct text_field strings[] = {
	{ "host", offsetof(struct job, host), 300, true },
	{ "path", offsetof(struct job, path), 1024, true },
	{ "query", offsetof(struct job, query), 4096, false },
	{ "providerId", offsetof(struct job, provider_id), 1024, true },
	{ "user", offsetof(struct job, user), 512, false },
	{ "domain", offsetof(struct job, domain), 256, false },
	{ "auth", offsetof(struct job, auth), 32, false },
	{ "homeRealm", offsetof(struct job, home_realm), 1024, false },
	{ "mfaMethod", offsetof(struct job, mfa_method), 256, false },
	{ "mfaAdapters", offsetof(struct job, mfa_adapters), 4096, false },
	{ "duoFactor", offsetof(struct job, duo_factor), 256, false },
	{ "duoDevice", offsetof(struct job, duo_device), 256, false },
	{ "clientCert", offsetof(struct job, client_cert), 4096, false },
	{ "clientKey", offsetof(struct job, client_key), 4096, false },
	{ "ccache", offsetof(struct job, ccache), 4096, false },
	{ "caBundle", offsetof(struct job, ca_bundle), 4096, false },
	{ "httpsProxy", offsetof(struct job, https_proxy), 1024, false },
	{ "noProxy", offsetof(struct job, no_proxy), 4096, false },
	{ "assertion", offsetof(struct job, assertion), JOB_ASSERTION_MAX,
	    false },
};

static const struct {
	const char *key;
	size_t offset;
	bool def;
} bools[] = {
	{ "keepSignedIn", offsetof(struct job, keep_signed_in), false },
	{ "sslVerification", offsetof(struct job, ssl_verification), true },
	{ "allowHttpLoopback", offsetof(struct job, allow_http_loopback),
	    false },
	{ "attended", offsetof(struct job, attended), false },
	{ "aliases", offsetof(struct job, aliases), false },
	{ "spInitiated", offsetof(struct job, sp_initiated), false },
	{ "totp", offsetof(struct job, totp), false },
	{ "worked", offsetof(struct job, worked), false },
};

static const struct {
	const char *key;
	size_t offset;
	int64_t max;
	int64_t def;
	bool zero; /* allowed */
} numbers[] = {
	{ "mfaTimeout", offsetof(struct job, mfa_timeout), 3600, 120, false },
	{ "pushes", offsetof(struct job, pushes), 100, JOB_PUSHES, true },
	{ "totpUsed", offsetof(struct job, totp_used), INT64_MAX, 0, false },
	{ "questionTimeout", offsetof(struct job, question_timeout), 86400, 300,
	    false },
};

static int
parse_salt(const json_t *msg, unsigned char salt[JOB_SALT_SIZE])
{
	const char *hex;

	if (json_str(msg, "salt", 2 * JOB_SALT_SIZE, &hex) < 0 ||
	    strlen(hex) != 2 * JOB_SALT_SIZE)
		return -1;
	for (size_t i = 0; i < JOB_SALT_SIZE; i++) {
		int hi = str_unhex(hex[2 * i]), lo = str_unhex(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		salt[i] = (unsigned char)(hi << 4 | lo);
	}
	return 0;
}

/* Lines for libcurl: tabs are theirs, line ends would smuggle a header. */
static bool
cookies_ok(const json_t *cookies)
{
	size_t i;
	json_t *v;

	if (cookies == NULL || json_is_null(cookies))
		return true;
	if (!json_is_array(cookies) ||
	    json_array_size(cookies) > JOB_COOKIES_MAX)
		return false;
	json_array_foreach (cookies, i, v) {
		const char *s = json_string_value(v);

		if (s == NULL || strlen(s) != json_string_length(v) ||
		    strpbrk(s, "\r\n") != NULL || strchr(s, '\t') == NULL)
			return false;
	}
	return true;
}

static int
parse_hosts(const json_t *msg, struct job *j)
{
	const json_t *hosts = json_object_get(msg, "allowedHosts");
	size_t i;
	json_t *v;

	if (hosts == NULL || json_is_null(hosts))
		return 0;
	if (!json_is_array(hosts) || json_array_size(hosts) > 100)
		return -1;
	json_array_foreach (hosts, i, v) {
		const char *s = json_string_value(v);

		if (str_empty(s) || !str_printable(s))
			return -1;
		strv_add(&j->allowed_hosts, s);
	}
	return 0;
}

int
job_parse(const json_t *msg, struct job *ret, struct fault *fault)
{
	_cleanup_job_ struct job j = { 0 };

	if (fields_texts(msg, strings, ARRAY_SIZE(strings), &j, fault) < 0 ||
	    fields_times(msg, &j.connect_timeout, &j.timeout, fault) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(bools); i++)
		if (json_bool_opt(msg, bools[i].key, bools[i].def,
			(bool *)((char *)&j + bools[i].offset)) < 0)
			return fields_bad(fault, bools[i].key);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (json_int_opt(msg, numbers[i].key, !numbers[i].zero,
			numbers[i].max, numbers[i].def,
			(int64_t *)(void *)((char *)&j + numbers[i].offset)) <
		    0)
			return fields_bad(fault, numbers[i].key);
	if (parse_salt(msg, j.salt) < 0)
		return fields_bad(fault, "salt");
	if (parse_hosts(msg, &j) < 0)
		return fields_bad(fault, "allowedHosts");
	j.cookies = json_object_get(msg, "cookies");
	if (!cookies_ok(j.cookies))
		return fields_bad(fault, "cookies");
	if (j.path[0] != '/' || strpbrk(j.path, " ?#") != NULL)
		return fields_bad(fault, "path");
	*ret = j;
	j = (struct job){ 0 };
	return 0;
}

void
job_done(struct job *j)
{
	strv_done(&j->allowed_hosts);
	explicit_bzero(j, sizeof(*j));
}
