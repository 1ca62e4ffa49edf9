/* SPDX-License-Identifier: Apache-2.0 */
#include "sts.h"

#include <errno.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/clock.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "origin.h"
#include "page.h"
#include "xml.h"

#define ROLE_ARN_MIN 20
#define POLICY_ARNS_MAX 10
#define HEAD_ROOM 512 /* of a request, before its assertion */

/* ---- request ------------------------------------------------------------- */

static int
malformed(struct fault *fault)
{
	fault_set(fault, FAULT_INTERNAL, REASON_MALFORMED,
	    _("The agent's list of roles cannot be used."));
	fault_next(
	    fault, _("Restart the agent: systemctl --user restart awsfedd."));
	return -1;
}

int
sts_target_parse(const json_t *j, struct sts_role *ret, struct fault *fault)
{
	struct sts_role r = { 0 };
	const char *policy = json_string_value(json_object_get(j, "policy"));

	if (json_str(j, "profile", 512, &r.profile) < 0 ||
	    json_str(j, "roleArn", ARN_MAX, &r.role_arn) < 0 ||
	    json_str_opt(j, "region", 64, &r.region) < 0 ||
	    json_str_opt(j, "endpoint", 2048, &r.endpoint) < 0 ||
	    json_int_opt(j, "duration", 0, 43200, 0, &r.duration) < 0 ||
	    json_bool_opt(j, "fips", false, &r.fips) < 0 ||
	    json_bool_opt(j, "dualstack", false, &r.dualstack) < 0)
		return malformed(fault);
	r.policy = str_empty(policy) ? NULL : policy;
	r.policy_arns = json_object_get(j, "policyArns");
	if (r.policy_arns != NULL &&
	    json_array_size(r.policy_arns) > POLICY_ARNS_MAX) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("AWS takes at most %d policy ARNs."), POLICY_ARNS_MAX);
		fault_next(
		    fault, _("Shorten awsfed.policy_arns of %s."), r.profile);
		return -1;
	}
	*ret = r;
	return 0;
}

int
sts_role_parse(const json_t *j, struct sts_role *ret, struct fault *fault)
{
	struct sts_role r;

	if (sts_target_parse(j, &r, fault) < 0)
		return -1;
	if (json_str(j, "principalArn", ARN_MAX, &r.principal_arn) < 0)
		return malformed(fault);
	*ret = r;
	return 0;
}

static char *
own_endpoint(
    const struct sts_role *r, bool allow_http_loopback, struct fault *fault)
{
	_cleanup_origin_ struct origin o = { 0 };
	const struct policy p = { .allow_http_loopback = allow_http_loopback };

	if (origin_parse(r->endpoint, &o) < 0 || !policy_scheme_ok(&p, &o)) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The STS endpoint of %s is not an https address."),
		    r->profile);
		fault_next(fault,
		    _("Check endpoint_url of the profile and "
		      "AWS_ENDPOINT_URL_STS."));
		return NULL;
	}
	return url_resolve(r->endpoint, NULL);
}

/* The ARN decides the partition: a region of another one is no use. */
static const char *
region_in(const struct partition *p, const char *region)
{
	if (region == NULL || !region_valid(region))
		return NULL;
	if (strcmp(region, "aws-global") == 0)
		return p->global_sts != NULL ? region : NULL;
	return partition_by_region(region) == p ? region : NULL;
}

char *
sts_endpoint(
    const struct sts_role *r, bool allow_http_loopback, struct fault *fault)
{
	const struct partition *p = partition_of_arn(r->role_arn);
	_cleanup_free_ char *host = NULL;

	if (r->endpoint != NULL)
		return own_endpoint(r, allow_http_loopback, fault);
	if (p == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s is not a role of an AWS partition that awsfed "
		      "knows."),
		    r->role_arn);
		fault_next(
		    fault, _("Check adfs_config.role_arn of %s."), r->profile);
		return NULL;
	}
	host =
	    sts_host(p, region_in(p, r->region), r->fips, r->dualstack, NULL);
	return xasprintf("https://%s/", host);
}

char *
sts_signing_region(const struct sts_role *r)
{
	const struct partition *p = partition_of_arn(r->role_arn);
	_cleanup_free_ char *host = NULL;
	char *region;

	if (p == NULL) /* with an endpoint of its own */
		p = partition_by_region(r->region);
	host = sts_host(p, region_in(p, r->region), false, false, &region);
	return region;
}

int
sts_add(struct buf *out, const char *name, const char *value)
{
	int r = out->len == 0 ? 0 : buf_add(out, "&", 1);

	if (r == 0)
		r = buf_adds(out, name);
	if (r == 0)
		r = buf_add(out, "=", 1);
	return r < 0 ? r : form_escape(out, value);
}

int
sts_add_limits(struct buf *out, const struct sts_role *role)
{
	char name[48], number[24];
	size_t i;
	json_t *v;

	if (role->duration > 0) {
		snprintf(
		    number, sizeof(number), "%lld", (long long)role->duration);
		if (sts_add(out, "DurationSeconds", number) < 0)
			return -EMSGSIZE;
	}
	if (role->policy != NULL && sts_add(out, "Policy", role->policy) < 0)
		return -EMSGSIZE;
	json_array_foreach (role->policy_arns, i, v) {
		snprintf(
		    name, sizeof(name), "PolicyArns.member.%zu.arn", i + 1);
		if (json_is_string(v) &&
		    sts_add(out, name, json_string_value(v)) < 0)
			return -EMSGSIZE;
	}
	return 0;
}

int
sts_request(
    const struct sts_role *role, const struct buf *assertion, struct buf *out)
{
	if (assertion->len == 0 ||
	    buf_reserve(out, assertion->len + HEAD_ROOM) < 0 ||
	    sts_add(out, "Action", "AssumeRoleWithSAML") < 0 ||
	    sts_add(out, "Version", "2011-06-15") < 0 ||
	    sts_add(out, "RoleArn", role->role_arn) < 0 ||
	    sts_add(out, "PrincipalArn", role->principal_arn) < 0 ||
	    sts_add_limits(out, role) < 0 || buf_add(out, "&", 1) < 0)
		return -EMSGSIZE;
	return buf_add(out, assertion->data, assertion->len);
}

/* ---- answer -------------------------------------------------------------- */

static char *
text_of(const xmlNode *root, const char *name, size_t max)
{
	const xmlNode *n = node_find(root, name);
	char *s;

	if (n == NULL)
		return NULL;
	s = node_text(n, max);
	if (*s != '\0')
		return s;
	xfree(s);
	return NULL;
}

/* The grammar of a credentials file: no blank, no control character. */
static bool
value_ok(const char *s)
{
	return s != NULL && str_printable(s) && strchr(s, ' ') == NULL;
}

int
sts_parse(const char *bytes, size_t len, struct sts_answer *ret)
{
	_cleanup_answer_ struct sts_answer a = { 0 };
	_cleanup_xmldoc_ xmlDoc *doc = xml_read(bytes, len);
	_cleanup_free_ char *expiration = NULL;
	const xmlNode *root, *creds;

	if (doc == NULL)
		return -EBADMSG;
	root = xml_root(doc);
	a.request_id = text_of(root, "RequestId", 128);
	if (node_is(root, NULL, "ErrorResponse")) {
		/* <Error>, or <Errors><Error>. */
		a.code = text_of(root, "Code", 128);
		a.message = text_of(root, "Message", 2048);
		if (a.code == NULL)
			return -EBADMSG;
	} else if ((creds = node_find(root, "Credentials")) != NULL) {
		a.access_key_id = text_of(creds, "AccessKeyId", 256);
		a.secret_access_key = text_of(creds, "SecretAccessKey", 256);
		a.session_token = text_of(creds, "SessionToken", 64 * 1024);
		expiration = text_of(creds, "Expiration", 64);
		a.principal = text_of(root, "Arn", ARN_MAX);
		if (!value_ok(a.access_key_id) ||
		    !value_ok(a.secret_access_key) ||
		    !value_ok(a.session_token) || expiration == NULL ||
		    rfc3339_parse(expiration, &a.expiration_s) < 0 ||
		    (a.principal != NULL && !value_ok(a.principal)))
			return -EBADMSG;
	} else {
		return -EBADMSG;
	}
	*ret = a;
	a = (struct sts_answer){ 0 };
	return 0;
}

void
sts_answer_done(struct sts_answer *a)
{
	xfree(a->access_key_id);
	xfree(a->secret_access_key);
	xfree(a->session_token);
	xfree(a->principal);
	xfree(a->code);
	xfree(a->message);
	xfree(a->request_id);
	*a = (struct sts_answer){ 0 };
}
