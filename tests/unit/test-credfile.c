/* SPDX-License-Identifier: Apache-2.0 */
/* Whose section is it, when is it written, and when does it go? */
#include "rig.h"

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "manager.h"

#define LONG_TERM "[a]\naws_access_key_id = AKIA\naws_secret_access_key = x\n"

static void
sign_in(struct rig *r, const char *profile, bool force)
{
	rig_call(
	    r, 1, M_LOGIN, "{s:[s],s:b}", "profiles", profile, "force", force);
	rig_succeed(r, rig_job(r), "AB");
	fake_advance(r->loop, 6 * USEC);
}

static bool
file_has(struct rig *r, const char *what)
{
	const char *text = fake_files_text(r->files, r->credentials);

	return text != NULL && strstr(text, what) != NULL;
}

static void
test_owner(void **state)
{
	static const struct {
		const char *before;
		bool ours, forced;
	} cases[] = {
		{ "", true, true },
		{ "[a]\n", true, true },
		{ LONG_TERM, false, true },
		{ LONG_TERM "aws_session_token = t\n", true, true },
		{ LONG_TERM "aws_security_token = t\n", true, true },
		{ "[a]\nx_managed_by = saml2aws\n", false, true },
		{ "[a]\ncredential_process = x\n", false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int force = 0; force < 2; force++) {
			struct rig *r = rig_new(ONE);
			bool want = force ? cases[i].forced : cases[i].ours;

			fake_files_put(
			    r->files, r->credentials, cases[i].before);
			sign_in(r, "a", force);
			if (file_has(r, "x_managed_by = awsfed") != want)
				fail_msg("case %zu, force %d", i, force);
			if (!want)
				assert_string_equal(
				    fake_files_text(r->files, r->credentials),
				    cases[i].before);
			if (want)
				assert_false(file_has(r, "aws_security_token"));
			/* The login tells of it. */
			assert_int_equal(
			    rig_at(r->reply[1],
				"parameters.step.written.fault") == NULL,
			    want);
			rig_free(r);
		}
}

/* To force is for once. */
static void
test_forced_once(void **state)
{
	struct rig *r = rig_new(ONE);

	(void)state;
	sign_in(r, "a", true);
	fake_files_put(r->files, r->credentials, LONG_TERM);
	sign_in(r, "a", false);
	assert_string_equal(
	    fake_files_text(r->files, r->credentials), LONG_TERM);
	rig_free(r);
}

static void
test_logout(void **state)
{
	static const char *const configs[] = { ONE,
		ONE "awsfed.autorefresh = yes\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		struct rig *r = rig_new(configs[i]);
		_cleanup_fault_ struct fault full = { 0 };

		fake_files_put(r->files, r->credentials,
		    "# mine\n[a]\nregion = x\n[other]\naws_access_key_id = "
		    "y\n");
		sign_in(r, "a", false);
		assert_true(file_has(r, "ASIAEXAMPLE"));
		/* The disk is full just then: it is done later. */
		fault_set(&full, FAULT_TEMPORARY, REASON_FILE, "full");
		fake_files_fail(r->files, &full);
		rig_call(r, 1, M_LOGOUT, "{s:[s]}", "profiles", "a");
		assert_non_null(rig_at(r->reply[1], "parameters.written"));
		assert_true(file_has(r, "ASIAEXAMPLE"));
		fake_files_fail(r->files, NULL);
		fake_advance(r->loop, 61 * USEC);
		/* No keys, and nobody falls through to another identity. */
		assert_false(file_has(r, "ASIAEXAMPLE"));
		assert_false(file_has(r, "aws_session_token"));
		assert_true(file_has(
		    r, "# mine\n[a]\nregion = x\ncredential_process = /"));
		assert_true(file_has(r,
		    "/awsfedctl credential-process a\nx_managed_by = "
		    "awsfed\nx_logged_out = "));
		assert_true(file_has(r, "\n[other]\naws_access_key_id = y\n"));
		rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
		assert_str(
		    rig_str(r->reply[1], "parameters.kind"), "needs-user");
		/* The next login takes it out again. */
		sign_in(r, "a", false);
		assert_true(file_has(r, "ASIAEXAMPLE"));
		assert_false(file_has(r, "credential_process"));
		assert_false(file_has(r, "SIGNED-OUT"));
		rig_free(r);
	}
}

/* Twenty profiles in one job: one write. */
static void
test_coalesced(void **state)
{
	struct rig *r = rig_new(TWO);

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:b}", "all", 1);
	rig_succeed(r, rig_job(r), "AB");
	assert_true(file_has(r, "[a]") && file_has(r, "[b]"));
	assert_int_equal(fake_files_written(r->files, r->credentials), 1);
	rig_free(r);
}

/* ---- another agent of the same home ------------------------------------------- */

#define PRINCIPAL(role) "arn:aws:sts::000000000001:assumed-role/" role "/jane"

/* What the other one has put there, that ends so many seconds from now. */
static void
theirs(struct rig *r, int64_t in, const char *principal)
{
	char when[RFC3339_SIZE];
	_cleanup_free_ char *text = NULL;

	rfc3339_format(clk_real(r->loop->clk) / USEC + in, when);
	text = xasprintf("[a]\naws_access_key_id = ASIATHEIRS\n"
			 "aws_secret_access_key = s\naws_session_token = t\n"
			 "x_security_token_expires = %s\n"
			 "x_principal_arn = %s\nx_managed_by = awsfed\n",
	    when, principal);
	fake_files_put(r->files, r->credentials, text);
}

/* The renewal of the half-life, by a job that gets keys for an hour. */
static void
renew(struct rig *r)
{
	for (int i = 0; i < 40 && !str_eq(rig_state(r, "a"), "waiting"); i++)
		fake_advance(r->loop, 60 * USEC);
	assert_str(rig_state(r, "a"), "waiting");
}

static void
test_other_agent(void **state)
{
	static const struct {
		int64_t in; /* from the moment of our write */
		const char *principal;
		bool stays;
	} cases[] = {
		{ 3700, PRINCIPAL("A"), true },
		{ 12 * 3600, PRINCIPAL("A"), true },
		{ 3500, PRINCIPAL("A"), false },
		{ 3700, PRINCIPAL("B"), false },      /* another role */
		{ 24 * 3600, PRINCIPAL("A"), false }, /* no keys live so */
		{ -60, PRINCIPAL("A"), false },	      /* expired */
		{ 3700, "", false },		      /* half a section */
		{ 3700, "arn:aws:sts::1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_new(ONE);

		sign_in(r, "a", false);
		assert_true(file_has(r, "ASIAEXAMPLE"));
		r->keys = 1; /* ours are other ones from now on */
		renew(r);
		theirs(r, cases[i].in, cases[i].principal);
		rig_succeed(r, rig_job(r), "A");
		fake_advance(r->loop, 6 * USEC);
		if (file_has(r, "ASIATHEIRS") != cases[i].stays)
			fail_msg("case %zu", i);
		rig_free(r);
	}
}

/* What this agent wrote itself it replaces, also by keys that end sooner. */
static void
test_own_keys(void **state)
{
	struct rig *r = rig_new(ONE);
	struct job *job;

	(void)state;
	rig_call(r, 1, M_LOGIN, "{s:[s]}", "profiles", "a");
	job = rig_job(r);
	rig_assertion(job, 1, "A");
	(void)rig_took(job, W_REDEEM);
	rig_credentials(r, job, "a", ARN("A"), 12 * 3600);
	fake_job_end(job, NULL);
	fake_settle(r->loop);
	assert_true(file_has(r, "ASIAEXAMPLE"));
	fake_advance(r->loop, 61 * USEC);
	r->keys = 1;
	sign_in(r, "a", false); /* for an hour */
	assert_false(file_has(r, "aws_access_key_id = ASIAEXAMPLE\n"));
	rig_free(r);
}

/* Logged out elsewhere, unseen: a renewal does not bring it back. */
static void
test_logged_out_elsewhere(void **state)
{
	static const char gone[] = "[a]\ncredential_process = /x\n"
				   "x_managed_by = awsfed\n"
				   "x_logged_out = 2026-11-22T18:00:00Z\n";
	struct rig *r = rig_new(ONE);

	(void)state;
	sign_in(r, "a", false);
	renew(r);
	fake_files_put(r->files, r->credentials, gone);
	rig_succeed(r, rig_job(r), "A");
	fake_advance(r->loop, 6 * USEC);
	assert_string_equal(fake_files_text(r->files, r->credentials), gone);
	rig_call(r, 1, M_CREDENTIALS, "{s:s}", "profile", "a");
	assert_str(rig_str(r->reply[1], "parameters.kind"), "needs-user");
	/* A person who signs in on this computer does. */
	sign_in(r, "a", false);
	assert_true(file_has(r, "ASIAEXAMPLE"));
	assert_false(file_has(r, "x_logged_out"));
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_forced_once),
		cmocka_unit_test(test_logout),
		cmocka_unit_test(test_coalesced),
		cmocka_unit_test(test_other_agent),
		cmocka_unit_test(test_own_keys),
		cmocka_unit_test(test_logged_out_elsewhere),
	};

	return RUN(tests);
}
