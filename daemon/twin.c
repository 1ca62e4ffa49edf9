/* SPDX-License-Identifier: Apache-2.0 */
#include "twin.h"

#include <errno.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "files.h"
#include "manager.h"
#include "session.h"

#define PROCESS "credential_process"

/* What the writer thread gets: all its own. */
struct item {
	char *twin;
	char *line; /* NULL: take the twin, or the line, out */
	bool own;   /* a line in the profile itself */
	char *region;
	struct fault fault;
};

struct batch {
	struct twins *twins;
	struct item *items;
	size_t n;
};

struct held {
	struct held *next;
	struct barrier *barrier;
};

struct twins {
	struct manager *manager;
	struct files *files;
	char *ctl;
	struct strv pending; /* names of twins to look at */
	struct batch *writing;
	struct held *held;
	struct fault fault; /* of the last write */
};

/* ---- in the writer thread ------------------------------------------------------- */

static int
yours(struct item *it)
{
	fault_set(&it->fault, FAULT_CONFIG, REASON_FILE,
	    _("The profile %s has a credential_process of yours; it "
	      "was left alone."),
	    it->twin);
	if (it->own)
		fault_next(&it->fault,
		    _("Take that line out, or awsfed.deliver = process"));
	else
		fault_next(&it->fault, _("Rename the profile %s"), it->twin);
	return 0;
}

/* What a person wrote to the same end stays as it is. */
static int
put_line(struct ini *doc, const char *section, struct item *it)
{
	const char *now = ini_get(doc, section, PROCESS);

	if (!ini_has_section(doc, section))
		return 0; /* taken out meanwhile */
	if (str_empty(now))
		return it->line == NULL ?
		    0 :
		    ini_set(doc, section, PROCESS, it->line);
	if (!profile_process_is_ours(now))
		return it->line == NULL ? 0 : yours(it);
	if (it->line == NULL)
		(void)ini_unset(doc, section, PROCESS);
	return 0;
}

static int
put_twin(struct ini *doc, const char *section, struct item *it)
{
	const char *now = ini_get(doc, section, PROCESS);

	if (now != NULL && !profile_process_is_ours(now))
		return yours(it);
	if (ini_add_section(doc, section) < 0 ||
	    ini_set(doc, section, PROCESS, it->line) < 0)
		return -EINVAL;
	if (it->region != NULL && ini_get(doc, section, "region") == NULL)
		return ini_set(doc, section, "region", it->region);
	return 0;
}

/* Only our two lines; what a person added stays, with its header. */
static void
remove_twin(struct ini *doc, const char *section)
{
	const char *now = ini_get(doc, section, PROCESS);

	if (now == NULL || !profile_process_is_ours(now))
		return;
	(void)ini_unset(doc, section, PROCESS);
	for (size_t i = 0; i < ini_nsections(doc); i++)
		if (str_eq(ini_section(doc, i), section) &&
		    (ini_nkeys(doc, i) > 1 ||
			(ini_nkeys(doc, i) == 1 &&
			    ini_get(doc, section, "region") == NULL)))
			return;
	(void)ini_remove_section(doc, section);
}

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct batch *b = arg;

	(void)fault;
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		_cleanup_free_ char *section =
		    config_find_section(doc, it->twin);

		fault_done(&it->fault);
		if (!it->own && it->line == NULL)
			remove_twin(doc, section);
		else if ((it->own ? put_line(doc, section, it) :
				    put_twin(doc, section, it)) < 0)
			fault_set(&it->fault, FAULT_CONFIG, REASON_FILE,
			    _("The profile %s cannot be written to the AWS "
			      "config file."),
			    it->twin);
	}
	return FILES_WRITE;
}

/* ---- batches -------------------------------------------------------------------- */

static void
batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		xfree(b->items[i].twin);
		xfree(b->items[i].line);
		xfree(b->items[i].region);
		fault_done(&b->items[i].fault);
	}
	xfree(b->items);
	xfree(b);
}

static void
release(struct twins *t)
{
	while (t->held != NULL) {
		struct held *h = t->held;

		t->held = h->next;
		barrier_release(h->barrier, &t->fault);
		xfree(h);
	}
}

static void flush(struct twins *t);

static void
on_written(const struct fault *fault, bool written, void *arg)
{
	struct batch *b = arg;
	struct twins *t = b->twins;

	t->writing = NULL;
	fault_copy(&t->fault, fault);
	for (size_t i = 0; i < b->n && !fault_is(&t->fault); i++)
		fault_copy(&t->fault, &b->items[i].fault);
	if (fault_is(&t->fault))
		log_warning("%s", t->fault.text);
	batch_free(b);
	if (written)
		manager_look(t->manager);
	if (t->pending.n > 0)
		flush(t);
	else
		release(t);
}

static bool
delivers(const struct session *s)
{
	return session_profile(s)->kind != PROFILE_OTHER &&
	    session_profile(s)->deliver == DELIVER_PROCESS;
}

/* Is there something to write?  A line of its own stays as it is. */
static bool
concerns(const struct session *s)
{
	const struct profile *p = session_profile(s);

	if (p->kind == PROFILE_CHAINED)
		return delivers(s);
	return p->credential_process_ours ? p->deliver == DELIVER_FILE :
					    delivers(s);
}

static void
fill(struct twins *t, struct item *it, const char *twin)
{
	struct session *s = manager_session(t->manager, twin);

	it->twin = xstrdup(twin);
	if (s == NULL)
		return;
	it->own = session_profile(s)->kind != PROFILE_CHAINED;
	it->region = xstrdup(session_profile(s)->region);
	/* No quotes: some SDKs do not know them. */
	/* After a logout, too: it fails with what to do, and no tool goes on
	 * to another identity. */
	if (delivers(s))
		it->line = xasprintf("%s credential-process %s", t->ctl, twin);
}

static void
flush(struct twins *t)
{
	struct batch *b;

	if (t->writing != NULL || t->pending.n == 0)
		return;
	b = xcalloc(1, sizeof(*b));
	b->twins = t;
	b->items = xcalloc(t->pending.n, sizeof(*b->items));
	for (size_t i = 0; i < t->pending.n; i++)
		fill(t, &b->items[b->n++], t->pending.v[i]);
	strv_done(&t->pending);
	t->writing = b;
	t->files->ops->edit(t->files,
	    (struct files_edit){
		.path = xstrdup(manager_config(t->manager)->path),
		.apply = apply,
		.done = on_written,
		.arg = b,
	    });
}

/* ---- events ----------------------------------------------------------------------- */

static void
want(struct twins *t, const struct session *s)
{
	_cleanup_free_ char *twin = profile_section(session_profile(s));

	if (delivers(s) &&
	    (strpbrk(t->ctl, " \t#;\"'\\") != NULL ||
		strpbrk(twin, " \t#;\"'\\") != NULL)) {
		fault_set(&t->fault, FAULT_CONFIG, REASON_FILE,
		    _("%s cannot be delivered by process: not all SDKs "
		      "can run \"%s credential-process %s\"."),
		    session_name(s), t->ctl, twin);
		fault_next(&t->fault,
		    _("Use awsfed.deliver = file, or a profile's name "
		      "without blanks and quotes"));
		log_warning("%s", t->fault.text);
		return;
	}
	if (!strv_has(&t->pending, twin))
		strv_add(&t->pending, twin);
}

/* Who asks for it in the config file need not wait for the next renewal. */
static void
want_own(struct twins *t)
{
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(t->manager, i)) != NULL; i++)
		if (session_profile(s)->kind != PROFILE_CHAINED &&
		    delivers(s) && concerns(s) && session_kept(s))
			want(t, s);
	flush(t);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *barrier,
    void *arg)
{
	struct twins *t = arg;
	struct held *h;

	switch (ev) {
	case MANAGER_CREDENTIALS:
	case MANAGER_LOGOUT:
		if (!concerns(s) ||
		    (ev == MANAGER_CREDENTIALS && !session_kept(s)))
			break;
		want(t, s);
		flush(t);
		break;
	case MANAGER_FLUSH:
		if (t->pending.n == 0 && t->writing == NULL) {
			/* What could not even be tried is told once. */
			barrier_hold(barrier);
			barrier_release(barrier, &t->fault);
			fault_done(&t->fault);
			break;
		}
		h = xcalloc(1, sizeof(*h));
		h->barrier = barrier;
		h->next = t->held;
		t->held = h;
		barrier_hold(barrier);
		flush(t);
		break;
	case MANAGER_SESSION:
	case MANAGER_FORCE:
	case MANAGER_IDENTITY:
	case MANAGER_WAKE:
	case MANAGER_JOB_ENDED:
	case MANAGER_USED:
	case MANAGER_LOCK:
	case MANAGER_BLANK:
		break;
	case MANAGER_CONFIG:
		want_own(t);
		break;
	}
}

void
twins_adopt(struct twins *t)
{
	struct session *s;

	for (size_t i = 0; (s = manager_session_at(t->manager, i)) != NULL;
	     i++) {
		_cleanup_free_ char *twin = profile_section(session_profile(s));
		const struct profile *p =
		    config_profile(manager_config(t->manager), twin);

		/* credfile.c looks at those that sign in. */
		if (session_profile(s)->kind == PROFILE_CHAINED &&
		    delivers(s) && p != NULL && p->credential_process_ours)
			session_set_kept(s, true);
	}
	want_own(t);
}

struct twins *
twins_new(struct manager *m, const char *ctl)
{
	struct twins *t = xcalloc(1, sizeof(*t));

	t->manager = m;
	t->files = manager_env(m)->files;
	t->ctl = xstrdup(ctl);
	manager_subscribe(m, &(struct surface){ on_event, t });
	return t;
}

void
twins_free(struct twins *t)
{
	if (t == NULL)
		return;
	if (t->writing != NULL)
		batch_free(t->writing);
	while (t->held != NULL) {
		struct held *h = t->held;

		t->held = h->next;
		xfree(h);
	}
	strv_done(&t->pending);
	fault_done(&t->fault);
	xfree(t->ctl);
	xfree(t);
}
