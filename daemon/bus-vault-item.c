/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items of the Secret Service: how they are found, which one counts, and what
 * is done with it.  An item of ours has the attributes
 *
 *	application awsfed, type password | totp, host HOST, user USER
 *
 * and, once its password was refused, suspect with the day.  Of several the one
 * that was changed last counts.
 */
#include "bus-vault.h"

#include <errno.h>
#include <string.h>

#include "awsfed/secret.h"
#include "awsfed/xalloc.h"

#include "loop.h"

#define VALUE_MAX 4096 /* bytes of a secret */
#define ATTRIBUTES_MAX 64
/* secret-tool's own: what it stores replaces what we have stored. */
#define SCHEMA "org.freedesktop.Secret.Generic"

void
vault_clear(struct vault_call *c)
{
	for (size_t i = 0; i < c->nitems; i++)
		xfree(c->items[i]);
	for (size_t i = 0; i < c->nlocked; i++)
		xfree(c->locked[i]);
	c->nitems = c->nlocked = c->at = 0;
	xreplace(&c->best, NULL);
	strv_done(&c->attributes);
	c->attributes = (struct strv){ 0 };
}

/* ---- secrets ---------------------------------------------------------------- */

static void use_session(struct vault_call *c);

static int
on_session(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	const char *path;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (sd_bus_message_skip(m, "v") < 0 ||
	    sd_bus_message_read(m, "o", &path) < 0) {
		vault_broken(c);
		return 0;
	}
	xreplace(&c->vault->session, xstrdup(path));
	use_session(c);
	return 0;
}

static void
open_session(struct vault_call *c)
{
	sd_bus_message *m =
	    vault_message(c, ROOT, SERVICE_IFACE, "OpenSession");

	if (m != NULL && sd_bus_message_append(m, "sv", "plain", "s", "") < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_session);
}

/* Our session may have gone with the service; once, a new one is opened. */
static bool
reopened(struct vault_call *c, sd_bus_message *m)
{
	if (c->reopened ||
	    sd_bus_message_is_method_error(
		m, "org.freedesktop.Secret.Error.NoSession") <= 0)
		return false;
	c->reply = sd_bus_slot_unref(c->reply);
	c->reopened = true;
	xreplace(&c->vault->session, NULL);
	open_session(c);
	return true;
}

/* One line, as a password or a secret in base 32 is. */
static struct secret *
line_of(const void *value, size_t len)
{
	const char *s = value;

	if (len > 0 && s[len - 1] == '\n')
		len--;
	if (len == 0 || len > VALUE_MAX || memchr(s, '\0', len) != NULL ||
	    memchr(s, '\n', len) != NULL)
		return NULL;
	return secret_new(s, len);
}

static int
on_secret(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	struct vault_answer a = { .result = VAULT_OK };
	const void *value;
	size_t len;

	(void)error;
	(void)sd_bus_message_sensitive(m);
	if (reopened(c, m) || vault_failed(c, m))
		return 0;
	if (sd_bus_message_enter_container(m, 'r', "oayays") < 0 ||
	    sd_bus_message_skip(m, "oay") < 0 ||
	    sd_bus_message_read_array(m, 'y', &value, &len) < 0) {
		vault_broken(c);
		return 0;
	}
	a.secret = line_of(value, len);
	if (a.secret == NULL) {
		a.result = VAULT_NONE;
		a.why = "what the keyring has is not one line of text";
	}
	vault_finish(c, &a);
	return 0;
}

static int
on_created(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	const char *item, *prompt;

	(void)error;
	if (reopened(c, m) || vault_failed(c, m))
		return 0;
	if (sd_bus_message_read(m, "oo", &item, &prompt) < 0) {
		vault_broken(c);
	} else if (str_eq(prompt, "/")) {
		vault_result(c, VAULT_OK, NULL);
	} else if (!c->ask) {
		vault_result(c, VAULT_LOCKED, NULL);
	} else {
		c->finishing = true;
		vault_prompt(c, prompt);
	}
	return 0;
}

static int
append_attributes(sd_bus_message *m, const struct vault_call *c)
{
	return sd_bus_message_append(m, "a{ss}", 5, "xdg:schema", SCHEMA,
	    "application", "awsfed", "type", c->kind, "host", c->host, "user",
	    c->user);
}

static int
append_item(sd_bus_message *m, const struct vault_call *c)
{
	int r;

	if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
	    (r = sd_bus_message_append(
		 m, "{sv}", ITEM ".Label", "s", c->label)) < 0 ||
	    (r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
	    (r = sd_bus_message_append(m, "s", ITEM ".Attributes")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'v', "a{ss}")) < 0 ||
	    (r = append_attributes(m, c)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0)
		return r;
	if ((r = sd_bus_message_open_container(m, 'r', "oayays")) < 0 ||
	    (r = sd_bus_message_append(m, "o", c->vault->session)) < 0 ||
	    (r = sd_bus_message_append_array(m, 'y', NULL, 0)) < 0 ||
	    (r = sd_bus_message_append_array(
		 m, 'y', secret_bytes(c->secret), secret_len(c->secret))) < 0 ||
	    (r = sd_bus_message_append(m, "s", "text/plain")) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_append(m, "b", 1);
}

/* There is a session: read the item, or make one. */
static void
use_session(struct vault_call *c)
{
	bool put = c->act == VAULT_PUT;
	sd_bus_message *m;
	int r = 0;

	if (c->vault->session == NULL) {
		open_session(c);
		return;
	}
	m = put ? vault_message(c, c->best, COLLECTION, "CreateItem") :
		  vault_message(c, c->best, ITEM, "GetSecret");
	if (m != NULL)
		r = put ? append_item(m, c) :
			  sd_bus_message_append(m, "o", c->vault->session);
	if (r < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, put ? on_created : on_secret);
}

/* ---- marking and removing ------------------------------------------------------- */

static int
on_done(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;

	(void)error;
	if (!vault_failed(c, m))
		vault_result(c, VAULT_OK, NULL);
	return 0;
}

static int
append_marked(sd_bus_message *m, const struct vault_call *c)
{
	char when[RFC3339_SIZE];
	int r;

	rfc3339_format(clk_real(c->vault->loop->clk) / USEC, when);
	if ((r = sd_bus_message_append(m, "ss", ITEM, "Attributes")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'v', "a{ss}")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'a', "{ss}")) < 0)
		return r;
	for (size_t i = 0; i + 1 < c->attributes.n; i += 2)
		if ((r = sd_bus_message_append(m, "{ss}", c->attributes.v[i],
			 c->attributes.v[i + 1])) < 0)
			return r;
	if ((r = sd_bus_message_append(m, "{ss}", SUSPECT, when)) < 0 ||
	    (r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

static void
mark(struct vault_call *c)
{
	sd_bus_message *m = vault_message(c, c->best, PROPERTIES, "Set");

	if (m != NULL && append_marked(m, c) < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_done);
}

static void remove_next(struct vault_call *c);

static int
on_deleted(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	const char *prompt;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (sd_bus_message_read(m, "o", &prompt) < 0) {
		vault_broken(c);
		return 0;
	}
	c->removed++;
	c->at++;
	if (str_eq(prompt, "/"))
		remove_next(c);
	else
		vault_prompt(c, prompt);
	return 0;
}

static void
remove_next(struct vault_call *c)
{
	if (c->at < c->nitems)
		vault_send(c, vault_message(c, c->items[c->at], ITEM, "Delete"),
		    on_deleted);
	else
		vault_search(c); /* until there is none */
}

/* ---- which one counts -------------------------------------------------------------- */

static void look_next(struct vault_call *c);

static int
read_attributes(sd_bus_message *m, struct strv *list)
{
	const char *name, *value;
	int r = sd_bus_message_enter_container(m, 'v', "a{ss}");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{ss}");
	while (
	    r >= 0 && (r = sd_bus_message_read(m, "{ss}", &name, &value)) > 0) {
		if (list->n >= ATTRIBUTES_MAX)
			return -E2BIG;
		strv_add(list, name);
		strv_add(list, value);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int
read_properties(sd_bus_message *m, struct strv *attributes, uint64_t *modified)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (
	    r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &name);
		if (r >= 0 && str_eq(name, "Attributes"))
			r = read_attributes(m, attributes);
		else if (r >= 0 && str_eq(name, "Modified"))
			r = sd_bus_message_read(m, "v", "t", modified);
		else if (r >= 0)
			r = sd_bus_message_skip(m, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r;
}

static int
on_properties(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	_cleanup_strv_ struct strv attributes = { 0 };
	uint64_t modified = 0;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (read_properties(m, &attributes, &modified) < 0) {
		vault_broken(c);
		return 0;
	}
	if (c->best == NULL || modified > c->best_time) {
		xreplace(&c->best, xstrdup(c->items[c->at]));
		c->best_time = modified;
		c->suspect = false;
		for (size_t i = 0; i < attributes.n; i += 2)
			if (str_eq(attributes.v[i], SUSPECT))
				c->suspect = true;
		strv_done(&c->attributes);
		c->attributes = attributes;
		attributes = (struct strv){ 0 };
	}
	c->at++;
	look_next(c);
	return 0;
}

static void
look_next(struct vault_call *c)
{
	sd_bus_message *m;

	if (c->at < c->nitems) {
		m = vault_message(c, c->items[c->at], PROPERTIES, "GetAll");
		if (m != NULL && sd_bus_message_append(m, "s", ITEM) < 0)
			m = sd_bus_message_unref(m);
		vault_send(c, m, on_properties);
	} else if (c->act == VAULT_MARK && !c->suspect) {
		mark(c);
	} else if (c->act == VAULT_GET && !c->suspect) {
		use_session(c);
	} else {
		vault_finish(c,
		    &(struct vault_answer){
			.result = VAULT_OK, .suspect = c->suspect });
	}
}

/* ---- nothing found, or a place for a new one ------------------------------------------ */

static void
none(struct vault_call *c)
{
	vault_result(c, c->removed > 0 ? VAULT_OK : VAULT_NONE, NULL);
}

static int
on_locked(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	const char *path = c->best;
	int locked;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (sd_bus_message_read(m, "v", "b", &locked) < 0)
		vault_broken(c);
	else if (locked)
		vault_unlock(c, &path, 1);
	else if (c->act == VAULT_PUT)
		use_session(c);
	else
		none(c);
	return 0;
}

static int
on_alias(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;
	const char *path;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (sd_bus_message_read(m, "o", &path) < 0) {
		vault_broken(c);
		return 0;
	}
	if (str_eq(path, "/")) {
		none(c);
		return 0;
	}
	xreplace(&c->best, xstrdup(path));
	m = vault_message(c, path, PROPERTIES, "Get");
	if (m != NULL &&
	    sd_bus_message_append(m, "ss", COLLECTION, "Locked") < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_locked);
	return 0;
}

/* Some services do not show what a locked collection holds. */
static void
read_alias(struct vault_call *c)
{
	sd_bus_message *m = vault_message(c, ROOT, SERVICE_IFACE, "ReadAlias");

	if (m != NULL && sd_bus_message_append(m, "s", "default") < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_alias);
}

/* ---- the search -------------------------------------------------------------------------- */

static int
read_paths(sd_bus_message *m, char **list, size_t *n)
{
	const char *path;
	int r = sd_bus_message_enter_container(m, 'a', "o");

	while (r >= 0 && (r = sd_bus_message_read(m, "o", &path)) > 0)
		if (*n < ITEMS_MAX)
			list[(*n)++] = xstrdup(path);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int
on_search(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct vault_call *c = arg;

	(void)error;
	if (vault_failed(c, m))
		return 0;
	if (read_paths(m, c->items, &c->nitems) < 0 ||
	    read_paths(m, c->locked, &c->nlocked) < 0) {
		vault_broken(c);
	} else if (c->nitems > 0 && c->act == VAULT_REMOVE) {
		remove_next(c);
	} else if (c->nitems > 0) {
		look_next(c);
	} else if (c->nlocked > 0) {
		vault_unlock(c, (const char *const *)c->locked, c->nlocked);
	} else if (!c->second && c->also != NULL && !str_eq(c->also, c->user)) {
		c->second = true;
		vault_search(c);
	} else {
		read_alias(c);
	}
	return 0;
}

void
vault_search(struct vault_call *c)
{
	sd_bus_message *m;

	vault_clear(c);
	if (c->act == VAULT_PUT) {
		read_alias(c);
		return;
	}
	m = vault_message(c, ROOT, SERVICE_IFACE, "SearchItems");
	if (m != NULL &&
	    sd_bus_message_append(m, "a{ss}", 4, "application", "awsfed",
		"type", c->kind, "host", c->host, "user",
		c->second ? c->also : c->user) < 0)
		m = sd_bus_message_unref(m);
	vault_send(c, m, on_search);
}
