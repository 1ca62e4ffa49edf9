/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that systemd hands to the agent's unit (LoadCredential= and its
 * kind, systemd.exec(5)): files in $CREDENTIALS_DIRECTORY, which nobody but
 * the service may read.  Ours are named awsfed.password.USER@HOST and
 * awsfed.totp.USER@HOST, with "-" for what is neither a lower-case letter, a
 * digit, nor one of "._-".
 */
#include "keyring-int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define CREDENTIAL_MAX 4096 /* bytes */

static void
plain(char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", *s) ==
		    NULL)
			*s = '-';
}

/* One line, without its end; NULL when that is not what is there. */
static struct secret *
one_line(char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	if (len == 0 || strlen(text) != len || str_has_control(text))
		return NULL;
	return secret_new(text, len);
}

static int
read_private(const char *path, char *text, size_t size, size_t *ret_len)
{
	_cleanup_close_ int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t len = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -errno;
	/* Root's by a system manager, ours by a user's; nobody else's. */
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0))
		return -EPERM;
	do {
		n = read(fd, text + len, size - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return -errno;
	if (len == size)
		return -EFBIG;
	*ret_len = len;
	return 0;
}

struct secret *
keyring_credential(
    const struct keyring *k, enum keyring_kind kind, const char *user)
{
	_cleanup_free_ char *who = NULL, *host = NULL, *path = NULL;
	char text[CREDENTIAL_MAX];
	struct secret *s = NULL;
	size_t len = 0;
	int r;

	if (k->env.credentials == NULL || user == NULL)
		return NULL;
	who = xstrdup(user);
	host = xstrdup(k->host);
	plain(who);
	plain(host);
	path = xasprintf("%s/awsfed.%s.%s@%s", k->env.credentials,
	    kind == KEYRING_TOTP ? "totp" : "password", who, host);
	r = read_private(path, text, sizeof(text), &len);
	if (r == 0)
		s = one_line(text, len);
	explicit_bzero(text, sizeof(text));
	if (r == -EPERM)
		log_warning("%s is not a file that only you may read; it is "
			    "not used",
		    path);
	else if (r < 0 && r != -ENOENT)
		log_warning("%s cannot be read: %s", path, strerror(-r));
	else if (r == 0 && s == NULL)
		log_warning("%s is not one line of text; it is not used", path);
	return s;
}

void
keyring_look_credential(struct keyring *k)
{
	_cleanup_secret_ struct secret *s =
	    keyring_credential(k, KEYRING_PASSWORD, k->normal);

	k->known.held = s != NULL ? KEYRING_YES : KEYRING_NO;
}

void
keyring_compare_credential(struct keyring *k, const struct secret *password)
{
	_cleanup_secret_ struct secret *s =
	    keyring_credential(k, KEYRING_PASSWORD, k->normal);

	k->known.held = s != NULL ? KEYRING_YES : KEYRING_NO;
	k->known.suspect = s != NULL && !secret_equal(s, password);
}
