/* SPDX-License-Identifier: Apache-2.0 */
#include "conduit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#define HUSH_MIN 4 /* bytes */

static void gone(int error) __attribute__((noreturn));

static void
gone(int error)
{
	if (error == -ECONNRESET || error == -EPIPE)
		_exit(0);
	log_err("the agent's message cannot be used: %s", strerror(-error));
	_exit(1);
}

void
conduit_init(struct conduit *c, int fd)
{
	*c = (struct conduit){ .fd = fd };
	buf_init(&c->in, WIRE_MAX_WORKER);
}

void
conduit_done(struct conduit *c)
{
	buf_done(&c->in);
	for (size_t i = 0; i < HUSHED_MAX; i++)
		c->hushed[i] = secret_free(c->hushed[i]);
}

void
conduit_hush(struct conduit *c, struct secret *secret)
{
	size_t at = c->nhushed++ % HUSHED_MAX;

	secret_free(c->hushed[at]);
	c->hushed[at] = secret;
}

static void
hide(char *text, const struct secret *secret)
{
	size_t n = secret == NULL ? 0 : secret_len(secret);

	/* So short a one would only riddle the text. */
	if (n < HUSH_MIN)
		return;
	for (char *p = text; (p = strstr(p, secret_bytes(secret))) != NULL;
	     p += n)
		memset(p, '*', n);
}

/* Puts a text into a message, but for the secrets. */
static void
put_text(
    const struct conduit *c, json_t *msg, const char *key, const char *text)
{
	_cleanup_free_ char *clean = text == NULL ? NULL : xstrdup(text);

	for (size_t i = 0; clean != NULL && i < HUSHED_MAX; i++)
		hide(clean, c->hushed[i]);
	json_put_str(msg, key, clean);
}

static const char *
type_of(const json_t *msg)
{
	const char *type = json_string_value(json_object_get(msg, "type"));

	return type == NULL ? "" : type;
}

void
conduit_send(struct conduit *c, const char *type, json_t *msg)
{
	int r;

	json_object_set_new(msg, "type", json_string(type));
	r = wire_send(c->fd, msg, WIRE_MAX_WORKER);
	json_decref(msg);
	if (r < 0)
		gone(r);
}

int
conduit_job(struct conduit *c, json_t **ret)
{
	int r = wire_recv(c->fd, &c->in, -1, ret);

	if (r < 0)
		gone(r);
	if (strcmp(type_of(*ret), W_JOB) == 0)
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return -EBADMSG;
}

/* Sends msg with a new id; the reply is of type `yes`, or a refusal. */
static int
call(struct conduit *c, const char *type, json_t *msg, const char *yes,
    json_t **ret, struct fault *fault)
{
	unsigned id = ++c->next_id;
	json_t *reply;

	json_object_set_new(msg, "id", json_integer(id));
	conduit_send(c, type, msg);
	for (;;) {
		int r = wire_recv(c->fd, &c->in, -1, &reply);

		if (r < 0)
			gone(r);
		if (json_integer_value(json_object_get(reply, "id")) == id)
			break;
		json_decref(reply); /* to a question that has passed */
	}
	if (strcmp(type_of(reply), yes) == 0) {
		*ret = reply;
		return 0;
	}
	if (strcmp(type_of(reply), W_REFUSE) != 0)
		gone(-EBADMSG);
	fault_done(fault);
	if (fault_from_json(json_object_get(reply, "fault"), fault) < 0 ||
	    !fault_is(fault))
		fault_set(fault, FAULT_CANCELLED, REASON_NONE,
		    _("The sign-in was ended."));
	json_decref(reply);
	return -1;
}

int
conduit_ask(struct conduit *c, const struct question *q, struct secret **ret,
    struct fault *fault)
{
	json_t *msg = json_object(), *reply, *value;

	json_put_str(msg, "kind", q->kind);
	json_put_str(msg, "name", q->name);
	put_text(c, msg, "label", q->label);
	json_put_int(msg, "deadline", q->deadline_s);
	if (q->choices != NULL)
		json_object_set_new(msg, "choices", json_deep_copy(q->choices));
	if (call(c, W_ASK, msg, W_ANSWER, &reply, fault) < 0)
		return -1;
	c->typed = json_is_true(json_object_get(reply, "typed"));
	value = json_object_get(reply, "value");
	if (!json_is_string(value) || json_string_length(value) > SECRET_MAX ||
	    strlen(json_string_value(value)) != json_string_length(value))
		gone(-EBADMSG);
	*ret = secret_new(json_string_value(value), json_string_length(value));
	json_decref(reply);
	return 0;
}

static json_t *
telling(const struct conduit *c, const char *kind, const char *text,
    int64_t seconds)
{
	json_t *msg = json_object();

	json_put_str(msg, "kind", kind);
	put_text(c, msg, "text", text);
	json_put_int(msg, "seconds", seconds);
	return msg;
}

void
conduit_tell(
    struct conduit *c, const char *kind, const char *text, int64_t seconds)
{
	conduit_send(c, W_TELL, telling(c, kind, text, seconds));
}

void
conduit_tell_push(
    struct conduit *c, const char *kind, const char *text, int64_t seconds)
{
	json_t *msg = telling(c, kind, text, seconds);

	json_object_set_new(msg, "push", json_true());
	conduit_send(c, W_TELL, msg);
}

void
conduit_factor(struct conduit *c, const char *method, const char *product)
{
	json_t *msg = json_object();

	json_put_str(msg, "method", method);
	json_put_str(msg, "product", product);
	conduit_send(c, W_FACTOR, msg);
}

char *
conduit_page(struct conduit *c, const char *skeleton)
{
	_cleanup_fault_ struct fault f = { 0 };
	json_t *msg = json_object(), *reply;
	const char *path;
	char *kept = NULL;

	put_text(c, msg, "skeleton", skeleton);
	if (call(c, W_PAGE, msg, W_KEPT, &reply, &f) < 0)
		return NULL;
	path = json_string_value(json_object_get(reply, "path"));
	if (!str_empty(path))
		kept = xstrdup(path);
	json_decref(reply);
	return kept;
}

int
conduit_attempt(
    struct conduit *c, const char *tag, const char *user, struct fault *fault)
{
	json_t *msg = json_object(), *reply;

	json_put_str(msg, "tag", tag);
	json_put_str(msg, "user", user);
	if (call(c, W_ATTEMPT, msg, W_GO, &reply, fault) < 0)
		return -1;
	json_decref(reply);
	return 0;
}

void
conduit_outcome(struct conduit *c, const char *result, const char *tag)
{
	json_t *msg = json_object();

	json_put_str(msg, "result", result);
	json_put_str(msg, "tag", tag);
	conduit_send(c, W_OUTCOME, msg);
}

void
conduit_cookies(struct conduit *c, json_t *cookies)
{
	json_t *msg = json_object();

	json_object_set_new(msg, "cookies", cookies);
	conduit_send(c, W_COOKIES, msg);
}

int
conduit_assertion(
    struct conduit *c, json_t *msg, json_t **ret_roles, struct fault *fault)
{
	json_t *reply, *roles;

	if (call(c, W_ASSERTION, msg, W_REDEEM, &reply, fault) < 0)
		return -1;
	roles = json_object_get(reply, "roles");
	if (!json_is_array(roles))
		gone(-EBADMSG);
	*ret_roles = json_incref(roles);
	json_decref(reply);
	return 0;
}

void
conduit_fault(struct conduit *c, const char *profile, const struct fault *fault)
{
	json_t *msg = json_object(), *f = fault_to_json(fault);

	put_text(c, f, "text", fault->text);
	/* An address of a page may be part of it. */
	if (fault->next != NULL)
		put_text(c, f, "next", fault->next);
	json_put_str(msg, "profile", profile);
	json_object_set_new(msg, "fault", f);
	conduit_send(c, W_FAULT, msg);
}

void
conduit_end(struct conduit *c)
{
	conduit_send(c, W_DONE, json_object());
}
