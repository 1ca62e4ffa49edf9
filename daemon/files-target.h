/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file behind a path, for the write protocol: symbolic links resolved by
 * hand, the lock beside it, and what it held at one moment.
 */
#ifndef AWSFED_FILES_TARGET_H
#define AWSFED_FILES_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct fault;

struct target {
	char *dir, *name;
	char *path; /* both, for messages */
	int dirfd;  /* -1: not resolved */
	int lock;
	/* Locked, on a file system of this host alone: no other awsfed is at
	 * work here, and what it left is left for good. */
	bool sole;
};

/* One moment of a file.  exists false: there was none, data is "". */
struct snapshot {
	bool exists;
	bool leased; /* a lease proved that nobody was writing */
	struct stat st;
	char *data; /* xalloc */
	size_t len;
};

#define TARGET_INIT \
	{ \
		.dirfd = -1, .lock = -1 \
	}

/* All: 0, or -1 with *fault. */
int target_resolve(struct target *t, const char *path, struct fault *fault);
/* Up to 5 s.  optional: a directory where no lock can be made is tolerated. */
int target_lock(struct target *t, bool optional, struct fault *fault);
void target_done(struct target *t);
/*
 * Reads name of the target's directory.  links: more than one hard link is
 * tolerated.  Waits (2 s at most) while another program has it open for
 * writing, as far as the file system can tell.
 */
int target_read(const struct target *t, const char *name, bool links,
    struct snapshot *ret, struct fault *fault);
/* The same of an open file that may have no name any more. */
int target_read_fd(
    const struct target *t, int fd, struct snapshot *ret, struct fault *fault);
void snapshot_done(struct snapshot *s);
bool snapshot_same_file(const struct stat *a, const struct stat *b);
bool snapshot_equal(const struct snapshot *a, const struct snapshot *b);

/*
 * A read lease on an open file: taken exactly when nobody has it open for
 * writing; while it is held, whoever wants to must wait.  0; -EAGAIN: there is
 * a writer; another errno: this file system has no leases.
 */
int lease_take(int fd);
/* Tests: be a file system without leases. */
extern bool lease_none;
/* Drops it.  True when somebody had knocked meanwhile. */
bool lease_drop(int fd);

/* The sentence for an errno, with what to do next.  Returns -1. */
int file_fault(
    struct fault *fault, const char *what, const char *path, int error);
void file_sleep(long ms);

#define _cleanup_target_ __attribute__((cleanup(target_done)))
#define _cleanup_snapshot_ __attribute__((cleanup(snapshot_done)))

#endif
