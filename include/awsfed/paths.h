/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are, and how they are opened and replaced.
 *
 * Relative values in XDG and AWS variables are ignored, as the XDG text asks;
 * nothing is ever read from the working directory.
 */
#ifndef AWSFED_PATHS_H
#define AWSFED_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fault;

char *path_join(const char *dir, const char *name);
char *path_home(void); /* NULL when there is none */
/*
 * Is this root by sudo, in the home of the user who called it?  What is made
 * there would be root's, and in that user's way.
 */
bool path_home_is_callers(unsigned *ret_uid);
/* Is there no home to keep state in, XDG_STATE_HOME not being set either? */
bool path_home_is_missing(void);
/* "~" and "~/x" expanded; NULL when the result is not absolute. */
char *path_expand(const char *path);
char *path_aws_config(void);	  /* AWS_CONFIG_FILE or ~/.aws/config */
char *path_aws_credentials(void); /* AWS_SHARED_CREDENTIALS_FILE or … */
/*
 * XDG_RUNTIME_DIR; without it (cron, su) /run/user/UID when that is there, ours
 * and private; else NULL.
 */
char *path_user_runtime(void);
/* This computer's name as part of a file name. */
char *path_host(void);
/*
 * <user runtime>/awsfed, else $XDG_STATE_HOME/awsfed/run/HOST: a home may be
 * shared by many.  Not created.
 */
char *path_runtime(void);
char *path_state(void); /* $XDG_STATE_HOME/awsfed */
/*
 * /etc/awsfed/NAME; in AWSFED_TEST_ETC instead, for tests, on a machine that
 * has no policy.conf.
 */
char *path_etc(const char *name);
char *path_settings(void); /* $XDG_CONFIG_HOME/awsfed/awsfed.conf */
/* AWSFED_SOCKET, else <runtime>/control. */
char *path_socket(void);

/*
 * Makes the directory and its missing parents, mode 0700.  An existing last
 * component must be a directory of ours with no group or other bits when
 * private is set.  0, or a negative errno (-EPERM: wrong owner or mode).
 */
int path_mkdirs(const char *dir, bool private);
/*
 * Opens (O_PATH) a directory that must be ours, without group and other bits;
 * what is open is what was looked at.  A descriptor, or a negative errno
 * (-EPERM: wrong owner or mode).
 */
int path_open_private(const char *dir);
int path_mkdir_parent(const char *file);

/*
 * Reads a whole regular file of at most max bytes.  0; -ENOENT; -EFBIG;
 * -EISDIR, -EINVAL for what is not a regular file; other errno.  ret_data is an
 * xalloc block with a NUL behind it.
 */
int path_read(const char *path, size_t max, char **ret_data, size_t *ret_len);

/*
 * Replaces a file of ours whole: temporary file beside it, fsync, rename,
 * fsync of the directory.  For state files; the AWS files have their own, more
 * careful way (daemon/files).
 */
int path_replace(const char *path, const void *data, size_t len, mode_t mode);
/* ".<16 hex>.tmp": the end of the name of such a temporary file? */
bool path_is_scrap(const char *end);
/* Removes those that a crash left in a directory more than a minute ago. */
void path_sweep(const char *dir);

int write_all(int fd, const void *data, size_t len); /* EINTR, short writes */

void closep(int *fd);
#define _cleanup_close_ __attribute__((cleanup(closep)))

#endif
