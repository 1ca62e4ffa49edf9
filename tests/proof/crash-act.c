/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One act of the agent's on a disk, by the real code and alone, for the proofs
 * that kill it at each of its system calls (crash.py).
 *
 *   crash-act [FLAGS] put PATH PROFILE WORD     keys made of WORD
 *   crash-act [FLAGS] lock|remove PATH PROFILE  the section emptied, or gone
 *   crash-act [FLAGS] set PATH SECTION VALUE    a setting of ~/.aws/config
 *   crash-act [FLAGS] replace PATH TEXT         a file of ours, whole
 *   crash-act [FLAGS] attempt PATH TAG          the ledger: asks, prints "go"
 *   crash-act may PATH TAG                      would it? prints yes or no
 *   crash-act store FD TEXT, crash-act load FD  the state's memory file
 *
 * -i: in place; -b: with a backup; -n: a file system without leases; -p: one
 * without renameat2(2); -l: one without links as well; -u FILE: somebody moves
 * FILE to PATH when ours is about to be swapped in; -F: fsync(2) does nothing;
 * -s N: a write takes N bytes at most; -k N: killed when N bytes are written.
 *
 * Between two calls of access(2) that name MARK_BEGIN and MARK_END only the act
 * itself is done.  Exit status: 0; 1 with the fault on standard error; 3 when
 * descriptors are left open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "credfile-owner.h"
#include "files-target.h"
#include "files.h"
#include "ledger.h"
#include "state-memory.h"

#define MARK_BEGIN "/crash-begin"
#define MARK_END "/crash-end"
#define WHEN "2030-01-01T00:00:00Z"
#define IDENTITY "CORP\\jane @ adfs.example.com"

static struct {
	bool in_place, backup, no_exchange, no_links, no_sync;
	const char *others; /* the version that somebody moves in */
	const char *target;
	size_t most;
	long budget; /* bytes until the end; -1: none */
} opt = { .budget = -1 };

/* ---- system calls, as another kernel or another disk does them ------------------ */
static ssize_t
count(ssize_t n)
{
	if (opt.budget >= 0 && n > 0 && (opt.budget -= n) <= 0)
		kill(getpid(), SIGKILL);
	return n;
}

static size_t
portion(size_t len)
{
	if (opt.most > 0 && len > opt.most)
		len = opt.most;
	if (opt.budget >= 0 && len > (size_t)opt.budget)
		len = (size_t)opt.budget;
	return len;
}

ssize_t
write(int fd, const void *p, size_t len)
{
	return count(syscall(SYS_write, fd, p, portion(len)));
}

ssize_t
pwrite(int fd, const void *p, size_t len, off_t at)
{
	return count(syscall(SYS_pwrite64, fd, p, portion(len), at));
}

int
fsync(int fd)
{
	return opt.no_sync ? 0 : (int)syscall(SYS_fsync, fd);
}

/* An editor saves its version at the worst moment. */
static void
meddle(void)
{
	const char *from = opt.others;
	pid_t pid;

	if (from == NULL)
		return;
	opt.others = NULL;
	pid = fork();
	if (pid == 0)
		_exit(rename(from, opt.target) != 0);
	(void)waitpid(pid, NULL, 0);
}

int
renameat2(int od, const char *old, int nd, const char *new, unsigned flags)
{
	meddle();
	if (opt.no_exchange) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, od, old, nd, new, flags);
}

int
linkat(int od, const char *old, int nd, const char *new, int flags)
{
	if (opt.no_links) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_linkat, od, old, nd, new, flags);
}

/* ---- edits ------------------------------------------------------------------------ */
struct act {
	const char *verb, *section, *word;
};

static int
put(struct ini *doc, const struct act *a)
{
	_cleanup_free_ char *id = xasprintf("ASIA%s", a->word),
			    *key = xasprintf("SECRET-%s", a->word),
			    *token = xasprintf("TOKEN-%s", a->word);
	const char *values[OWNER_KEYS] = { id, key, token, WHEN, NULL,
		OWNER_MARKER_VALUE };

	return owner_put(doc, a->section, values, false);
}

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	const struct act *a = arg;
	int r = 0;

	if (str_eq(a->verb, "put"))
		r = put(doc, a);
	else if (str_eq(a->verb, "lock"))
		r = owner_empty(doc, a->section, "/usr/bin/awsfedctl",
		    OWNER_BLANKED_KEY, WHEN);
	else if (str_eq(a->verb, "remove"))
		owner_remove(doc, a->section);
	else
		r = ini_set(doc, a->section, "region", a->word);
	if (r < 0)
		return fault_set(
		    fault, FAULT_CONFIG, REASON_FILE, "this cannot be written");
	return 0;
}

static int
edit(const char *path, struct act *a, struct fault *fault)
{
	_cleanup_free_ char *copy = xstrdup(path);
	struct files_edit e = { .path = copy,
		.in_place = opt.in_place,
		.backup = opt.backup,
		.apply = apply,
		.arg = a };

	return files_edit_now(&e, NULL, fault);
}

/* ---- files of ours --------------------------------------------------------------------- */
/* What the writer thread does with one, here and now. */
static int
replace(const char *path, const char *text, struct fault *fault)
{
	_cleanup_free_ char *dir = xstrdup(path);
	int r = path_mkdir_parent(path);

	*strrchr(dir, '/') = '\0';
	path_sweep(dir); /* as the agent does at its start */
	if (r == 0)
		r = path_replace(path, text, strlen(text), 0600);
	return r < 0 ? file_fault(fault, "write", path, -r) : 0;
}

static struct {
	bool idle; /* nothing is written, it is only asked */
	struct fault fault;
	void (*done)(const struct fault *fault, void *arg);
	void *arg;
} last;

static void
files_replace(struct files *files, const char *path, char *data, size_t len,
    void (*done)(const struct fault *fault, void *arg), void *arg)
{
	(void)files;
	(void)len;
	fault_done(&last.fault);
	if (!last.idle)
		(void)replace(path, data, &last.fault);
	xfree(data);
	last.done = done;
	last.arg = arg;
}

static void
answered(const struct fault *fault, unsigned serial, void *arg)
{
	(void)serial;
	if (!fault_is(fault))
		(void)!write(STDOUT_FILENO, "go\n", 3);
	else
		fault_copy(arg, fault);
}

static int
attempt(const char *path, const char *tag, bool send, struct fault *fault)
{
	static const struct files_ops ops = { .replace = files_replace };
	struct files files = { &ops };
	struct ledger *l = ledger_new(path, &files, &clk_system);
	int r;

	if (!send) {
		_cleanup_fault_ struct fault why = { 0 };

		last.idle = true;
		r = ledger_ask(
		    l, IDENTITY, tag, SOURCE_STORED, answered, 0, &why, &why);
		printf("%s\n", r == 0 ? "yes" : "no");
		r = 0;
	} else {
		r = ledger_ask(
		    l, IDENTITY, tag, SOURCE_STORED, answered, 0, fault, fault);
		if (r == 0)
			last.done(&last.fault, last.arg);
		if (r == 0 && !fault_is(fault)) {
			ledger_outcome(l, IDENTITY, LEDGER_ACCEPTED);
			last.done(&last.fault, last.arg);
		}
		r = fault_is(fault) ? -1 : 0;
	}
	fault_done(&last.fault);
	ledger_free(l);
	return r;
}

/* ---- the state --------------------------------------------------------------------------- */
static int
state(const char *verb, int fd, const char *text)
{
	struct state_memory sm = { .fd = -1 };
	const char *why = state_memory_check(fd, &sm);
	size_t len = 0;
	char *data;
	int r = 0;

	if (why != NULL) {
		printf("%s\n", why);
		return -1;
	}
	data = state_memory_read(&sm, &len, &why);
	if (str_eq(verb, "load")) {
		printf("%s\n",
		    data != NULL    ? data :
			why != NULL ? why :
				      "nothing");
	} else {
		(void)access(MARK_BEGIN, F_OK);
		r = state_memory_begin(&sm);
		if (r == 0)
			r = state_memory_write(&sm, text, strlen(text));
		if (r == 0)
			state_memory_end(&sm);
		(void)access(MARK_END, F_OK);
	}
	xfree(data);
	return r;
}

/* ---- the whole ----------------------------------------------------------------------------- */
static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

static int
carry_out(char **argv, int argc)
{
	_cleanup_fault_ struct fault fault = { 0 };
	struct act a = { argv[0], argv[2], argc > 3 ? argv[3] : "" };
	int r, fds = open_fds();

	opt.target = argv[1];
	(void)access(MARK_BEGIN, F_OK);
	if (str_eq(argv[0], "replace"))
		r = replace(argv[1], argv[2], &fault);
	else if (str_eq(argv[0], "attempt") || str_eq(argv[0], "may"))
		r = attempt(
		    argv[1], argv[2], str_eq(argv[0], "attempt"), &fault);
	else
		r = edit(argv[1], &a, &fault);
	(void)access(MARK_END, F_OK);
	if (r < 0)
		fprintf(stderr, "%s: %s (%s)\n", fault_kind_name(fault.kind),
		    fault.text, fault.next != NULL ? fault.next : "");
	if (open_fds() != fds)
		return 3;
	return r < 0 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	int c;

	log_init("crash-act", LOG_WARNING);
	while ((c = getopt(argc, argv, "+ibnplFu:s:k:")) != -1) {
		switch (c) {
		case 'i':
			opt.in_place = true;
			break;
		case 'b':
			opt.backup = true;
			break;
		case 'n':
			lease_none = true;
			break;
		case 'p':
			opt.no_exchange = true;
			break;
		case 'l':
			opt.no_exchange = opt.no_links = true;
			break;
		case 'F':
			opt.no_sync = true;
			break;
		case 'u':
			opt.others = optarg;
			break;
		case 's':
			opt.most = (size_t)atol(optarg);
			break;
		case 'k':
			opt.budget = atol(optarg);
			break;
		default:
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc >= 2 && (str_eq(argv[0], "store") || str_eq(argv[0], "load")))
		return state(argv[0], atoi(argv[1]), argc > 2 ? argv[2] : "") <
		    0;
	return argc < 3 ? 2 : carry_out(argv, argc);
}
