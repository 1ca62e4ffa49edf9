/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <sys/resource.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"

#include "fake.h"
#include "ledger.h"

static struct loop *loop;
static struct files *files;
static struct ledger *ledger;
static char *path;
static int went, refused, late;

static int
setup(void **state)
{
	(void)state;
	xalloc_install();
	log_set_max(LOG_CRIT);
	path = xasprintf("/tmp/awsfed-ledger-%d", (int)getpid());
	loop = fake_loop_new();
	files = fake_files_new(loop);
	ledger = ledger_new(path, files, loop->clk);
	went = refused = late = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_files_free(files);
	ledger_free(ledger);
	fake_loop_free(loop);
	unlink(path);
	xfree(path);
	return 0;
}

static void
on_done(const struct fault *fault, unsigned serial, void *arg)
{
	(void)serial;
	(void)arg;
	if (fault_is(fault))
		late++;
	else
		went++;
}

/*
 * "pT+": by a person, tag T (*: none, ever), accepted.  c: command.  What came
 * of it: + - ?.
 */
static bool
attempt(const char *s)
{
	_cleanup_fault_ struct fault f = { 0 };
	char tag[5] = "0000";
	int before = went;

	tag[3] = s[1];
	if (ledger_ask(ledger, "jane @ host", s[1] == '*' ? NULL : tag,
		s[0] == 'p' ? SOURCE_PERSON : SOURCE_COMMAND, on_done, 1, NULL,
		&f) < 0) {
		refused++;
		return false;
	}
	fake_settle(loop);
	if (s[2] == '!')
		ledger_unsent(ledger, "jane @ host");
	else if (s[2] != '\0')
		ledger_outcome(ledger, "jane @ host",
		    s[2] == '+'	    ? LEDGER_ACCEPTED :
			s[2] == '-' ? LEDGER_REJECTED :
				      LEDGER_UNKNOWN);
	return went == before + 1;
}

/* Each but the last must be let through, 61 s apart; then the last. */
static void
test_rules(void **state)
{
	static const struct {
		const char *before[6];
		const char *last;
		bool want;
	} cases[] = {
		{ { NULL }, "c1", true },
		{ { "c1+" }, "c1", true },
		{ { "c1-" }, "c1", false },
		{ { "c1-" }, "c2", true },
		{ { "c1-", "c2-" }, "c1", false },
		{ { "c1-", "c2+" }, "c1", false },
		{ { "c1-" }, "p1", true },
		{ { "c1-", "p1+" }, "c1", true },
		/* Another one works: this one is wrong, as it was. */
		{ { "c1-", "p2+" }, "c1", false },
		{ { "c1-", "p2+" }, "c2", true },
		{ { "c1-", "p2+", "p3+", "p1+" }, "c1", true },
		{ { "c1-", "p2+", "p1+", "p3+" }, "c1", true },
		{ { "c1?", "p2+" }, "c1", false },
		{ { "p1-", "p2+" }, "c1", false },
		/* A person's own mistake does not absolve it. */
		{ { "c1-", "p2-" }, "c1", false },
		{ { "c1-", "p2!" }, "c1", false },
		{ { "p1-" }, "c1", false },
		{ { "p1-" }, "c2", true },
		/* What ended in the dark is spent, whichever it was. */
		{ { "c1?" }, "c1", false },
		{ { "c1?" }, "c2", false },
		{ { "p1?" }, "c2", false },
		{ { "c1?", "p1+" }, "c1", true },
		{ { "c1!" }, "c1", true },
		/* One whose tag never came may have been any of them. */
		{ { "p*?" }, "c1", false },
		{ { "p*-" }, "c1", false },
		{ { "p*?" }, "p1", true },
		{ { "p*?", "p1+" }, "c1", true },
		{ { "p*?", "p2+" }, "c1", false },
		{ { "p*-", "p2+" }, "c1", false },
		{ { "p*?", "p2+" }, "c2", true },
		{ { "p*?", "p2+", "p1+" }, "c1", true },
		/* And what got in is not known to be this one. */
		{ { "c1-", "p*+" }, "c1", false },
		{ { "p1?", "p*+" }, "c1", false },
		{ { "p*?", "p*+" }, "c1", false },
		{ { "p*+" }, "c1", true },
		/* Three an hour. */
		{ { "c1+", "c1+" }, "c1", true },
		{ { "c1+", "c1+", "c1+" }, "c1", false },
		{ { "c1+", "c1+", "c1+", "p1+" }, "c1", true },
		{ { "c1+", "c1+", "c1+" }, "p1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(NULL);
		for (size_t k = 0; cases[i].before[k] != NULL; k++) {
			assert_true(attempt(cases[i].before[k]));
			fake_advance(loop, 61 * USEC);
		}
		if (attempt(cases[i].last) != cases[i].want)
			fail_msg("case %zu", i);
		teardown(NULL);
	}
}

static void
test_spacing(void **state)
{
	(void)state;
	assert_true(attempt("c1+"));
	fake_advance(loop, 59 * USEC);
	assert_false(ledger_stored_ok(ledger, "jane @ host"));
	assert_true(ledger_stored_ok(ledger, "joe @ host"));
	/* A clock that goes back opens no gate. */
	fake_step_real(loop, -60 * USEC);
	assert_false(attempt("c1"));
	fake_step_real(loop, 62 * USEC);
	assert_true(attempt("c1+"));
}

/* What cannot be recorded is not sent, and takes no other entry along. */
static void
test_full_disk(void **state)
{
	_cleanup_fault_ struct fault f = { 0 }, full = { 0 };

	(void)state;
	fault_set(&full, FAULT_TEMPORARY, REASON_FILE, "full");
	fake_files_hold(files, true);
	assert_int_equal(ledger_ask(ledger, "jane @ host", "0001",
			     SOURCE_PERSON, on_done, 1, NULL, &f),
	    0);
	/* Cancelled before it was on the disk; then another one. */
	ledger_unsent(ledger, "jane @ host");
	assert_int_equal(ledger_ask(ledger, "jane @ host", "0002",
			     SOURCE_PERSON, on_done, 2, NULL, &f),
	    0);
	fake_files_fail(files, &full);
	fake_files_complete(files);
	fake_files_complete(files);
	fake_files_fail(files, NULL);
	fake_files_hold(files, false);
	fake_settle(loop);
	assert_int_equal(late, 1);
	assert_int_equal(went, 1);
	ledger_outcome(ledger, "jane @ host", LEDGER_REJECTED);
	fake_advance(loop, 61 * USEC);
	assert_false(attempt("c2"));
}

/* Another file each time, as a rename makes one. */
static void
to_disk(void)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(fake_files_text(files, path), f);
	fclose(f);
}

static void
again(void)
{
	to_disk();
	ledger_free(ledger);
	ledger = ledger_new(path, files, loop->clk);
}

static void
test_restart(void **state)
{
	_cleanup_free_ char *salt = xstrdup(ledger_salt(ledger));

	(void)state;
	assert_int_equal(strlen(salt), 32);
	assert_true(attempt("c1")); /* and nobody saw how it ended */
	again();
	assert_string_equal(ledger_salt(ledger), salt);
	fake_advance(loop, 61 * USEC);
	assert_false(attempt("c2"));
	assert_true(attempt("p1+"));
	fake_settle(loop);
	again();
	fake_advance(loop, 61 * USEC);
	assert_true(attempt("c2+"));
}

static void
test_broken(void **state)
{
	static const char *const bad[] = { "", "{}", "{\"salt\":\"x\"}",
		"nonsense",
		"{\"salt\":\"00000000000000000000000000000000\","
		"\"attempts\":[{}]}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fake_files_put(files, path, bad[i]);
		again();
		assert_false(attempt("c1"));
		assert_true(attempt("p1+"));
		assert_true(attempt("c1+"));
	}
}

/* Neither a refusal nor a restart makes good what was forgotten. */
static void
test_broken_stays(void **state)
{
	(void)state;
	fake_files_put(files, path, "nonsense");
	again();
	assert_true(attempt("p1-"));
	fake_settle(loop);
	again();
	assert_false(attempt("c2"));
	assert_true(attempt("p3+"));
	fake_settle(loop);
	again();
	assert_true(attempt("c2+"));
	/* What is on its way to the disk is not undone by what is there. */
	fake_files_put(files, path, "nonsense");
	again();
	assert_true(attempt("p1"));
	to_disk();
	ledger_outcome(ledger, "jane @ host", LEDGER_ACCEPTED);
	assert_true(attempt("c1"));
}

/* However many there are: the one in question is not forgotten. */
static void
test_many(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	assert_int_equal(ledger_ask(ledger, "slow @ host", "0009",
			     SOURCE_PERSON, on_done, 1, NULL, &f),
	    0);
	fake_settle(loop);
	for (int i = 0; i < 600; i++)
		assert_true(attempt("p1-"));
	ledger_outcome(ledger, "slow @ host", LEDGER_REJECTED);
	assert_int_equal(ledger_ask(ledger, "slow @ host", "0009",
			     SOURCE_STORED, on_done, 1, NULL, &f),
	    -1);
	assert_int_equal(f.reason, REASON_LEDGER);
}

/* What could not be read at the start is not written over. */
static void
test_unread(void **state)
{
	struct rlimit were, none;

	(void)state;
	assert_true(attempt("p1-"));
	fake_settle(loop);
	again(); /* it is on disk */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &were), 0);
	none = (struct rlimit){ 0, were.rlim_max };
	ledger_free(ledger);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	ledger = ledger_new(path, files, loop->clk);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &were), 0);
	assert_false(attempt("c2+"));
	assert_true(attempt("p2+"));
	assert_false(attempt("c1+"));
}

static void
test_tags(void **state)
{
	static const char *const bad[] = { "", "12", "12345", "ABCD", "00g0" };
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ledger_ask(ledger, "x", bad[i], SOURCE_PERSON,
				     on_done, 1, NULL, &f),
		    -1);
	fake_settle(loop);
	assert_int_equal(went + late, 0);
}

static unsigned
entries(void)
{
	unsigned n = 0;

	for (const char *p = fake_files_text(files, path);
	     (p = strstr(p, "\"identity\"")) != NULL; p++)
		n++;
	return n;
}

/* On disk without its tag before it goes; the tag comes with the outcome. */
static void
test_tag_later(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };

	(void)state;
	/* What is stored is judged by it. */
	assert_int_equal(ledger_ask(ledger, "jane @ host", NULL, SOURCE_COMMAND,
			     on_done, 1, NULL, &f),
	    -1);
	assert_true(attempt("p*"));
	assert_non_null(strstr(fake_files_text(files, path), "pending"));
	assert_null(strstr(fake_files_text(files, path), "\"tag\""));
	/* The file is another one than was read last: it is read again. */
	to_disk();
	ledger_tag(ledger, "jane @ host", "12");
	ledger_tag(ledger, "jane @ host", "0001");
	ledger_tag(ledger, "jane @ host", "0002");
	ledger_outcome(ledger, "jane @ host", LEDGER_REJECTED);
	fake_settle(loop);
	assert_int_equal(entries(), 1);
	assert_non_null(
	    strstr(fake_files_text(files, path), "\"tag\": \"0001\""));
	assert_false(attempt("c1"));
	assert_true(attempt("c2+"));
	/* With none undecided there is nothing to give it to. */
	ledger_tag(ledger, "jane @ host", "0003");
	/* The agent dies before the tag has come. */
	fake_advance(loop, 61 * USEC);
	assert_true(attempt("p*"));
	again();
	fake_advance(loop, 61 * USEC);
	assert_false(attempt("c3"));
	assert_true(attempt("p2+"));
	fake_advance(loop, 61 * USEC);
	assert_false(attempt("c3"));
	again();
	assert_false(attempt("c3"));
	assert_true(attempt("c2+"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Another agent of the same home writes the file. */
static void
elsewhere(const char *attempts)
{
	_cleanup_free_ char *text =
	    xasprintf("{\"salt\":\"00112233445566778899aabbccddeeff\","
		      "\"attempts\":[%s]}",
		attempts);
	FILE *f;

	unlink(path); /* another file each time, as a rename makes one */
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static char *
elsewhere_one(
    const char *identity, const char *tag, int64_t ago, const char *outcome)
{
	return xasprintf("{\"identity\":\"%s\",\"tag\":\"%s\",\"at\":%lld,"
			 "\"person\":false,\"outcome\":\"%s\"}",
	    identity, tag, (long long)(clk_real(loop->clk) / USEC - ago),
	    outcome);
}

static void
test_elsewhere(void **state)
{
	_cleanup_free_ char *bad =
	    elsewhere_one("jane @ host", "000b", 4000, "rejected");
	_cleanup_free_ char *open =
	    elsewhere_one("jane @ host", "000b", 4000, "pending");
	_cleanup_free_ char *good =
	    elsewhere_one("jane @ host", "000b", 4000, "accepted");
	_cleanup_free_ char *joe =
	    elsewhere_one("joe @ host", "000c", 4000, "rejected");
	_cleanup_free_ char *both = xasprintf("%s,%s", bad, joe);

	(void)state;
	assert_true(ledger_stored_ok(ledger, "jane @ host"));
	/* Refused there: not sent here. */
	elsewhere(both);
	assert_false(ledger_stored_ok(ledger, "jane @ host"));
	assert_string_equal(
	    ledger_salt(ledger), "00112233445566778899aabbccddeeff");
	assert_false(attempt("cb"));
	/* What is recorded here takes nothing of it away. */
	assert_true(attempt("pa+"));
	assert_non_null(strstr(fake_files_text(files, path), "joe @ host"));
	assert_true(ledger_stored_ok(ledger, "jane @ host"));
	assert_false(ledger_stored_ok(ledger, "joe @ host"));
	/* Under way there, and then good. */
	elsewhere(open);
	assert_true(ledger_stored_ok(ledger, "jane @ host")); /* "pa+" */
	assert_true(ledger_stored_ok(ledger, "joe @ host"));
	/* Nonsense changes nothing. */
	elsewhere("nonsense");
	assert_true(ledger_stored_ok(ledger, "joe @ host"));
	elsewhere(good);
	assert_true(ledger_stored_ok(ledger, "jane @ host"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		T(test_spacing),
		T(test_full_disk),
		T(test_restart),
		T(test_broken),
		T(test_broken_stays),
		T(test_many),
		T(test_unread),
		T(test_tags),
		T(test_tag_later),
		T(test_elsewhere),
	};

	return RUN(tests);
}
