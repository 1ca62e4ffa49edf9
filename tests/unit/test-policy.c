/* SPDX-License-Identifier: Apache-2.0 */
/* What root lets users set: the table, the file, what becomes of a snapshot. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"

#define HOST "adfs_config.adfs_host = adfs.example.com\n"
#define ROLE "adfs_config.role_arn = arn:aws:iam::111122223333:role/Admin\n"

static struct config *
load(const char *aws, const char *settings, const char *policy)
{
	_cleanup_ini_ struct ini *a = ini_parse(aws, strlen(aws));
	_cleanup_ini_ struct ini *s = ini_parse(settings, strlen(settings));
	_cleanup_ini_ struct ini *p = ini_parse(policy, strlen(policy));
	_cleanup_fault_ struct fault f = { 0 };
	struct config *c = NULL;

	if (config_parse_under(a, s, p, &c, &f) < 0)
		fail_msg("%s", f.text);
	return c;
}

static bool
says(const struct strv *notes, const char *what)
{
	for (size_t i = 0; i < notes->n; i++)
		if (strstr(notes->v[i], what) != NULL &&
		    strstr(notes->v[i], "policy.conf allows") != NULL)
			return true;
	return false;
}

static void
test_hosts(void **state)
{
	static const struct {
		const char *allowed;
		const char *host;
		const char *further;
		bool good;
	} all[] = {
		{ "adfs.example.com", "adfs.example.com", NULL, true },
		{ "ADFS.example.com", "adfs.Example.com:444", NULL, true },
		{ "adfs.example.com:443", "adfs.example.com:444", NULL, false },
		{ "adfs.example.com:444", "adfs.example.com:444", NULL, true },
		{ "*.example.com", "evil.example.org", NULL, false },
		{ "*.example.com", "example.com", NULL, false },
		{ "a.example.com, *.corp", "x.corp", NULL, true },
		{ "a.example.com", "b.example.com", NULL, false },
		{ "[::1]", "[::1]:8443", NULL, true },
		{ "a.example.com", "a.example.com", "cp.other", false },
		{ "a.example.com", "a.example.com", "password@cp.other",
		    false },
		{ "a.example.com cp.*", "a.example.com", "password@cp.other:99",
		    true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_free_ char *policy =
		    xasprintf("[policy]\nallowed_hosts = %s\n", all[i].allowed);
		_cleanup_free_ char *aws =
		    xasprintf("[profile p]\nadfs_config.adfs_host = %s\n%s%s\n",
			all[i].host,
			all[i].further ? "awsfed.allowed_hosts = " : "",
			all[i].further ? all[i].further : "");
		_cleanup_config_ struct config *c = load(aws, "", policy);
		const struct fault *f = &config_profile(c, "p")->fault;

		if (fault_is(f) == all[i].good)
			fail_msg("%zu: %s", i, f->text ? f->text : "no fault");
		if (all[i].good)
			continue;
		assert_int_equal(f->kind, FAULT_DENIED);
		assert_int_equal(f->reason, REASON_POLICY);
		assert_non_null(strstr(
		    f->text, "policy of this machine: policy.conf allows"));
		assert_non_null(f->next);
	}
}

/* A line of the profile, one of policy.conf, and what comes of it. */
static void
test_profile(void **state)
{
	_cleanup_config_ struct config *c = load(
	    "[profile p]\n" HOST ROLE "adfs_config.session_duration "
	    "= 14400\n"
	    "awsfed.keep_signed_in = yes\n"
	    "awsfed.store_password = keyring\n"
	    "awsfed.totp = credential\n"
	    "awsfed.on_refresh = r\n"
	    "awsfed.on_needs_login = n\n"
	    "awsfed.totp_command = t\n"
	    "adfs_config.mfa_token_command"
	    " = m\n"
	    "adfs_config.username_"
	    "password_command = u\n"
	    "[profile q]\n" HOST "[profile c]\nsource_profile ="
	    " p\nawsfed.deliver = file\n"
	    "role_arn = arn:aws:iam::"
	    "111122223333:role/C\n"
	    "duration_seconds = 3600\n",
	    "[awsfed]\nendpoint = on\non_refresh = x\n"
	    "store_password = memory\n"
	    "min_renewal_interval = 60\n",
	    "[policy]\nmax_duration = 1800\nkeep_signed_in = no\nhooks = no\n"
	    "commands = no\nendpoint = no\nmin_renewal_interval = 900\n"
	    "keep_across_restart = credentials\nstored_passwords = no\n"
	    "never_file_accounts = 999988887777, 111122223333\n");
	const struct profile *p = config_profile(c, "p");
	const struct profile *q = config_profile(c, "q");
	const struct profile *d = config_profile(c, "c");
	const struct sink all = { 0 };

	(void)state;
	assert_false(fault_is(&c->policy.fault));
	assert_false(fault_is(&p->fault));
	assert_int_equal(p->session_duration, 1800);
	assert_true(says(&p->policed, "max_duration"));
	assert_false(p->keep_signed_in);
	assert_true(says(&p->policed, "keep_signed_in"));
	assert_int_equal(p->store_password, STORE_NO);
	assert_int_equal(p->totp, TOTP_FROM_COMMAND);
	assert_true(says(&p->policed, "so awsfed.totp does nothing"));
	assert_true(says(&p->policed, "so store_password is no"));
	assert_int_equal(c->settings.store_password, STORE_NO);
	assert_true(says(&c->policy.notes, "so store_password does nothing"));
	assert_null(p->on_refresh);
	assert_null(p->on_needs_login);
	assert_true(says(&p->policed, "awsfed.on_refresh"));
	assert_null(p->totp_command);
	assert_null(p->mfa_token_command);
	assert_null(p->username_password_command);
	assert_true(says(&p->policed, "awsfed.totp_command"));
	assert_int_equal(p->deliver, DELIVER_PROCESS);
	assert_true(says(&p->policed, "111122223333"));
	assert_false(sink_takes(&all, p));
	assert_int_equal(q->deliver, DELIVER_FILE);
	assert_true(sink_takes(&all, q));
	assert_int_equal(q->policed.n, 0);
	assert_int_equal(d->deliver, DELIVER_PROCESS);
	assert_int_equal(d->duration_seconds, 1800);
	assert_int_equal(c->settings.max_duration, 1800);
	assert_int_equal(c->settings.min_renewal_interval, 900);
	assert_false(c->settings.endpoint);
	assert_null(c->settings.on_refresh);
	assert_true(says(&c->policy.notes, "endpoint"));
	assert_true(says(&c->policy.notes, "hooks"));
	assert_true(says(&c->policy.notes, "min_renewal_interval"));
	assert_int_equal(c->settings.keep_across_restart, KEEP_CREDENTIALS);
	assert_true(says(&c->policy.notes, "keep_across_restart"));
}

/* Live keys are kept by the fingerprint: a policy is no change of a profile. */
static void
test_fingerprint(void **state)
{
	static const char aws[] =
	    "[profile p]\n" HOST ROLE "adfs_config.session_duration = 14400\n"
	    "awsfed.keep_signed_in = yes\n";
	_cleanup_config_ struct config *a =
	    load(aws, "[awsfed]\nmax_duration = 7200\n", "");
	_cleanup_config_ struct config *b =
	    load(aws, "[awsfed]\nmax_duration = 7200\n",
		"[policy]\nmax_duration = 900\nkeep_signed_in = no\n"
		"never_file_accounts = 111122223333\nallowed_hosts = x\n");
	_cleanup_ini_ struct ini *ini = ini_parse(aws, strlen(aws));
	_cleanup_config_ struct config *d = config_derive(b, ini);

	(void)state;
	assert_int_equal(a->profiles[0]->session_duration, 7200);
	assert_int_equal(b->profiles[0]->session_duration, 900);
	assert_true(a->profiles[0]->fingerprint == b->profiles[0]->fingerprint);
	/* A draft is under the same policy. */
	assert_true(d->profiles[0]->fingerprint == b->profiles[0]->fingerprint);
	assert_int_equal(d->profiles[0]->session_duration, 900);
	assert_int_equal(d->profiles[0]->fault.reason, REASON_POLICY);
	assert_int_equal(d->policy.notes.n, b->policy.notes.n);
}

/* Nothing said: nothing capped. */
static void
test_permissive(void **state)
{
	_cleanup_config_ struct config *c = load(
	    "[profile p]\n" HOST ROLE "awsfed.keep_signed_in = yes\n"
	    "awsfed.on_refresh = x\nadfs_config.session_duration = 43200\n",
	    "[awsfed]\nendpoint = on\n",
	    "[policy]\nkeep_signed_in = yes\nhooks = yes\nendpoint = yes\n");
	const struct profile *p = c->profiles[0];

	(void)state;
	assert_true(p->keep_signed_in && c->settings.endpoint);
	assert_str(p->on_refresh, "x");
	assert_int_equal(p->session_duration, 43200);
	assert_int_equal(p->deliver, DELIVER_FILE);
	assert_int_equal(p->policed.n + c->policy.notes.n, 0);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *policy;
		const char *fault;
	} bad[] = {
		{ "[policy]\nhooks = perhaps\n", "line 2: \"hooks\" must be" },
		{ "[policy]\n\nno_such = 1\n", "line 3: there is no key" },
		{ "[policy]\n[polcy]\nhooks = no\n",
		    "line 2: there is no sec" },
		{ "[policy]\nmax_duration = 3\n", "line 2: \"max_duration\"" },
		{ "[policy]\nmax_duration =\n", "line 2: \"max_duration\"" },
		{ "[policy]\nallowed_hosts =\n", "line 2: \"allowed_hosts\"" },
		{ "[policy]\nallowed_hosts = ,\n", "must not be empty" },
		{ "[policy]\nallowed_hosts = https://x\n", "without https" },
		{ "[policy]\nnever_file_accounts = 1234\n", "12 digits" },
		{ "hooks = no\n", "line 1" },
		{ "[policy]\nhooks\n", "line 2" },
		{ "[policy]\n[policy]\n", "line 2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_config_ struct config *c =
		    load("[profile p]\n" HOST ROLE, "", bad[i].policy);
		const struct fault *f = &c->policy.fault;

		if (!fault_is(f) || strstr(f->text, bad[i].fault) == NULL)
			fail_msg("%zu: %s", i, f->text ? f->text : "no fault");
		assert_non_null(strstr(f->text, "policy.conf"));
		assert_int_equal(f->kind, FAULT_CONFIG);
		assert_non_null(f->next);
		assert_str(c->profiles[0]->fault.text, f->text);
	}
}

/* ---- the file --------------------------------------------------------------- */

struct place {
	char dir[64];
	char *aws;
	char *file;
	char *fleet;
};

static void
put(const char *path, const char *text)
{
	assert_int_equal(path_replace(path, text, strlen(text), 0644), 0);
}

static struct config *
read_all(const struct place *pl, const struct config *before)
{
	_cleanup_fault_ struct fault f = { 0 };
	struct config *c = NULL;

	if (config_load_after(before, pl->aws, "/c", &c, &f) < 0)
		fail_msg("%s", f.text);
	return c;
}

static void
place_init(struct place *pl)
{
	strcpy(pl->dir, "/tmp/awsfed-policy-XXXXXX");
	assert_non_null(mkdtemp(pl->dir));
	pl->aws = path_join(pl->dir, "config");
	pl->file = path_join(pl->dir, "policy.conf");
	pl->fleet = path_join(pl->dir, "awsfed.conf");
	setenv("AWSFED_TEST_ETC", pl->dir, 1);
	setenv("XDG_CONFIG_HOME", pl->dir, 1);
	put(pl->aws, "[profile p]\n" HOST ROLE);
}

static void
place_done(struct place *pl)
{
	unlink(pl->aws);
	unlink(pl->file);
	unlink(pl->fleet);
	assert_int_equal(rmdir(pl->dir), 0);
	xfree(pl->aws);
	xfree(pl->file);
	xfree(pl->fleet);
}

/* A bad file: the last good one's limits stay, and nothing new starts. */
static void
test_file(void **state)
{
	struct place pl;
	_cleanup_config_ struct config *a = NULL, *b = NULL, *c = NULL,
				       *d = NULL;

	(void)state;
	place_init(&pl);
	put(pl.fleet, "[awsfed]\nregion = eu-central-1\n");
	a = read_all(&pl, NULL);
	assert_false(a->policy.there);
	assert_str(a->policy.path, pl.file);
	assert_str(a->profiles[0]->region, "eu-central-1");
	assert_false(fault_is(&a->profiles[0]->fault));
	put(pl.file,
	    "[policy]\nmax_duration = 1800\n"
	    "never_file_accounts = 111122223333\n");
	b = read_all(&pl, a);
	assert_true(b->policy.there);
	assert_int_equal(b->settings.max_duration, 1800);
	assert_int_equal(b->profiles[0]->deliver, DELIVER_PROCESS);
	put(pl.file, "[policy]\nhooks = no\nmax_duration = x\n");
	c = read_all(&pl, b);
	assert_true(c->policy.there);
	assert_int_equal(c->settings.max_duration, 1800);
	assert_int_equal(c->profiles[0]->deliver, DELIVER_PROCESS);
	assert_int_equal(c->profiles[0]->fault.reason, REASON_POLICY);
	assert_non_null(strstr(c->policy.fault.text, "line 3"));
	assert_non_null(strstr(c->policy.fault.text, pl.file));
	assert_int_equal(c->policy.notes.n, b->policy.notes.n);
	assert_true(c->profiles[0]->fingerprint == a->profiles[0]->fingerprint);
	/* Nothing before it: no commands of the user's either. */
	d = read_all(&pl, NULL);
	assert_true(d->policy.unknown && !d->policy.hooks);
	assert_int_equal(d->profiles[0]->deliver, DELIVER_FILE);
	assert_int_equal(d->profiles[0]->fault.reason, REASON_POLICY);
	/* And gone: as if it had never been. */
	unlink(pl.file);
	config_unref(d);
	d = read_all(&pl, c);
	assert_false(d->policy.there);
	assert_false(fault_is(&d->profiles[0]->fault));
	assert_int_equal(d->settings.max_duration, 43200);
	place_done(&pl);
}

static void
test_trust(void **state)
{
	static const struct {
		mode_t file;
		mode_t dir;
		bool good;
	} all[] = {
		{ 0644, 0755, true },
		{ 0600, 0700, true },
		{ 0664, 0755, false },
		{ 0646, 0755, false },
		{ 0644, 0775, false },
		{ 0644, 0757, false },
	};
	struct place pl;

	(void)state;
	place_init(&pl);
	put(pl.file, "[policy]\nhooks = no\n");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_config_ struct config *c = NULL;

		assert_int_equal(chmod(pl.file, all[i].file), 0);
		assert_int_equal(chmod(pl.dir, all[i].dir), 0);
		c = read_all(&pl, NULL);
		if (fault_is(&c->policy.fault) == all[i].good)
			fail_msg("%zu", i);
		assert_int_equal(
		    fault_is(&c->profiles[0]->fault), !all[i].good);
	}
	chmod(pl.dir, 0700);
	unlink(pl.file);
	assert_int_equal(mkdir(pl.file, 0755), 0);
	{
		_cleanup_config_ struct config *c = read_all(&pl, NULL);

		assert_non_null(strstr(c->policy.fault.text, "regular file"));
	}
	rmdir(pl.file);
	assert_int_equal(mkfifo(pl.file, 0644), 0);
	{
		_cleanup_config_ struct config *c = read_all(&pl, NULL);

		assert_true(fault_is(&c->policy.fault));
	}
	place_done(&pl);
}

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; policy_key_at(i) != NULL; i++) {
		assert_non_null(policy_key_at(i)->help);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    policy_key_at(i)->name, policy_key_at(k)->name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_permissive),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_table),
	};

	return RUN(tests);
}
