/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "awsfed/xalloc.h"

#include "service-journal.h"

static int64_t now;

static int64_t
tell(void *arg)
{
	(void)arg;
	return now;
}

static const struct clk clk = { tell, tell, NULL };
static char path[64], dir[32];

static int
listener(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(dir, sizeof(dir), "/tmp/awsfed-journal-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	memcpy(at.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
gone(int fd)
{
	close(fd);
	unlink(path);
	rmdir(dir);
}

/* The next entry, or "". */
static const char *
take(int fd)
{
	static char text[16384];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
test_entry(void **state)
{
	const struct log_field fields[] = { { "PROFILE", "p\nX=1" },
		{ "REASON", NULL }, { "STATE", "fresh" }, { NULL, NULL } };
	int fd = listener();
	struct journal *j = journal_new(path, "prog", &clk);

	(void)state;
	assert_non_null(j);
	journal_line(LOG_INFO, "hello", fields, j);
	assert_string_equal(take(fd),
	    "PRIORITY=6\nSYSLOG_IDENTIFIER=prog\nPROFILE=p X=1\n"
	    "STATE=fresh\nMESSAGE=hello\n");
	journal_line(LOG_ERR, "plain", NULL, j);
	assert_string_equal(
	    take(fd), "PRIORITY=3\nSYSLOG_IDENTIFIER=prog\nMESSAGE=plain\n");
	journal_free(j);
	gone(fd);
}

/* Nobody reads: it goes on, and says afterwards how many are missing. */
static void
test_stuck(void **state)
{
	int fd = listener();
	struct journal *j = journal_new(path, "prog", &clk);
	size_t got = 0;

	(void)state;
	alarm(30);
	for (size_t i = 0; i < 100000; i++)
		journal_line(LOG_DEBUG, "line", NULL, j);
	while (*take(fd) != '\0')
		got++;
	assert_in_range(got, 1, 99999);
	journal_line(LOG_DEBUG, "again", NULL, j);
	assert_non_null(strstr(take(fd), "lines were left out"));
	assert_non_null(strstr(take(fd), "MESSAGE=again"));
	alarm(0);
	journal_free(j);
	gone(fd);
}

static void
test_rate(void **state)
{
	int fd = listener();
	struct journal *j = journal_new(path, "prog", &clk);
	size_t got = 0;

	(void)state;
	for (size_t i = 0; i < JOURNAL_BURST + 10; i++) {
		journal_line(LOG_INFO, "line", NULL, j);
		got += *take(fd) != '\0';
	}
	assert_int_equal(got, JOURNAL_BURST);
	now += JOURNAL_SPAN;
	journal_line(LOG_INFO, "later", NULL, j);
	assert_non_null(strstr(take(fd), "MESSAGE=10 lines were left out"));
	assert_non_null(strstr(take(fd), "later"));
	journal_free(j);
	gone(fd);
}

static void
test_absent(void **state)
{
	int fd = listener();
	struct journal *j = journal_new(path, "prog", &clk);

	(void)state;
	gone(fd);
	journal_line(LOG_INFO, "nobody", NULL, j);
	journal_free(j);
	assert_null(journal_new("/nonexistent/socket", "prog", &clk));
	assert_null(journal_new("/tmp", "prog", &clk));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_absent),
	};

	return RUN(tests);
}
