/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity's side of its keyring: what is kept answers a question before
 * the profile's command and a person do; what has worked is kept, what was
 * refused is not used again.
 */
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "identity-int.h"
#include "keyring.h"

static void
tell(struct identity *id, const char *kind, const char *text)
{
	_cleanup_json_ json_t *o = json_object();

	json_put_str(o, "kind", kind);
	json_put_str(o, "text", text);
	id->env.ops->told(id, o, id->env.arg);
}

static void
on_changed(void *arg)
{
	struct identity *id = arg;

	id->env.ops->changed(id, id->env.arg);
}

/* It needed a person because of that, and of nothing else. */
static void
on_opened(void *arg)
{
	struct identity *id = arg;

	if (id->state != IDENTITY_NEEDS_USER ||
	    id->fault.reason != REASON_KEYRING)
		return;
	log_info("%s: the keyring is open again", id->name);
	identity_event(id, IDENTITY_OPENED);
	id->env.ops->opened(id, id->env.arg);
}

void
identity_secret_init(struct identity *id)
{
	id->keyring = keyring_new(&(struct keyring_env){
	    .loop = id->env.loop,
	    .vault = id->env.vault,
	    .credentials = id->env.credentials,
	    .changed = on_changed,
	    .opened = on_opened,
	    .arg = id,
	});
}

void
identity_use(struct identity *id, const struct profile *p)
{
	keyring_use(id->keyring, p->store_password, id->host, id->user);
}

/* ---- fetching --------------------------------------------------------------- */

/* The question that the keyring was asked for; the caller drops it. */
static json_t *
fetched(struct identity *id)
{
	return STEAL(id->fetching);
}

static void
on_password(struct secret *secret, void *arg)
{
	struct identity *id = arg;
	_cleanup_json_ json_t *msg = fetched(id);

	if (secret == NULL) {
		identity_ask_further(id, msg);
		return;
	}
	id->source = SOURCE_STORED;
	id->from_keyring = true;
	identity_answer(id, secret_bytes(secret));
	secret_free(secret);
}

bool
identity_secret_password(struct identity *id, const json_t *msg)
{
	_cleanup_fault_ struct fault f = { 0 };

	if (!id->ask_password || id->stored_tried ||
	    !keyring_hopes(id->keyring))
		return false;
	/* A person can answer: then nothing that may be refused is tried. */
	if (id->attended && !ledger_stored_ok(id->env.ledger, id->name))
		return false;
	if (ledger_fetch_ok(id->env.ledger, id->name, &f) < 0) {
		/* Too soon: the job comes back when it may. */
		if (f.kind == FAULT_TEMPORARY)
			identity_refuse(id, &f);
		return f.kind == FAULT_TEMPORARY;
	}
	if (id->attended && keyring_asks(id->keyring))
		tell(id, STEP_WAIT,
		    _("The keyring is locked: it asks you to unlock it in a "
		      "window of its own. Without one you are asked here in a "
		      "minute at most."));
	id->stored_tried = true;
	id->fetching = json_deep_copy(msg);
	keyring_get(id->keyring, KEYRING_PASSWORD, id->store, id->typed_user,
	    id->attended, on_password, id);
	return true;
}

static void
on_secret(struct secret *secret, void *arg)
{
	struct identity *id = arg;
	_cleanup_json_ json_t *msg = fetched(id);

	if (secret == NULL) {
		identity_no_totp(id);
		return;
	}
	identity_answer_totp(id, secret_bytes(secret));
	secret_free(secret);
}

bool
identity_secret_totp(struct identity *id, const json_t *msg)
{
	if (id->totp_from == TOTP_FROM_COMMAND)
		return false;
	id->fetching = json_deep_copy(msg);
	keyring_get(id->keyring, KEYRING_TOTP,
	    id->totp_from == TOTP_FROM_KEYRING ? STORE_KEYRING :
						 STORE_CREDENTIAL,
	    id->typed_user, id->attended, on_secret, id);
	return true;
}

/* ---- keeping ------------------------------------------------------------------ */

void
identity_secret_typed(struct identity *id, const char *value)
{
	id->from_keyring = false;
	secret_free(id->typed_password);
	id->typed_password = NULL;
	if (id->store != STORE_NO)
		id->typed_password = secret_new(value, strlen(value));
}

void
identity_secret_outcome(struct identity *id, enum ledger_outcome outcome)
{
	if (outcome == LEDGER_REJECTED && id->from_keyring)
		keyring_refused(id->keyring);
	id->accepted = outcome == LEDGER_ACCEPTED;
	if (!id->accepted)
		id->typed_password = secret_free(id->typed_password);
}

static void
on_kept(const char *sentence, bool kept, void *arg)
{
	struct identity *id = arg;

	if (kept)
		log_info("%s", sentence);
	else
		log_warning("%s", sentence);
	tell(id, "info", sentence);
}

/* The sign-in has come to an assertion. */
void
identity_secret_success(struct identity *id)
{
	if (!id->accepted || id->typed_password == NULL)
		return;
	keyring_use(id->keyring, id->store, id->host, id->user);
	keyring_keep(
	    id->keyring, STEAL(id->typed_password), id->attended, on_kept, id);
}

void
identity_secret_begin(struct identity *id, const struct want *want)
{
	id->store = want->profile->store_password;
	id->totp_from = want->profile->totp;
	identity_use(id, want->profile);
	if (want->attended)
		keyring_attend(id->keyring);
}

/* With the job. */
void
identity_secret_end(struct identity *id)
{
	keyring_cancel(id->keyring);
	json_decref(STEAL(id->fetching));
	id->typed_password = secret_free(id->typed_password);
	id->stored_tried = id->from_keyring = id->accepted = false;
}

/* ---- for others ------------------------------------------------------------------ */

void
identity_wipe_password(struct identity *id)
{
	keyring_wipe(id->keyring);
	id->typed_password = secret_free(id->typed_password);
}

struct keyring *
identity_keyring(struct identity *id)
{
	return id->keyring;
}

json_t *
identity_password_status(const struct identity *id, const struct profile *p)
{
	json_t *o = keyring_status(id->keyring);

	if (p->username_password_command != NULL &&
	    str_eq(json_string_value(json_object_get(o, "held")), "none"))
		json_put_str(o, "held", "command");
	return o;
}
