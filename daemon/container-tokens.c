/* SPDX-License-Identifier: Apache-2.0 */
#include "container-tokens.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/random.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "container-request.h"

#define SUFFIX ".token"
#define PORT "port"
#define TOKEN_CHARS (2 * CONTAINER_TOKEN_BYTES)
#define LEFT ".tmp"	  /* of a write that was cut off */
#define FILE_NAME_MAX 220 /* with what path_replace() adds below NAME_MAX */

struct entry {
	struct entry *next;
	char *profile;
	struct secret *token;
};

struct container_tokens {
	char *dir;
	struct entry *entries;
	size_t n;
};

struct container_tokens *
container_tokens_new(const char *dir)
{
	struct container_tokens *t = xcalloc(1, sizeof(*t));

	t->dir = xstrdup(dir);
	return t;
}

static void
entry_free(struct entry *e)
{
	secret_free(e->token);
	xfree(e->profile);
	xfree(e);
}

void
container_tokens_free(struct container_tokens *t)
{
	if (t == NULL)
		return;
	while (t->entries != NULL) {
		struct entry *e = t->entries;

		t->entries = e->next;
		entry_free(e);
	}
	xfree(t->dir);
	xfree(t);
}

static struct entry *
find(const struct container_tokens *t, const char *profile)
{
	for (struct entry *e = t->entries; e != NULL; e = e->next)
		if (str_eq(e->profile, profile))
			return e;
	return NULL;
}

size_t
container_tokens_count(const struct container_tokens *t)
{
	return t->n;
}

const struct secret *
container_tokens_get(const struct container_tokens *t, const char *profile)
{
	const struct entry *e = find(t, profile);

	return e != NULL ? e->token : NULL;
}

/* Takes token. */
static struct entry *
add(struct container_tokens *t, const char *profile, struct secret *token)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->profile = xstrdup(profile);
	e->token = token;
	e->next = t->entries;
	t->entries = e;
	t->n++;
	return e;
}

/* ---- files -------------------------------------------------------------------------- */

/* NULL when the name is too long for a file. */
static char *
file_of(const struct container_tokens *t, const char *profile)
{
	_cleanup_free_ char *name = container_encode(profile), *file = NULL;

	if (strlen(name) + strlen(SUFFIX) > FILE_NAME_MAX)
		return NULL;
	file = xasprintf("%s%s", name, SUFFIX);
	return path_join(t->dir, file);
}

/*
 * Up to size - 1 bytes of a file that is ours and private; their number, or a
 * negative errno.
 */
static ssize_t
read_private(int dir, const char *name, char *out, size_t size)
{
	_cleanup_close_ int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0 || st.st_nlink != 1)
		return -EPERM;
	n = read(fd, out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return n;
}

static bool
is_token(const char *s, ssize_t len)
{
	return len == TOKEN_CHARS &&
	    strspn(s, "0123456789abcdef") == TOKEN_CHARS;
}

static void
load_token(struct container_tokens *t, int dir, const char *name)
{
	_cleanup_free_ char *profile =
	    container_decode(name, strlen(name) - strlen(SUFFIX));
	char text[TOKEN_CHARS + 2];
	ssize_t n = profile == NULL || t->n >= CONTAINER_TOKENS_MAX ?
	    -EINVAL :
	    read_private(dir, name, text, sizeof(text));

	if (is_token(text, n) && find(t, profile) == NULL) {
		add(t, profile, secret_new(text, TOKEN_CHARS));
	} else {
		log_warning("a token file of the container endpoint is not "
			    "trusted and was removed");
		(void)unlinkat(dir, name, 0);
	}
	explicit_bzero(text, sizeof(text));
}

uint16_t
container_tokens_load(struct container_tokens *t)
{
	_cleanup_close_ int fd = -1;
	char text[8];
	int64_t port = 0;
	struct dirent *d;
	struct stat st;
	DIR *dir;

	/* Made by us, or not read at all. */
	if (lstat(t->dir, &st) != 0 || path_mkdirs(t->dir, true) < 0)
		return 0;
	fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0)) : NULL;
	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		if (str_ends(d->d_name, SUFFIX))
			load_token(t, fd, d->d_name);
		else if (str_ends(d->d_name, LEFT))
			(void)unlinkat(fd, d->d_name, 0);
	}
	closedir(dir);
	if (read_private(fd, PORT, text, sizeof(text)) <= 0 ||
	    str_int(text, 1, 65535, &port) < 0)
		return 0;
	return (uint16_t)port;
}

static int
fail(struct container_tokens *t, struct fault *fault, int error)
{
	fault_set(fault, FAULT_CONFIG, REASON_FILE,
	    _("The container endpoint cannot keep its tokens in %s: %s."),
	    t->dir, strerror(error));
	fault_next(fault,
	    _("Make %s a directory of yours with mode 0700 and room in it"),
	    t->dir);
	return -1;
}

static int
put(struct container_tokens *t, const char *path, const char *text, size_t len,
    struct fault *fault)
{
	int r = path_mkdirs(t->dir, true);

	if (r == 0)
		r = path_replace(path, text, len, 0600);
	return r < 0 ? fail(t, fault, -r) : 0;
}

/* The file as it is may have been swept away, or be of another time. */
static bool
on_disk(const struct container_tokens *t, const struct entry *e)
{
	_cleanup_free_ char *path = file_of(t, e->profile);
	char text[TOKEN_CHARS + 2];
	ssize_t n = read_private(AT_FDCWD, path, text, sizeof(text));
	bool same = n > 0 && secret_is(e->token, text, (size_t)n);

	explicit_bzero(text, sizeof(text));
	return same;
}

static struct secret *
random_token(void)
{
	unsigned char bytes[CONTAINER_TOKEN_BYTES];
	char text[TOKEN_CHARS + 1];
	struct secret *token;

	random_bytes(bytes, sizeof(bytes));
	str_hex(bytes, sizeof(bytes), text);
	token = secret_new(text, TOKEN_CHARS);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
	return token;
}

int
container_tokens_make(struct container_tokens *t, const char *profile,
    char **ret_path, struct fault *fault)
{
	_cleanup_free_ char *path = file_of(t, profile);
	_cleanup_secret_ struct secret *token = NULL;
	struct entry *e = find(t, profile);

	if (path == NULL || t->n >= CONTAINER_TOKENS_MAX) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    path == NULL ?
			_("The name of profile %s is too long for the "
			  "container endpoint.") :
			_("There are too many tokens already: none for %s."),
		    profile);
		fault_next(fault, "awsfedctl exec %s -- COMMAND", profile);
		return -1;
	}
	if (e == NULL || !on_disk(t, e)) {
		const struct secret *it;

		if (e == NULL && (token = random_token()) == NULL)
			return fail(t, fault, EIO);
		it = e != NULL ? e->token : token;
		/* No newline: SDKs refuse a token that has one. */
		if (put(t, path, secret_bytes(it), secret_len(it), fault) < 0)
			return -1;
		if (e == NULL)
			add(t, profile, STEAL(token));
	}
	*ret_path = STEAL(path);
	return 0;
}

int
container_tokens_set_port(
    struct container_tokens *t, uint16_t port, struct fault *fault)
{
	_cleanup_free_ char *path = path_join(t->dir, PORT);
	char text[8];
	int n = snprintf(text, sizeof(text), "%u", (unsigned)port);

	return put(t, path, text, (size_t)n, fault);
}

int
container_tokens_again(struct container_tokens *t, struct fault *fault)
{
	for (const struct entry *e = t->entries; e != NULL; e = e->next) {
		_cleanup_free_ char *path = NULL;

		if (on_disk(t, e))
			continue;
		path = file_of(t, e->profile);
		if (put(t, path, secret_bytes(e->token), secret_len(e->token),
			fault) < 0)
			return -1;
	}
	return 0;
}

void
container_tokens_drop(struct container_tokens *t, const char *profile)
{
	for (struct entry **p = &t->entries; *p != NULL; p = &(*p)->next) {
		struct entry *e = *p;
		_cleanup_free_ char *path = NULL;

		if (!str_eq(e->profile, profile))
			continue;
		path = file_of(t, profile);
		(void)unlink(path);
		*p = e->next;
		t->n--;
		entry_free(e);
		return;
	}
}

void
container_tokens_drop_all(struct container_tokens *t)
{
	_cleanup_free_ char *port = path_join(t->dir, PORT);

	while (t->entries != NULL)
		container_tokens_drop(t, t->entries->profile);
	(void)unlink(port);
	(void)rmdir(t->dir);
}
