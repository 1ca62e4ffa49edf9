/* SPDX-License-Identifier: Apache-2.0 */
#undef NDEBUG
#include "fake-vault.h"

#include <assert.h>
#include <string.h>

#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "loop.h"

struct vault_call {
	struct fake_vault *vault;
	struct vault_call *next; /* newer */
	enum vault_act act;
	bool totp, ask;
	char *secret;
	vault_fn *fn;
	void *arg;
	struct timer *timer;
};

static void
drop(struct vault_call *c)
{
	struct vault_call **p = &c->vault->calls;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->vault->open--;
	c->vault->loop->ops->timer_free(c->timer);
	xfree(c->secret);
	xfree(c);
}

static enum vault_result
act(struct fake_vault *v, struct vault_call *c, struct vault_answer *a)
{
	struct fake_item *item = c->totp ? &v->totp : &v->password;

	if (v->absent)
		return VAULT_ABSENT;
	if (v->locked && c->ask) {
		v->windows++;
		if (v->dismisses)
			return VAULT_DISMISSED;
		v->locked = false;
	}
	if (v->locked || (c->act == VAULT_MARK && v->fails_marks))
		return VAULT_LOCKED;
	if (c->act == VAULT_PUT) {
		v->puts++;
		xreplace(&item->value, STEAL(c->secret));
		item->suspect = false;
		return VAULT_OK;
	}
	if (item->value == NULL)
		return VAULT_NONE;
	a->suspect = item->suspect;
	if (c->act == VAULT_GET && !item->suspect) {
		v->gets++;
		a->secret = secret_new(item->value, strlen(item->value));
	} else if (c->act == VAULT_MARK) {
		v->marks++;
		item->suspect = true;
	} else if (c->act == VAULT_REMOVE) {
		v->removes++;
		xreplace(&item->value, NULL);
	}
	return VAULT_OK;
}

static void
answer(void *arg)
{
	struct vault_call *c = arg;
	struct vault_answer a = { .result = VAULT_OK };
	vault_fn *fn = c->fn;
	void *fn_arg = c->arg;

	a.result = act(c->vault, c, &a);
	drop(c);
	fn(&a, fn_arg);
	secret_free(a.secret);
}

bool
fake_vault_answer(struct fake_vault *v)
{
	if (v->calls == NULL)
		return false;
	answer(v->calls);
	return true;
}

static struct vault_call *
start(
    struct vault *vault, const struct vault_want *want, vault_fn *fn, void *arg)
{
	struct fake_vault *v = (struct fake_vault *)vault;
	struct vault_call *c = xcalloc(1, sizeof(*c)), **tail = &v->calls;

	assert(want->host != NULL && want->user != NULL);
	assert((want->act == VAULT_PUT) == (want->secret != NULL));
	c->vault = v;
	c->act = want->act;
	c->ask = want->ask;
	c->totp = str_eq(want->kind, "totp");
	if (want->secret != NULL)
		c->secret = xstrdup(secret_bytes(want->secret));
	c->fn = fn;
	c->arg = arg;
	c->timer = timer_new(v->loop, answer, c);
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = c;
	v->open++;
	if (!v->hold)
		v->loop->ops->timer_set(c->timer, (struct deadline){ 0, 0 });
	return c;
}

static void
cancel(struct vault_call *c)
{
	c->vault->cancelled++;
	drop(c);
}

static void
watch(struct vault *vault, vault_changed_fn *fn, void *arg)
{
	struct fake_vault *v = (struct fake_vault *)vault;

	v->changed = fn;
	v->changed_arg = arg;
}

static void
unwatch(struct vault *vault, void *arg)
{
	struct fake_vault *v = (struct fake_vault *)vault;

	if (v->changed_arg == arg)
		v->changed = NULL;
}

struct fake_vault *
fake_vault_new(struct loop *loop)
{
	static const struct vault_ops ops = { start, cancel, watch, unwatch };
	struct fake_vault *v = xcalloc(1, sizeof(*v));

	v->vault.ops = &ops;
	v->loop = loop;
	return v;
}

void
fake_vault_free(struct fake_vault *v)
{
	assert(v->calls == NULL && v->changed == NULL);
	xfree(v->password.value);
	xfree(v->totp.value);
	xfree(v);
}

void
fake_vault_put(struct fake_vault *v, const char *password, bool suspect)
{
	xreplace(&v->password.value, xstrdup(password));
	v->password.suspect = suspect;
}

void
fake_vault_changed(struct fake_vault *v)
{
	if (v->changed != NULL)
		v->changed(v->changed_arg);
}
