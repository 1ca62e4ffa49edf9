/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"

#define HOST "adfs_config.adfs_host = adfs.example.com\n"
#define ROLE "arn:aws:iam::0123456789:role/MyAdminRole"
#define HOP(name, source) \
	"[profile " name "]\nrole_arn = " \
	"arn:aws:iam::7654321:role/WebDeploy\nsource_profile = " source "\n"

static struct config *
load2(const char *aws, const char *settings)
{
	_cleanup_ini_ struct ini *a = ini_parse(aws, strlen(aws));
	_cleanup_ini_ struct ini *s = ini_parse(settings, strlen(settings));
	_cleanup_fault_ struct fault f = { 0 };
	struct config *c = NULL;

	if (config_parse(a, s, &c, &f) < 0)
		fail_msg("%s", f.text);
	return c;
}

static struct config *
load(const char *aws)
{
	return load2(aws, "");
}

static void
test_defaults(void **state)
{
	_cleanup_config_ struct config *c =
	    load("[profile p]\n"
		 "adfs_config.adfs_host = ADFS.Example.com\n");
	const struct profile *p = config_profile(c, "p");

	(void)state;
	assert_non_null(p);
	assert_int_equal(p->kind, PROFILE_ADFS);
	assert_false(fault_is(&p->fault));
	assert_str(p->adfs_host, "adfs.example.com");
	assert_str(p->provider_id, "urn:amazon:webservices");
	assert_str(p->path, "/adfs/ls/IdpInitiatedSignOn.aspx");
	assert_str(p->identity_base,
	    "adfs.example.com:443"
	    "/adfs/ls/IdpInitiatedSignOn.aspx auto");
	assert_true(p->ssl_verification);
	assert_int_equal(p->session_duration, 0);
	assert_int_equal(p->deliver, DELIVER_FILE);
	assert_int_equal(p->autorefresh, AUTOREFRESH_KEPT);
	assert_int_equal(p->auth, AUTH_AUTO);
	assert_null(p->role_arn);
	assert_null(p->region);
	assert_null(p->root);
	assert_null(config_profile(c, "q"));
	assert_int_equal(c->settings.max_duration, 43200);
	assert_int_equal(c->settings.login_timeout, 180);
	assert_int_equal(c->settings.worker_timeout, 120);
	assert_int_equal(c->settings.connect_timeout, 4);
	assert_int_equal(c->settings.spacing, 5);
	assert_int_equal(c->settings.min_lifetime, 1);
	assert_int_equal(c->settings.min_duration, 900);
}

/* What aws-adfs 2 leaves behind after a login. */
static void
test_aws_adfs(void **state)
{
	_cleanup_config_ struct config *c = load(
	    "[profile product-prod-admin]\nregion = us-east-1\noutput = json\n"
	    "adfs_config.ssl_verification = True\n"
	    "adfs_config.role_arn = " ROLE "\n" HOST
	    "adfs_config.session_duration = 3600\n"
	    "adfs_config.provider_id = urn:amazon:webservices\n"
	    "adfs_config.sspi = False\nadfs_config.duo_factor = None\n"
	    "adfs_config.duo_device = None\nadfs_config.adfs_user = CORP\\J\n"
	    "s3 =\n\tsignature_version = s3v4\n");
	const struct profile *p = config_profile(c, "product-prod-admin");

	(void)state;
	assert_false(fault_is(&p->fault));
	assert_str(p->region, "us-east-1");
	assert_str(p->role_arn, ROLE);
	assert_int_equal(p->session_duration, 3600);
	assert_null(p->duo_factor);
	assert_null(p->duo_device);
	assert_str(p->adfs_user, "CORP\\J");
	assert_int_equal(c->warnings.n, 0);
}

/* One bad value: that profile's fault names the key, its neighbour is good. */
static void
test_values(void **state)
{
	static const struct {
		const char *line;
		const char *fault; /* NULL: good */
	} cases[] = {
		{ "adfs_config.session_duration = 899", "900 to 43200" },
		{ "adfs_config.session_duration = 43201", "900 to 43200" },
		{ "adfs_config.session_duration = 900", NULL },
		{ "adfs_config.session_duration = 43200", NULL },
		{ "adfs_config.session_duration = 1h", "session_duration" },
		{ "adfs_config.session_duration = None", NULL },
		{ "awsfed.mfa_timeout = 9", "10 to 900" },
		{ "awsfed.mfa_timeout = 10", NULL },
		{ "awsfed.mfa_timeout = 900", NULL },
		{ "awsfed.mfa_timeout = 901", "10 to 900" },
		{ "adfs_config.ssl_verification = False", NULL },
		{ "adfs_config.ssl_verification = maybe", "yes or no" },
		{ "adfs_config.role_arn = None", NULL },
		{ "adfs_config.role_arn = MyRole", "ARN of a role" },
		{ "adfs_config.role_arn = arn:aws:iam::1:user/x", "a role" },
		{ "region = eu-central-1", NULL },
		{ "region = Europe!", "name of a region" },
		{ "awsfed.auth = Forms", NULL },
		{ "awsfed.auth = magic", "auto, forms" },
		{ "awsfed.path = adfs", "starts with /" },
		{ "awsfed.path = /a?b", "starts with /" },
		{ "awsfed.path = /a b", "starts with /" },
		{ "awsfed.ca_bundle = ca.pem", "absolute path" },
		{ "awsfed.ca_bundle = ~/ca.pem", NULL },
		{ "awsfed.ca_bundle = pkcs11:token=x", "absolute path" },
		{ "awsfed.client_cert = pkcs11:token=x;object=%6a", NULL },
		{ "awsfed.client_key = ~/jane.key", NULL },
		{ "awsfed.client_cert = jane.pem", "pkcs11: URI" },
		{ "awsfed.deliver = disk", "file, process or none" },
		{ "awsfed.autorefresh = yes", NULL },
		{ "awsfed.autorefresh = often", "kept, yes or no" },
		{ "awsfed.protected = yes\nawsfed.deliver = file",
		    "never written to a file" },
		{ "awsfed.domain = A\n  B", "one line" },
		{ "awsfed.domain = A\tB", "one line" },
		{ "awsfed.domain = \xff", "valid UTF-8" },
		{ "endpoint_url = ftp://x", "https://" },
		{ "endpoint_url = http://127.0.0.1:9/", NULL },
		{ "endpoint_url = https://", "https://" },
		{ "role_arn = " ROLE,
		    "both \"adfs_config.adfs_host\" and "
		    "\"role_arn\"" },
		{ "source_profile = good", "and \"source_profile\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
		    xasprintf("[profile p]\n" HOST
			      "%s\n[profile good]\nadfs_config.adfs_host = b\n",
			cases[i].line);
		_cleanup_config_ struct config *c = load(text);
		const struct profile *p = config_profile(c, "p");

		print_message("# %zu %s\n", i, cases[i].line);
		assert_int_equal(p->kind, PROFILE_ADFS);
		assert_int_equal(fault_is(&p->fault), cases[i].fault != NULL);
		if (cases[i].fault != NULL) {
			assert_int_equal(p->fault.kind, FAULT_CONFIG);
			assert_non_null(strstr(p->fault.text, cases[i].fault));
			assert_non_null(strstr(p->fault.text, "Profile p"));
			assert_non_null(p->fault.next);
		}
		assert_false(fault_is(&config_profile(c, "good")->fault));
	}
}

static void
test_hosts(void **state)
{
	static const struct {
		const char *host;
		const char *base; /* NULL: refused */
	} cases[] = {
		{ "a", "a:443/p auto" },
		{ "A.B:443", "a.b:443/p auto" },
		{ "a:8443", "a:8443/p auto" },
		{ "[::1]", "[::1]:443/p auto" },
		{ "[::1]:9", "[::1]:9/p auto" },
		{ "https://a", NULL },
		{ "a/b", NULL },
		{ "a:", NULL },
		{ "a:0", NULL },
		{ "a:65536", NULL },
		{ "a:+1", NULL },
		{ "a b", NULL },
		{ "a@b", NULL },
		{ "[::1", NULL },
		{ "[]", NULL },
		{ "\xc3\xa9.example", NULL },
		{ ".a", NULL },
		{ "-a", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
		    xasprintf("[profile p]\n"
			      "adfs_config.adfs_host = %s\nawsfed.path = /p\n",
			cases[i].host);
		_cleanup_config_ struct config *c = load(text);
		const struct profile *p = config_profile(c, "p");

		print_message("# %s\n", cases[i].host);
		assert_str(p->identity_base, cases[i].base);
		assert_int_equal(fault_is(&p->fault), cases[i].base == NULL);
	}
}

static void
test_chains(void **state)
{
	_cleanup_config_ struct config *c = load("[profile p]\n" HOST HOP(
	    "c3", "c2") HOP("c1", "p") HOP("c2", "c1") HOP("lost",
	    "nowhere") HOP("lost2", "lost") HOP("x", "y") HOP("y", "x") HOP("z",
	    "x") HOP("self", "self") HOP("static",
	    "static") "aws_access_key_id = A\n" HOP("of-static",
	    "static") HOP("plain",
	    "keys") "[profile keys]\naws_access_key_id = A\n"
		    "[profile web]\nrole_arn = " ROLE "\nsource_profile = p\n"
		    "web_identity_token_file = /t\n"
		    "[profile badrole]\nrole_arn = x\nsource_profile = p\n");
	const struct profile *p;
	static const struct {
		const char *name;
		enum profile_kind kind;
		const char *root;
		const char *fault;
	} cases[] = {
		{ "c1", PROFILE_CHAINED, "p", NULL },
		{ "c2", PROFILE_CHAINED, "p", NULL },
		{ "c3", PROFILE_CHAINED, "p", NULL },
		{ "lost", PROFILE_OTHER, NULL, "nowhere" },
		{ "lost2", PROFILE_OTHER, NULL, "nowhere" },
		{ "x", PROFILE_OTHER, NULL, "back to itself" },
		{ "y", PROFILE_OTHER, NULL, "back to itself" },
		{ "z", PROFILE_OTHER, NULL, "back to itself" },
		{ "self", PROFILE_OTHER, NULL, "back to itself" },
		{ "static", PROFILE_OTHER, NULL, NULL },
		{ "of-static", PROFILE_OTHER, NULL, NULL },
		{ "plain", PROFILE_OTHER, NULL, NULL },
		{ "keys", PROFILE_OTHER, NULL, NULL },
		{ "web", PROFILE_OTHER, NULL, NULL },
		{ "badrole", PROFILE_CHAINED, "p", "ARN of a role" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("# %s\n", cases[i].name);
		p = config_profile(c, cases[i].name);
		assert_int_equal(p->kind, cases[i].kind);
		assert_str(p->root, cases[i].root);
		assert_int_equal(fault_is(&p->fault), cases[i].fault != NULL);
		if (cases[i].fault != NULL)
			assert_non_null(strstr(p->fault.text, cases[i].fault));
		assert_int_equal(p->deliver, DELIVER_NONE);
	}
	p = config_profile(c, "c1");
	assert_str(p->role_arn, "arn:aws:iam::7654321:role/WebDeploy");
	assert_str(p->source_profile, "p");
	assert_null(p->identity_base);
}

/* Which of them the agent assumes, and what stands in a twin's way. */
static void
test_held(void **state)
{
	static const char tagged[] =
	    "awsfed.session_tags = a=b, c=\nawsfed.deliver = process\n";
	_cleanup_config_ struct config *c = load("[profile p]\n" HOST HOP("a",
	    "p") HOP("b", "a") "awsfed.deliver = file\n" HOP("c", "b") HOP("d",
	    "p") "awsfed.deliver = process\n"
		 "[profile d.live]\ncredential_process = "
		 "/usr/bin/awsfedctl credential-process d.live\n" HOP(
		     "e", "p") "awsfed.deliver = file\n[profile e.live]\n" HOST
		     HOP("f", "p") "awsfed.session_tags = novalue\n" HOP(
			 "g", "p"));
	static const struct {
		const char *name;
		bool held;
		const char *section;
		const char *fault;
	} cases[] = {
		{ "p", false, "p", NULL },
		{ "a", true, "a", NULL },
		{ "b", true, "b.live", NULL },
		{ "c", true, "c", NULL },
		{ "d", true, "d.live", NULL },
		{ "d.live", false, "d.live", NULL },
		{ "e", false, "e.live", "already" },
		{ "f", false, "f", "key=value" },
		{ "g", true, "g", NULL },
	};
	_cleanup_free_ char *text =
	    xasprintf("[profile p]\n" HOST HOP("t", "p") "%s", tagged);
	_cleanup_config_ struct config *t = load(text);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct profile *p = config_profile(c, cases[i].name);
		_cleanup_free_ char *section = profile_section(p);

		print_message("# %s\n", cases[i].name);
		assert_int_equal(p->held, cases[i].held);
		assert_str(section, cases[i].section);
		assert_int_equal(fault_is(&p->fault), cases[i].fault != NULL);
		if (cases[i].fault != NULL)
			assert_non_null(strstr(p->fault.text, cases[i].fault));
	}
	assert_int_equal(config_profile(t, "t")->session_tags.n, 2);
	assert_str(config_profile(t, "t")->session_tags.v[1], "c=");
}

/* The agent's variable comes before the profile's key. */
static void
test_endpoint_kinds(void **state)
{
	static const struct {
		const char *variable; /* NULL: not set */
		const char *key;
		bool on;
	} cases[] = {
		{ NULL, "", false },
		{ NULL, "use_fips_endpoint = true\n", true },
		{ "true", "", true },
		{ "false", "use_fips_endpoint = true\n", false },
		{ "true", "use_fips_endpoint = false\n", true },
	};
	char dir[] = "/tmp/awsfed-kinds.XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config", dir);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_config_ struct config *c = NULL;
		_cleanup_fault_ struct fault f = { 0 };
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fprintf(file, "[profile p]\n" HOST "%s", cases[i].key);
		fclose(file);
		if (cases[i].variable != NULL)
			setenv("AWS_USE_FIPS_ENDPOINT", cases[i].variable, 1);
		else
			unsetenv("AWS_USE_FIPS_ENDPOINT");
		assert_int_equal(config_load(path, path, &c, &f), 0);
		assert_int_equal(config_profile(c, "p")->use_fips, cases[i].on);
	}
	unsetenv("AWS_USE_FIPS_ENDPOINT");
	unlink(path);
	rmdir(dir);
}

static void
test_endpoints(void **state)
{
	_cleanup_config_ struct config *c =
	    load("[profile a]\n"
		 "endpoint_url = https://profile\nservices = x\n" HOST
		 "[profile b]\nendpoint_url = https://profile\n"
		 "[profile c]\nendpoint_url = https://profile\nservices = x\n"
		 "ignore_configured_endpoint_urls = true\n"
		 "[profile d]\nservices = none\n"
		 "[services x]\ns3 =\n  endpoint_url = https://s3\n"
		 "sts =\n  endpoint_url = https://sts.x:1\n");

	(void)state;
	assert_str(config_profile(c, "a")->endpoint_sts, "https://sts.x:1");
	assert_str(config_profile(c, "b")->endpoint_sts, "https://profile");
	assert_null(config_profile(c, "c")->endpoint_sts);
	assert_null(config_profile(c, "d")->endpoint_sts);
}

/* Two profiles of one identity that differ: both say so. */
static void
test_identities(void **state)
{
#define PAIR(a, b) "[profile a]\n" HOST a "[profile b]\n" HOST b
	static const struct {
		const char *text;
		const char *key; /* NULL: no fault */
	} cases[] = {
		{ PAIR("", ""), NULL },
		{ PAIR("adfs_config.ssl_verification = False\n", ""),
		    "adfs_config.ssl_verification" },
		{ PAIR("adfs_config.ssl_verification = yes\n", ""), NULL },
		{ PAIR("adfs_config.adfs_user = C\\J\nawsfed.domain = X\n",
		      "adfs_config.adfs_user = c\\j\n"),
		    "awsfed.domain" },
		{ PAIR("adfs_config.adfs_user = C\\J\nawsfed.domain = X\n",
		      "adfs_config.adfs_user = c\\k\n"),
		    NULL },
		{ PAIR("awsfed.auth = forms\nawsfed.domain = X\n", ""), NULL },
		{ PAIR("awsfed.query = x=1\nawsfed.domain = X\n", ""), NULL },
		{ PAIR("awsfed.allowed_hosts = a, b\n",
		      "awsfed.allowed_hosts = a b\n"),
		    NULL },
		{ PAIR("awsfed.allowed_hosts = a, b\n",
		      "awsfed.allowed_hosts = a\n"),
		    "awsfed.allowed_hosts" },
		{ PAIR("adfs_config.provider_id = urn:x\n", ""), NULL },
		{ PAIR("region = eu-west-1\n", "region = eu-west-2\n"), NULL },
		/* What one leaves open, the other says. */
		{ PAIR("adfs_config.duo_factor = None\n",
		      "adfs_config.duo_factor = Duo Push\n"),
		    NULL },
		{ PAIR("adfs_config.duo_factor = Passcode\n",
		      "adfs_config.duo_factor = Duo Push\n"),
		    "adfs_config.duo_factor" },
		{ PAIR("awsfed.client_cert = /c\n", ""), "awsfed.client_cert" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_config_ struct config *c = load(cases[i].text);

		for (size_t k = 0; k < 2; k++) {
			const struct profile *p = c->profiles[k];

			print_message("# %zu\n", i);
			assert_int_equal(
			    fault_is(&p->fault), cases[i].key != NULL);
			if (cases[i].key == NULL)
				continue;
			assert_non_null(strstr(p->fault.text, cases[i].key));
			assert_non_null(strstr(p->fault.text, "a and b"));
		}
	}
}

/* Of three, each says something; of another user, nothing is taken. */
static void
test_completed(void **state)
{
	_cleanup_config_ struct config *c =
	    load("[profile a]\n" HOST "adfs_config.duo_device = phone1\n"
		 "[profile b]\n" HOST "adfs_config.duo_factor = Duo Push\n"
		 "adfs_config.mfa_token_command = None\n"
		 "[profile c]\n" HOST "adfs_config.mfa_token_command = x\n"
		 "awsfed.ca_bundle = /ca\n"
		 "[profile d]\n" HOST "adfs_config.adfs_user = else\n");
	const struct profile *p;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		p = c->profiles[i];
		assert_false(fault_is(&p->fault));
		assert_str(p->duo_device, "phone1");
		assert_str(p->duo_factor, "Duo Push");
		assert_str(p->mfa_token_command, "x");
		assert_str(p->ca_bundle, "/ca");
	}
	p = config_profile(c, "d");
	assert_null(p->duo_device);
	assert_null(p->mfa_token_command);
	assert_null(p->ca_bundle);
}

/* Whose command gives the keys: aws-adfs's own line is taken for ours. */
static void
test_process(void **state)
{
	static const struct {
		const char *command;
		bool ours;
	} cases[] = {
		{ "awsfedctl credential-process a", true },
		{ "/usr/bin/awsfedctl credential-process a", true },
		{ "awsfedctl login --profile a --stdout", true },
		{ "aws-adfs login --profile=a --stdout", true },
		{ "/opt/x/aws-adfs login --stdout --profile a", true },
		{ "aws-adfs login --profile a", false },
		{ "aws-adfs credential-process a", false },
		{ "aws-adfs", false },
		{ "awsfedctl status", false },
		{ "my-aws-adfs login --stdout", false },
		{ "sh -c awsfedctl credential-process", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text =
		    xasprintf("[profile a]\n" HOST "credential_process = %s\n",
			cases[i].command);
		_cleanup_config_ struct config *c = load(text);

		print_message("# %s\n", cases[i].command);
		assert_int_equal(
		    c->profiles[0]->credential_process_ours, cases[i].ours);
	}
}

static void
test_names(void **state)
{
	static const struct {
		const char *section;
		const char *profile;
	} cases[] = {
		{ "default", "default" },
		{ "profile p", "p" },
		{ "profile\tp", "p" },
		{ "profile  p", "p" },
		{ "profile \"p\"", "p" },
		{ "profile 'p q'", "p q" },
		{ "profile \"a\\\"b\"", "a\"b" },
		{ "profile a\\ b", "a b" },
		{ "profile p q", NULL },
		{ "profile", NULL },
		{ "p", NULL },
		{ "profile \"p", NULL },
		{ "profilex p", NULL },
		{ "sso-session s", NULL },
		{ "services x", NULL },
		{ "DEFAULT", NULL },
		{ "profile p\\", NULL },
	};
	static const char *const names[] = { "default", "p", "p q", "a\"b",
		"a\\b", "it's", "\xc3\xa9", "a.b@c+d/e%f", "arn:aws:x" };
	static const char text[] = "[profile 'p']\n[default]\n"
				   "[profile default]\n";
	_cleanup_ini_ struct ini *ini = ini_parse(text, strlen(text));
	_cleanup_free_ char *a = config_find_section(ini, "p");
	_cleanup_free_ char *b = config_find_section(ini, "new");
	_cleanup_free_ char *d = config_find_section(ini, "default");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *name =
		    config_profile_name(cases[i].section);

		assert_str(name, cases[i].profile);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *s = config_section_name(names[i]);
		_cleanup_free_ char *back = config_profile_name(s);

		assert_str(back, names[i]);
	}
	assert_str(a, "profile 'p'");
	assert_str(b, "profile new");
	assert_str(d, "profile default");
}

static void
test_doubles(void **state)
{
	_cleanup_config_ struct config *c =
	    load("[profile default]\n"
		 "region = eu-west-1\n[default]\nregion = us-east-1\n"
		 "[profile p]\nregion = a\n[profile \"p\"]\nregion = b\n");

	(void)state;
	assert_int_equal(c->nprofiles, 2);
	assert_str(config_profile(c, "default")->region, "eu-west-1");
	assert_str(config_profile(c, "p")->region, "b");
	assert_false(fault_is(&c->fault));
}

/* botocore refuses the file; the profiles can be read all the same. */
static void
test_broken_file(void **state)
{
	_cleanup_config_ struct config *c =
	    load("[profile p]\n" HOST "garbage\n");

	(void)state;
	assert_int_equal(c->fault.kind, FAULT_CONFIG);
	assert_non_null(strstr(c->fault.text, "line 3"));
	assert_int_equal(config_profile(c, "p")->kind, PROFILE_ADFS);
}

static void
test_warnings(void **state)
{
	char text[600];
	_cleanup_config_ struct config *c = NULL;

	(void)state;
	snprintf(text, sizeof(text),
	    "[profile p]\nadfs_config.frob = 1\n"
	    "unknown = 2\nawsfed.x = 3\n[profile %0200d]\n",
	    0);
	c = load(text);
	assert_int_equal(c->warnings.n, 3);
	assert_non_null(strstr(c->warnings.v[0], "longer than 128"));
	assert_non_null(strstr(c->warnings.v[1], "adfs_config.frob"));
	assert_non_null(strstr(c->warnings.v[2], "awsfed.x"));
	assert_int_equal(c->nprofiles, 1);
	assert_false(fault_is(&c->profiles[0]->fault));
}

static void
test_shadows(void **state)
{
	_cleanup_config_ struct config *c = load(
	    "[profile a]\n" HOST
	    "credential_process = /usr/bin/awsfedctl credential-process a\n"
	    "[profile b]\nadfs_config.adfs_host = h\ncredential_process = "
	    "/opt/notawsfedctl x\nsso_session = s\naws_access_key_id = A\n"
	    "web_identity_token_file = /t\n");
	const struct profile *p = config_profile(c, "a");

	(void)state;
	assert_true(p->credential_process_ours);
	assert_null(p->credential_process);
	assert_int_equal(p->deliver, DELIVER_PROCESS);
	assert_false(p->has_sso || p->has_static_keys || p->has_web_identity);
	p = config_profile(c, "b");
	assert_false(p->credential_process_ours);
	assert_str(p->credential_process, "/opt/notawsfedctl x");
	assert_true(p->has_sso && p->has_static_keys && p->has_web_identity);
}

static void
test_fingerprint(void **state)
{
	static const struct {
		const char *line;
		bool changes;
	} cases[] = {
		{ "", false },
		{ "output = json\n", false },
		{ "awsfed.on_refresh = x\n", false },
		{ "awsfed.deliver = none\n", false },
		{ "adfs_config.ssl_verification = True\n", false },
		/* who compares keys compares identities as well */
		{ "adfs_config.adfs_user = C\\J\n", false },
		{ "region = eu-west-1\n", true },
		{ "adfs_config.role_arn = " ROLE "\n", true },
		{ "adfs_config.session_duration = 3600\n", true },
		{ "awsfed.policy = {}\n", true },
		{ "awsfed.policy_arns = a b\n", true },
		{ "endpoint_url = https://x\n", true },
		{ "awsfed.path = /x\n", true },
	};
	_cleanup_config_ struct config *base = load("[profile p]\n" HOST);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *t =
		    xasprintf("[profile p]\n" HOST "%s", cases[i].line);
		_cleanup_config_ struct config *c = load(t);

		print_message("# %zu\n", i);
		assert_int_equal(c->profiles[0]->fingerprint !=
			base->profiles[0]->fingerprint,
		    cases[i].changes);
	}
}

static void
test_settings(void **state)
{
	static const struct {
		const char *text;
		const char *fault;
	} bad[] = {
		{ "[awsfed]\nfrob = 1\n", "\"frob\"" },
		{ "[awsfed]\nspacing = x\n", "\"spacing\"" },
		{ "[awsfed]\nmax_duration = 43201\n", "900 to 43200" },
		{ "[awsfed]\nadfs_host = https://x\n", "without https://" },
		{ "[awsfed]\nspacing = 1\nspacing = 2\n", "line 3" },
	};
	_cleanup_config_ struct config *c = load2(
	    "[profile p]\n"
	    "adfs_config.role_arn = " ROLE "\nadfs_config.session_duration = "
	    "7200\n[profile q]\nregion = eu-west-1\n[profile r]\n" HOST
	    "adfs_config.session_duration = 30\n",
	    "[awsfed]\nadfs_host = H.example\nprovider_id = urn:x\n"
	    "region = us-west-2\nmax_duration = 3600\nmin_lifetime = 5\n"
	    "[other]\nfrob = 1\n");
	const struct profile *p = config_profile(c, "p");

	(void)state;
	assert_int_equal(p->kind, PROFILE_ADFS);
	assert_str(p->adfs_host, "h.example");
	assert_str(p->provider_id, "urn:x");
	assert_str(p->region, "us-west-2");
	assert_int_equal(p->session_duration, 3600);
	assert_int_equal(config_profile(c, "q")->kind, PROFILE_OTHER);
	assert_str(config_profile(c, "q")->region, "eu-west-1");
	/* the test hook */
	assert_int_equal(config_profile(c, "r")->session_duration, 30);
	assert_false(fault_is(&config_profile(c, "r")->fault));

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_ini_ struct ini *a = ini_parse("", 0);
		_cleanup_ini_ struct ini *s =
		    ini_parse(bad[i].text, strlen(bad[i].text));
		_cleanup_fault_ struct fault f = { 0 };
		struct config *none = NULL;

		assert_int_equal(config_parse(a, s, &none, &f), -1);
		assert_null(none);
		assert_int_equal(f.kind, FAULT_CONFIG);
		assert_non_null(strstr(f.text, bad[i].fault));
		assert_non_null(strstr(f.text, "awsfed.conf"));
		assert_non_null(f.next);
	}
}

/* From files and the environment. */
static void
test_load(void **state)
{
	char dir[] = "/tmp/awsfed-config-XXXXXX";
	_cleanup_config_ struct config *c = NULL, *none = NULL;
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *conf = NULL, *aws = NULL, *own = NULL;
	static const char text[] =
	    "[profile p]\n" HOST "endpoint_url = https://profile\n";

	(void)state;
	assert_non_null(mkdtemp(dir));
	aws = path_join(dir, "config");
	own = path_join(dir, "awsfed");
	conf = path_join(own, "awsfed.conf");
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("AWS_ENDPOINT_URL", "https://all", 1);
	setenv("AWS_ENDPOINT_URL_STS", "https://sts", 1);
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	setenv("HTTPS_PROXY", "http://proxy:3128", 1);
	unsetenv("https_proxy");
	/* nothing there: empty, and no fault */
	assert_int_equal(config_load(aws, "/c", &c, &f), 0);
	assert_int_equal(c->nprofiles, 0);
	c = config_unref(c);
	assert_int_equal(path_replace(aws, text, strlen(text), 0600), 0);
	assert_int_equal(mkdir(own, 0700), 0);
	assert_int_equal(
	    path_replace(conf, "[awsfed]\nspacing = 9\n", 21, 0600), 0);
	assert_int_equal(config_load(aws, "/c", &c, &f), 0);
	assert_int_equal(c->settings.spacing, 9);
	assert_true(c->settings.use_fips);
	assert_str(c->settings.https_proxy, "http://proxy:3128");
	assert_str(c->profiles[0]->endpoint_sts, "https://sts");
	assert_str(c->credentials_path, "/c");
	c = config_unref(c);
	unsetenv("AWS_ENDPOINT_URL_STS");
	assert_int_equal(config_load(aws, "/c", &c, &f), 0);
	assert_str(c->profiles[0]->endpoint_sts, "https://all");
	c = config_unref(c);
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	assert_int_equal(config_load(aws, "/c", &c, &f), 0);
	assert_null(c->profiles[0]->endpoint_sts);
	/* a directory is no file */
	assert_int_equal(config_load(dir, "/c", &none, &f), -1);
	assert_null(none);
	assert_non_null(strstr(f.text, dir));
	assert_int_equal(path_replace(conf, "[awsfed]\nx = 9\n", 15, 0600), 0);
	assert_int_equal(config_load(aws, "/c", &none, &f), -1);
	assert_non_null(strstr(f.text, conf));
	assert_non_null(strstr(f.text, "\"x\""));
	unlink(conf);
	unlink(aws);
	rmdir(own);
	assert_int_equal(rmdir(dir), 0);
}

/* The defaults of the tables fit their own limits, and no key is double. */
static void
test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; profile_key_at(i) != NULL; i++) {
		assert_non_null(profile_key_at(i)->help);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    profile_key_at(i)->name, profile_key_at(k)->name);
	}
	for (size_t i = 0; settings_key_at(i) != NULL; i++) {
		assert_non_null(settings_key_at(i)->help);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    settings_key_at(i)->name, settings_key_at(k)->name);
	}
}

static void
test_users(void **state)
{
	_cleanup_free_ char *a = user_normal(" CORP\\J\xc3\x84NE "),
			    *b = user_normal(NULL);

	(void)state;
	assert_str(a, "corp\\j\xc3\xa4ne");
	assert_null(b);
	assert_true(user_qualified("C\\j"));
	assert_true(user_qualified("j@c"));
	assert_false(user_qualified("j"));
	assert_false(user_qualified("\\j"));
	assert_false(user_qualified("C\\"));
	assert_false(user_qualified("@c"));
	assert_false(user_qualified("j@"));
	assert_false(user_qualified(NULL));
}

/* Ten thousand profiles in one chain, and snapshots that share. */
static void
test_large(void **state)
{
	struct strv lines = { 0 };
	size_t len = 0;
	char *text, *o;
	clock_t start;
	_cleanup_config_ struct config *c = NULL, *again = NULL;

	(void)state;
	strv_add(&lines, "[profile p0]\n" HOST);
	for (int i = 1; i < 10000; i++)
		strv_take(&lines,
		    xasprintf("[profile p%d]\nsource_profile = "
			      "p%d\nrole_arn = " ROLE "\n",
			i, i - 1));
	for (size_t i = 0; i < lines.n; i++)
		len += strlen(lines.v[i]);
	o = text = xmalloc(len + 1);
	for (size_t i = lines.n; i-- > 0;) /* farthest first */
		o = stpcpy(o, lines.v[i]);
	start = clock();
	c = load(text);
	print_message(
	    "# %ld ms\n", (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
	assert_true((clock() - start) / CLOCKS_PER_SEC < 30);
	assert_int_equal(c->nprofiles, 10000);
	for (size_t i = 0; i + 1 < c->nprofiles; i++)
		assert_str(c->profiles[i]->root, "p0");
	again = config_ref(c);
	assert_ptr_equal(again, c);
	strv_done(&lines);
	xfree(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_aws_adfs),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_endpoint_kinds),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_completed),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_broken_file),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_shadows),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_large),
	};

	return RUN(tests);
}
