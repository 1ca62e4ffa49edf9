/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring-int.h"

#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "loop.h"

#define TIMER(k) ((k)->env.loop->ops)

/* ---- what is known of it ------------------------------------------------- */

/* Tells when the picture is not what it was before fn looked at it. */
static void
tell_if(struct keyring *k, const struct keyring_known *before)
{
	if (memcmp(before, &k->known, sizeof(*before)) != 0)
		k->env.changed(k->env.arg);
}

static const char *
user_of(const struct keyring *k)
{
	return k->user != NULL ? k->user : "somebody";
}

/* What an answer of the vault says of the password; false: it is not there. */
static bool
learn(struct keyring *k, const struct vault_answer *a)
{
	struct keyring_known before = k->known;
	bool was_locked = k->known.locked;

	if (a->why != NULL &&
	    (a->result != VAULT_ABSENT || !k->known.unavailable))
		log_info("%s @ %s: %s", user_of(k), k->host, a->why);
	k->known.locked =
	    a->result == VAULT_LOCKED || a->result == VAULT_DISMISSED;
	k->known.unavailable = a->result == VAULT_ABSENT;
	if (a->result == VAULT_OK || a->result == VAULT_NONE) {
		k->known.held =
		    a->result == VAULT_OK ? KEYRING_YES : KEYRING_NO;
		k->known.suspect = a->result == VAULT_OK && a->suspect;
		k->dismissed = false;
	}
	if (a->result == VAULT_DISMISSED)
		k->dismissed = true;
	tell_if(k, &before);
	if (was_locked && !k->known.locked && k->known.held == KEYRING_YES &&
	    !k->known.suspect)
		k->env.opened(k->env.arg);
	return a->result == VAULT_OK;
}

static struct vault_want
want_of(const struct keyring *k, enum vault_act act)
{
	return (struct vault_want){
		.act = act,
		.host = k->host,
		.user = k->normal,
		.also = k->user,
		.kind = "password",
	};
}

static struct vault_call *
start(struct keyring *k, const struct vault_want *want, vault_fn *fn)
{
	return k->env.vault->ops->start(k->env.vault, want, fn, k);
}

static void
stop(struct keyring *k, struct vault_call **call)
{
	if (*call != NULL)
		k->env.vault->ops->cancel(STEAL(*call));
}

static bool
in_vault(const struct keyring *k)
{
	return k->where == STORE_KEYRING && k->env.vault != NULL &&
	    k->user != NULL;
}

static void
on_look(struct vault_answer *a, void *arg)
{
	struct keyring *k = arg;

	k->looking = NULL;
	(void)learn(k, a);
}

static void
look(void *arg)
{
	struct keyring *k = arg;
	struct vault_want want = want_of(k, VAULT_LOOK);

	if (!in_vault(k))
		return;
	stop(k, &k->looking);
	k->looking = start(k, &want, on_look);
}

/* ---- for whom ---------------------------------------------------------------- */

struct keyring *
keyring_new(const struct keyring_env *env)
{
	struct keyring *k = xcalloc(1, sizeof(*k));

	k->env = *env;
	k->turn = timer_new(env->loop, keyring_turn, k);
	return k;
}

/* Who waits for a fetch still does. */
static void
drop(struct keyring *k)
{
	stop(k, &k->getting);
	k->ready = secret_free(k->ready);
	stop(k, &k->looking);
	stop(k, &k->changing);
	k->kept = NULL;
	if (k->watching)
		k->env.vault->ops->unwatch(k->env.vault, k);
	k->watching = false;
	k->memory = secret_free(k->memory);
	k->known = (struct keyring_known){ 0 };
	k->dismissed = false;
}

void
keyring_free(struct keyring *k)
{
	if (k == NULL)
		return;
	keyring_cancel(k);
	drop(k);
	TIMER(k)->timer_free(k->turn);
	xfree(k->sentence);
	xfree(k->host);
	xfree(k->user);
	xfree(k->normal);
	xfree(k);
}

void
keyring_use(struct keyring *k, enum store_password where, const char *host,
    const char *user)
{
	if (k->where == where && str_eq(k->host, host) && str_eq(k->user, user))
		return;
	/* One that had no name yet got its own: what it has stays. */
	if (k->where == where && str_eq(k->host, host) && k->user == NULL) {
		xreplace(&k->user, xstrdup(user));
		xreplace(&k->normal, user_normal(user));
	} else {
		drop(k);
		/* They hear that there is nothing, or no more. */
		k->lost = k->gone != NULL;
		if (k->lost || k->fn != NULL)
			TIMER(k)->timer_set(k->turn, (struct deadline){ 0, 0 });
		k->where = where;
		xreplace(&k->host, xstrdup(host));
		xreplace(&k->user, xstrdup(user));
		xreplace(&k->normal, user_normal(user));
	}
	if (where == STORE_CREDENTIAL && user != NULL)
		keyring_look_credential(k);
	if (!in_vault(k))
		return;
	if (!k->watching)
		k->env.vault->ops->watch(k->env.vault, look, k);
	k->watching = true;
	look(k);
}

void
keyring_attend(struct keyring *k)
{
	k->dismissed = false;
}

bool
keyring_asks(const struct keyring *k)
{
	return k->known.locked && !k->dismissed;
}

bool
keyring_hopes(const struct keyring *k)
{
	switch (k->where) {
	case STORE_NO:
		return false;
	case STORE_MEMORY:
		return k->memory != NULL && !k->known.suspect;
	case STORE_CREDENTIAL:
		return !k->known.suspect;
	case STORE_KEYRING:
		/* Others change it, too: it is asked each time. */
		return k->env.vault != NULL;
	}
	return false;
}

/* ---- what has been learned by using it ----------------------------------------- */

static void
on_marked(struct vault_answer *a, void *arg)
{
	struct keyring *k = arg;

	k->changing = NULL;
	if (a->result == VAULT_OK)
		log_notice("%s @ %s: the password in the keyring is marked "
			   "suspect, and is not used until you sign in",
		    k->user, k->host);
	else
		log_warning("%s @ %s: the refused password in the keyring "
			    "could not be marked; the record of attempts "
			    "keeps it from being sent again%s%s",
		    k->user, k->host, a->why != NULL ? ": " : "",
		    a->why != NULL ? a->why : "");
}

void
keyring_refused(struct keyring *k)
{
	struct keyring_known before = k->known;
	struct vault_want want = want_of(k, VAULT_MARK);

	k->known.suspect = true;
	tell_if(k, &before);
	if (!in_vault(k))
		return;
	/* What a look that is on its way has seen is older. */
	stop(k, &k->looking);
	stop(k, &k->changing);
	k->kept = NULL;
	k->changing = start(k, &want, on_marked);
}

static void
kept(struct keyring *k, const char *sentence, bool well)
{
	keyring_kept_fn *fn = STEAL(k->kept);

	if (fn != NULL)
		fn(sentence, well, k->kept_arg);
}

static void
on_put(struct vault_answer *a, void *arg)
{
	static const char *const why[] = {
		[VAULT_NONE] =
		    N_("the keyring has no collection to keep it in"),
		[VAULT_LOCKED] = N_("the keyring is locked"),
		[VAULT_DISMISSED] = N_("the keyring was not unlocked"),
		[VAULT_ABSENT] = N_("no keyring answers on the session bus"),
	};
	struct keyring *k = arg;
	_cleanup_free_ char *text = NULL;

	k->changing = NULL;
	a->suspect = false;
	(void)learn(k, a);
	text = a->result == VAULT_OK ?
	    xasprintf(_("The password of %s at %s is kept in the keyring "
			"(awsfedctl logout --forget PROFILE removes it)."),
		k->user, k->host) :
	    xasprintf(_("The password of %s at %s was not stored: %s."),
		k->user, k->host, _(why[a->result]));
	kept(k, text, a->result == VAULT_OK);
}

static void
keep_in_vault(struct keyring *k, const struct secret *password, bool attended)
{
	struct vault_want want = want_of(k, VAULT_PUT);
	_cleanup_free_ char *label =
	    xasprintf(_("Password of %s at %s (awsfed)"), k->user, k->host);

	want.secret = password;
	want.label = label;
	want.ask = attended && !k->dismissed;
	stop(k, &k->looking);
	stop(k, &k->changing);
	k->changing = start(k, &want, on_put);
}

static void
keep_in_memory(
    struct keyring *k, struct secret *password, keyring_kept_fn *fn, void *arg)
{
	_cleanup_free_ char *text = xasprintf(
	    _("The password of %s at %s is kept in memory until you log out."),
	    k->user, k->host);

	secret_free(k->memory);
	k->memory = password;
	k->env.changed(k->env.arg);
	xreplace(&k->sentence, STEAL(text));
	k->kept = fn;
	k->kept_arg = arg;
	TIMER(k)->timer_set(k->turn, (struct deadline){ 0, 0 });
}

void
keyring_keep(struct keyring *k, struct secret *password, bool attended,
    keyring_kept_fn *fn, void *arg)
{
	struct keyring_known before = k->known;

	k->kept = NULL;
	if (k->where == STORE_CREDENTIAL && k->user != NULL)
		keyring_compare_credential(k, password);
	if (in_vault(k)) {
		xreplace(&k->sentence, NULL);
		k->kept = fn;
		k->kept_arg = arg;
		keep_in_vault(k, password, attended);
	} else if (k->where == STORE_MEMORY && k->user != NULL) {
		k->known.suspect = false;
		keep_in_memory(k, STEAL(password), fn, arg);
	}
	secret_free(password);
	tell_if(k, &before);
}

void
keyring_wipe(struct keyring *k)
{
	if (k->where == STORE_MEMORY && k->kind == KEYRING_PASSWORD)
		k->ready = secret_free(k->ready);
	if (k->memory == NULL)
		return;
	k->memory = secret_free(k->memory);
	k->known.suspect = false;
	k->env.changed(k->env.arg);
}

/* ---- forgetting -------------------------------------------------------------------- */

static void
on_removed(struct vault_answer *a, void *arg)
{
	struct keyring *k = arg;
	_cleanup_fault_ struct fault f = { 0 };
	keyring_gone_fn *fn = STEAL(k->gone);
	enum keyring_gone gone =
	    k->had || a->result == VAULT_OK ? KEYRING_REMOVED : KEYRING_NOTHING;

	k->changing = NULL;
	if (a->result == VAULT_LOCKED || a->result == VAULT_DISMISSED) {
		fault_set(&f, FAULT_NEEDS_USER, REASON_KEYRING,
		    _("The keyring is locked: what it has of %s at %s was "
		      "not removed."),
		    k->user, k->host);
		fault_next(&f,
		    _("Unlock the keyring, then run the same command again"));
	} else if (a->result == VAULT_ABSENT && k->where != STORE_KEYRING) {
		/* Nobody put anything there: at most other settings did. */
		if (!k->had)
			gone = KEYRING_UNSEEN;
	} else if (a->result == VAULT_ABSENT) {
		fault_set(&f, FAULT_TEMPORARY, REASON_KEYRING,
		    _("There is no keyring on the session bus, so nothing of "
		      "%s at %s was removed from it."),
		    k->user, k->host);
		fault_next(&f,
		    _("Log in to the desktop, then run the same command "
		      "again"));
	} else {
		struct vault_answer none = { .result = VAULT_NONE };

		(void)learn(k, &none);
	}
	if (fn != NULL)
		fn(k->user, k->host, &f, gone, k->gone_arg);
}

static void
forgotten(struct keyring *k)
{
	_cleanup_fault_ struct fault f = { 0 };
	keyring_gone_fn *fn = STEAL(k->gone);

	if (k->lost)
		fault_set(&f, FAULT_TEMPORARY, REASON_SETTINGS,
		    _("The configuration of %s has changed meanwhile; what "
		      "was stored before was not removed."),
		    k->host);
	fn(k->user, k->host, &f,
	    k->had && !k->lost ? KEYRING_REMOVED : KEYRING_NOTHING,
	    k->gone_arg);
}

void
keyring_forget(struct keyring *k, keyring_gone_fn *fn, void *arg)
{
	/* Also when nothing is stored any more: it may be from before. */
	struct vault_want want = want_of(k, VAULT_REMOVE);

	k->lost = false;
	k->had = k->memory != NULL;
	keyring_wipe(k);
	k->gone = fn;
	k->gone_arg = arg;
	k->bare = k->env.vault == NULL || k->user == NULL;
	if (k->bare) {
		TIMER(k)->timer_set(k->turn, (struct deadline){ 0, 0 });
		return;
	}
	want.ask = true;
	stop(k, &k->looking);
	stop(k, &k->changing);
	k->kept = NULL;
	k->changing = start(k, &want, on_removed);
}

void
keyring_unforget(struct keyring *k, void *arg)
{
	if (k->gone != NULL && k->gone_arg == arg)
		k->gone = NULL;
}

/* ---- fetching ------------------------------------------------------------------------ */

static void
given(struct keyring *k, struct secret *secret)
{
	keyring_fn *fn = STEAL(k->fn);

	fn(secret, k->fn_arg);
}

/* What was at hand is given from the loop, like everything else. */
void
keyring_turn(void *arg)
{
	struct keyring *k = arg;
	_cleanup_free_ char *text = STEAL(k->sentence);

	if (k->gone != NULL && (k->lost || k->bare))
		forgotten(k);
	if (text != NULL)
		kept(k, text, true);
	if (k->fn != NULL && k->getting == NULL)
		given(k, STEAL(k->ready));
}

static void
on_get(struct vault_answer *a, void *arg)
{
	struct keyring *k = arg;

	k->getting = NULL;
	if (k->kind == KEYRING_PASSWORD)
		(void)learn(k, a);
	else if (a->result != VAULT_OK)
		log_info("%s @ %s: the keyring gave no secret for one-time "
			 "codes%s%s",
		    user_of(k), k->host, a->why != NULL ? ": " : "",
		    a->why != NULL ? a->why : "");
	if (a->result == VAULT_DISMISSED)
		k->dismissed = true;
	given(k, a->result == VAULT_OK ? STEAL(a->secret) : NULL);
}

static struct secret *
copy_of(const struct secret *s)
{
	return s == NULL ? NULL : secret_new(secret_bytes(s), secret_len(s));
}

void
keyring_get(struct keyring *k, enum keyring_kind kind, enum store_password from,
    const char *user, bool attended, keyring_fn *fn, void *arg)
{
	struct vault_want want = want_of(k, VAULT_GET);
	struct keyring_known before = k->known;
	_cleanup_free_ char *normal = NULL;

	keyring_cancel(k);
	k->fn = fn;
	k->fn_arg = arg;
	k->kind = kind;
	/* What was stored is one user's, and is given for no other. */
	if (k->user != NULL)
		user = k->user;
	normal = user_normal(user);
	if (from == STORE_KEYRING && k->env.vault != NULL && user != NULL) {
		want.user = normal;
		want.also = user;
		want.ask = attended && !k->dismissed;
		if (kind == KEYRING_TOTP)
			want.kind = "totp";
		stop(k, &k->looking);
		k->getting = start(k, &want, on_get);
		return;
	}
	if (from == STORE_MEMORY && str_eq(normal, k->normal))
		k->ready = copy_of(k->memory);
	if (from == STORE_CREDENTIAL && user != NULL)
		k->ready = keyring_credential(k, kind, normal);
	if (from == STORE_CREDENTIAL && kind == KEYRING_PASSWORD) {
		k->known.held = k->ready != NULL ? KEYRING_YES : KEYRING_NO;
		tell_if(k, &before);
	}
	TIMER(k)->timer_set(k->turn, (struct deadline){ 0, 0 });
}

void
keyring_cancel(struct keyring *k)
{
	stop(k, &k->getting);
	k->fn = NULL;
	k->ready = secret_free(k->ready);
}

/* ---- what it says of itself ----------------------------------------------------------- */

int
keyring_why(const struct keyring *k, const char *host, struct fault *fault)
{
	if (k->where == STORE_NO)
		return 0;
	if (k->known.suspect) {
		fault_set(fault, FAULT_NEEDS_USER, REASON_LEDGER,
		    _("%s asks for a password; the stored one was refused "
		      "there and is not used until you sign in."),
		    host);
		fault_next(fault, "awsfedctl login");
		return -1;
	}
	if (k->where == STORE_KEYRING && k->known.locked) {
		fault_set(fault, FAULT_NEEDS_USER, REASON_KEYRING,
		    _("%s asks for a password; the keyring is locked, so the "
		      "one in it was not used."),
		    host);
		fault_next(fault, _("Unlock the keyring, or: awsfedctl login"));
		return -1;
	}
	return 0;
}

static const char *
held_word(const struct keyring *k)
{
	static const char *const places[] = {
		[STORE_NO] = "none",
		[STORE_MEMORY] = "memory",
		[STORE_KEYRING] = "keyring",
		[STORE_CREDENTIAL] = "credential",
	};
	bool there = k->where == STORE_MEMORY ? k->memory != NULL :
						k->known.held == KEYRING_YES;

	if (there)
		return places[k->where];
	return k->where == STORE_KEYRING && k->known.held == KEYRING_UNKNOWN ?
	    "unknown" :
	    "none";
}

json_t *
keyring_status(const struct keyring *k)
{
	json_t *o = json_object();

	json_put_str(o, "store", store_password_name(k->where));
	json_put_str(o, "held", held_word(k));
	if (k->known.suspect)
		json_object_set_new(o, "suspect", json_true());
	if (k->known.locked)
		json_object_set_new(o, "locked", json_true());
	if (k->known.unavailable)
		json_object_set_new(o, "unavailable", json_true());
	return o;
}

bool
keyring_sane(const struct keyring *k)
{
	return (k->getting == NULL || k->fn != NULL) &&
	    (k->fn == NULL || k->getting != NULL ||
		k->env.loop->ops->timer_armed(k->turn)) &&
	    (k->ready == NULL || k->fn != NULL) &&
	    (k->memory == NULL || k->where == STORE_MEMORY) &&
	    (k->kept == NULL || k->changing != NULL ||
		k->env.loop->ops->timer_armed(k->turn));
}
