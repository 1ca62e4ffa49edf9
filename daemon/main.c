/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awsfedd: the agent.  main() builds the graph bottom up (adapters, engine,
 * surfaces), runs the loop, and takes it down in reverse: no new calls, the
 * last write, then everything that may have been waiting for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "awsfed/config.h"
#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "background.h"
#include "bus.h"
#include "askpass.h"
#include "attention.h"
#include "command.h"
#include "container.h"
#include "control.h"
#include "credfile-owner.h"
#include "credfile.h"
#include "desk.h"
#include "feed.h"
#include "files.h"
#include "hooks.h"
#include "identity.h"
#include "job.h"
#include "known.h"
#include "ledger.h"
#include "loop.h"
#include "manager-state.h"
#include "manager.h"
#include "methods.h"
#include "notify.h"
#include "peer.h"
#include "prompt.h"
#include "recorder.h"
#include "roost.h"
#include "service-idle.h"
#include "service.h"
#include "sinks.h"
#include "thrift.h"
#include "undo.h"
#include "wake.h"
#include "watch.h"
#include "session.h"
#include "state.h"
#include "twin.h"
#include "vault.h"

/* What a desktop or a shell may have set, and a holder of secrets must not
 * obey; LD_* too, for the commands and workers that we start. */
static const char *const unwanted[] = {
	"SSLKEYLOGFILE",
	"OPENSSL_CONF",
	"OPENSSL_MODULES",
	"OPENSSL_ENGINES",
	"XML_CATALOG_FILES",
	"SGML_CATALOG_FILES",
	"KRB5_TRACE",
	"GCONV_PATH",
	"MALLOC_TRACE",
	"EVENT_NOEPOLL",
	"EVENT_SHOW_METHOD",
	"CURL_HOME",
	"CURL_SSL_BACKEND",
	"CURL_CA_BUNDLE",
};

struct agent {
	struct loop *loop;
	struct thrift *thrift;
	struct service *service;
	struct bus *session_bus; /* each opened when somebody watches it */
	struct bus *system_bus;
	struct service_fds fds; /* handed over */
	struct idle *idle;
	struct state *state;
	struct vault *vault;
	struct jobs *jobs;
	struct files *files;
	struct commands *commands;
	struct prompts *prompts;
	struct ledger *ledger;
	struct recorder *recorder;
	struct known *known;
	struct undo *undo;
	struct watch *watches[3];
	struct wake *wake;
	struct manager *manager;
	struct credfile *credfile;
	struct twins *twins;
	struct attention *attention;
	struct askers *askers;
	struct desk *desk;
	struct notify *notify;
	struct feed *feed;
	struct hooks *hooks;
	struct files *sink_files; /* a writer of their own, or NULL */
	struct sinks *sinks;
	struct methods *methods;
	struct control *control;
	struct roost *roost;
	struct container *container;
	struct event *signals[3];
	struct timer *show; /* the status line, once a turn */
	struct timer *stop;
	char *config_path;
	char *credentials_path;
	bool debug; /* asked for on the command line */
};

#define STOP_PAUSE (20 * MSEC)

enum { STATUS_USAGE = 64, STATUS_CONFIG = 78 };

/* ---- small parts --------------------------------------------------------------- */

static double
draw(void *arg)
{
	uint32_t r;

	(void)arg;
	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return 0.5;
	return (double)r / 4294967296.0;
}

static int
load(struct config **ret, struct fault *fault, void *arg)
{
	struct agent *a = arg;

	return config_load_after(
	    a->manager == NULL ? NULL : manager_config(a->manager),
	    a->config_path, a->credentials_path, ret, fault);
}

static void
harden(void)
{
	struct rlimit none = { 0, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++)
		unsetenv(unwanted[i]);
	(void)setrlimit(RLIMIT_CORE, &none);
	if (getenv("AWSFED_TEST_DUMPABLE") == NULL)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
show_status(void *arg)
{
	struct agent *a = arg;
	_cleanup_free_ char *text = manager_summary(a->manager);

	service_status(a->service, text);
}

static void
set_log_level(const struct agent *a)
{
	bool debug = a->debug || manager_config(a->manager)->settings.log_debug;

	log_set_max(debug ? LOG_DEBUG : LOG_INFO);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct agent *a = arg;

	(void)s;
	(void)b;
	thrift_touch(a->thrift);
	if (ev == MANAGER_CONFIG)
		set_log_level(a);
	/* Once a turn: of hundreds of profiles each has an event. */
	if (ev != MANAGER_FLUSH && !a->loop->ops->timer_armed(a->show))
		a->loop->ops->timer_set(a->show, (struct deadline){ 0 });
}

/* ---- the AWS files --------------------------------------------------------------- */

static void
on_config(void *arg)
{
	struct agent *a = arg;

	manager_look(a->manager);
}

static void
on_credentials(void *arg)
{
	struct agent *a = arg;

	credfile_look(a->credfile);
}

/* ---- the socket's two ends -------------------------------------------------------- */

static void
called(struct agent *a)
{
	idle_touch(a->idle);
	thrift_touch(a->thrift);
	bus_look(a->session_bus);
	bus_look(a->system_bus);
}

static bool
on_quick(const char *text, size_t len, struct buf *ret, void *arg)
{
	struct agent *a = arg;

	if (!methods_quick(a->methods, text, len, ret))
		return false;
	called(a);
	return true;
}

static void
on_call(uint64_t conn, const char *method, const json_t *parameters, bool more,
    void *arg)
{
	struct agent *a = arg;

	called(a);
	methods_call(a->methods, conn, method, parameters, more);
}

static void
on_closed(uint64_t conn, void *arg)
{
	struct agent *a = arg;

	methods_closed(a->methods, conn);
	idle_touch(a->idle);
	thrift_touch(a->thrift);
}

static void
on_reply(uint64_t conn, json_t *reply, bool last, void *arg)
{
	struct agent *a = arg;

	if (conn == DESK_CONN)
		desk_reply(a->desk, reply, last);
	else
		control_reply(a->control, conn, reply, last);
}

static int
on_peer(uint64_t conn, struct peer *ret, void *arg)
{
	struct agent *a = arg;
	int64_t since = 0;
	int fd = control_socket_of(a->control, conn, &since);

	return fd < 0 ? -ENOTCONN : peer_read(fd, since, ret);
}

static int
on_offer(const char *profile, char **ret_url, char **ret_file,
    struct fault *fault, void *arg)
{
	struct agent *a = arg;

	return container_offer(a->container, profile, ret_url, ret_file, fault);
}

/* ---- the end by a call ------------------------------------------------------------ */

static void
on_stop_timer(void *arg)
{
	struct agent *a = arg;

	loop_stop(a->loop);
}

static void
on_stop_call(void *arg)
{
	struct agent *a = arg;

	log_info("asked to end: stopping");
	/* The reply goes first. */
	a->loop->ops->timer_set(a->stop, deadline_in(a->loop->clk, STOP_PAUSE));
}

/* ---- the socket's folder ----------------------------------------------------------- */

static void
on_again(void *arg)
{
	struct agent *a = arg;

	feed_again(a->feed);
	container_again(a->container);
}

static void
on_leave(void *arg)
{
	struct agent *a = arg;

	service_stopping(a->service);
	loop_stop(a->loop);
}

/* ---- the service manager --------------------------------------------------------------- */

static bool
on_sane(void *arg)
{
	struct agent *a = arg;

	return manager_sane(a->manager);
}

static bool
on_busy(void *arg)
{
	struct agent *a = arg;

	return control_busy(a->control) || container_listens(a->container);
}

static const struct idle_ops idle_ops = { on_busy, on_leave };
static const struct state_store state_store = { service_store,
	service_unstore };

/* ---- signals ------------------------------------------------------------------------ */

static void
on_stop(evutil_socket_t sig, short what, void *arg)
{
	LOOP_SPAN(on_stop);
	struct agent *a = arg;

	(void)what;
	log_info("signal %d: stopping", (int)sig);
	service_stopping(a->service);
	loop_stop(a->loop);
}

static void
on_hangup(evutil_socket_t sig, short what, void *arg)
{
	LOOP_SPAN(on_hangup);
	struct agent *a = arg;
	_cleanup_fault_ struct fault f = { 0 };

	(void)sig;
	(void)what;
	service_reloading(a->service);
	if (manager_reload(a->manager, NULL, &f) < 0)
		log_warning("%s", f.text);
	service_ready(a->service);
}

static void
watch_signals(struct agent *a)
{
	static const struct {
		int sig;
		event_callback_fn fn;
	} all[] = {
		{ SIGTERM, on_stop },
		{ SIGINT, on_stop },
		{ SIGHUP, on_hangup },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		a->signals[i] =
		    evsignal_new(loop_base(a->loop), all[i].sig, all[i].fn, a);
		loop_must_watch(a->signals[i]);
	}
}

/* ---- up and down ----------------------------------------------------------------------- */

/* systemd's, for a unit with LoadCredential= or its kind; NULL: none. */
static const char *
credentials_directory(void)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	return dir != NULL && dir[0] == '/' ? dir : NULL;
}

static int
build_engine(struct agent *a, struct fault *fault)
{
	_cleanup_free_ char *state = path_state(), *ledger = NULL,
			    *known = NULL, *pages = NULL;
	const char *worker = getenv("AWSFED_WORKER");

	if (roost_check(fault) < 0)
		return -1;
	a->config_path = path_aws_config();
	a->credentials_path = path_aws_credentials();
	ledger = path_join(state, "attempts");
	known = path_join(state, "roles.json");
	pages = path_join(state, "pages");
	a->jobs = jobs_new(a->loop,
	    worker != NULL && worker[0] == '/' ? worker :
						 LIBEXECDIR "/awsfed-worker");
	a->session_bus = bus_new(a->loop, BUS_SESSION);
	a->system_bus = bus_new(a->loop, BUS_SYSTEM);
	a->files = files_new(a->loop);
	path_sweep(state);
	path_sweep(pages);
	a->commands = commands_new(a->loop);
	a->prompts = prompts_new(a->loop);
	a->ledger = ledger_new(ledger, a->files, a->loop->clk);
	a->recorder = recorder_new(a->files, pages);
	a->known = known_new(known, a->files);
	a->undo = undo_new();
	a->vault = vault_new_bus(a->loop, a->session_bus);
	a->manager = manager_new(&(struct manager_env){
	    .loop = a->loop,
	    .jobs = a->jobs,
	    .commands = a->commands,
	    .prompts = a->prompts,
	    .ledger = a->ledger,
	    .recorder = a->recorder,
	    .files = a->files,
	    .known = a->known,
	    .undo = a->undo,
	    .vault = a->vault,
	    .credentials = credentials_directory(),
	    .random = draw,
	    .load = load,
	    .arg = a,
	});
	return manager_reload(a->manager, NULL, fault);
}

static struct files *
on_sink_files(void *arg)
{
	struct agent *a = arg;

	return a->sink_files = files_new(a->loop);
}

/* name in the folder of path; xalloc. */
static char *
path_beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return xasprintf(
	    "%.*s/%s", slash == NULL ? 0 : (int)(slash - path), path, name);
}

/* What puts questions to a person, and when. */
static void
build_human(struct agent *a)
{
	struct desk_events ev = { notify_signed_in, notify_decided, notify_busy,
		NULL };

	a->attention = attention_new(a->manager);
	a->notify = notify_new(a->manager, a->attention,
	    methods_requests(a->methods), a->session_bus);
	a->askers = askers_new(a->loop);
	ev.arg = a->notify;
	a->desk = desk_new(a->manager, a->askers, &ev);
	desk_open(a->desk, a->methods);
	notify_set_desk(a->notify, a->desk);
}

static bool
is_worker(pid_t pid, void *arg)
{
	const struct agent *a = arg;

	return jobs_own(a->jobs, pid);
}

static int
build_surfaces(struct agent *a, struct fault *fault)
{
	_cleanup_free_ char *path = path_socket(), *ctl = owner_client_path(),
			    *feed = NULL, *lock = NULL,
			    *runtime = path_runtime(), *tokens = NULL;
	const struct control_handler handler = { on_call, on_quick, on_closed,
		is_worker, a };
	bool managed = a->fds.control >= 0 || getenv("NOTIFY_SOCKET") != NULL;

	if (path == NULL)
		return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("There is no place for the socket: set "
		      "XDG_RUNTIME_DIR or HOME."));
	/* First of all: a second agent is to touch nothing and say no more. */
	a->control =
	    control_new(a->loop, path, a->fds.control, &handler, fault);
	if (a->control == NULL)
		return -1;
	a->credfile = credfile_new(a->manager);
	a->twins = twins_new(a->manager, ctl);
	a->show = timer_new(a->loop, show_status, a);
	manager_subscribe(a->manager, &(struct surface){ on_event, a });
	set_log_level(a);
	credfile_adopt(a->credfile);
	twins_adopt(a->twins);
	a->files->ops->tidy(a->files, a->credentials_path);
	a->files->ops->tidy(a->files, a->config_path);
	a->state =
	    state_new(a->manager, a->credfile, a->fds.state, &state_store);
	lock = path_join(runtime, "locked");
	manager_lock_start(a->manager, lock);
	a->watches[0] = watch_new(a->loop, a->config_path, on_config, a);
	a->watches[1] =
	    watch_new(a->loop, a->credentials_path, on_credentials, a);
	a->watches[2] = watch_new(
	    a->loop, manager_config(a->manager)->policy.path, on_config, a);
	a->stop = timer_new(a->loop, on_stop_timer, a);
	a->methods = methods_new(a->manager, runtime, on_reply, a);
	methods_set_peer(a->methods, on_peer);
	if (!managed)
		methods_set_stop(a->methods, on_stop_call, a);
	feed = path_beside(path, "status");
	a->feed = feed_new(a->manager, feed);
	a->hooks = hooks_new(a->manager);
	a->sinks = sinks_new(a->manager, on_sink_files, a);
	tokens = path_join(runtime, "endpoint");
	a->container = container_new(a->manager, tokens);
	methods_set_endpoint(a->methods, on_offer, a);
	a->roost = roost_new(a->loop, a->manager, a->control, path,
	    &(struct roost_ops){ on_again, on_leave, a });
	a->wake = wake_new(a->manager, a->system_bus);
	build_human(a);
	/* What changed between our reading and the watch has no event. */
	manager_look(a->manager);
	return 0;
}

static void
take_down(struct agent *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->signals); i++)
		if (a->signals[i] != NULL)
			event_free(a->signals[i]);
	roost_free(a->roost);
	if (a->stop != NULL)
		a->loop->ops->timer_free(a->stop);
	for (size_t i = 0; i < ARRAY_SIZE(a->watches); i++)
		watch_free(a->watches[i]);
	if (a->credfile != NULL)
		credfile_flush(a->credfile);
	if (a->sinks != NULL)
		sinks_flush(a->sinks);
	if (a->state != NULL)
		state_flush(a->state);
	/* From here on nobody calls back, and nobody is told. */
	if (a->manager != NULL)
		manager_hush(a->manager);
	if (a->show != NULL)
		a->loop->ops->timer_free(a->show);
	files_free(a->files);
	files_free(a->sink_files);
	control_free(a->control);
	container_free(a->container);
	desk_free(a->desk);
	methods_free(a->methods);
	wake_free(a->wake);
	notify_free(a->notify);
	askers_free(a->askers);
	attention_free(a->attention);
	hooks_free(a->hooks);
	feed_free(a->feed);
	credfile_free(a->credfile);
	sinks_free(a->sinks);
	twins_free(a->twins);
	state_free(a->state);
	idle_free(a->idle);
	thrift_free(a->thrift);
	manager_free(a->manager);
	ledger_free(a->ledger);
	recorder_free(a->recorder);
	known_free(a->known);
	undo_free(a->undo);
	prompts_free(a->prompts);
	commands_free(a->commands);
	jobs_free(a->jobs);
	service_free(a->service);
	vault_free_bus(a->vault);
	bus_free(a->session_bus);
	bus_free(a->system_bus);
	loop_free(a->loop);
	xfree(a->config_path);
	xfree(a->credentials_path);
}

static int
run(struct agent *a)
{
	_cleanup_fault_ struct fault f = { 0 };
	int status = EXIT_SUCCESS;

	a->fds = service_inherit();
	a->loop = loop_new();
	if (a->loop == NULL) {
		log_err("%s", _("the event loop could not be set up"));
		return EXIT_FAILURE;
	}
	/* Before there is a socket: who has seen it may end us in order. */
	watch_signals(a);
	if (build_engine(a, &f) < 0 || build_surfaces(a, &f) < 0) {
		log_err("%s%s%s", f.text, f.next != NULL ? " Next: " : "",
		    f.next != NULL ? f.next : "");
		status = f.kind == FAULT_CONFIG ? STATUS_CONFIG : EXIT_FAILURE;
	} else {
		a->service = service_new(a->loop, on_sane, a);
		if (a->fds.control >= 0)
			a->idle = idle_new(a->manager, &idle_ops, a);
		a->thrift = thrift_new(a->loop);
		show_status(a);
		service_ready(a->service);
		background_ready();
		if (loop_run(a->loop) < 0)
			status = EXIT_FAILURE;
	}
	take_down(a);
	return status;
}

/* ---- options ----------------------------------------------------------------------------- */

/* file, key, default and help, tab-separated: what the manual must cover. */
static void
print_keys(void)
{
	const struct key_info *k;

	for (size_t i = 0; (k = settings_key_at(i)) != NULL; i++)
		printf("awsfed.conf\t%s\t%s\t%s\n", k->name,
		    k->def != NULL ? k->def : "", _(k->help));
	for (size_t i = 0; (k = sink_key_at(i)) != NULL; i++)
		printf("sink\t%s\t%s\t%s\n", k->name,
		    k->def != NULL ? k->def : "", _(k->help));
	for (size_t i = 0; (k = policy_key_at(i)) != NULL; i++)
		printf("policy.conf\t%s\t%s\t%s\n", k->name,
		    k->def != NULL ? k->def : "", _(k->help));
	for (size_t i = 0; (k = profile_key_at(i)) != NULL; i++)
		printf("profile\t%s\t%s\t%s\n", k->name,
		    k->def != NULL ? k->def : "", _(k->help));
}

static void
usage(FILE *out)
{
	fputs(_("Usage: awsfedd [--foreground | --background] [--debug]\n"
		"Keeps the AWS profiles of AD FS identities fresh. Control it "
		"with awsfedctl.\n\n"
		"  --foreground  stay in the foreground: the default\n"
		"  --background  leave the caller once the agent is ready; its "
		"log is\n"
		"                agent-HOST.log in ~/.local/state/awsfed\n"
		"  --debug       log every event\n"
		"  --state-table print the event x state tables as Markdown\n"
		"  --help        this text\n"
		"  --version     the version\n"),
	    out);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "background", no_argument, NULL, 'b' },
		{ "debug", no_argument, NULL, 'd' },
		{ "state-table", no_argument, NULL, 's' },
		{ "keys", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct agent agent = { 0 };
	bool background = false;
	int c, status;

	thrift_setup();
	xalloc_install();
	setlocale(LC_ALL, "");
	bindtextdomain(PACKAGE, LOCALEDIR);
	textdomain(PACKAGE);
	while ((c = getopt_long(argc, argv, "fdhV", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			background = false;
			break;
		case 'b':
			background = true;
			break;
		case 'd':
			agent.debug = true;
			break;
		case 'k':
			print_keys();
			return EXIT_SUCCESS;
		case 's':
			fputs("### Identity\n\n", stdout);
			identity_table(stdout);
			fputs("\n### Session\n\n", stdout);
			session_table(stdout);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("awsfedd " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return STATUS_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return STATUS_USAGE;
	}
	if (background && !background_start(&status))
		return status;
	harden();
	service_log_init("awsfedd", agent.debug ? LOG_DEBUG : LOG_INFO);
	if (background)
		background_log();
	status = run(&agent);
	background_failed(status);
	return status;
}
