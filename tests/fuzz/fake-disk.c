/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzzed engines see of the disk: the config file of the run and its
 * folder, out of memory.  The linker puts these in the place of libc's and
 * lib's; real files would be a third of the time.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "fake-engine-int.h"

static const char *config;
static struct stat config_stat;

void
fake_disk_config(const char *text, int64_t now_s)
{
	config = text;
	config_stat.st_mode = S_IFREG | 0600;
	config_stat.st_ino++; /* as who replaces a file */
	config_stat.st_size = (off_t)strlen(text);
	config_stat.st_mtim.tv_sec = config_stat.st_ctim.tv_sec = now_s;
}

/* The fuzzer itself has files, elsewhere. */
static bool
ours(const char *path)
{
	return str_starts(path, "/nonexistent/");
}

int __real_stat(const char *path, struct stat *ret);
int __real_path_read(
    const char *path, size_t max, char **ret_data, size_t *ret_len);
int __real_unlink(const char *path);
int __wrap_stat(const char *path, struct stat *ret);
int __wrap_path_read(
    const char *path, size_t max, char **ret_data, size_t *ret_len);
int __wrap_usleep(useconds_t us);
int __wrap_unlink(const char *path);

int
__wrap_stat(const char *path, struct stat *ret)
{
	if (str_eq(path, ENGINE_CONFIG)) {
		*ret = config_stat;
		return 0;
	}
	if (str_eq(path, ENGINE_FOLDER)) {
		*ret = (struct stat){ .st_mode = S_IFDIR | 0700 };
		return 0;
	}
	if (!ours(path))
		return __real_stat(path, ret);
	errno = ENOENT;
	return -1;
}

int
__wrap_path_read(const char *path, size_t max, char **ret_data, size_t *ret_len)
{
	if (!ours(path))
		return __real_path_read(path, max, ret_data, ret_len);
	if (!str_eq(path, ENGINE_CONFIG))
		return -ENOENT;
	if (strlen(config) > max)
		return -EFBIG;
	*ret_data = xstrdup(config);
	*ret_len = strlen(config);
	return 0;
}

int
__wrap_unlink(const char *path)
{
	if (!ours(path))
		return __real_unlink(path);
	errno = ENOENT;
	return -1;
}

/* Who reads a file again does not wait for it. */
int
__wrap_usleep(useconds_t us)
{
	(void)us;
	return 0;
}
