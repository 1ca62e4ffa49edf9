/* SPDX-License-Identifier: Apache-2.0 */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "signals.h"

#define SLICE_MS 30000	/* a poll does not see that the machine slept */
#define LINE_BYTES 4096 /* the kernel's own limit of a line (N_TTY) */

struct term {
	int fd;
	bool quiet; /* echo is off by us */
	struct termios saved;
	int64_t until; /* milliseconds, boot clock; 0 for ever */
};

struct term *
term_open(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct term *t;

	if (fd < 0)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->fd = fd;
	return t;
}

static int
set_mode(struct term *t, int when, const struct termios *mode)
{
	int r;

	do
		r = tcsetattr(t->fd, when, mode);
	while (r != 0 && errno == EINTR);
	return r;
}

/* False when what is typed would be seen. */
static bool
echo_off(struct term *t)
{
	struct termios quiet;

	if (tcgetattr(t->fd, &t->saved) != 0)
		return false;
	quiet = t->saved;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	/* What was typed ahead was typed for another question: drop it. */
	t->quiet = set_mode(t, TCSAFLUSH, &quiet) == 0;
	return t->quiet;
}

static void
echo_back(struct term *t)
{
	if (t->quiet)
		set_mode(t, TCSADRAIN, &t->saved);
	t->quiet = false;
}

struct term *
term_free(struct term *t)
{
	if (t != NULL) {
		echo_back(t);
		close(t->fd);
		xfree(t);
	}
	return NULL;
}

void
term_freep(struct term **t)
{
	*t = term_free(*t);
}

void
term_write(struct term *t, const char *text)
{
	(void)write_all(t->fd, text, strlen(text));
}

int
term_width(const struct term *t)
{
	struct winsize ws;

	if (ioctl(t->fd, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0)
		return 80;
	return ws.ws_col;
}

static int64_t
now_ms(void)
{
	return clk_boot(&clk_system) / MSEC;
}

void
term_until(struct term *t, int64_t seconds)
{
	t->until = seconds > 0 ? now_ms() + seconds * 1000 : 0;
}

/* How long to poll: -1 for ever, 0 the time is over. */
static int
patience(const struct term *t)
{
	int64_t left = t->until - now_ms();

	if (t->until == 0)
		return -1;
	return left <= 0 ? 0 : left < SLICE_MS ? (int)left : SLICE_MS;
}

/* One read of a waiting line.  As term_line, or -1: stopped, start again. */
static int
read_line(struct term *t, char *buf, size_t size, size_t *ret_len)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;
	int r;

	for (;;) {
		r = signals_poll(&pfd, 1, patience(t));
		if (r == -EINTR && signals_take() == SIGTSTP) {
			echo_back(t);
			term_write(t, "\n");
			signals_stop();
			return -1;
		}
		if (r == -EINTR)
			return LINE_CANCELLED;
		if (r < 0)
			return LINE_EOF;
		if (r == 0 && patience(t) != 0)
			continue;
		if (r == 0) {
			tcflush(t->fd, TCIFLUSH);
			return LINE_LATE;
		}
		n = read(t->fd, buf + len, size - len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0 || (n == 0 && len == 0))
			return LINE_EOF;
		len += (size_t)n;
		/* Half a password would be refused. */
		if (n > 0 && len < size && buf[len - 1] != '\n')
			continue;
		*ret_len = len;
		return LINE_OK;
	}
}

enum line
term_line(struct term *t, const char *prompt, bool echo, char **ret)
{
	char buf[LINE_BYTES];
	size_t len = 0;
	int r;

	do {
		if (!echo && !echo_off(t)) {
			term_write(t,
			    _("This terminal cannot hide what is typed, so "
			      "nothing is asked on it.\n"));
			r = LINE_EOF;
			break;
		}
		/* Nobody answers what nobody sees. */
		r = write_all(t->fd, prompt, strlen(prompt)) < 0 ?
		    LINE_EOF :
		    read_line(t, buf, sizeof(buf), &len);
		if (!echo)
			echo_back(t);
	} while (r == -1);
	/* The line end of a hidden or broken-off line is not shown. */
	if (!echo || r != LINE_OK)
		term_write(t, "\n");
	if (r == LINE_OK) {
		while (
		    len > 0 && (buf[len - 1] == '\n' || buf[len - 1] == '\r'))
			len--;
		*ret = xstrndup(buf, len);
	}
	explicit_bzero(buf, sizeof(buf));
	return (enum line)r;
}
