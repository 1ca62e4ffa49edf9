/* SPDX-License-Identifier: Apache-2.0 */
/*
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/: one datagram an entry, one
 * "NAME=value" a line.  Our values have no line feed: log lines and names are
 * free of control characters, which is checked here once more.
 */
#include "service-journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "catalog.h"

#define ENTRY_MAX 8192 /* bytes; a line has 4096 at most */
#define VALUE_MAX 512

struct journal {
	int fd;
	struct sockaddr_un to; /* by name: a new journal has the same */
	char *program;
	const struct clk *clk;
	int64_t span;  /* when the current one began */
	unsigned sent; /* in it */
	unsigned long lost;
};

struct journal *
journal_new(const char *path, const char *program, const struct clk *clk)
{
	struct journal *j;
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(j->to.sun_path) || stat(path, &st) != 0 ||
	    !S_ISSOCK(st.st_mode))
		return NULL;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->fd = fd;
	j->to.sun_family = AF_UNIX;
	memcpy(j->to.sun_path, path, strlen(path) + 1);
	j->program = xstrdup(program);
	j->clk = clk;
	j->span = clk_boot(clk);
	return j;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	close(j->fd);
	xfree(j->program);
	xfree(j);
}

static bool
put(struct buf *b, const char *name, const char *value)
{
	_cleanup_free_ char *clean = str_clean(value, VALUE_MAX);

	return buf_addf(b, "%s=%s\n", name, clean) == 0;
}

/* False: the journal does not take it now. */
static bool
entry(struct journal *j, int priority, const char *line,
    const struct log_field *fields)
{
	_cleanup_buf_ struct buf b = BUF_INIT(ENTRY_MAX);

	if (buf_addf(&b, "PRIORITY=%d\n", priority) < 0 ||
	    !put(&b, "SYSLOG_IDENTIFIER", j->program))
		return false;
	for (; fields != NULL && fields->name != NULL; fields++)
		if (fields->value != NULL &&
		    !put(&b, fields->name, fields->value))
			return false;
	if (strchr(line, '\n') != NULL ||
	    buf_addf(&b, "MESSAGE=%s\n", line) < 0)
		return false;
	return sendto(j->fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT,
		   (const struct sockaddr *)&j->to,
		   sizeof(j->to)) == (ssize_t)b.len;
}

/* Is there room in this span? */
static bool
allowed(struct journal *j, int priority)
{
	int64_t now = clk_boot(j->clk);

	if (now - j->span >= JOURNAL_SPAN) {
		j->span = now;
		j->sent = 0;
	}
	return priority >= LOG_DEBUG || j->sent++ < JOURNAL_BURST;
}

static void
tell_lost(struct journal *j)
{
	const struct log_field fields[] = {
		{ "MESSAGE_ID", MESSAGE_LINES_LOST },
		{ NULL, NULL },
	};
	_cleanup_free_ char *text = xasprintf(
	    "%lu lines were left out: they came too fast, or the journal did "
	    "not take them",
	    j->lost);

	if (entry(j, LOG_WARNING, text, fields))
		j->lost = 0;
}

void
journal_line(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	struct journal *j = arg;

	if (!allowed(j, priority)) {
		j->lost++;
		return;
	}
	if (j->lost > 0)
		tell_lost(j);
	if (!entry(j, priority, line, fields))
		j->lost++;
}

bool
journal_is_stderr(void)
{
	const char *v = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return v != NULL && sscanf(v, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	    st.st_ino == ino;
}
