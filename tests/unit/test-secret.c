/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awsfed/secret.h"
#include "awsfed/str.h"

static void
test_basics(void **state)
{
	_cleanup_secret_ struct secret *a = secret_new("p\0w", 3);
	_cleanup_secret_ struct secret *b = secret_new("p\0x", 3);
	_cleanup_secret_ struct secret *c = secret_new("p\0w", 3);
	_cleanup_secret_ struct secret *d = secret_new("p", 1);
	_cleanup_secret_ struct secret *e = NULL;
	_cleanup_secret_ struct secret *none = secret_new("", 0);
	char *s = xstrdup("taken");

	(void)state;
	assert_int_equal(secret_len(a), 3);
	assert_memory_equal(secret_bytes(a), "p\0w\0", 4);
	assert_true(secret_equal(a, c));
	assert_false(secret_equal(a, b));
	assert_false(secret_equal(a, d));
	assert_false(secret_equal(none, d));
	assert_int_equal(secret_len(none), 0);
	assert_string_equal(secret_bytes(none), "");
	e = secret_take(&s);
	assert_null(s);
	assert_string_equal(secret_bytes(e), "taken");
	assert_null(secret_take(&s));
	assert_null(secret_free(NULL));
}

/* The VmFlags line of the mapping that holds an address. */
static void
vm_flags(const void *address, char *out, size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	bool here = false;
	char line[512];

	assert_non_null(f);
	*out = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (unsigned long)address >= from &&
			    (unsigned long)address < to;
		else if (here && str_starts(line, "VmFlags:"))
			snprintf(out, size, "%s", line);
	}
	fclose(f);
}

static void
test_pages(void **state)
{
	_cleanup_secret_ struct secret *s = secret_new("hunter2", 7);
	char flags[512];

	(void)state;
	vm_flags(secret_bytes(s), flags, sizeof(flags));
	print_message("# %s", flags);
	assert_non_null(strstr(flags, " dd")); /* not dumped */
	assert_non_null(strstr(flags, " wf")); /* wiped in a child */
	if (secret_locked())
		assert_non_null(strstr(flags, " lo"));
	else
		print_message("# SKIP: RLIMIT_MEMLOCK forbids locking\n");
}

/* While another secret keeps the chunk, a freed one's bytes are zero. */
static void
test_wiped(void **state)
{
	_cleanup_secret_ struct secret *keeper = secret_new("keep", 4);
	struct secret *s = secret_new("hunter2hunter2hunter2", 21);
	const volatile char *p = secret_bytes(s);

	(void)state;
	secret_free(s);
	for (size_t i = 0; i < 21; i++)
		assert_int_equal(p[i], 0);
	assert_string_equal(secret_bytes(keeper), "keep");
}

/* A child sees zeroes. */
static void
test_child(void **state)
{
	_cleanup_secret_ struct secret *s = secret_new("hunter2", 7);
	const volatile char *p = secret_bytes(s);
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(p[0] == 0 && p[6] == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Many sizes in random order: no two overlap, and all end. */
static void
test_arena(void **state)
{
	struct secret *all[200] = { NULL };
	unsigned r = 12345;
	static char fill[SECRET_MAX];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t i, len;

		r = r * 1103515245 + 12345;
		i = (r >> 8) % ARRAY_SIZE(all);
		len = round % 1000 == 0 ? SECRET_MAX : (r >> 16) % 3000;
		if (all[i] != NULL) {
			const char *p = secret_bytes(all[i]);

			for (size_t k = 0; k < secret_len(all[i]); k++)
				if (p[k] != (char)(i + 1))
					fail_msg("secret %zu was hurt", i);
			all[i] = secret_free(all[i]);
			continue;
		}
		memset(fill, (int)i + 1, len);
		all[i] = secret_new(fill, len);
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = secret_free(all[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basics),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_arena),
	};

	return RUN(tests);
}
