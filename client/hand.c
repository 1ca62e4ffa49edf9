/* SPDX-License-Identifier: Apache-2.0 */
#include "hand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "signals.h"
#include "term.h"

#define OSC52_MAX 100000 /* bytes of base64 that terminals take */

static bool
has(const char *variable)
{
	return !str_empty(getenv(variable));
}

bool
hand_desktop(void)
{
	return has("WAYLAND_DISPLAY") || has("DISPLAY");
}

/* ---- another program ---------------------------------------------------------- */

/* In the child: standard input from fd, the words of it to nowhere. */
static void __attribute__((noreturn)) become(const char *const argv[], int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	signals_restore();
	dup2(fd >= 0 ? fd : null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int
write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The program's exit status, 127 when it is not there, -1 when it died. */
static int
feed(const char *const argv[], const char *text)
{
	int pipes[2] = { -1, -1 }, status;
	pid_t pid;

	if (text != NULL && pipe2(pipes, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become(argv, pipes[0]);
	if (pipes[0] >= 0)
		close(pipes[0]);
	if (pid > 0 && text != NULL)
		(void)write_all(pipes[1], text); /* its status tells */
	if (pipes[1] >= 0)
		close(pipes[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
hand_open(const char *path, struct problem *problem)
{
	const char *const argv[] = { "xdg-open", path, NULL };
	int r = feed(argv, NULL);

	if (r == 0)
		return 0;
	problem_set(problem, EXIT_FAILED, FAULT_CONFIG,
	    r == 127 ? _("there is no xdg-open to open a browser with.") :
		       _("xdg-open could not open a browser."));
	fault_next(&problem->fault, "%s",
	    r == 127 ? _("install xdg-utils, or use --print or --copy") :
		       _("use --print or --copy"));
	return -1;
}

/* ---- the clipboard ------------------------------------------------------------ */

static char *
base64(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), n = 0;
	char *out = xmalloc((len + 2) / 3 * 4 + 1);

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)(unsigned char)text[i] << 16;

		if (i + 1 < len)
			v |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (i + 2 < len)
			v |= (unsigned char)text[i + 2];
		out[n++] = digits[v >> 18];
		out[n++] = digits[v >> 12 & 63];
		out[n++] = i + 1 < len ? digits[v >> 6 & 63] : '=';
		out[n++] = i + 2 < len ? digits[v & 63] : '=';
	}
	out[n] = '\0';
	return out;
}

/* xterm's control sequences, "Operating System Commands", 52. */
static bool
by_terminal(const char *text)
{
	_cleanup_free_ char *code = base64(text), *sequence = NULL;
	_cleanup_term_ struct term *t = NULL;

	if (strlen(code) > OSC52_MAX || (t = term_open()) == NULL)
		return false;
	sequence = xasprintf("\033]52;c;%s\a", code);
	term_write(t, sequence);
	return true;
}

static const struct {
	const char *variable;
	const char *argv[5];
} tools[] = {
	{ "WAYLAND_DISPLAY", { "wl-copy", "--sensitive" } },
	{ "WAYLAND_DISPLAY", { "wl-copy" } }, /* before 2.3 */
	{ "DISPLAY", { "xclip", "-selection", "clipboard" } },
	{ "DISPLAY", { "xsel", "--clipboard", "--input" } },
};

int
hand_copy(const char *text, const char **ret_how, struct problem *problem)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		if (!has(tools[i].variable) || feed(tools[i].argv, text) != 0)
			continue;
		*ret_how = tools[i].argv[0];
		return 0;
	}
	if (by_terminal(text)) {
		*ret_how = _("the terminal");
		return 0;
	}
	problem_set(problem, EXIT_FAILED, FAULT_CONFIG,
	    _("there is no clipboard: neither wl-copy, xclip or xsel on a "
	      "desktop nor a terminal took the address."));
	fault_next(&problem->fault, "%s", _("use --print"));
	return -1;
}
