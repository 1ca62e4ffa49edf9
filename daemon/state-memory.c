/* SPDX-License-Identifier: Apache-2.0 */
#include "state-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

#define NAME "awsfed-state"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)
#define AT_TRIES ((off_t)STATE_SLOTS * STATE_SLOT)

int
state_memory_make(struct state_memory *ret)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(NAME, flags | MFD_NOEXEC_SEAL), e;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(NAME, flags);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) != 0 || ftruncate(fd, STATE_MEMORY_SIZE) != 0 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		e = -errno;
		close(fd);
		return e;
	}
	*ret = (struct state_memory){ .fd = fd };
	return 0;
}

static bool
is_memory(int fd)
{
	char link[32], target[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return str_starts(target, "/memfd:" NAME);
}

const char *
state_memory_check(int fd, struct state_memory *ret)
{
	struct stat st;
	int seals, mode;

	if (fstat(fd, &st) != 0)
		return "cannot be looked at";
	if (!S_ISREG(st.st_mode) || !is_memory(fd))
		return "is not our kind of memory file";
	if (st.st_uid != geteuid())
		return "belongs to somebody else";
	if (st.st_size != STATE_MEMORY_SIZE)
		return "has another size";
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & ~F_SEAL_EXEC) != SEALS)
		return "is not sealed as ours";
	mode = fcntl(fd, F_GETFL);
	if (mode < 0 || (mode & O_ACCMODE) != O_RDWR)
		return "cannot be written";
	*ret = (struct state_memory){ .fd = fd };
	return NULL;
}

static off_t
slot_at(unsigned slot)
{
	return (off_t)slot * STATE_SLOT;
}

static int
read_at(int fd, void *p, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p = (char *)p + n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static int
write_at(int fd, const void *p, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p = (const char *)p + n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

/* Zeroes over what there was, then the pages go back. */
static void
wipe_slot(const struct state_memory *sm, unsigned slot)
{
	static const unsigned char zero[4096];
	off_t at = slot_at(slot), end = at + STATE_SLOT, data;

	/* The header first: from here on it is no state any more. */
	(void)write_at(sm->fd, zero, STATE_HEADER, at);
	while (at < end && (data = lseek(sm->fd, at, SEEK_DATA)) >= 0 &&
	    data < end) {
		at = data;
		if (write_at(sm->fd, zero, sizeof(zero), at) < 0)
			break;
		at += (off_t)sizeof(zero);
	}
	(void)fallocate(sm->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    slot_at(slot), STATE_SLOT);
}

/* A slot as it is; its verdict. */
static enum state_verdict
read_slot(const struct state_memory *sm, unsigned slot, char **ret_data,
    struct state_slot *ret)
{
	unsigned char header[STATE_HEADER];
	enum state_verdict v;
	char *all;
	size_t len;

	if (read_at(sm->fd, header, sizeof(header), slot_at(slot)) < 0)
		return STATE_DAMAGED;
	len = state_blob_extent(header);
	all = xmalloc(len + 1);
	all[len] = '\0';
	/* The header too is read again: somebody else may hold the file. */
	v = read_at(sm->fd, all, len, slot_at(slot)) < 0 ?
	    STATE_DAMAGED :
	    state_blob_look((const unsigned char *)all, len, ret);
	if (v == STATE_WHOLE)
		*ret_data = all;
	else
		xfree(all);
	return v;
}

static const char *
complaint(const enum state_verdict verdicts[STATE_SLOTS])
{
	bool damaged = false;

	for (unsigned i = 0; i < STATE_SLOTS; i++) {
		if (verdicts[i] == STATE_OTHER_VERSION)
			return "was written by another version";
		damaged |= verdicts[i] == STATE_DAMAGED;
	}
	return damaged ? "is damaged" : NULL;
}

char *
state_memory_read(
    struct state_memory *sm, size_t *ret_len, const char **ret_why)
{
	enum state_verdict verdicts[STATE_SLOTS];
	char *best = NULL;

	*ret_why = NULL;
	for (unsigned i = 0; i < STATE_SLOTS; i++) {
		struct state_slot found = { 0 };
		char *data = NULL;

		verdicts[i] = read_slot(sm, i, &data, &found);
		if (data == NULL)
			continue;
		if (best != NULL && found.generation <= sm->generation) {
			xfree(data);
			continue;
		}
		xfree(best);
		best = data;
		*ret_len = found.len;
		sm->slot = i;
		sm->generation = found.generation;
	}
	if (best == NULL) {
		*ret_why = complaint(verdicts);
		return NULL;
	}
	memmove(best, best + STATE_HEADER, *ret_len + 1);
	return best;
}

int
state_memory_write(struct state_memory *sm, const char *data, size_t len)
{
	unsigned other = (sm->slot + 1) % STATE_SLOTS;
	unsigned char header[STATE_HEADER];
	int r;

	if (len > STATE_PAYLOAD_MAX) {
		state_memory_wipe(sm);
		return -EFBIG;
	}
	wipe_slot(sm, other);
	state_blob_header(data, len, sm->generation + 1, header);
	r = write_at(sm->fd, data, len, slot_at(other) + STATE_HEADER);
	if (r == 0)
		r = write_at(sm->fd, header, sizeof(header), slot_at(other));
	if (r < 0) {
		state_memory_wipe(sm);
		return r;
	}
	wipe_slot(sm, sm->slot);
	sm->slot = other;
	sm->generation++;
	return 0;
}

void
state_memory_wipe(struct state_memory *sm)
{
	for (unsigned i = 0; i < STATE_SLOTS; i++)
		wipe_slot(sm, i);
}

int
state_memory_begin(struct state_memory *sm)
{
	unsigned char n = 0;
	int r = read_at(sm->fd, &n, 1, AT_TRIES);

	if (r < 0)
		return r;
	if (n >= STATE_TRIES)
		return -ELOOP;
	n++;
	return write_at(sm->fd, &n, 1, AT_TRIES);
}

void
state_memory_end(struct state_memory *sm)
{
	static const unsigned char zero;

	(void)write_at(sm->fd, &zero, 1, AT_TRIES);
}

void
state_memory_close(struct state_memory *sm)
{
	if (sm->fd >= 0)
		close(sm->fd);
	sm->fd = -1;
}
