/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locked and unlocked.  Two gates hold what is new: a session that asks for
 * keys is told to wait (on_want), and an identity that asks what it is wanted
 * for hears nothing (on_wanted).  Unlocking has those that wait ask again.
 *
 * The note in the runtime directory is made before anything is hidden and taken
 * away before anything is shown: an agent that is killed in between is as
 * locked as its user was told.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/hours.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "chain.h"
#include "loop.h"
#include "manager-int.h"

#define NOTE_MAX 4096 /* bytes in the note */
#define NOTE_TRIES 3
#define NOTE_PAUSE 20000 /* microseconds */

static const struct {
	const char *name;
	const char *how; /* within a sentence */
} lockers[] = {
	[LOCKED_BY_COMMAND] = { "command", N_("by awsfedctl lock") },
	[LOCKED_BY_SCREEN] = { "screen", N_("with the screen") },
	[LOCKED_BY_SLEEP] = { "sleep", N_("before the machine slept") },
};

bool
manager_locked(const struct manager *m)
{
	return m->lock.on;
}

bool
manager_lock_fault(const struct manager *m, struct fault *fault)
{
	char when[HOURS_TEXT];

	if (!m->lock.on)
		return false;
	hours_text(m->lock.since, clk_real(m->env.loop->clk) / USEC, when);
	fault_set(fault, FAULT_DENIED, REASON_LOCKED,
	    _("The agent was locked %s at %s."), _(lockers[m->lock.by].how),
	    when);
	fault_next(fault, "awsfedctl unlock");
	return true;
}

static json_t *
who_and_when(const struct manager *m)
{
	char when[RFC3339_SIZE];
	json_t *o = json_object();

	rfc3339_format(m->lock.since, when);
	json_put_str(o, "since", when);
	json_put_str(o, "by", lockers[m->lock.by].name);
	return o;
}

json_t *
manager_lock_status(const struct manager *m)
{
	return m->lock.on ? who_and_when(m) : NULL;
}

/* ---- the note ------------------------------------------------------------------ */

static void
write_note(const struct manager *m)
{
	_cleanup_json_ json_t *o = who_and_when(m);
	char *text;
	int r;

	if (m->lock.path == NULL)
		return;
	text = json_dumps(o, JSON_COMPACT);
	r = path_mkdir_parent(m->lock.path);
	if (r == 0)
		r = path_replace(m->lock.path, text, strlen(text), 0600);
	xfree(text);
	if (r < 0)
		log_warning("%s cannot be written (%s): an agent that starts "
			    "anew will not be locked",
		    m->lock.path, strerror(-r));
}

/* Whatever is in it: there is one, so we are locked; also when, after some
 * tries, nobody can say. */
static void
read_note(struct manager *m)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_json_ json_t *o = NULL;
	const char *by;
	size_t len = 0;
	int r;

	for (int i = 0; i < NOTE_TRIES; i++) {
		r = path_read(m->lock.path, NOTE_MAX, &data, &len);
		if (r == -ENOENT || r == -ENOTDIR)
			return;
		if (r == 0)
			break;
		usleep(NOTE_PAUSE);
	}
	if (r < 0)
		log_warning("%s cannot be read (%s): the agent is locked, to "
			    "be on the safe side; see awsfedctl unlock",
		    m->lock.path, strerror(-r));
	m->lock.on = true;
	m->lock.since = clk_real(m->env.loop->clk) / USEC;
	if (r == 0)
		o = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	by = json_string_value(json_object_get(o, "by"));
	for (size_t i = 0; i < ARRAY_SIZE(lockers); i++)
		if (str_eq(lockers[i].name, by))
			m->lock.by = (enum manager_locker)i;
	(void)rfc3339_parse(
	    json_string_value(json_object_get(o, "since")), &m->lock.since);
}

/* ---- keys that are hidden -------------------------------------------------------- */

void
manager_lock_session(struct manager *m, struct session *s)
{
	bool blank = m->lock.on && session_profile(s)->blank_on_lock;

	if (blank == session_blanked(s))
		return;
	session_set_blanked(s, blank);
	manager_publish(m, MANAGER_BLANK, s, NULL);
}

static void
blank_all(struct manager *m)
{
	for (size_t i = 0; i < m->nmembers; i++)
		manager_lock_session(m, m->members[i].session);
}

/* ---- locking ----------------------------------------------------------------------- */

/* What would have been renewed goes on waiting, for the end of the lock. */
static void
stop_all(struct manager *m)
{
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_strv_ struct strv waiting = { 0 };

	(void)manager_lock_fault(m, &f);
	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;

		if (session_wants(s) && session_renews(s))
			strv_add(&waiting, session_name(s));
	}
	if (m->logins.stop != NULL)
		m->logins.stop(&f, m->logins.arg);
	chain_stop(m->chain);
	for (size_t i = 0; i < m->nidentities; i++)
		if (identity_busy(m->identities[i]))
			manager_cancel(m, m->identities[i]);
	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;

		if (session_state(s) == SESSION_WAITING)
			session_event(s, SESSION_CANCELLED, NULL);
		/* It asks, and is told to wait. */
		if (strv_has(&waiting, session_name(s)))
			session_event(s, SESSION_WANTED, NULL);
	}
}

void
manager_lock(struct manager *m, enum manager_locker by)
{
	if (m->lock.on && by != LOCKED_BY_COMMAND)
		return;
	if (m->lock.on && m->lock.by == LOCKED_BY_COMMAND)
		return;
	if (!m->lock.on)
		m->lock.since = clk_real(m->env.loop->clk) / USEC;
	/* A person who locks what the screen had locked means it. */
	m->lock.by = by;
	write_note(m);
	if (m->lock.on)
		return;
	m->lock.on = true;
	log_info("locked %s", lockers[by].how);
	stop_all(m);
	blank_all(m);
	manager_publish(m, MANAGER_LOCK, NULL, NULL);
}

void
manager_lock_wipe(struct manager *m)
{
	for (size_t i = 0; i < m->nidentities; i++)
		identity_logout(m->identities[i]);
}

void
manager_lock_start(struct manager *m, const char *path)
{
	xreplace(&m->lock.path, xstrdup(path));
	if (path == NULL || m->lock.on)
		return;
	read_note(m);
	if (!m->lock.on)
		return;
	log_info("still locked: %s is there", path);
	stop_all(m);
	blank_all(m);
	manager_publish(m, MANAGER_LOCK, NULL, NULL);
}

/* ---- unlocking ------------------------------------------------------------------------ */

/* Waits for nothing any more; its keys were lost with an agent before us. */
static bool
lost(struct session *s)
{
	return session_profile(s)->blank_on_lock && session_renews(s) &&
	    session_state(s) == SESSION_IDLE && session_creds(s) == NULL;
}

bool
manager_unlock(struct manager *m)
{
	if (!m->lock.on)
		return false;
	if (m->lock.path != NULL && unlink(m->lock.path) != 0 &&
	    errno != ENOENT)
		log_warning("%s cannot be removed (%s): an agent that starts "
			    "anew will be locked",
		    m->lock.path, strerror(errno));
	m->lock.on = false;
	log_info("unlocked");
	blank_all(m);
	/* By index: what starts may change the list. */
	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;

		if (session_state(s) == SESSION_BACKOFF && session_wants(s))
			session_event(s,
			    session_renews(s) ? SESSION_TIMER :
						SESSION_CANCELLED,
			    NULL);
		else if (lost(s))
			session_event(s, SESSION_WANTED, NULL);
	}
	manager_publish(m, MANAGER_LOCK, NULL, NULL);
	return true;
}

/* ---- the screen ---------------------------------------------------------------------------- */

void
manager_lock_screen(struct manager *m, bool locked)
{
	if (locked && m->config->settings.lock_on_screen_lock)
		manager_lock(m, LOCKED_BY_SCREEN);
	else if (!locked && m->lock.by != LOCKED_BY_COMMAND)
		(void)manager_unlock(m);
}

void
manager_lock_sleep(struct manager *m)
{
	if (m->config->settings.lock_on_sleep)
		manager_lock(m, LOCKED_BY_SLEEP);
}
