/* SPDX-License-Identifier: Apache-2.0 */
/* Inside methods.c: calls that wait for something, and the interface text. */
#ifndef AWSFED_METHODS_INT_H
#define AWSFED_METHODS_INT_H

#include "awsfed/fault.h"
#include "awsfed/str.h"

#include "methods.h"

#define METHODS_NAME_MAX 256   /* bytes in a name */
#define METHODS_VALUE_MAX 2048 /* bytes in a value */
#define METHODS_PURPOSE_MAX 200
#define METHODS_MIN_VALID_MAX 43200 /* seconds */

struct approvals;
struct configure_plan;
struct grant;
struct console_call;
struct landing;
struct logins;
struct forget;
struct monitors;
struct reset;
struct session;

/* A call whose answer comes later, by its connection's id. */
struct pending {
	struct pending *next;
	struct methods *methods;
	uint64_t conn;
	struct strv names;
	struct strv others;
	unsigned waits;
	struct configure_plan *plan; /* with the writer; owned */
};

struct methods {
	struct manager *manager;
	struct logins *logins;
	methods_reply_fn *reply;
	void *arg;
	methods_offer_fn *offer; /* NULL: there is no endpoint */
	void *offer_arg;
	methods_stop_fn *stop; /* NULL: somebody else's to do */
	void *stop_arg;
	struct pending *pending;
	struct forget *forgets;
	struct reset *resets; /* whose edits are with the writer */
	struct approvals *approvals;
	struct grant *grants; /* uses that are asked for or allowed */
	struct monitors *monitors;
	methods_peer_fn *peer; /* NULL: callers cannot be named */
	bool more;	       /* may the call that runs be streamed? */
	struct console_call *consoles;
	struct landing *landing;
};

typedef void methods_fn(struct methods *ms, uint64_t conn, const json_t *p);

struct pending *pending_new(
    struct methods *ms, uint64_t conn, const char *profile);
void pending_free(struct pending *p);
/* A list of names; absent is empty.  0 or -EINVAL. */
int methods_names(const json_t *p, const char *key, struct strv *ret);
void methods_bad(struct methods *ms, uint64_t conn, const char *parameter);
/* The caller's AWS files must be the agent's. */
bool methods_same_files(
    struct methods *ms, const json_t *p, struct fault *fault);
/* methods-reset.c */
void methods_reset(struct methods *ms, uint64_t conn, const json_t *p);
void methods_resets_free(struct methods *ms); /* when the writer is gone */
void methods_ok(struct methods *ms, uint64_t conn, json_t *parameters);
void methods_error(struct methods *ms, uint64_t conn, const char *error,
    const char *key, const char *value);
void methods_fault(struct methods *ms, uint64_t conn, const struct fault *fault,
    const char *profile);

/* The session of a profile, or NULL after having answered. */
struct session *methods_session(
    struct methods *ms, uint64_t conn, const char *name);
/*
 * That of the parameter "profile", by the configuration as it is now; NULL
 * after having answered.
 */
struct session *methods_named(
    struct methods *ms, uint64_t conn, const json_t *p);
/* methods-login.c */
void methods_step(uint64_t conn, json_t *reply, void *arg);
void methods_login(struct methods *ms, uint64_t conn, const json_t *p);
void methods_answer(struct methods *ms, uint64_t conn, const json_t *p);
void methods_await(struct methods *ms, uint64_t conn, const json_t *p);
void methods_cancel(struct methods *ms, uint64_t conn, const json_t *p);

/*
 * methods-approve.c: may this caller have keys of the session now?  False: the
 * call was answered, or waits for a person and is then made again with the same
 * parameters ("purpose" and "attended" are among them).
 */
bool methods_allowed(struct methods *ms, uint64_t conn, struct session *s,
    const json_t *p, methods_fn *again);
void methods_approve(struct methods *ms, uint64_t conn, const json_t *p);
void methods_approvals(struct methods *ms, uint64_t conn, const json_t *p);
void methods_grants_closed(struct methods *ms, uint64_t conn);
void methods_grants_free(struct methods *ms);
/* methods-monitor.c */
#define MONITORS_MAX 16
void methods_monitor(struct methods *ms, uint64_t conn, const json_t *p);
struct monitors *monitors_new(struct methods *ms);
void monitors_free(struct monitors *all);
void monitors_closed(struct methods *ms, uint64_t conn);

/* Is what is held good for so many seconds?  -1: for the usual ones. */
bool methods_keys_do(struct methods *ms, struct session *s, int64_t min);
/*
 * Asks for keys that last min seconds (-1: the usual): true when the session
 * now waits for them, false when what it has is to be served.
 */
bool methods_want_keys(struct methods *ms, struct session *s, int64_t min);
/* Why a session has no keys, and what to do. */
void methods_no_keys(
    struct methods *ms, const struct session *s, struct fault *fault);
/* methods-lock.c */
void methods_lock(struct methods *ms, uint64_t conn, const json_t *params);
void methods_unlock(struct methods *ms, uint64_t conn, const json_t *params);
void methods_lock_watch(struct methods *ms);
/* True: the agent is locked, and the call was answered. */
bool methods_locked(struct methods *ms, uint64_t conn, const char *profile);
/* methods-explain.c */
void methods_explain(struct methods *ms, uint64_t conn, const json_t *p);
/* methods-console.c */
void methods_console(struct methods *ms, uint64_t conn, const json_t *p);
void methods_consoles_stop(struct methods *ms, const struct fault *why);
void methods_consoles_closed(struct methods *ms, uint64_t conn);
void methods_consoles_free(struct methods *ms);

/* methods-endpoint.c */
void methods_endpoint(struct methods *ms, uint64_t conn, const json_t *p);

/* methods-stop.c */
void methods_stop(struct methods *ms, uint64_t conn, const json_t *p);
/* methods-forget.c */
void methods_forget(struct methods *ms, uint64_t conn, const json_t *p);
void methods_forgets_free(struct methods *ms);
/* methods-undo.c */
void methods_undo(struct methods *ms, uint64_t conn, const json_t *p);
/* methods-configure.c */
void methods_roles(struct methods *ms, uint64_t conn, const json_t *p);
void methods_configure(struct methods *ms, uint64_t conn, const json_t *params);

/* io.awsfed.Control in Varlink's interface language (methods-idl.c). */
extern const char methods_interface[];

#endif
