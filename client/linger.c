/* SPDX-License-Identifier: Apache-2.0 */
#include "linger.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "absent.h"

/* logind touches a file of the user's name here (loginctl(1), enable-linger). */
#define LINGER_DIR "/var/lib/systemd/linger"

static bool
is_set(const char *variable)
{
	return !str_empty(getenv(variable));
}

/* A desktop's session lasts as long as its user works. */
static bool
graphical(void)
{
	const char *type = getenv("XDG_SESSION_TYPE");

	if (is_set("SSH_CONNECTION"))
		return false; /* an X11 display that came along is no desktop */
	if (str_eq(type, "x11") || str_eq(type, "wayland") ||
	    str_eq(type, "mir"))
		return true;
	return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* systemd's cescape(), for what a user's name can have. */
char *
linger_flag(const char *user)
{
	_cleanup_free_ char *name = NULL;
	char *o;

	if (str_empty(user) || strchr(user, '/') != NULL ||
	    str_has_control(user))
		return NULL;
	o = name = xmalloc(4 * strlen(user) + 1);
	for (; *user != '\0'; user++) {
		unsigned c = (unsigned char)*user;

		if (strchr("\\\"'", *user) != NULL)
			*o++ = '\\';
		if (c < 128)
			*o++ = *user;
		else
			o += sprintf(o, "\\%03o", c);
	}
	*o = '\0';
	return path_join(LINGER_DIR, name);
}

bool
linger_missing(void)
{
	const struct passwd *pw = getpwuid(geteuid());
	_cleanup_free_ char *flag = NULL;

	if (absent_named() || !absent_manager() || graphical())
		return false;
	flag = pw == NULL ? NULL : linger_flag(pw->pw_name);
	if (flag == NULL)
		return false;
	return access(flag, F_OK) != 0 && errno == ENOENT;
}

void
linger_warn(FILE *out)
{
	fputs(_("awsfed: the agent ends when you log out of this computer, "
		"since lingering is off.\n"
		"  Next: loginctl enable-linger\n"),
	    out);
}

void
linger_warn_once(FILE *out)
{
	_cleanup_free_ char *dir = path_runtime(), *mark = NULL;
	_cleanup_close_ int fd = -1;

	if (dir == NULL || !linger_missing())
		return;
	mark = path_join(dir, "linger-told");
	fd = open(
	    mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		linger_warn(out);
}
