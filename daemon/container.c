/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/config.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "container-int.h"
#include "container-request.h"
#include "container-tokens.h"
#include "loop.h"
#include "manager.h"
#include "session.h"

#define BACKLOG 1024 /* clients that come at once wait in the kernel */

static const struct settings *
settings(const struct container *k)
{
	return &manager_config(k->manager)->settings;
}

/* ---- the listener ---------------------------------------------------------------------- */

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	LOOP_SPAN(on_accept);
	(void)fd;
	(void)what;
	container_accept(arg);
}

void
container_listen_again(struct container *k)
{
	struct loop *loop = manager_env(k->manager)->loop;

	/* Or a little later, when the kernel has no room to watch it. */
	if (k->ev_listen != NULL && loop_watch(k->ev_listen) < 0)
		loop->ops->timer_set(
		    k->pause, deadline_in(loop->clk, NO_FD_PAUSE));
}

static void
on_pause_over(void *arg)
{
	struct container *k = arg;

	if (k->reserve < 0)
		k->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	container_listen_again(k);
}

/*
 * SO_REUSEADDR: connections of the last agent may still be in TIME_WAIT.  It
 * does not let two programs listen on a port.
 */
static int
bind_loopback(uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sa);
	int one = 1, e;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sa, &len) == 0) {
		*ret_port = ntohs(sa.sin_port);
		return fd;
	}
	e = errno;
	close(fd);
	return -e;
}

static void
stop(struct container *k)
{
	if (k->port == 0)
		return;
	event_free(k->ev_listen);
	k->ev_listen = NULL;
	conns_close(k->conns);
	closep(&k->listen_fd);
	k->port = 0;
	manager_env(k->manager)->loop->ops->timer_stop(k->pause);
}

/* port 0: any that is free. */
static int
start(struct container *k, uint16_t port, struct fault *fault)
{
	int fd = bind_loopback(port, &k->port);

	if (fd < 0) {
		k->port = 0;
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    fd == -EADDRINUSE ?
			_("Another program listens on port %u of 127.0.0.1: "
			  "the container endpoint cannot (%s).") :
			_("The container endpoint cannot listen on port %u of "
			  "127.0.0.1: %s."),
		    (unsigned)port, strerror(-fd));
		fault_next(fault, "%s",
		    _("Take endpoint_port out of awsfed.conf, or name a free "
		      "port there; then: awsfedctl reload"));
		return -1;
	}
	k->listen_fd = fd;
	if (k->conns == NULL)
		k->conns = conns_new(k);
	k->ev_listen = event_new(loop_base(manager_env(k->manager)->loop), fd,
	    EV_READ | EV_PERSIST, on_accept, k);
	container_listen_again(k);
	log_info("the container endpoint listens on 127.0.0.1:%u",
	    (unsigned)k->port);
	return 0;
}

/*
 * Programs of before know one port.  When somebody else has it they may have
 * shown their tokens there: none of these is good for anything any more.
 */
static void
take_over(struct container *k)
{
	_cleanup_fault_ struct fault f = { 0 };
	uint16_t port = container_tokens_load(k->tokens);
	uint16_t want = (uint16_t)settings(k)->endpoint_port;

	if (container_tokens_count(k->tokens) == 0 || !settings(k)->endpoint ||
	    (want != 0 && want != port)) {
		container_tokens_drop_all(k->tokens);
		return;
	}
	if (port != 0 && start(k, port, &f) == 0)
		return;
	log_warning("%s %s",
	    port != 0 ? f.text : _("The container endpoint has lost its port."),
	    _("Programs that awsfedctl exec --endpoint started have lost it: "
	      "start them anew."));
	container_tokens_drop_all(k->tokens);
}

/* ---- the settings, and who logs out ------------------------------------------------------- */

static void
on_config(struct container *k)
{
	uint16_t want = (uint16_t)settings(k)->endpoint_port;

	if (!settings(k)->endpoint) {
		if (k->port != 0)
			log_info("the container endpoint is off");
		stop(k);
		container_tokens_drop_all(k->tokens);
	} else if (k->port != 0 && want != 0 && want != k->port) {
		/* Programs of the old port are lost; the next start binds. */
		stop(k);
		container_tokens_drop_all(k->tokens);
	}
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct container *k = arg;

	(void)b;
	if (ev == MANAGER_CONFIG)
		on_config(k);
	else if (ev == MANAGER_LOGOUT && session_logged_out(s))
		container_tokens_drop(k->tokens, session_name(s));
}

/* ---- offers ------------------------------------------------------------------------------- */

static int
ensure_listens(struct container *k, struct fault *fault)
{
	if (!manager_config(k->manager)->policy.endpoint) {
		fault_set(fault, FAULT_DENIED, REASON_POLICY,
		    _("Policy of this machine: %s allows no container "
		      "endpoint (endpoint)."),
		    manager_config(k->manager)->policy.path);
		fault_next(fault, "%s",
		    _("Use awsfed.deliver = process, or ask who looks "
		      "after this machine"));
		return -1;
	}
	if (!settings(k)->endpoint) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS, "%s",
		    _("The container endpoint is off."));
		fault_next(fault, "%s",
		    _("Set endpoint = on in [awsfed] of "
		      "~/.config/awsfed/awsfed.conf; then: awsfedctl reload"));
		return -1;
	}
	if (k->port == 0 &&
	    start(k, (uint16_t)settings(k)->endpoint_port, fault) < 0)
		return -1;
	return 0;
}

int
container_offer(struct container *k, const char *profile, char **ret_url,
    char **ret_file, struct fault *fault)
{
	_cleanup_free_ char *target = container_target(profile);

	if (target == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("The name of profile %s cannot be part of an address."),
		    profile);
		fault_next(fault, "awsfedctl exec %s -- COMMAND", profile);
		return -1;
	}
	if (ensure_listens(k, fault) < 0 ||
	    container_tokens_set_port(k->tokens, k->port, fault) < 0 ||
	    container_tokens_make(k->tokens, profile, ret_file, fault) < 0)
		return -1;
	*ret_url =
	    xasprintf("http://127.0.0.1:%u%s", (unsigned)k->port, target);
	return 0;
}

/* ---- up and down ---------------------------------------------------------------------------- */

struct container *
container_new(struct manager *m, const char *dir)
{
	struct container *k = xcalloc(1, sizeof(*k));

	k->manager = m;
	k->tokens = container_tokens_new(dir);
	k->listen_fd = -1;
	k->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	k->pause = timer_new(manager_env(m)->loop, on_pause_over, k);
	manager_subscribe(m, &(struct surface){ on_event, k });
	take_over(k);
	return k;
}

void
container_free(struct container *k)
{
	if (k == NULL)
		return;
	stop(k);
	manager_env(k->manager)->loop->ops->timer_free(k->pause);
	closep(&k->reserve);
	container_tokens_free(k->tokens);
	xfree(k->conns);
	xfree(k);
}

void
container_again(struct container *k)
{
	_cleanup_fault_ struct fault f = { 0 };

	if (k->port != 0 &&
	    (container_tokens_set_port(k->tokens, k->port, &f) < 0 ||
		container_tokens_again(k->tokens, &f) < 0))
		log_warning("%s", f.text);
}

bool
container_listens(const struct container *c)
{
	return c->port != 0;
}
