/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the credentials file says: at the start, which profiles are kept; later,
 * what others did to the sections that we wrote.
 *
 * A section of ours that is gone was deleted by a person: the profile is kept
 * no more.  One that holds older keys of ours was reverted by a program that
 * had read the file before us: it is written again, a few times a minute at
 * most.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "awsfed/arn.h"
#include "awsfed/clock.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "credfile-int.h"
#include "credfile-owner.h"
#include "loop.h"
#include "manager.h"
#include "session.h"

#define LOOK_AGAIN (2 * USEC) /* another writer may be about it */
#define REWRITE_SPAN (60 * USEC)
#define REWRITE_MAX 3 /* in a span: no fight with another program */

char *
credfile_section(const struct session *s)
{
	return profile_section(session_profile(s));
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
	_cleanup_free_ char *name = credfile_section(s);
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
	const char *path = credfile_path(cf);
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
		_cleanup_free_ char *section = credfile_section(s);
		const char *why;
		enum owner owner = owner_of(doc, section, &why);

		if (owner == OWNER_LOGGED_OUT)
			session_set_logged_out(s, true);
		/* Locked, and killed: kept, and its keys are gone. */
		else if (owner == OWNER_BLANKED)
			session_set_kept(s, true);
		/* Our credential_process line is a record as well. */
		else if (session_profile(s)->credential_process_ours &&
		    session_profile(s)->deliver == DELIVER_PROCESS)
			session_set_kept(s, true);
		if (owner != OWNER_US)
			continue;
		adopt_keys(cf, doc, s);
		credfile_wrote(
		    cf, section, ini_own(doc, section, owner_keys[0]));
		session_set_kept(s, true);
		credfile_delivered(cf, section, true);
	}
	/* What came from the file need not go back to it. */
	names_done(&cf->pending);
	cf->loop->ops->timer_stop(cf->timer);
	credfile_take_back_all(cf);
}

/* ---- what we wrote ------------------------------------------------------------ */

void
credfile_delivered(struct credfile *cf, const char *name, bool yes)
{
	if (yes)
		names_add(&cf->delivered, name);
	else
		names_drop(&cf->delivered, name);
}

bool
credfile_holds(const struct credfile *cf, const struct session *s)
{
	_cleanup_free_ char *name = NULL;

	if (s == NULL)
		return false;
	name = credfile_section(s);
	return names_has(&cf->delivered, name);
}

/* ---- what became of it ---------------------------------------------------------- */

enum found {
	FOUND_GOOD,
	FOUND_NEWER, /* from another agent */
	FOUND_GONE,
	FOUND_EMPTIED,
	FOUND_OLD
};

/* By the rules of a write, which is what would come next. */
static bool
is_fresher(const struct credfile *cf, const struct ini *doc,
    const struct session *s, const char *name)
{
	const struct creds *c = session_creds(s);
	int64_t now_s = clk_real(cf->loop->clk) / USEC;
	const struct credfile_ours ours = {
		.id = c != NULL ? c->access_key_id : NULL,
		.before = credfile_last(cf, name),
		.role = session_profile(s)->role_arn,
		.until_s = c != NULL ? c->expiration_s : now_s,
	};

	return cf->sink == NULL && credfile_fresher(doc, name, &ours, now_s);
}

static enum found
look_at(const struct credfile *cf, const struct ini *doc, struct session *s)
{
	_cleanup_free_ char *name = credfile_section(s);
	const char *why, *until;
	struct creds *c = session_creds(s);
	char ours[RFC3339_SIZE];

	switch (owner_of(doc, name, &why)) {
	case OWNER_US:
		break;
	case OWNER_LOGGED_OUT:
		return FOUND_EMPTIED;
	case OWNER_BLANKED: /* by another machine's agent, for a while */
		return FOUND_GOOD;
	case OWNER_NEVER:
		return FOUND_GOOD; /* the next write says why it cannot */
	case OWNER_NOBODY:
	case OWNER_ADOPTED:
	case OWNER_OTHER:
		return FOUND_GONE;
	}
	if (c != NULL &&
	    str_eq(ini_own(doc, name, owner_keys[0]), c->access_key_id))
		return FOUND_GOOD;
	/* Newer ones come from an agent on another machine. */
	rfc3339_format(
	    c != NULL ? c->expiration_s : clk_real(cf->loop->clk) / USEC, ours);
	until = ini_own(doc, name, "x_security_token_expires");
	if (until == NULL || strcmp(until, ours) < 0)
		return c != NULL ? FOUND_OLD : FOUND_GOOD;
	return is_fresher(cf, doc, s, name) ? FOUND_NEWER : FOUND_GOOD;
}

static void
look_again(struct credfile *cf, int64_t after)
{
	cf->loop->ops->timer_set(cf->again, deadline_in(cf->loop->clk, after));
}

static void
write_again(struct credfile *cf, const char *name)
{
	int64_t now = clk_boot(cf->loop->clk);

	if (cf->rewrites == 0 || now - cf->span >= REWRITE_SPAN) {
		cf->span = now;
		cf->rewrites = 0;
	}
	if (cf->rewrites >= REWRITE_MAX) {
		log_info(
		    "another program keeps putting back old keys of %s", name);
		look_again(cf, cf->span + REWRITE_SPAN - now);
		return;
	}
	cf->rewrites++;
	log_info("another program put back old keys of %s; they are written "
		 "again",
	    name);
	credfile_changed(cf, name);
}

static void
let_go(struct credfile *cf, struct session *s, enum found found)
{
	_cleanup_free_ char *section = credfile_section(s);

	log_info("profile %s: its section of the credentials file was %s; it "
		 "is not kept any more",
	    session_name(s), found == FOUND_EMPTIED ? "emptied" : "taken away");
	names_drop(&cf->delivered, section);
	/* A logout elsewhere is one here: it is not served any more. */
	if (found == FOUND_EMPTIED)
		session_event(s, SESSION_LOGOUT, NULL);
	session_set_kept(s, false);
	if (found == FOUND_EMPTIED)
		session_set_logged_out(s, true);
	manager_tell(cf->manager, s);
}

void
credfile_emptied(struct credfile *cf, const char *name)
{
	struct session *s = manager_session(cf->manager, name);

	if (s != NULL && session_kept(s))
		let_go(cf, s, FOUND_EMPTIED);
}

/*
 * Serve what the file says, and renew when that is due: the agents of a home
 * then share the work.  A sign-in that is under way brings keys of its own.
 */
static void
take_over(struct credfile *cf, const struct ini *doc, struct session *s)
{
	if (session_state(s) == SESSION_WAITING)
		return;
	log_info("profile %s: another agent of this home has put fresher keys "
		 "into %s; they are taken over",
	    session_name(s), credfile_path(cf));
	adopt_keys(cf, doc, s);
}

/* Each of the sections that we wrote.  True: something is missing. */
static bool
compare(struct credfile *cf, const struct ini *doc, bool sure)
{
	bool missing = false;

	for (size_t i = cf->delivered.n; i-- > 0;) {
		struct session *s =
		    manager_session(cf->manager, cf->delivered.v[i]);
		enum found found;

		if (s == NULL || !session_kept(s)) {
			names_drop(&cf->delivered, cf->delivered.v[i]);
			continue;
		}
		found = look_at(cf, doc, s);
		if (found == FOUND_NEWER)
			take_over(cf, doc, s);
		else if (found == FOUND_OLD)
			write_again(cf, cf->delivered.v[i]);
		else if (found != FOUND_GOOD && sure)
			let_go(cf, s, found);
		else
			missing |= found != FOUND_GOOD;
	}
	return missing;
}

/* A home that is not there says nothing of what is in it. */
static bool
has_directory(const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	struct stat st;

	if (slash == NULL || slash == dir)
		return true;
	*slash = '\0';
	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
}

void
credfile_look(struct credfile *cf)
{
	const char *path = credfile_path(cf);
	int64_t now = clk_boot(cf->loop->clk);
	_cleanup_free_ char *data = NULL;
	_cleanup_ini_ struct ini *doc = NULL;
	size_t len = 0;
	int r;

	/* Our own write comes first, and brings us back here. */
	if (cf->delivered.n == 0 || cf->writing != NULL || cf->pending.n > 0)
		return;
	r = path_read(path, INI_MAX, &data, &len);
	if (r < 0 && (r != -ENOENT || !has_directory(path)))
		return;
	doc = ini_parse(data != NULL ? data : "", len);
	if (ini_problem(doc, NULL, NULL))
		return; /* the writer says so when it matters */
	if (!compare(
		cf, doc, cf->doubt != 0 && now - cf->doubt >= LOOK_AGAIN)) {
		cf->doubt = 0;
		return;
	}
	/* Another program may be truncating and rewriting the file. */
	if (cf->doubt == 0)
		cf->doubt = now;
	look_again(cf, LOOK_AGAIN);
}
