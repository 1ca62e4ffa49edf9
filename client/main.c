/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedctl, the client: finds the verb, runs it, and makes sure that what it
 * printed has arrived.  Called as aws-adfs it is the same program.
 */
#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "signals.h"

static const struct verb *const verbs[] = {
	&verb_login,
	&verb_configure,
	&verb_status,
	&verb_roles,
	&verb_refresh,
	&verb_logout,
	&verb_lock,
	&verb_unlock,
	&verb_undo,
	&verb_approve,
	&verb_credential_process,
	&verb_exec,
	&verb_env,
	&verb_console,
	&verb_explain,
	&verb_list,
	&verb_reset,
	&verb_reload,
	&verb_stop,
};

static void
help(FILE *out)
{
	fprintf(out, "%s\n\n%s\n",
	    _("Usage: awsfedctl VERB [OPTION...] "
	      "[PROFILE...]\n\nKeeps AWS profiles fresh that sign in through "
	      "AD FS."),
	    _("Verbs:"));
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(
		    out, "  %-20s %s\n", verbs[i]->name, _(verbs[i]->summary));
	fprintf(out, "  %-20s %s\n", "help [VERB]",
	    _("Show this text, or a verb's own"));
	fprintf(out, "\n%s\n",
	    _("Options:\n"
	      "  --version            show the version\n"
	      "  --help               show this text\n"
	      "  -v, --verbose        say more on standard error\n\n"
	      "The first time: awsfedctl login --profile NAME --adfs-host "
	      "HOST"));
}

static const struct verb *
find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

static int
unknown_verb(const char *name)
{
	const char *names[ARRAY_SIZE(verbs)];
	_cleanup_free_ char *clean = str_clean(name, 256);
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i]->name;
	near = cli_nearest(name, names, ARRAY_SIZE(names));
	fprintf(stderr, _("awsfed: there is no verb '%s'.\n"), clean);
	if (near != NULL)
		fprintf(stderr,
		    _("  Next: awsfedctl %s (did you mean that?), "
		      "or awsfedctl --help\n"),
		    near);
	else
		fprintf(stderr, _("  Next: awsfedctl --help\n"));
	return EXIT_USAGE;
}

/* "help", "help VERB"; "help --table" is for the completions' generator. */
static int
run_help(int argc, char **argv)
{
	const struct verb *v;

	if (argc < 2) {
		help(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--table") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
			cli_dump(verbs[i], stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return EXIT_OK;
	}
	v = find_verb(argv[1]);
	if (v == NULL)
		return unknown_verb(argv[1]);
	cli_help(v, stdout);
	return EXIT_OK;
}

/*
 * A descriptor below 3 that is closed would be given to the socket, and then
 * messages for people would go to the agent.  One that cannot be read or
 * written takes its place, so that its use still fails.
 */
static void
fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_PATH | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Without the "<N>" that the agent's lines have for the journal. */
static void
say(int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)fields;
	(void)priority;
	(void)arg;
	fprintf(stderr, "awsfedctl: %s\n", line);
}

static void
set_up(void)
{
	xalloc_install();
	fill_standard_descriptors();
	signals_start();
#ifndef __SANITIZE_ADDRESS__ /* its leak check traces the process */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	log_init("awsfedctl", LOG_WARNING);
	log_hook(say, NULL);
}

static void
set_up_texts(void)
{
	setlocale(LC_ALL, "");
	bindtextdomain(PACKAGE, LOCALEDIR);
	textdomain(PACKAGE);
}

/* What was printed has to arrive: a full disk is a failure. */
static int
finish(int status)
{
	bool bad = ferror(stdout) != 0;

	if (fflush(stdout) != 0 || bad) {
		fprintf(stderr,
		    _("awsfed: the output could not be written "
		      "(%s).\n  Next: check where standard output goes\n"),
		    strerror(errno));
		return status == EXIT_OK ? EXIT_FAILED : status;
	}
	return status;
}

static int
dispatch(int argc, char **argv)
{
	const struct verb *v;

	while (argc > 1 &&
	    (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "--verbose") == 0)) {
		log_set_max(LOG_DEBUG);
		argc--;
		argv++;
	}
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("awsfedctl " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "help") == 0)
		return run_help(argc - 1, argv + 1);
	v = find_verb(argv[1]);
	if (v == NULL)
		return unknown_verb(argv[1]);
	return v->run(v, argc - 1, argv + 1);
}

int
main(int argc, char **argv)
{
	const struct verb *v = argc > 1 ? find_verb(argv[1]) : NULL;

	set_up();
	if (v == NULL || !v->quick)
		set_up_texts();
	return finish(dispatch(argc, argv));
}
