/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <jansson.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is freed: the last look at it (the linker's --wrap=free). */
static const void *watched;
static size_t dirty; /* bytes of it that were not zero */
static int seen;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	if (p != NULL && p == watched) {
		size_t size = malloc_usable_size(p);

		for (size_t i = 0; i < size; i++)
			dirty += ((const unsigned char *)p)[i] != 0;
		seen++;
		watched = NULL;
	}
	__real_free(p);
}

/* Nothing is left behind: not by a free, not by what moves. */
static void
test_wiped(void **state)
{
	char *p = xstrdup("hunter2");

	(void)state;
	watched = p;
	xfree(p);
	assert_int_equal(seen, 1);
	assert_int_equal(dirty, 0);
	p = xstrdup("hunter2");
	watched = p;
	p = xrealloc(p, 100000);
	assert_int_equal(seen, 2);
	assert_int_equal(dirty, 0);
	watched = p;
	xreplace(&p, NULL);
	assert_int_equal(seen, 3);
	assert_int_equal(dirty, 0);
	/* The watch itself works. */
	p = strdup("hunter2");
	watched = p;
	free(p);
	assert_int_equal(seen, 4);
	assert_true(dirty >= 7);
}

static void
test_basics(void **state)
{
	char *p = xmalloc(0), *q = xstrndup("abcdef", 3), *s = NULL;
	int *n = xcalloc(3, sizeof(*n));
	_cleanup_free_ char *f = xasprintf("%d-%s", 7, "x");

	(void)state;
	assert_non_null(p);
	assert_string_equal(q, "abc");
	assert_string_equal(f, "7-x");
	assert_null(xstrdup(NULL));
	assert_null(xstrndup(NULL, 3));
	for (int i = 0; i < 3; i++)
		assert_int_equal(n[i], 0);
	n = xreallocarray(n, 1000, sizeof(*n));
	assert_int_equal(n[2], 0);
	q = xrealloc(q, 2);
	assert_memory_equal(q, "ab", 2);
	s = STEAL(q);
	assert_null(q);
	xreplace(&s, xstrdup("new"));
	assert_string_equal(s, "new");
	xfree(s);
	xfree(n);
	xfree(p);
	xfree(NULL);
}

/* An impossible size ends the process, with a line that says so. */
static void
test_overflow_aborts(void **state)
{
	volatile size_t much = SIZE_MAX / 2; /* hidden from the compiler */
	int fds[2], status;
	char line[64] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		xfree(xreallocarray(NULL, much, 16));
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_true(read(fds[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "<2>out of memory\n");
	close(fds[0]);
}

/* jansson frees through here too: its hook sees the bytes gone. */
static void
test_jansson(void **state)
{
	json_malloc_t m;
	json_free_t f;

	(void)state;
	xalloc_install();
	json_get_alloc_funcs(&m, &f);
	assert_ptr_equal(m, xmalloc);
	assert_ptr_equal(f, xfree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_overflow_aborts),
		cmocka_unit_test(test_jansson),
		cmocka_unit_test(test_wiped),
	};

	return RUN(tests);
}
