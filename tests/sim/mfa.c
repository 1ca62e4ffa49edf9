/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include <awsfed/xalloc.h>

#include "authn.h"
#include "http.h"
#include "mfa-int.h"
#include "pages.h"

#define MFA_MAX_RUNS 256

static const struct adapter *const tables[] = { adapters_azure, adapters_wait,
	adapters_rsa, adapters_vip, adapters_otp, adapters_other,
	adapters_code };

void
factor_done(struct factor *f)
{
	xfree(f->adapter);
	xfree(f->mode);
	xfree(f->code);
	xfree(f->next);
	xfree(f->totp);
	xfree(f->pin);
	xfree(f->answer);
}

/* A name that nobody knows is a copy of Microsoft's sample: the first row. */
const struct adapter *
adapter_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct adapter *a = tables[i]; a->name != NULL; a++)
			if (str_eq(a->name, name))
				return a;
	return &adapters_code[0];
}

static void
run_free(struct mfa_run *run)
{
	xfree(run->sso);
	xfree(run->user);
	xfree(run->name);
	xfree(run->context);
	strv_done(&run->stale);
	form_done(&run->hidden);
	strv_done(&run->inputs);
	strv_done(&run->scripted);
	strv_done(&run->optional);
	strv_done(&run->submits);
	strv_done(&run->sent);
	xfree(run);
}

static void
run_drop(struct sim *s, struct mfa_run *run)
{
	for (struct mfa_run **p = &s->runs; *p != NULL; p = &(*p)->next)
		if (*p == run) {
			*p = run->next;
			run_free(run);
			return;
		}
}

static struct mfa_run *
run_new(struct sim *s)
{
	struct mfa_run *run = xcalloc(1, sizeof(*run));
	size_t n = 0;

	run->next = s->runs;
	s->runs = run;
	for (struct mfa_run *p = run; p != NULL; p = p->next)
		if (++n == MFA_MAX_RUNS && p->next != NULL) {
			run_drop(s, p->next);
			break;
		}
	return run;
}

static struct mfa_run *
run_of_sso(struct sim *s, const char *token)
{
	for (struct mfa_run *p = s->runs; p != NULL; p = p->next)
		if (str_eq(p->sso, token))
			return p;
	return NULL;
}

void
mfa_done(struct sim *s)
{
	while (s->runs != NULL)
		run_drop(s, s->runs);
}

void
mfa_forget(struct sim *s, const char *user)
{
	for (struct mfa_run *p = s->runs, *next; p != NULL; p = next) {
		next = p->next;
		if (user == NULL ||
		    (p->user != NULL && strcasecmp(p->user, user) == 0))
			run_drop(s, p);
	}
}

/* The adapter's name of a user, or NULL. */
static const char *
adapter_of(const struct sim *s, const struct user *u)
{
	const char *name = u == NULL || u->factor.adapter == NULL ?
	    s->opt.mfa :
	    u->factor.adapter;

	return name[0] == '\0' || str_eq(name, "none") ? NULL : name;
}

bool
mfa_owed(const struct visit *v)
{
	const struct user *u = user_find(v->sim, v->sso->user);

	if (u == NULL || v->sso->strong)
		return false;
	if (u->factor.adapter != NULL)
		return adapter_of(v->sim, u) != NULL;
	return adapter_of(v->sim, u) != NULL ||
	    v->sim->opt.mfa_methods[0] != '\0';
}

bool
mfa_is_primary(const struct visit *v)
{
	return str_eq(v->sim->opt.mfa, "AzurePrimaryAuthentication");
}

void
mfa_begin(struct mfa *m, const char *name)
{
	struct mfa_run *run = m->run;

	xreplace(&run->name, xstrdup(name));
	run->adapter = adapter_find(name);
	run->step = 0;
	run->pushed = 0;
	run->verdict = PUSH_NONE;
	m->sim->count.mfa_runs++;
	sim_log(m->sim, "second factor %s", name);
	if (m->user != NULL && m->user->factor.unregistered) {
		_cleanup_free_ char *text = xasprintf(
		    "The selected "
		    "authentication method is not available for '%s'. "
		    "Choose another authentication method or contact your "
		    "system administrator for details.",
		    m->user->upn != NULL ? m->user->upn : m->user->name);

		mfa_refuse(m, text);
		return;
	}
	run->adapter->begin(m);
}

void
mfa_start(struct visit *v)
{
	struct sim *s = v->sim;
	struct mfa m = { .v = v,
		.sim = s,
		.user = user_find(s, v->sso->user),
		.b = &v->r->body };
	const char *name = adapter_of(s, m.user);

	m.run = run_of_sso(s, v->sso->token);
	if (m.run != NULL && m.run->by_get) {
		m.run->adapter->answer(&m);
		return;
	}
	if (m.run != NULL)
		run_drop(s, m.run);
	m.run = run_new(s);
	m.run->sso = xstrdup(v->sso->token);
	m.run->user = xstrdup(v->sso->user);
	if (s->opt.mfa_methods[0] != '\0')
		mfa_method_choice(&m);
	else
		mfa_begin(&m, name);
}

void
mfa_start_primary(struct visit *v)
{
	struct mfa m = { .v = v, .sim = v->sim, .b = &v->r->body };

	m.run = run_new(v->sim);
	mfa_begin(&m, v->sim->opt.mfa);
}

const char *
mfa_field(const struct mfa *m, const char *name)
{
	const char *value = form_get(&m->v->fields, name);

	return value != NULL ? value : "";
}

void
mfa_pass(struct mfa *m)
{
	struct sso *o = m->v->sso;

	o->strong = true;
	m->user->factor.passed++;
	m->sim->count.mfa_passed++;
	xreplace(&o->token, random_b64(2700)); /* a stronger sign-in */
	authn_cookies(m->v, o);
	sim_log(m->sim, "second factor of %s passed", m->user->name);
	run_drop(m->sim, m->run);
	m->run = NULL;
	visit_go_to(m->v, m->v->page.absolute);
}

void
mfa_refuse(struct mfa *m, const char *text)
{
	m->sim->count.mfa_refused++;
	run_drop(m->sim, m->run);
	m->run = NULL;
	visit_show_error(m->v, 200, NULL, text);
}

/* Compares a post with the page that it answers. */
static void
check_page(struct mfa *m)
{
	const struct form *f = &m->v->fields;
	const struct mfa_run *run = m->run;
	bool filled = false;
	size_t pressed = 0;

	for (size_t i = 0; i < run->hidden.n; i++) {
		const struct pair *p = &run->hidden.v[i];

		if (!str_eq(form_get(f, p->name), p->value))
			sim_violation(m->sim,
			    "%s: hidden field %s is missing or changed",
			    run->name, p->name);
	}
	for (size_t i = 0; i < run->inputs.n; i++) {
		const char *value = form_get(f, run->inputs.v[i]);

		if (value == NULL)
			sim_violation(m->sim, "%s: field %s is missing",
			    run->name, run->inputs.v[i]);
		else
			filled |= value[0] != '\0';
	}
	for (size_t i = 0; i < run->scripted.n; i++)
		if (form_get(f, run->scripted.v[i]) == NULL)
			sim_violation(m->sim, "%s: hidden field %s is missing",
			    run->name, run->scripted.v[i]);
	for (size_t i = 0; i < f->n; i++) {
		const char *name = f->v[i].name;
		_cleanup_free_ char *both =
		    xasprintf("%s=%s", name, f->v[i].value);

		if (strv_has(&run->submits, both))
			pressed++;
		else if (!str_eq(name, "AuthMethod") &&
		    !str_eq(name, "Context") &&
		    form_get(&run->hidden, name) == NULL &&
		    !strv_has(&run->inputs, name) &&
		    !strv_has(&run->scripted, name) &&
		    !strv_has(&run->optional, name))
			sim_violation(m->sim, "%s: unknown field %s posted",
			    run->name, name);
	}
	if (pressed > 1)
		sim_violation(m->sim, "%s: two buttons pressed", run->name);
	if (filled && pressed == 0 && run->submits.n > 0)
		sim_violation(
		    m->sim, "%s: the button was not posted", run->name);
}

/* A post of the form of options? */
static bool
is_option(const struct mfa *m, const char *method)
{
	_cleanup_strv_ struct strv names = { 0 };

	sim_list(m->sim->opt.mfa_methods, &names);
	return m->v->fields.n == 2 && !str_eq(method, m->run->name) &&
	    strv_has(&names, method);
}

static struct mfa_run *
find_run(struct visit *v, const char *context)
{
	for (struct mfa_run *p = v->sim->runs; p != NULL; p = p->next) {
		if (str_eq(p->context, context))
			return p;
		if (strv_has(&p->stale, context)) {
			sim_violation(v->sim, "a stale Context was posted");
			return NULL;
		}
	}
	sim_violation(v->sim, "an unknown Context was posted");
	return NULL;
}

void
mfa_post(struct visit *v)
{
	const char *method = form_get(&v->fields, "AuthMethod");
	struct mfa m = { .v = v, .sim = v->sim, .b = &v->r->body };

	v->sim->count.mfa_posts++;
	for (size_t i = 0; i < v->fields.n; i++)
		if (form_count(&v->fields, v->fields.v[i].name) > 1) {
			sim_violation(v->sim, "field %s posted twice",
			    v->fields.v[i].name);
			visit_show_error(
			    v, 500, NULL, "Duplicate post parameter.");
			return;
		}
	m.run = find_run(v, form_get(&v->fields, "Context"));
	if (m.run == NULL) {
		visit_show_error(v, 200, "MSIS7012",
		    "An error occurred while processing the request.");
		return;
	}
	if (m.run->sso != NULL &&
	    (v->sso == NULL || !str_eq(v->sso->token, m.run->sso))) {
		if (form_get(&v->cookies, "MSISAuth") == NULL)
			sim_violation(
			    v->sim, "second factor posted without MSISAuth");
		visit_show_error(v, 200, "MSIS7001",
		    "The passive protocol context was not found or not "
		    "valid.");
		return;
	}
	if (m.run->user != NULL)
		m.user = user_find(v->sim, m.run->user);
	if (method != NULL && is_option(&m, method)) {
		mfa_begin(&m, method);
		return;
	}
	if (m.run->name == NULL || !str_eq(method, m.run->name)) {
		sim_violation(v->sim, "AuthMethod %s is not of this page",
		    method != NULL ? method : "(none)");
		mfa_refuse(&m,
		    "The selected authentication method is not "
		    "available.");
		return;
	}
	check_page(&m);
	m.run->adapter->answer(&m);
}
