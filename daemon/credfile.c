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

#include "files.h"
#include "loop.h"
#include "manager.h"
#include "session.h"

#define COALESCE (250 * MSEC)
#define COALESCE_MAX (4 * USEC)
#define RETRY (60 * USEC) /* a file that could not be written */
#define MARKER "x_managed_by"
#define MARKER_VALUE "awsfed"

static const char *const our_keys[] = {
	"aws_access_key_id",
	"aws_secret_access_key",
	"aws_session_token",
	"x_security_token_expires",
	"x_principal_arn",
	MARKER,
};
#define OUR_KEYS ARRAY_SIZE(our_keys)

/* What the writer thread gets: all its own, wiped when freed. */
struct item {
	char *section;
	bool remove;
	bool force; /* whoever's section it is */
	char *values[OUR_KEYS];
	char *region; /* of a twin: no profile in the config file has it */
	struct fault fault; /* why this one was left alone */
};

struct batch {
	struct credfile *cf;
	struct item *items;
	size_t n;
};

struct held {
	struct held *next;
	struct barrier *barrier;
};

struct credfile {
	struct manager *manager;
	struct loop *loop;
	struct files *files;
	struct timer *timer;
	int64_t delay;	       /* of the timer; grows while one job trickles */
	struct strv pending;   /* names of profiles to look at */
	struct strv gone;      /* those whose keys are to go */
	struct strv forced;    /* names whose sections are taken over */
	struct batch *writing; /* with the writer, or NULL */
	struct held *held;     /* released after the write */
	struct fault fault;    /* of the last write */
};

/* ---- whose section is it? (in the writer thread) ------------------------------ */

enum owner { OWNER_NOBODY, OWNER_US, OWNER_ADOPTED, OWNER_OTHER };

static enum owner
owner_of(const struct ini *doc, const char *section, const char **ret_why)
{
	const char *marker = ini_get(doc, section, MARKER);

	*ret_why = NULL;
	if (!ini_has_section(doc, section))
		return OWNER_NOBODY;
	if (str_eq(marker, MARKER_VALUE))
		return OWNER_US;
	if (!str_empty(marker))
		*ret_why = _("is managed by another tool");
	else if (ini_get(doc, section, "credential_process") != NULL)
		*ret_why = _("has a credential_process");
	else if (str_empty(ini_get(doc, section, "aws_access_key_id")))
		return OWNER_NOBODY;
	else if (str_empty(ini_get(doc, section, "aws_session_token")) &&
	    str_empty(ini_get(doc, section, "aws_security_token")))
		*ret_why = _("holds long-term keys");
	else
		return OWNER_ADOPTED;
	return OWNER_OTHER;
}

static int
put_item(struct ini *doc, struct item *it)
{
	int r = ini_add_section(doc, it->section);

	for (size_t k = 0; r == 0 && k < OUR_KEYS; k++)
		r = it->values[k] == NULL ?
		    ini_unset(doc, it->section, our_keys[k]) :
		    ini_set(doc, it->section, our_keys[k], it->values[k]);
	if (r == 0 && it->force)
		r = ini_unset(doc, it->section, "credential_process");
	if (r == 0 && it->region != NULL)
		r = ini_set(doc, it->section, "region", it->region);
	/* aws-adfs and saml2aws leave it behind, and botocore prefers it. */
	if (r == 0)
		r = ini_unset(doc, it->section, "aws_security_token");
	if (r < 0)
		fault_set(&it->fault, FAULT_CONFIG, REASON_FILE,
		    _("The keys of %s cannot be written to a credentials "
		      "file."),
		    it->section);
	return r;
}

static void
remove_item(struct ini *doc, const struct item *it)
{
	for (size_t k = 0; k < OUR_KEYS; k++)
		(void)ini_unset(doc, it->section, our_keys[k]);
	(void)ini_unset(doc, it->section, "aws_security_token");
	if (str_ends(it->section, PROFILE_TWIN))
		(void)ini_unset(doc, it->section, "region");
	/* What a person wrote into our section stays, with its header. */
	for (size_t i = 0; i < ini_nsections(doc); i++)
		if (str_eq(ini_section(doc, i), it->section) &&
		    ini_nkeys(doc, i) > 0)
			return;
	(void)ini_remove_section(doc, it->section);
}

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct batch *b = arg;
	bool backup = false, any = false;

	(void)fault;
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		const char *why;
		enum owner owner = owner_of(doc, it->section, &why);

		fault_done(&it->fault);
		if (it->remove) {
			if (owner == OWNER_US) {
				remove_item(doc, it);
				any = true;
			}
			continue;
		}
		if (owner == OWNER_OTHER && !it->force) {
			fault_set(&it->fault, FAULT_CONFIG, REASON_FILE,
			    _("The section [%s] of the credentials file %s; "
			      "it was left alone."),
			    it->section, why);
			fault_next(&it->fault,
			    _("awsfedctl login --force %s "
			      "takes it over and keeps a backup"),
			    it->section);
			continue;
		}
		if (put_item(doc, it) == 0) {
			any = true;
			backup |=
			    owner == OWNER_ADOPTED || owner == OWNER_OTHER;
		}
	}
	if (!any)
		return FILES_LEAVE;
	return backup ? FILES_WRITE_BACKUP : FILES_WRITE;
}

/* The name of the section that a session's keys go to; xalloc. */
static char *
section_of(const struct session *s)
{
	return profile_section(session_profile(s));
}

/* ---- batches --------------------------------------------------------------------- */

static void
batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		xfree(b->items[i].section);
		xfree(b->items[i].region);
		for (size_t k = 0; k < OUR_KEYS; k++)
			xfree(b->items[i].values[k]);
		fault_done(&b->items[i].fault);
	}
	xfree(b->items);
	xfree(b);
}

static void
fill_item(struct item *it, struct session *s, const char *name)
{
	struct creds *c = s == NULL ? NULL : session_creds(s);
	char when[RFC3339_SIZE];

	it->section = xstrdup(name);
	if (c == NULL || !session_kept(s)) {
		it->remove = true;
		return;
	}
	rfc3339_format(c->expiration_s, when);
	it->values[0] = xstrdup(c->access_key_id);
	it->values[1] = xstrdup(secret_bytes(c->secret_access_key));
	it->values[2] = xstrdup(secret_bytes(c->session_token));
	it->values[3] = xstrdup(when);
	it->values[4] = xstrdup(c->principal);
	it->values[5] = xstrdup(MARKER_VALUE);
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
	return p->credential_process != NULL ? "credential_process" :
	    p->has_sso			     ? "sso_*" :
	    p->has_web_identity		     ? "web_identity_token_file" :
					       NULL;
}

static void
add_once(struct strv *sv, const char *s)
{
	if (!strv_has(sv, s))
		strv_add(sv, s);
}

/* Was it in there?  Then not any more. */
static bool
take_out(struct strv *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++) {
		if (!str_eq(sv->v[i], s))
			continue;
		xfree(sv->v[i]);
		memmove(&sv->v[i], &sv->v[i + 1], (sv->n - i) * sizeof(*sv->v));
		sv->n--;
		return true;
	}
	return false;
}

static struct batch *
collect(struct credfile *cf)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->cf = cf;
	b->items = xcalloc(cf->pending.n, sizeof(*b->items));
	for (size_t i = 0; i < cf->pending.n; i++) {
		const char *name = cf->pending.v[i];
		struct session *s = manager_session(cf->manager, name);

		if (s != NULL && session_kept(s) &&
		    !(session_creds(s) == NULL && strv_has(&cf->gone, name)) &&
		    (session_creds(s) == NULL ||
			session_profile(s)->deliver != DELIVER_FILE))
			continue; /* nothing to deliver: keep what is */
		if (s != NULL && session_kept(s) &&
		    shadowed_by(session_profile(s)) != NULL) {
			fault_set(&cf->fault, FAULT_CONFIG, REASON_FILE,
			    _("The profile %s has %s of yours in the "
			      "configuration; its keys are not written to the "
			      "credentials file."),
			    name, shadowed_by(session_profile(s)));
			continue;
		}
		/* Once: what somebody puts there later is theirs again. */
		b->items[b->n].force = take_out(&cf->forced, name);
		fill_item(&b->items[b->n++], s, name);
	}
	strv_done(&cf->pending);
	strv_done(&cf->gone);
	return b;
}

static void flush(struct credfile *cf);

static void
release(struct credfile *cf)
{
	while (cf->held != NULL) {
		struct held *h = cf->held;

		cf->held = h->next;
		barrier_release(h->barrier, &cf->fault);
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
		log_warning("%s", fault->text);
		/* Served from memory meanwhile; try again. */
		for (size_t i = 0; i < b->n; i++) {
			add_once(&cf->pending, b->items[i].section);
			if (b->items[i].remove)
				add_once(&cf->gone, b->items[i].section);
			if (b->items[i].force)
				add_once(&cf->forced, b->items[i].section);
		}
		cf->loop->ops->timer_set(
		    cf->timer, deadline_in(cf->loop->clk, RETRY));
		manager_set_file_fault(cf->manager, &cf->fault);
		batch_free(b);
		release(cf);
		return;
	}
	for (size_t i = 0; i < b->n; i++) {
		if (!fault_is(&b->items[i].fault))
			continue;
		log_warning("%s", b->items[i].fault.text);
		if (!fault_is(&cf->fault))
			fault_copy(&cf->fault, &b->items[i].fault);
	}
	manager_set_file_fault(cf->manager, &cf->fault);
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
		manager_set_file_fault(cf->manager, &cf->fault);
		release(cf);
		return;
	}
	cf->writing = b;
	cf->files->ops->edit(cf->files,
	    (struct files_edit){
		.path = xstrdup(manager_config(cf->manager)->credentials_path),
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

static void
changed(struct credfile *cf, const char *name)
{
	if (!strv_has(&cf->pending, name))
		strv_add(&cf->pending, name);
	if (!cf->loop->ops->timer_armed(cf->timer))
		cf->loop->ops->timer_set(
		    cf->timer, deadline_in(cf->loop->clk, cf->delay));
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *barrier,
    void *arg)
{
	struct credfile *cf = arg;
	_cleanup_free_ char *section = s == NULL ? NULL : section_of(s);
	struct held *h;

	switch (ev) {
	case MANAGER_CREDENTIALS:
		if (session_kept(s) &&
		    session_profile(s)->deliver == DELIVER_FILE)
			changed(cf, section);
		break;
	case MANAGER_FORCE:
		add_once(&cf->forced, section);
		break;
	case MANAGER_LOGOUT:
		add_once(&cf->gone, section);
		changed(cf, section);
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
		flush(cf);
		break;
	case MANAGER_SESSION:
	case MANAGER_IDENTITY:
	case MANAGER_CONFIG:
		break;
	}
}

/* ---- the record of kept profiles --------------------------------------------------------- */

/* Are these keys of the role that the profile wants now? */
static bool
same_role(const char *principal, const struct profile *p)
{
	_cleanup_arn_ struct arn is = { 0 }, wanted = { 0 };

	return arn_parse(principal, &is) == 0 &&
	    arn_parse(p->role_arn, &wanted) == 0 &&
	    str_eq(is.account, wanted.account) && str_eq(is.name, wanted.name);
}

static void
adopt_keys(struct credfile *cf, const struct ini *doc, struct session *s)
{
	_cleanup_free_ char *name = section_of(s);
	const struct profile *p = session_profile(s);
	_cleanup_json_ json_t *j = json_object();
	const char *principal = ini_get(doc, name, "x_principal_arn");
	struct creds *c;

	if (!same_role(principal, p))
		return;
	json_put_str(j, "accessKeyId", ini_get(doc, name, "aws_access_key_id"));
	json_put_str(
	    j, "secretAccessKey", ini_get(doc, name, "aws_secret_access_key"));
	json_put_str(
	    j, "sessionToken", ini_get(doc, name, "aws_session_token"));
	json_put_str(
	    j, "expiration", ini_get(doc, name, "x_security_token_expires"));
	json_put_str(j, "roleArn", p->role_arn);
	json_put_str(j, "principal", principal);
	if (creds_from_json(j, cf->loop->clk, &c) < 0)
		return;
	if (creds_expired(c, cf->loop->clk))
		creds_unref(c);
	else
		session_adopt(s, c);
}

void
credfile_adopt(struct credfile *cf)
{
	const char *path = manager_config(cf->manager)->credentials_path;
	_cleanup_free_ char *data = NULL;
	_cleanup_ini_ struct ini *doc = NULL;
	struct session *s;
	size_t len;
	int r = path_read(path, INI_MAX, &data, &len);

	if (r < 0) {
		if (r != -ENOENT)
			log_warning(
			    "%s cannot be read: %s", path, strerror(-r));
		return;
	}
	doc = ini_parse(data, len);
	for (size_t i = 0; (s = manager_session_at(cf->manager, i)) != NULL;
	     i++) {
		_cleanup_free_ char *section = section_of(s);

		if (!str_eq(ini_get(doc, section, MARKER), MARKER_VALUE))
			continue;
		adopt_keys(cf, doc, s);
		session_set_kept(s, true);
	}
	/* What came from the file need not go back to it. */
	strv_done(&cf->pending);
	cf->loop->ops->timer_stop(cf->timer);
}

struct credfile *
credfile_new(struct manager *m)
{
	const struct manager_env *env = manager_env(m);
	struct credfile *cf = xcalloc(1, sizeof(*cf));

	cf->manager = m;
	cf->loop = env->loop;
	cf->files = env->files;
	cf->delay = COALESCE;
	cf->timer = timer_new(cf->loop, on_timer, cf);
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
	while (cf->held != NULL) {
		struct held *h = cf->held;

		cf->held = h->next;
		xfree(h);
	}
	strv_done(&cf->pending);
	strv_done(&cf->gone);
	strv_done(&cf->forced);
	fault_done(&cf->fault);
	xfree(cf);
}
