/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "awsfed/arn.h"

static void
test_parse(void **state)
{
	static const struct {
		const char *s;
		int r;
		enum arn_type type;
		const char *account, *path, *name;
		bool odd;
	} cases[] = {
		{ "arn:aws:iam::123456789012:role/Admin", 0, ARN_ROLE,
		    "123456789012", "/", "Admin", false },
		{ "arn:aws:iam::0123456789:role/team/x/My,R=@.-_+", 0, ARN_ROLE,
		    "0123456789", "/team/x/", "My,R=@.-_+", true },
		{ "arn:aws-us-gov:iam::123456789012:saml-provider/AD.FS", 0,
		    ARN_SAML_PROVIDER, "123456789012", "/", "AD.FS", false },
		{ "arn:aws:sts::7654321:assumed-role/WebDeploy/jane@x", 0,
		    ARN_ASSUMED_ROLE, "7654321", "/", "WebDeploy", true },
		{ "arn:aws:s3:::bucket/key", 0, ARN_OTHER, "", "/",
		    "bucket/key", true },
		{ "arn:aws:iam::1:role/", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::1:role/a/", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::x:role/a", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam:::role/a", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::1:role/a b", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::1:role/a\n", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::1:role/a;b", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::1:saml-provider/", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:iam::1:saml-provider/a/b", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:sts::1:assumed-role/a", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws:sts::1:assumed-role//s", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn::iam::1:role/a", -EINVAL, 0, 0, 0, 0, 0 },
		{ "arn:aws", -EINVAL, 0, 0, 0, 0, 0 },
		{ "", -EINVAL, 0, 0, 0, 0, 0 },
		{ NULL, -EINVAL, 0, 0, 0, 0, 0 },
	};
	char text[ARN_MAX + 100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arn_ struct arn a = { 0 };

		assert_int_equal(arn_parse(cases[i].s, &a), cases[i].r);
		if (cases[i].r < 0) {
			assert_null(a.partition);
			continue;
		}
		assert_int_equal(a.type, cases[i].type);
		assert_string_equal(a.account, cases[i].account);
		assert_string_equal(a.path, cases[i].path);
		assert_string_equal(a.name, cases[i].name);
		assert_int_equal(arn_account_odd(&a), cases[i].odd);
	}
	snprintf(text, sizeof(text), "arn:aws:iam::1:role/%065d", 0);
	assert_int_equal(arn_parse(text, &(struct arn){ 0 }), -EINVAL);
	snprintf(text, sizeof(text), "arn:aws:s3:::%02050d", 0);
	assert_int_equal(arn_parse(text, &(struct arn){ 0 }), -EINVAL);
}

#define R "arn:aws:iam::1:role/a,b"
#define P "arn:aws:iam::1:saml-provider/p"

static void
test_pair(void **state)
{
	static const struct {
		const char *s;
		int r;
	} cases[] = {
		{ R "," P, 0 },
		{ P "," R, 0 },
		{ " " P " ,\n " R " ", 0 },
		{ R, -EINVAL },
		{ P "," P, -EINVAL },
		{ R "," R, -EINVAL },
		{ R "," P "," P, -EINVAL },
		{ "x," P, -EINVAL },
		{ "", -EINVAL },
		{ NULL, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *role = NULL, *provider = NULL;

		assert_int_equal(
		    arn_split_pair(cases[i].s, &role, &provider), cases[i].r);
		assert_str(role, cases[i].r == 0 ? R : NULL);
		assert_str(provider, cases[i].r == 0 ? P : NULL);
	}
}

static void
test_partitions(void **state)
{
	static const struct {
		const char *region, *partition;
	} regions[] = {
		{ "us-east-1", "aws" },
		{ "us-gov-west-1", "aws-us-gov" },
		{ "cn-north-1", "aws-cn" },
		{ "us-iso-east-1", "aws-iso" },
		{ "us-isob-east-1", "aws-iso-b" },
		{ "moon-1", "aws" },
		{ "us-isof-south-1", "aws-iso-f" },
		{ "eu-isoe-west-1", "aws-iso-e" },
		{ "eu-west-1", "aws" },
		{ "eusc-de-east-1", "aws-eusc" },
		{ "mx-central-1", "aws" },
	};
	static const struct {
		const char *partition, *region;
		bool fips, dual;
		const char *host, *signs;
	} hosts[] = {
		{ "aws", NULL, 0, 0, "sts.us-east-1.amazonaws.com",
		    "us-east-1" },
		{ "aws", "eu-west-1", 0, 0, "sts.eu-west-1.amazonaws.com",
		    "eu-west-1" },
		{ "aws", "us-east-1", 1, 0, "sts-fips.us-east-1.amazonaws.com",
		    "us-east-1" },
		{ "aws", "eu-west-1", 0, 1, "sts.eu-west-1.api.aws",
		    "eu-west-1" },
		{ "aws", "aws-global", 0, 0, "sts.amazonaws.com", "us-east-1" },
		{ "aws-cn", "", 0, 0, "sts.cn-northwest-1.amazonaws.com.cn",
		    "cn-northwest-1" },
		{ "aws-us-gov", "us-gov-west-1", 1, 0,
		    "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1" },
	};

	/* Every partition: where STS is when nothing names a region. */
	static const struct {
		const char *partition, *region, *plain, *dual, *fips;
	} all[] = {
		{ "aws", "us-east-1", "sts.us-east-1.amazonaws.com",
		    "sts.us-east-1.api.aws",
		    "sts-fips.us-east-1.amazonaws.com" },
		{ "aws-cn", "cn-northwest-1",
		    "sts.cn-northwest-1.amazonaws.com.cn",
		    "sts.cn-northwest-1.api.amazonwebservices.com.cn",
		    "sts.cn-northwest-1.amazonaws.com.cn" },
		{ "aws-us-gov", "us-gov-west-1",
		    "sts.us-gov-west-1.amazonaws.com",
		    "sts.us-gov-west-1.api.aws",
		    "sts.us-gov-west-1.amazonaws.com" },
		{ "aws-iso", "us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov",
		    "sts.us-iso-east-1.api.aws.ic.gov",
		    "sts.us-iso-east-1.c2s.ic.gov" },
		{ "aws-iso-b", "us-isob-east-1",
		    "sts.us-isob-east-1.sc2s.sgov.gov",
		    "sts.us-isob-east-1.api.aws.scloud",
		    "sts.us-isob-east-1.sc2s.sgov.gov" },
		{ "aws-iso-e", "eu-isoe-west-1",
		    "sts.eu-isoe-west-1.cloud.adc-e.uk",
		    "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
		    "sts.eu-isoe-west-1.cloud.adc-e.uk" },
		{ "aws-iso-f", "us-isof-south-1",
		    "sts.us-isof-south-1.csp.hci.ic.gov",
		    "sts.us-isof-south-1.api.aws.hci.ic.gov",
		    "sts.us-isof-south-1.csp.hci.ic.gov" },
		{ "aws-eusc", "eusc-de-east-1",
		    "sts.eusc-de-east-1.amazonaws.eu",
		    "sts.eusc-de-east-1.api.amazonwebservices.eu",
		    "sts.eusc-de-east-1.amazonaws.eu" },
	};

	(void)state;
	assert_null(partition_at(ARRAY_SIZE(all))); /* none is left out */
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_free_ char *arn = xasprintf(
		    "arn:%s:iam::123456789012:role/R", all[i].partition);
		const struct partition *p = partition_of_arn(arn);
		_cleanup_free_ char *region = NULL, *plain, *dual, *fips;

		plain = sts_host(p, NULL, false, false, &region);
		dual = sts_host(p, NULL, false, true, NULL);
		fips = sts_host(p, NULL, true, false, NULL);
		assert_string_equal(region, all[i].region);
		assert_string_equal(plain, all[i].plain);
		assert_string_equal(dual, all[i].dual);
		assert_string_equal(fips, all[i].fips);
	}
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		assert_string_equal(
		    partition_by_region(regions[i].region)->name,
		    regions[i].partition);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		_cleanup_free_ char *host, *region = NULL;

		host = sts_host(partition_by_name(hosts[i].partition),
		    hosts[i].region, hosts[i].fips, hosts[i].dual, &region);
		assert_string_equal(host, hosts[i].host);
		assert_string_equal(region, hosts[i].signs);
	}
	for (size_t i = 0; partition_at(i) != NULL; i++)
		assert_ptr_equal(
		    partition_by_region(partition_at(i)->implicit_region),
		    partition_at(i));
	assert_null(partition_by_name("moon"));
	assert_string_equal(
	    partition_of_arn("arn:aws-cn:iam::1:role/a")->name, "aws-cn");
	assert_null(partition_of_arn("arn:moon:iam::1:role/a"));
	assert_null(partition_of_arn("x"));
	assert_true(region_valid("us-east-1"));
	assert_false(region_valid("") || region_valid(NULL) ||
	    region_valid("US-EAST-1") || region_valid("a.b") ||
	    region_valid("-a") || region_valid("a/b") ||
	    region_valid("a23456789012345678901234567890123"));
}

static void
test_signin_hosts(void **state)
{
	static const struct {
		const char *host, *partition;
	} cases[] = {
		{ "signin.aws.amazon.com", "aws" },
		{ "us-east-1.signin.aws.amazon.com", "aws" },
		{ "SignIn.AWS.amazon.com", "aws" },
		{ "EU-west-1.SignIn.AWS.amazon.com", "aws" },
		{ "signin.amazonaws.cn", "aws-cn" },
		{ "signin.amazonaws-us-gov.com", "aws-us-gov" },
		{ "us-gov-west-1.signin.amazonaws-us-gov.com", "aws-us-gov" },
		{ "eusc-de-east-1.signin.amazonaws-eusc.eu", "aws-eusc" },
		{ "signin.eusc-de-east-1.amazonaws.eu", "aws-eusc" },
		{ "eu-isoe-west-1.signin.csphome.adc-e.uk", "aws-iso-e" },
		{ "us-isof-south-1.signin.csphome.hci.ic.gov", "aws-iso-f" },
		{ "evilsignin.amazonaws-eusc.eu", NULL },
		{ "evilsignin.aws.amazon.com", NULL },
		{ "signin.aws.amazon.com.evil.example", NULL },
		{ "signin.amazonaws.com", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct partition *p =
		    partition_by_signin_host(cases[i].host);

		assert_str(p == NULL ? NULL : p->name, cases[i].partition);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_partitions),
		cmocka_unit_test(test_signin_hosts),
	};

	return RUN(tests);
}
