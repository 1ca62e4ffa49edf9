/* SPDX-License-Identifier: Apache-2.0 */
/* The blob and the memory file behind the state. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "awsfed/xalloc.h"

#include "state-blob.h"
#include "state-memory.h"

static const char text[] = "{\"identities\":[],\"sessions\":[]}";
#define LEN (sizeof(text) - 1)
#define WHOLE (STATE_HEADER + LEN)

static void
make(unsigned char *out)
{
	state_blob_header(text, LEN, 7, out);
	memcpy(out + STATE_HEADER, text, LEN);
}

static void
test_round(void **state)
{
	unsigned char b[WHOLE + 100] = { 0 };
	struct state_slot slot = { 0 };

	(void)state;
	make(b);
	assert_int_equal(state_blob_look(b, sizeof(b), &slot), STATE_WHOLE);
	assert_int_equal(slot.generation, 7);
	assert_int_equal(slot.len, LEN);
	assert_int_equal(state_blob_extent(b), WHOLE);
	memset(b, 0, sizeof(b));
	assert_int_equal(state_blob_look(b, sizeof(b), &slot), STATE_EMPTY);
}

/* The check value of CRC-64/XZ, so that another version computes the same. */
static void
test_checksum(void **state)
{
	unsigned char a[STATE_HEADER], b[STATE_HEADER];

	(void)state;
	state_blob_header(text, LEN, 7, a);
	state_blob_header(text, LEN, 8, b);
	assert_memory_not_equal(a + 24, b + 24, 8);
	assert_memory_equal(a, b, 16);
}

static void
test_each_bit(void **state)
{
	unsigned char b[WHOLE];
	struct state_slot slot;

	(void)state;
	for (size_t i = 0; i < sizeof(b) * 8; i++) {
		enum state_verdict v;

		make(b);
		b[i / 8] ^= (unsigned char)(1U << i % 8);
		v = state_blob_look(b, sizeof(b), &slot);
		assert_int_not_equal(v, STATE_WHOLE);
		assert_int_not_equal(v, STATE_EMPTY);
		/* Never more than there could be. */
		assert_in_range(state_blob_extent(b), STATE_HEADER, STATE_SLOT);
	}
}

static void
test_each_length(void **state)
{
	unsigned char b[WHOLE];
	struct state_slot slot;

	(void)state;
	make(b);
	for (size_t n = 0; n < sizeof(b); n++)
		assert_int_equal(state_blob_look(b, n, &slot), STATE_DAMAGED);
}

static void
test_version(void **state)
{
	unsigned char b[WHOLE];
	struct state_slot slot;

	(void)state;
	make(b);
	b[8] = STATE_VERSION + 1;
	assert_int_equal(
	    state_blob_look(b, sizeof(b), &slot), STATE_OTHER_VERSION);
}

/* ---- the memory file -------------------------------------------------------- */

static void
expect(struct state_memory *sm, const char *want)
{
	const char *why = "unset";
	size_t len = 0;
	char *got = state_memory_read(sm, &len, &why);

	if (want == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_null(why);
	assert_int_equal(len, strlen(want));
	assert_string_equal(got, want);
	xfree(got);
}

static bool
contains(const struct state_memory *sm, const char *what)
{
	size_t size = (size_t)STATE_MEMORY_SIZE;
	char *p = mmap(NULL, size, PROT_READ, MAP_SHARED, sm->fd, 0);
	bool found;

	assert_ptr_not_equal(p, MAP_FAILED);
	found = memmem(p, size, what, strlen(what)) != NULL;
	munmap(p, size);
	return found;
}

static void
test_memory(void **state)
{
	struct state_memory sm, again;

	(void)state;
	assert_int_equal(state_memory_make(&sm), 0);
	assert_null(state_memory_check(sm.fd, &again));
	expect(&again, NULL);
	assert_int_equal(state_memory_write(&sm, "one", 3), 0);
	assert_int_equal(state_memory_write(&sm, "two", 3), 0);
	assert_int_equal(state_memory_write(&sm, "three", 5), 0);
	assert_null(state_memory_check(sm.fd, &again));
	expect(&again, "three");
	assert_int_equal(again.generation, 3);
	/* What is over is nowhere any more. */
	assert_false(contains(&sm, "one"));
	assert_false(contains(&sm, "two"));
	assert_int_equal(state_memory_write(&again, "four", 4), 0);
	assert_null(state_memory_check(sm.fd, &sm));
	expect(&sm, "four");
	state_memory_wipe(&sm);
	assert_false(contains(&sm, "four"));
	expect(&sm, NULL);
	/* It can be neither cut off nor made larger. */
	assert_int_equal(ftruncate(sm.fd, 0), -1);
	assert_int_equal(ftruncate(sm.fd, 1 << 26), -1);
	state_memory_close(&sm);
}

/* A kill between any two of the writes leaves the old one or the new one. */
static void
test_torn(void **state)
{
	struct state_memory sm, at;
	unsigned char header[STATE_HEADER];
	off_t other;

	(void)state;
	assert_int_equal(state_memory_make(&sm), 0);
	assert_int_equal(state_memory_write(&sm, "old", 3), 0);
	other = (off_t)((sm.slot + 1) % STATE_SLOTS) * STATE_SLOT;
	state_blob_header("new", 3, sm.generation + 1, header);
	for (size_t n = 0; n <= 3; n++) {
		assert_int_equal(
		    pwrite(sm.fd, "new", n, other + STATE_HEADER), n);
		assert_null(state_memory_check(sm.fd, &at));
		expect(&at, "old");
	}
	for (size_t n = 0; n <= STATE_HEADER; n++) {
		assert_int_equal(pwrite(sm.fd, header, n, other), n);
		assert_null(state_memory_check(sm.fd, &at));
		expect(&at, n < STATE_HEADER ? "old" : "new");
	}
	state_memory_close(&sm);
}

static void
test_too_large(void **state)
{
	struct state_memory sm;
	char *large = xcalloc(1, STATE_SLOT);

	(void)state;
	assert_int_equal(state_memory_make(&sm), 0);
	assert_int_equal(state_memory_write(&sm, "old", 3), 0);
	assert_int_equal(state_memory_write(&sm, large, STATE_SLOT), -EFBIG);
	/* Something old is worse than nothing. */
	expect(&sm, NULL);
	memset(large, 'x', STATE_PAYLOAD_MAX);
	assert_int_equal(state_memory_write(&sm, large, STATE_PAYLOAD_MAX), 0);
	xfree(large);
	state_memory_close(&sm);
}

static void
test_tries(void **state)
{
	struct state_memory sm;

	(void)state;
	assert_int_equal(state_memory_make(&sm), 0);
	for (int i = 0; i < STATE_TRIES; i++)
		assert_int_equal(state_memory_begin(&sm), 0);
	assert_int_equal(state_memory_begin(&sm), -ELOOP);
	state_memory_end(&sm);
	assert_int_equal(state_memory_begin(&sm), 0);
	state_memory_close(&sm);
}

static int
memory_file(const char *name, off_t size, int seals)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void
test_hostile(void **state)
{
	const int ours = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
	const char *name = "awsfed-state";
	struct state_memory sm;
	char path[32];
	int fds[] = {
		open("/dev/null", O_RDWR | O_CLOEXEC),
		open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		open("/dev/zero", O_RDWR | O_CLOEXEC),
		memory_file(name, STATE_MEMORY_SIZE, 0),
		memory_file(name, STATE_MEMORY_SIZE, F_SEAL_SEAL),
		memory_file(name, STATE_MEMORY_SIZE, ours | F_SEAL_WRITE),
		memory_file(name, STATE_MEMORY_SIZE - 1, ours),
		memory_file(name, 0, ours),
		memory_file(name, STATE_MEMORY_SIZE * 1024, ours),
		memory_file("other", STATE_MEMORY_SIZE, ours),
		-1, /* ours, but for reading alone */
		-1, /* a pipe */
	};
	int pipes[2];

	(void)state;
	assert_int_equal(state_memory_make(&sm), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sm.fd);
	fds[10] = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pipe(pipes), 0);
	fds[11] = pipes[0];
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		struct state_memory got = { .fd = -2 };

		assert_true(fds[i] >= 0);
		assert_non_null(state_memory_check(fds[i], &got));
		assert_int_equal(got.fd, -2);
		close(fds[i]);
	}
	assert_non_null(state_memory_check(fds[0], &sm)); /* closed */
	close(pipes[1]);
	state_memory_close(&sm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_each_bit),
		cmocka_unit_test(test_each_length),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_tries),
		cmocka_unit_test(test_hostile),
	};

	return RUN(tests);
}
