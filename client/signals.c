/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "awsfed/xalloc.h"

static const int held[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
static volatile sig_atomic_t caught;
static sigset_t outside; /* the mask from before signals_hold */
static bool holding;
static struct sigaction inherited_pipe;
static void (*around_stop)(bool back, void *arg);
static void *around_arg;

static void catch (int signo)
{
	caught = signo;
}

static void
install(int signo)
{
	struct sigaction sa = { .sa_handler = catch };

	sigfillset(&sa.sa_mask);
	sigaction(signo, &sa, NULL);
}

void
signals_hold(void)
{
	sigset_t set;

	if (holding)
		return;
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		struct sigaction old;

		/* What the caller ignores (nohup) stays ignored. */
		sigaction(held[i], NULL, &old);
		if (old.sa_handler == SIG_IGN)
			continue;
		install(held[i]);
		sigaddset(&set, held[i]);
	}
	sigprocmask(SIG_BLOCK, &set, &outside);
	holding = true;
}

static void
release(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		struct sigaction sa;

		sigaction(held[i], NULL, &sa);
		if (sa.sa_handler == SIG_IGN)
			continue;
		sa = (struct sigaction){ .sa_handler = SIG_DFL };
		sigaction(held[i], &sa, NULL);
	}
	sigprocmask(SIG_SETMASK, &outside, NULL);
	holding = false;
}

void
signals_start(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &sa, &inherited_pipe);
}

void
signals_restore(void)
{
	if (holding)
		release();
	sigaction(SIGPIPE, &inherited_pipe, NULL);
}

int
signals_take(void)
{
	int signo = caught;

	caught = 0;
	return signo;
}

int
signals_peek(void)
{
	return caught;
}

void
signals_around_stop(void (*fn)(bool back, void *arg), void *arg)
{
	around_stop = fn;
	around_arg = arg;
}

void
signals_stop(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t set;

	if (around_stop != NULL)
		around_stop(false, around_arg);
	sigaction(SIGTSTP, &sa, NULL);
	raise(SIGTSTP);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* stops here */
	sigprocmask(SIG_BLOCK, &set, NULL);
	install(SIGTSTP);
	if (around_stop != NULL)
		around_stop(true, around_arg);
}

int
signals_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };
	int r;

	if (caught != 0)
		return -EINTR;
	r = ppoll(fds, n, timeout < 0 ? NULL : &ts, holding ? &outside : NULL);
	return r < 0 ? -errno : r;
}
