/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's verbs and an agent that answers anything: the first byte chooses
 * the verb, each line is an answer.  Whatever is in them, the verb ends with a
 * status of ours, and what a person is shown is UTF-8 without control
 * characters, which terminals obey.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "fake-conn.h"
#include "signals.h"

#define OUT_MAX (32 * 1024 * 1024)
#define ARGS_MAX 8

static const struct {
	const struct verb *verb;
	const char *args[ARGS_MAX];
	bool raw; /* JSON or keys, for programs */
} runs[] = {
	{ &verb_status, { "status" }, false },
	{ &verb_status, { "status", "a" }, false },
	{ &verb_status, { "status", "a", "--check" }, false },
	{ &verb_status, { "status", "--json" }, true },
	{ &verb_list, { "list" }, false },
	{ &verb_roles, { "roles" }, false },
	{ &verb_roles, { "roles", "--aliases" }, false },
	{ &verb_explain, { "explain", "a" }, false },
	{ &verb_refresh, { "refresh", "a" }, false },
	{ &verb_logout, { "logout", "a" }, false },
	{ &verb_logout, { "logout", "--all" }, false },
	{ &verb_reset, { "reset", "a" }, false },
	{ &verb_undo, { "undo" }, false },
	{ &verb_lock, { "lock" }, false },
	{ &verb_unlock, { "unlock" }, false },
	{ &verb_reload, { "reload" }, false },
	{ &verb_login, { "login", "a" }, false },
	{ &verb_login, { "login", "a", "--stdout" }, true },
	{ &verb_login, { "login", "a", "--printenv" }, true },
	{ &verb_login, { "login", "--all" }, false },
	{ &verb_configure, { "configure", "--dry-run" }, false },
	{ &verb_configure, { "configure", "--yes" }, false },
	{ &verb_configure, { "configure" }, false },
	{ &verb_console, { "console", "a", "--print" }, true },
	{ &verb_credential_process, { "credential-process", "a" }, true },
	{ &verb_env, { "env", "a" }, true },
	{ &verb_env, { "env", "a", "--shell", "fish" }, true },
};

static void
wrong(const char *what, const char *text, size_t len)
{
	_cleanup_free_ char *start = xasprintf("fuzz-client: %s: \"%.*s\"\n",
	    what, (int)(len > 2000 ? 2000 : len), text);

	(void)!write(STDERR_FILENO, start, strlen(start));
	abort();
}

static void
check(const char *what, const char *text, size_t len, bool raw)
{
	if (text == NULL)
		return;
	if (memchr(text, '\0', len) != NULL || !str_utf8(text))
		wrong(what, text, len);
	for (size_t i = 0; !raw && i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n' &&
			text[i] != '\t') ||
		    text[i] == 0x7f ||
		    /* U+0080 to U+009F: terminals take some of them, too. */
		    ((unsigned char)text[i] == 0xc2 &&
			((unsigned char)text[i + 1] & 0xe0) == 0x80))
			wrong(what, text + i, len - i);
}

static void
start_once(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	xalloc_install();
	fuzz_keep();
	json_object_seed(1);
	log_set_max(LOG_CRIT);
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_CONFIG_FILE");
	setenv("HOME", "/nonexistent", 1);
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *real_out = stdout, *real_err = stderr;
	char *out = NULL, *err = NULL, *argv[ARGS_MAX + 1] = { NULL };
	size_t out_len = 0, err_len = 0, i, argc = 0;
	_cleanup_free_ char *exact = NULL;
	int status;

	start_once();
	if (size < 2)
		return 0;
	i = (size_t)data[0] % ARRAY_SIZE(runs);
	for (; runs[i].args[argc] != NULL; argc++)
		argv[argc] = xstrdup(runs[i].args[argc]);
	exact = xmalloc(size - 1);
	memcpy(exact, data + 1, size - 1);
	fake = (struct fake_client){ .lines = exact, .left = size - 1 };
	buf_init(&fake.direct, OUT_MAX);
	buf_init(&fake.screen, OUT_MAX);
	stdout = open_memstream(&out, &out_len);
	stderr = open_memstream(&err, &err_len);
	fake.running = true;
	status = runs[i].verb->run(runs[i].verb, (int)argc, argv);
	fake.running = false;
	fclose(stdout);
	fclose(stderr);
	stdout = real_out;
	stderr = real_err;
	if (getenv("FUZZ_TRACE") != NULL)
		printf("# status %d\n%s%s%s%s", status, fake.screen.data, out,
		    fake.direct.data, err);
	if (status < EXIT_OK || (status > EXIT_LIFETIME && status != 130))
		wrong("an odd status", argv[0], strlen(argv[0]));
	check("standard output", out, out_len, runs[i].raw);
	check(
	    "standard output", fake.direct.data, fake.direct.len, runs[i].raw);
	check("standard error", err, err_len, false);
	check("the terminal", fake.screen.data, fake.screen.len, false);
	buf_done(&fake.direct);
	buf_done(&fake.screen);
	free(out);
	free(err);
	while (argc > 0)
		xfree(argv[--argc]);
	return 0;
}
