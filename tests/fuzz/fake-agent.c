/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of daemon/worker/conduit.c: an agent that answers everything, and
 * that looks at all it is told.  Letters of the input's first line:
 *
 *	n the name is asked for	w it is typed without its domain
 *	k keep signed in	u nobody is there
 *	l the ledger says no	p the question after the password is refused
 *	t it gives TOTP secrets	r the last answer comes again for ever
 *	s begin with an AuthnRequest	m prefer these methods
 *	h a home realm is set	a accounts' names are wanted
 *	K kerberos  N ntlm  C certificate  F forms
 *	1 one role is redeemed	y a person types the password
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "conduit.h"
#include "fake-peer.h"
#include "fuzz.h"
#include "signin.h"

#define ASKED_MAX 200

struct fake fake;

void
fake_wrong(const char *what)
{
	fprintf(stderr, "fuzz-signin: %s\n", what);
	abort();
}

bool
fake_option(char letter)
{
	return strchr(fake.options, letter) != NULL;
}

void
fake_public(const char *text)
{
	if (text == NULL)
		return;
	if (strstr(text, fake.password) != NULL)
		fake_wrong("the password in a text");
	if (strstr(text, fake.code) != NULL)
		fake_wrong("the code in a text");
	if (!str_utf8(text))
		fake_wrong("a text that is not UTF-8");
}

/* FUZZ_TRACE in the environment: what happens is printed. */
void
fake_trace(const char *what, const char *detail)
{
	if (getenv("FUZZ_TRACE") != NULL)
		printf("# %s %s\n", what, detail != NULL ? detail : "");
}

/* What a person reads: no control characters, of a bearable length. */
static void
shown(const char *text)
{
	fake_public(text);
	if (str_empty(text) || str_has_control(text) || strlen(text) > 4096)
		fake_wrong("a text that nobody can read");
}

/*
 * Secrets hang on the whole input, so that no mutation can put this run's own
 * into a page.
 */
void
fake_begin(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *eol = size == 0 ? NULL : memchr(text, '\n', size);
	size_t n = eol == NULL ? 0 : (size_t)(eol - text);
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 1099511628211ULL;
	fake = (struct fake){ 0 };
	if (n > 0 && n < sizeof(fake.options) && text[0] != '%') {
		memcpy(fake.options, text, n);
		text += n + 1;
		size -= n + 1;
	}
	snprintf(fake.password, sizeof(fake.password), "pw%016llx",
	    (unsigned long long)hash);
	snprintf(fake.code, sizeof(fake.code), "9%09llu",
	    (unsigned long long)(hash % 1000000000ULL));
	fake.pages = text;
	fake.left = size;
	fake.repeat = fake_option('r');
}

/* ---- conduit.h -------------------------------------------------------------- */

static int
refuse(struct fault *fault)
{
	fault_set(fault, FAULT_CANCELLED, REASON_NONE, "Nobody answers.");
	fault_next(fault, "try again");
	return -1;
}

static const char *
value_for(const struct question *q)
{
	if (str_eq(q->name, QN_USER))
		return fake_option('w') ? "jane" : "CORP\\jane";
	if (str_eq(q->name, QN_PASSWORD))
		return fake.password;
	if (str_eq(q->name, QN_TOTP))
		return fake_option('t') ? "JBSWY3DPEHPK3PXP" : NULL;
	if (q->choices != NULL) {
		size_t n = json_array_size(q->choices);
		const json_t *c =
		    json_array_get(q->choices, n == 0 ? 0 : fake.asked % n);

		return json_string_value(json_object_get(c, "value"));
	}
	return str_eq(q->kind, Q_CONFIRM) ? "yes" : fake.code;
}

int
conduit_ask(struct conduit *c, const struct question *q, struct secret **ret,
    struct fault *fault)
{
	const char *value;

	c->typed = str_eq(q->name, QN_PASSWORD) && fake_option('y');
	fake_trace("ask", q->label);
	shown(q->label);
	if (++fake.asked > ASKED_MAX)
		fake_wrong("questions without an end");
	if (fake_option('u') || (fake_option('p') && fake.attempts > 0))
		return refuse(fault);
	for (size_t i = 0; i < json_array_size(q->choices); i++) {
		const json_t *one = json_array_get(q->choices, i);

		shown(json_string_value(json_object_get(one, "label")));
		if (json_string_value(json_object_get(one, "value")) == NULL)
			fake_wrong("a choice without a value");
	}
	value = value_for(q);
	if (value == NULL)
		return refuse(fault);
	*ret = secret_new(value, strlen(value));
	return 0;
}

void
conduit_tell(
    struct conduit *c, const char *kind, const char *text, int64_t seconds)
{
	(void)c;
	(void)kind;
	(void)seconds;
	fake_trace("tell", text);
	shown(text);
}

void
conduit_tell_push(
    struct conduit *c, const char *kind, const char *text, int64_t seconds)
{
	conduit_tell(c, kind, text, seconds);
}

void
conduit_factor(struct conduit *c, const char *method, const char *product)
{
	(void)c;
	(void)product;
	fake_trace("factor", method);
	fake_public(method);
}

char *
conduit_page(struct conduit *c, const char *skeleton)
{
	(void)c;
	fake_public(skeleton);
	return xstrdup("/home/jane/.local/state/awsfed/pages/1.txt");
}

int
conduit_attempt(
    struct conduit *c, const char *tag, const char *user, struct fault *fault)
{
	if (str_empty(user) ||
	    (tag == NULL ? !c->typed : strlen(tag) + 1 != TAG_SIZE))
		fake_wrong("an attempt without a tag or a user");
	fake.tagged = tag != NULL;
	if (fake_option('l'))
		return refuse(fault);
	if (++fake.attempts > 1)
		fake_wrong("a second password in one job");
	return 0;
}

void
conduit_outcome(struct conduit *c, const char *result, const char *tag)
{
	(void)c;
	if (!fake.tagged && tag == NULL && strcmp(result, OUTCOME_UNSENT) != 0)
		fake_wrong("an attempt whose tag never comes");
	fake_trace("outcome", result);
	if (str_empty(result) || ++fake.outcomes > fake.attempts)
		fake_wrong("an outcome of nothing");
}

void
conduit_cookies(struct conduit *c, json_t *cookies)
{
	(void)c;
	json_decref(cookies);
}

int
conduit_assertion(
    struct conduit *c, json_t *msg, json_t **ret_roles, struct fault *fault)
{
	json_t *roles = json_array();

	(void)c;
	(void)fault;
	fake_trace("assertion", "");
	fake.assertions++;
	if (fake_option('1'))
		json_array_append_new(roles,
		    json_pack("{ss ss ss si ss}", "profile", "a", "roleArn",
			"arn:aws:iam::123456789012:role/A", "principalArn",
			"arn:aws:iam::123456789012:saml-provider/ADFS",
			"duration", 3600, "region", "eu-west-1"));
	json_decref(msg);
	*ret_roles = roles;
	return 0;
}

void
conduit_send(struct conduit *c, const char *type, json_t *msg)
{
	(void)c;
	fake_trace("send", type);
	if (str_empty(type))
		fake_wrong("a message of no type");
	json_decref(msg);
}

void
conduit_fault(struct conduit *c, const char *profile, const struct fault *fault)
{
	(void)c;
	fake_trace("fault", fault->text);
	fake_trace("next", fault->next);
	if (!fault_is(fault))
		fake_wrong("a fault that is none");
	shown(fault->text);
	if (fault->next != NULL)
		shown(fault->next);
	else if (fault->kind != FAULT_CANCELLED)
		fake_wrong("a fault that does not say what to do next");
	if (profile == NULL)
		fake.faults++;
}

void
conduit_hush(struct conduit *c, struct secret *secret)
{
	size_t at = c->nhushed++ % HUSHED_MAX;

	secret_free(c->hushed[at]);
	c->hushed[at] = secret;
}

void
conduit_init(struct conduit *c, int fd)
{
	*c = (struct conduit){ .fd = fd };
}

void
conduit_done(struct conduit *c)
{
	for (size_t i = 0; i < HUSHED_MAX; i++)
		c->hushed[i] = secret_free(c->hushed[i]);
}

void
conduit_end(struct conduit *c)
{
	(void)c;
}

int
conduit_job(struct conduit *c, json_t **ret)
{
	(void)c;
	(void)ret;
	return -1;
}
