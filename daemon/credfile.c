/* SPDX-License-Identifier: Apache-2.0 */
#include "credfile.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "credfile-int.h"
#include "credfile-owner.h"
#include "files.h"
#include "loop.h"
#include "manager.h"
#include "session.h"
#include "undo.h"

#define COALESCE (250 * MSEC)
#define COALESCE_MAX (4 * USEC)
#define RETRY (60 * USEC)   /* a file that could not be written */
#define PATIENCE (2 * USEC) /* for a further file, when others wait */

/* What the writer thread gets: all its own, wiped when freed. */
struct item {
	char *section;
	bool remove;
	bool log_out;  /* empty it; without the two: write keys */
	bool blank;    /* with log_out: for as long as the agent is locked */
	bool force;    /* whoever's section it is */
	bool put;      /* out: it holds our keys now */
	bool fresher;  /* out: it holds another agent's, which live longer */
	bool ended;    /* out: a person has logged out of it elsewhere */
	bool attended; /* a person asked for these keys */
	char *role;    /* of the keys */
	int64_t until_s;
	char *before; /* the id of the keys that we put there last */
	char *values[OWNER_KEYS];
	char *region; /* of a twin: no profile in the config file has it */
	struct fault fault; /* why this one was left alone */
};

struct batch {
	struct credfile *cf;
	struct item *items;
	size_t n;
	char *program; /* what an emptied section runs */
	char when[RFC3339_SIZE];
	int64_t now_s;
	struct undo_change *taken; /* sections that were not ours */
	struct undo_change *renewed, *emptied;
};

/* ---- the edit (in the writer thread) ------------------------------------------- */

/* True when the document was changed. */
static bool
take_away(struct batch *b, struct ini *doc, struct item *it, enum owner owner)
{
	/* What somebody else made of it is theirs. */
	if (owner != OWNER_US && owner != OWNER_LOGGED_OUT &&
	    owner != OWNER_BLANKED)
		return false;
	undo_change_before(b->emptied, doc, it->section);
	if (it->log_out)
		(void)owner_empty(doc, it->section, b->program,
		    it->blank ? OWNER_BLANKED_KEY : OWNER_LOGGED_OUT_KEY,
		    b->when);
	else {
		if (str_ends(it->section, PROFILE_TWIN))
			(void)ini_unset(doc, it->section, "region");
		owner_remove(doc, it->section);
	}
	return true;
}

static bool
put(struct batch *b, struct ini *doc, struct item *it, enum owner owner)
{
	undo_change_before(
	    owner == OWNER_US ? b->renewed : b->taken, doc, it->section);
	if (owner_put(doc, it->section, (const char *const *)it->values,
		it->force) < 0 ||
	    (it->region != NULL &&
		ini_set(doc, it->section, "region", it->region) < 0)) {
		fault_set(&it->fault, FAULT_CONFIG, REASON_FILE,
		    _("The keys of %s cannot be written to a credentials "
		      "file."),
		    it->section);
		return false;
	}
	it->put = true;
	return true;
}

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct batch *b = arg;
	bool backup = false, any = false;

	(void)fault;
	undo_change_start(b->taken);
	undo_change_start(b->renewed);
	undo_change_start(b->emptied);
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		const char *why;
		enum owner owner = owner_of(doc, it->section, &why);
		const struct credfile_ours ours = { it->values[0], it->before,
			it->role, it->until_s };

		fault_done(&it->fault);
		it->put = it->fresher = it->ended = false;
		if (it->remove || it->log_out) {
			any |= take_away(b, doc, it, owner);
			continue;
		}
		it->fresher = owner == OWNER_US && b->cf->sink == NULL &&
		    credfile_fresher(doc, it->section, &ours, b->now_s);
		it->ended = owner == OWNER_LOGGED_OUT && !it->attended &&
		    it->before != NULL;
		if (it->fresher || it->ended)
			continue;
		if (owner == OWNER_NEVER ||
		    (owner == OWNER_OTHER && !it->force)) {
			owner_fault(owner, it->section, why, &it->fault);
			continue;
		}
		if (put(b, doc, it, owner)) {
			any = true;
			backup |=
			    owner == OWNER_ADOPTED || owner == OWNER_OTHER;
		}
	}
	undo_change_after(b->taken, doc);
	undo_change_after(b->renewed, doc);
	undo_change_after(b->emptied, doc);
	if (!any)
		return FILES_LEAVE;
	return backup ? FILES_WRITE_BACKUP : FILES_WRITE;
}

/* ---- batches --------------------------------------------------------------------- */

static void
batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		xfree(b->items[i].section);
		xfree(b->items[i].region);
		xfree(b->items[i].role);
		xfree(b->items[i].before);
		for (size_t k = 0; k < OWNER_KEYS; k++)
			xfree(b->items[i].values[k]);
		fault_done(&b->items[i].fault);
	}
	xfree(b->items);
	xfree(b->program);
	undo_change_free(b->taken);
	undo_change_free(b->renewed);
	undo_change_free(b->emptied);
	xfree(b);
}

const char *
credfile_path(const struct credfile *cf)
{
	return cf->sink != NULL ? cf->sink->path :
				  manager_config(cf->manager)->credentials_path;
}

bool
credfile_takes(const struct credfile *cf, const struct session *s)
{
	const struct profile *p = session_profile(s);

	if (cf->sink == NULL)
		return p->deliver == DELIVER_FILE;
	return !cf->retired && sink_takes(cf->sink, p);
}

static void
fill_item(const struct credfile *cf, struct item *it, struct session *s,
    const char *name)
{
	struct creds *c = s == NULL ? NULL : session_creds(s);
	char when[RFC3339_SIZE];

	it->section = xstrdup(name);
	it->before = xstrdup(credfile_last(cf, name));
	it->attended = s != NULL && session_attended(s);
	/* Static keys would shadow the way by which it is delivered now. */
	if (s != NULL && session_kept(s) && !credfile_takes(cf, s)) {
		it->remove = true;
		return;
	}
	if (c == NULL || !session_kept(s)) {
		it->blank = s != NULL && session_kept(s) && session_blanked(s);
		it->log_out = it->blank || (s != NULL && session_logged_out(s));
		it->remove = !it->log_out;
		return;
	}
	rfc3339_format(c->expiration_s, when);
	it->role = xstrdup(session_profile(s)->role_arn);
	it->until_s = c->expiration_s;
	it->values[0] = xstrdup(c->access_key_id);
	it->values[1] = xstrdup(secret_bytes(c->secret_access_key));
	it->values[2] = xstrdup(secret_bytes(c->session_token));
	it->values[3] = xstrdup(when);
	it->values[4] = xstrdup(c->principal);
	it->values[5] = xstrdup(OWNER_MARKER_VALUE);
	if (session_profile(s)->kind == PROFILE_CHAINED)
		it->region = xstrdup(session_profile(s)->region);
}

/* The user's own ways to get keys would be shadowed, or shadow ours. */
static const char *
shadowed_by(const struct profile *p)
{
	/* A twin has a section of its own; the configuration looked at it. */
	if (p->kind == PROFILE_CHAINED)
		return NULL;
	return p->credential_process != NULL && !p->credential_process_ours ?
	    "credential_process" :
	    p->has_sso		? "sso_*" :
	    p->has_web_identity ? "web_identity_token_file" :
				  NULL;
}

/* ---- sections that are left alone ------------------------------------------------ */

static void
forget_refusal(struct credfile *cf, const char *name)
{
	for (size_t i = 0; i < cf->nrefusals; i++) {
		if (!str_eq(cf->refusals[i].name, name))
			continue;
		xfree(cf->refusals[i].name);
		fault_done(&cf->refusals[i].fault);
		cf->refusals[i] = cf->refusals[--cf->nrefusals];
		return;
	}
}

static void
refuse(struct credfile *cf, const char *name, const struct fault *fault)
{
	struct refusal *r;

	forget_refusal(cf, name);
	cf->refusals = xreallocarray(
	    cf->refusals, cf->nrefusals + 1, sizeof(*cf->refusals));
	r = &cf->refusals[cf->nrefusals++];
	*r = (struct refusal){ .name = xstrdup(name) };
	fault_copy(&r->fault, fault);
}

bool
credfile_refused(const struct credfile *cf, const char *name)
{
	for (size_t i = 0; i < cf->nrefusals; i++)
		if (str_eq(cf->refusals[i].name, name))
			return true;
	return false;
}

/* What this write met, else what is left of earlier ones. */
static void
tell(struct credfile *cf)
{
	if (cf->sink != NULL) {
		cf->told(cf->told_arg);
		return;
	}
	manager_set_file_fault(cf->manager,
	    fault_is(&cf->fault) || cf->nrefusals == 0 ?
		&cf->fault :
		&cf->refusals[0].fault);
}

/* ---- a batch ---------------------------------------------------------------------- */

static struct batch *
collect(struct credfile *cf)
{
	const char *path = credfile_path(cf);
	struct batch *b = xcalloc(1, sizeof(*b));

	b->cf = cf;
	b->items = xcalloc(cf->pending.n, sizeof(*b->items));
	b->program = owner_client_path();
	b->now_s = clk_real(cf->loop->clk) / USEC;
	rfc3339_format(b->now_s, b->when);
	b->taken = undo_change_new(UNDO_CREDENTIALS, path);
	b->renewed = undo_change_new(UNDO_CREDENTIALS, path);
	b->emptied = undo_change_new(UNDO_CREDENTIALS, path);
	for (size_t i = 0; i < cf->pending.n; i++) {
		const char *name = cf->pending.v[i];
		struct session *s = manager_session(cf->manager, name);

		forget_refusal(cf, name);
		if (s != NULL && session_kept(s) &&
		    !(session_creds(s) == NULL && names_has(&cf->gone, name)) &&
		    (credfile_takes(cf, s) ? session_creds(s) == NULL :
					     !names_has(&cf->delivered, name)))
			continue; /* nothing to deliver: keep what is */
		if (s != NULL && cf->sink == NULL && session_kept(s) &&
		    credfile_takes(cf, s) &&
		    shadowed_by(session_profile(s)) != NULL) {
			fault_set(&cf->fault, FAULT_CONFIG, REASON_FILE,
			    _("The profile %s has %s of yours in the "
			      "configuration; its keys are not written to the "
			      "credentials file."),
			    name, shadowed_by(session_profile(s)));
			fault_next(&cf->fault,
			    _("take %s out of [profile %s], or set "
			      "awsfed.deliver = none in it"),
			    shadowed_by(session_profile(s)), name);
			refuse(cf, name, &cf->fault);
			continue;
		}
		/* Once: what somebody puts there later is theirs again. */
		b->items[b->n].force = names_drop(&cf->forced, name);
		fill_item(cf, &b->items[b->n++], s, name);
	}
	names_done(&cf->pending);
	names_done(&cf->gone);
	return b;
}

static void flush(struct credfile *cf);

static void
release(struct credfile *cf)
{
	cf->loop->ops->timer_stop(cf->patience);
	while (cf->held != NULL) {
		struct held *h = cf->held;

		cf->held = h->next;
		/* What a further file met is in status, and fails nobody. */
		barrier_release(
		    h->barrier, cf->sink == NULL ? &cf->fault : NULL);
		xfree(h);
	}
}

static void
on_written(const struct fault *fault, bool written, void *arg)
{
	struct batch *b = arg;
	struct credfile *cf = b->cf;

	(void)written;
	cf->writing = NULL;
	if (fault_is(fault)) {
		fault_copy(&cf->fault, fault);
		/* Tried again each minute, said once. */
		if (!str_eq(cf->warned, fault->text))
			log_warning("%s", fault->text);
		xreplace(&cf->warned, xstrdup(fault->text));
		/* Served from memory meanwhile; try again. */
		for (size_t i = 0; i < b->n; i++) {
			const struct item *it = &b->items[i];

			names_add(&cf->pending, it->section);
			if (it->remove || it->log_out)
				names_add(&cf->gone, it->section);
			if (it->force)
				names_add(&cf->forced, it->section);
		}
		cf->loop->ops->timer_set(
		    cf->timer, deadline_in(cf->loop->clk, RETRY));
		cf->latest = 0;
		tell(cf);
		batch_free(b);
		release(cf);
		return;
	}
	xreplace(&cf->warned, NULL);
	for (size_t i = 0; i < b->n; i++) {
		const struct item *it = &b->items[i];

		credfile_delivered(
		    cf, it->section, it->put || it->fresher || it->ended);
		credfile_wrote(cf, it->section, it->put ? it->values[0] : NULL);
		if (it->ended)
			credfile_emptied(cf, it->section);
		/* Taken over by the look that follows. */
		if (it->fresher)
			cf->loop->ops->timer_set(
			    cf->again, (struct deadline){ 0 });
		if (!fault_is(&it->fault))
			continue;
		log_warning("%s", it->fault.text);
		refuse(cf, it->section, &it->fault);
		if (!fault_is(&cf->fault))
			fault_copy(&cf->fault, &it->fault);
	}
	undo_renewed(cf->undo, STEAL(b->renewed), false);
	undo_renewed(cf->undo, STEAL(b->emptied), true);
	undo_record(cf->undo, STEAL(b->taken));
	tell(cf);
	batch_free(b);
	if (cf->pending.n > 0)
		flush(cf);
	else
		release(cf);
}

static void
flush(struct credfile *cf)
{
	struct batch *b;

	if (cf->writing != NULL)
		return; /* on_written() looks again */
	cf->loop->ops->timer_stop(cf->timer);
	if (cf->pending.n > 0)
		fault_done(&cf->fault);
	b = collect(cf);
	if (b->n == 0) {
		batch_free(b);
		tell(cf);
		release(cf);
		return;
	}
	cf->writing = b;
	cf->files->ops->edit(cf->files,
	    (struct files_edit){
		.path = xstrdup(credfile_path(cf)),
		.in_place = cf->sink != NULL && sink_in_place(cf->sink),
		.mode = cf->sink != NULL ? sink_file_mode(cf->sink) : 0,
		.apply = apply,
		.done = on_written,
		.arg = b,
	    });
}

/* ---- events -------------------------------------------------------------------------- */

static void
on_timer(void *arg)
{
	struct credfile *cf = arg;

	/* Also after a failure: it must not grow for ever. */
	if (cf->delay < COALESCE_MAX)
		cf->delay *= 4;
	flush(cf);
}

/* 500 roles are one batch, though the last comes long after the first. */
void
credfile_changed(struct credfile *cf, const char *name)
{
	int64_t now = clk_boot(cf->loop->clk), wait = cf->delay;

	names_add(&cf->pending, name);
	if (!cf->loop->ops->timer_armed(cf->timer))
		cf->latest = now + COALESCE_MAX;
	else if (cf->latest == 0)
		return; /* the file could not be written, and has its time */
	if (wait > cf->latest - now)
		wait = cf->latest - now;
	cf->loop->ops->timer_set(
	    cf->timer, deadline_in(cf->loop->clk, wait < 0 ? 0 : wait));
}

/* The keys leave the file when twin.c has written what comes instead. */
static bool
needs_line(const struct credfile *cf, const struct session *s)
{
	const struct profile *p = session_profile(s);

	return cf->sink == NULL && p->kind == PROFILE_ADFS &&
	    p->deliver == DELIVER_PROCESS && !p->credential_process_ours &&
	    session_kept(s);
}

void
credfile_take_back(struct credfile *cf, const struct session *s)
{
	_cleanup_free_ char *section = NULL;

	if (credfile_takes(cf, s))
		return;
	section = credfile_section(s);
	if (names_has(&cf->delivered, section) && !needs_line(cf, s))
		credfile_changed(cf, section);
}

void
credfile_take_back_all(struct credfile *cf)
{
	const struct session *s;

	for (size_t i = 0; (s = manager_session_at(cf->manager, i)) != NULL;
	     i++)
		credfile_take_back(cf, s);
}

void
credfile_assume(struct credfile *cf)
{
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(cf->manager, i)) != NULL;
	     i++) {
		_cleanup_free_ char *section = credfile_section(s);

		if (!credfile_takes(cf, s))
			continue;
		if (session_logged_out(s))
			names_add(&cf->gone, section);
		if (session_logged_out(s) ||
		    (session_kept(s) && session_creds(s) != NULL))
			credfile_changed(cf, section);
		credfile_delivered(cf, section, true);
	}
	credfile_take_back_all(cf);
}

static void
on_impatient(void *arg)
{
	release(arg);
}

void
credfile_event(struct credfile *cf, enum manager_event ev, struct session *s,
    struct barrier *barrier)
{
	_cleanup_free_ char *section = s == NULL ? NULL : credfile_section(s);
	struct held *h;

	switch (ev) {
	case MANAGER_CREDENTIALS:
		if (session_kept(s) && credfile_takes(cf, s))
			credfile_changed(cf, section);
		break;
	case MANAGER_FORCE:
		names_add(&cf->forced, section);
		/* There may be no new keys that would bring us to it. */
		if (cf->sink != NULL && session_kept(s) &&
		    credfile_takes(cf, s) && session_creds(s) != NULL)
			credfile_changed(cf, section);
		break;
	case MANAGER_LOGOUT:
		if (!credfile_takes(cf, s) &&
		    !names_has(&cf->delivered, section) && cf->sink != NULL)
			break;
		names_add(&cf->gone, section);
		credfile_changed(cf, section);
		break;
	case MANAGER_BLANK:
		if (!session_kept(s) || !credfile_takes(cf, s))
			break;
		if (session_blanked(s))
			names_add(&cf->gone, section);
		credfile_changed(cf, section);
		break;
	case MANAGER_JOB_ENDED:
		cf->delay = COALESCE;
		if (cf->pending.n > 0)
			flush(cf);
		break;
	case MANAGER_FLUSH:
		/* What the last write came to is news for this caller too. */
		if (cf->pending.n == 0 && cf->writing == NULL &&
		    !fault_is(&cf->fault))
			break;
		h = xcalloc(1, sizeof(*h));
		h->barrier = barrier;
		h->next = cf->held;
		cf->held = h;
		barrier_hold(barrier);
		if (cf->sink != NULL)
			cf->loop->ops->timer_set(
			    cf->patience, deadline_in(cf->loop->clk, PATIENCE));
		flush(cf);
		break;
	case MANAGER_SESSION:
		credfile_take_back(cf, s);
		break;
	case MANAGER_CONFIG:
		credfile_take_back_all(cf);
		break;
	case MANAGER_LOCK:
	case MANAGER_IDENTITY:
	case MANAGER_WAKE:
	case MANAGER_USED:
		break; /* it says nothing of how profiles are delivered */
	}
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *barrier,
    void *arg)
{
	credfile_event(arg, ev, s, barrier);
}

/* ---- life --------------------------------------------------------------------- */

static void
on_again(void *arg)
{
	credfile_look(arg);
}

struct credfile *
credfile_new_at(struct manager *m, struct files *files, const struct sink *sink)
{
	struct credfile *cf = xcalloc(1, sizeof(*cf));

	cf->manager = m;
	cf->loop = manager_env(m)->loop;
	cf->files = files;
	if (sink != NULL) {
		cf->sink = xcalloc(1, sizeof(*cf->sink));
		sink_copy(cf->sink, sink);
	}
	cf->delay = COALESCE;
	cf->timer = timer_new(cf->loop, on_timer, cf);
	cf->again = timer_new(cf->loop, on_again, cf);
	cf->patience = timer_new(cf->loop, on_impatient, cf);
	return cf;
}

struct credfile *
credfile_new(struct manager *m)
{
	const struct manager_env *env = manager_env(m);
	struct credfile *cf = credfile_new_at(m, env->files, NULL);

	cf->undo = env->undo;
	manager_subscribe(m, &(struct surface){ on_event, cf });
	return cf;
}

void
credfile_flush(struct credfile *cf)
{
	if (cf->pending.n > 0)
		flush(cf);
}

void
credfile_free(struct credfile *cf)
{
	if (cf == NULL)
		return;
	if (cf->writing != NULL)
		batch_free(cf->writing);
	cf->loop->ops->timer_free(cf->timer);
	cf->loop->ops->timer_free(cf->again);
	cf->loop->ops->timer_free(cf->patience);
	while (cf->held != NULL) {
		struct held *h = cf->held;

		cf->held = h->next;
		xfree(h);
	}
	names_done(&cf->pending);
	names_done(&cf->gone);
	names_done(&cf->forced);
	names_done(&cf->delivered);
	credfile_wrote_done(cf);
	while (cf->nrefusals > 0)
		forget_refusal(cf, cf->refusals[0].name);
	xfree(cf->refusals);
	if (cf->sink != NULL)
		sink_done(cf->sink);
	xfree(cf->sink);
	xfree(cf->warned);
	fault_done(&cf->fault);
	xfree(cf);
}
