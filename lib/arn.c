/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/arn.h"

#include <errno.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

/*
 * Hosts as botocore's endpoints and the sign-in documents give them; where no
 * public source names a sign-in host for all regions, it is NULL and
 * Destination is taken from the assertion: the endpoint rules of the SDKs'
 * signin service say what it ends in.  The first row is the fallback.
 */
static const struct partition partitions[] = {
	{ "aws", "us- eu- ap- sa- ca- me- af- il- mx-", "amazonaws.com",
	    "api.aws", "sts-fips", "us-east-1", "sts.amazonaws.com",
	    "signin.aws.amazon.com", "console.aws.amazon.com",
	    "urn:amazon:webservices", NULL },
	{ "aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn",
	    NULL, "cn-northwest-1", NULL, "signin.amazonaws.cn",
	    "console.amazonaws.cn", "urn:amazon:webservices:cn-north-1", NULL },
	{ "aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "sts",
	    "us-gov-west-1", NULL, "signin.amazonaws-us-gov.com",
	    "console.amazonaws-us-gov.com", "urn:amazon:webservices:govcloud",
	    NULL },
	{ "aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", NULL,
	    "us-iso-east-1", NULL, "signin.c2shome.ic.gov", NULL, NULL, NULL },
	{ "aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", NULL,
	    "us-isob-east-1", NULL, "signin.sc2shome.sgov.gov", NULL, NULL,
	    NULL },
	{ "aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk",
	    NULL, "eu-isoe-west-1", NULL, NULL, NULL, NULL,
	    "signin.csphome.adc-e.uk" },
	{ "aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", NULL,
	    "us-isof-south-1", NULL, NULL, NULL, NULL,
	    "signin.csphome.hci.ic.gov" },
	{ "aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", NULL,
	    "eusc-de-east-1", NULL, NULL, NULL, NULL,
	    "signin.amazonaws-eusc.eu" },
};

/* Takes the piece up to the next ':' off *p; NULL when there is no ':'. */
static char *
piece(const char **p)
{
	const char *colon = strchr(*p, ':');
	char *s;

	if (colon == NULL)
		return NULL;
	s = xstrndup(*p, (size_t)(colon - *p));
	*p = colon + 1;
	return s;
}

static bool
all_in(const char *s, const char *extra)
{
	for (; *s != '\0'; s++) {
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || strchr(extra, *s) != NULL)
			continue;
		return false;
	}
	return true;
}

static bool
all_digits(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* "role/a/b/Name" into path "/a/b/" and "Name". */
static int
split_path(const char *rest, struct arn *a)
{
	const char *slash = strrchr(rest, '/');

	if (slash == NULL) {
		a->path = xstrdup("/");
		a->name = xstrdup(rest);
	} else {
		a->path = xasprintf("/%.*s", (int)(slash + 1 - rest), rest);
		a->name = xstrdup(slash + 1);
	}
	return *a->name == '\0' ? -EINVAL : 0;
}

static int
parse_resource(const char *res, struct arn *a)
{
	bool iam = strcmp(a->service, "iam") == 0;

	if (iam && str_starts(res, "role/")) {
		a->type = ARN_ROLE;
		if (split_path(res + 5, a) < 0 || !all_in(a->name, "_+=,.@-") ||
		    strlen(a->name) > 64)
			return -EINVAL;
	} else if (iam && str_starts(res, "saml-provider/")) {
		a->type = ARN_SAML_PROVIDER;
		a->path = xstrdup("/");
		a->name = xstrdup(res + strlen("saml-provider/"));
		if (*a->name == '\0' || !all_in(a->name, "_.-"))
			return -EINVAL;
	} else if (strcmp(a->service, "sts") == 0 &&
	    str_starts(res, "assumed-role/")) {
		const char *name = res + strlen("assumed-role/");
		const char *slash = strchr(name, '/');

		a->type = ARN_ASSUMED_ROLE;
		if (slash == NULL || slash == name || slash[1] == '\0')
			return -EINVAL;
		a->path = xstrdup("/");
		a->name = xstrndup(name, (size_t)(slash - name));
		a->session = xstrdup(slash + 1);
	} else {
		a->type = ARN_OTHER;
		a->path = xstrdup("/");
		a->name = xstrdup(res);
		return *res == '\0' ? -EINVAL : 0;
	}
	return all_digits(a->account) ? 0 : -EINVAL;
}

int
arn_parse(const char *text, struct arn *ret)
{
	_cleanup_arn_ struct arn a = { 0 };
	_cleanup_free_ char *region = NULL;
	const char *p = text;

	if (p == NULL || strlen(p) > ARN_MAX || strpbrk(p, " \t") != NULL ||
	    !str_printable(p) || !str_starts(p, "arn:"))
		return -EINVAL;
	p += 4;
	if ((a.partition = piece(&p)) == NULL || *a.partition == '\0' ||
	    !all_in(a.partition, "-") || (a.service = piece(&p)) == NULL ||
	    *a.service == '\0' || (region = piece(&p)) == NULL ||
	    (a.account = piece(&p)) == NULL)
		return -EINVAL;
	if (parse_resource(p, &a) < 0)
		return -EINVAL;
	*ret = a;
	a = (struct arn){ 0 };
	return 0;
}

void
arn_done(struct arn *a)
{
	xfree(a->partition);
	xfree(a->service);
	xfree(a->account);
	xfree(a->path);
	xfree(a->name);
	xfree(a->session);
	*a = (struct arn){ 0 };
}

void
arn_donep(struct arn *a)
{
	arn_done(a);
}

bool
arn_account_odd(const struct arn *a)
{
	return a->account == NULL || strlen(a->account) != 12;
}

int
arn_split_pair(const char *text, char **ret_role, char **ret_provider)
{
	_cleanup_free_ char *copy = xstrdup(text), *one = NULL, *two = NULL;
	_cleanup_arn_ struct arn a = { 0 }, b = { 0 };
	char *cut = NULL;

	if (copy == NULL)
		return -EINVAL;
	str_trim(copy);
	/* Names may hold commas: cut where a comma is followed by an ARN. */
	for (char *c = copy; (c = strchr(c, ',')) != NULL; c++) {
		if (str_starts(c + 1 + strspn(c + 1, " \t\r\n"), "arn:")) {
			if (cut != NULL)
				return -EINVAL;
			cut = c;
		}
	}
	if (cut == NULL)
		return -EINVAL;
	one = str_trim(xstrndup(copy, (size_t)(cut - copy)));
	two = str_trim(xstrdup(cut + 1));
	if (arn_parse(one, &a) < 0 || arn_parse(two, &b) < 0)
		return -EINVAL;
	if (a.type == ARN_ROLE && b.type == ARN_SAML_PROVIDER) {
		*ret_role = STEAL(one);
		*ret_provider = STEAL(two);
	} else if (a.type == ARN_SAML_PROVIDER && b.type == ARN_ROLE) {
		*ret_role = STEAL(two);
		*ret_provider = STEAL(one);
	} else {
		return -EINVAL;
	}
	return 0;
}

const struct partition *
partition_at(size_t i)
{
	return i < ARRAY_SIZE(partitions) ? &partitions[i] : NULL;
}

const struct partition *
partition_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(partitions); i++)
		if (str_eq(partitions[i].name, name))
			return &partitions[i];
	return NULL;
}

const struct partition *
partition_by_region(const char *region)
{
	const struct partition *best = &partitions[0];
	size_t best_len = 0;

	/* The longest prefix wins: "us-gov-" before "us-". */
	for (size_t i = 0; i < ARRAY_SIZE(partitions); i++) {
		_cleanup_strv_ struct strv prefixes = { 0 };

		strv_split(&prefixes, partitions[i].region_prefixes);
		for (size_t k = 0; k < prefixes.n; k++) {
			size_t n = strlen(prefixes.v[k]);

			if (n > best_len && str_starts(region, prefixes.v[k])) {
				best = &partitions[i];
				best_len = n;
			}
		}
	}
	return best;
}

const struct partition *
partition_of_arn(const char *arn)
{
	_cleanup_arn_ struct arn a = { 0 };

	if (arn_parse(arn, &a) < 0)
		return NULL;
	return partition_by_name(a.partition);
}

const struct partition *
partition_by_signin_host(const char *host)
{
	_cleanup_free_ char *lower = xstrdup(host);

	if (lower == NULL)
		return NULL;
	str_lower(lower);
	for (size_t i = 0; i < ARRAY_SIZE(partitions); i++) {
		const char *signin = partitions[i].signin_host;
		_cleanup_free_ char *regional = NULL;

		if (signin == NULL) {
			/* "signin.<region>.<suffix>", by older models */
			regional = xasprintf(".%s", partitions[i].dns_suffix);
			if (str_starts(lower, "signin.") &&
			    str_ends(lower, regional))
				return &partitions[i];
			xreplace(&regional, NULL);
			signin = partitions[i].signin_suffix;
		}
		regional = xasprintf(".%s", signin);
		if (str_eq(lower, signin) || str_ends(lower, regional))
			return &partitions[i];
	}
	return NULL;
}

bool
region_valid(const char *region)
{
	size_t n = region == NULL ? 0 : strlen(region);

	return n >= 1 && n <= 32 && region[0] != '-' &&
	    region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")] ==
	    '\0';
}

char *
sts_host(const struct partition *p, const char *region, bool fips,
    bool dualstack, char **ret_region)
{
	const char *service = "sts";

	if (str_empty(region))
		region = p->implicit_region;
	if (ret_region != NULL)
		*ret_region = xstrdup(region);
	if (strcmp(region, "aws-global") == 0 && p->global_sts != NULL) {
		if (ret_region != NULL)
			xreplace(ret_region, xstrdup("us-east-1"));
		return xstrdup(p->global_sts);
	}
	if (fips && p->fips_sts != NULL)
		service = p->fips_sts;
	return xasprintf("%s.%s.%s", service, region,
	    dualstack && p->dualstack_suffix != NULL ? p->dualstack_suffix :
						       p->dns_suffix);
}
