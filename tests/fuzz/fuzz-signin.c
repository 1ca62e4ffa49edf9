/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole sign-in from a list of pages (fake-peer.h has the format): whatever
 * they say, it ends in an assertion or in one fault a person can read, posts
 * one password to the one host it belongs to, and never goes on for ever.
 */
#include "fuzz.h"

#include <gssapi/gssapi.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/types.h>

#include "awsfed/log.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "fake-peer.h"
#include "signin.h"

/* The real one takes 50 ms, on purpose. */
int __wrap_EVP_PBE_scrypt_ex(const char *pass, size_t passlen,
    const unsigned char *salt, size_t saltlen, uint64_t n, uint64_t r,
    uint64_t p, uint64_t maxmem, unsigned char *key, size_t keylen,
    OSSL_LIB_CTX *ctx, const char *props);

int
__wrap_EVP_PBE_scrypt_ex(const char *pass, size_t passlen,
    const unsigned char *salt, size_t saltlen, uint64_t n, uint64_t r,
    uint64_t p, uint64_t maxmem, unsigned char *key, size_t keylen,
    OSSL_LIB_CTX *ctx, const char *props)
{
	(void)pass;
	(void)passlen;
	(void)salt;
	(void)saltlen;
	(void)n;
	(void)r;
	(void)p;
	(void)maxmem;
	(void)ctx;
	(void)props;
	memset(key, 0x5a, keylen);
	return 1;
}

/* The real one reads files of this machine; a cache that holds nothing. */
OM_uint32 __wrap_gss_acquire_cred(OM_uint32 *minor, gss_name_t name,
    OM_uint32 time, gss_OID_set mechs, gss_cred_usage_t usage,
    gss_cred_id_t *cred, gss_OID_set *ret_mechs, OM_uint32 *ret_time);

OM_uint32
__wrap_gss_acquire_cred(OM_uint32 *minor, gss_name_t name, OM_uint32 time,
    gss_OID_set mechs, gss_cred_usage_t usage, gss_cred_id_t *cred,
    gss_OID_set *ret_mechs, OM_uint32 *ret_time)
{
	(void)name;
	(void)time;
	(void)mechs;
	(void)usage;
	(void)cred;
	(void)ret_mechs;
	(void)ret_time;
	*minor = 0;
	return GSS_S_NO_CRED;
}

static const char *
auth(void)
{
	return fake_option('K') ? "kerberos" :
	    fake_option('N')	? "ntlm" :
	    fake_option('C')	? "certificate" :
	    fake_option('F')	? "forms" :
				  "auto";
}

static json_t *
job_message(void)
{
	json_t *j = json_pack("{ss ss ss ss ss s[s s s] s[]}", "host",
	    FAKE_HOST, "path", "/adfs/ls/IdpInitiatedSignOn.aspx", "providerId",
	    "urn:amazon:webservices", "auth", auth(), "salt",
	    "000102030405060708090a0b0c0d0e0f", "allowedHosts",
	    "partner.example.net", "api.duosecurity.com",
	    "password@" FAKE_PARTNER, "cookies");

	if (!fake_option('n'))
		json_put_str(j, "user", "CORP\\jane");
	if (fake_option('w'))
		json_put_str(j, "domain", "CORP");
	if (fake_option('h'))
		json_put_str(j, "homeRealm", "AD AUTHORITY");
	if (fake_option('m'))
		json_put_str(j, "mfaMethod",
		    "AzureMfaAuthentication, SecurIDAuthentication");
	json_object_set_new(j, "keepSignedIn", json_boolean(fake_option('k')));
	json_object_set_new(j, "attended", json_boolean(!fake_option('u')));
	json_object_set_new(j, "spInitiated", json_boolean(fake_option('s')));
	json_object_set_new(j, "totp", json_boolean(fake_option('t')));
	json_object_set_new(j, "aliases", json_boolean(fake_option('a')));
	return j;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *copy = NULL;
	struct conduit c;
	json_t *job;

	xalloc_install();
	fuzz_keep();
	log_set_max(LOG_CRIT);
	if (size == 0)
		return 0;
	copy = xmalloc(size);
	memcpy(copy, data, size);
	fake_begin((const uint8_t *)copy, size);
	job = job_message();
	conduit_init(&c, -1);
	signin_job(&c, job);
	json_decref(job);
	conduit_done(&c);
	if (fake.assertions + fake.faults != 1)
		fake_wrong("not one end, but none or several");
	if (fake.outcomes != fake.attempts)
		fake_wrong("an attempt without an outcome");
	return 0;
}
