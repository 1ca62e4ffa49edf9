/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include <stdarg.h>
#include <string.h>

#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define NAME_BYTES 256

void
problem_done(struct problem *p)
{
	xfree(p->error);
	xfree(p->profile);
	fault_done(&p->fault);
	*p = (struct problem){ 0 };
}

int
problem_set(
    struct problem *p, int exit, enum fault_kind kind, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	p->exit = exit;
	return fault_set(&p->fault, kind, REASON_NONE, "%s", text);
}

/* The protocol's own errors; those with a fault of their own come apart. */
static const struct {
	const char *name;
	int exit;
	enum fault_kind kind;
	const char *text;
	const char *next;
} errors[] = {
	{ E_NO_SUCH_PROFILE, EXIT_FAILED, FAULT_CONFIG,
	    N_("there is no such profile."),
	    N_("awsfedctl list shows them; awsfedctl login makes a new one") },
	{ E_NEEDS_APPROVAL, EXIT_REFUSED, FAULT_DENIED,
	    N_("the profile is protected, and nobody was asked."),
	    "awsfedctl approve" },
	{ E_NO_SUCH_REQUEST, EXIT_FAILED, FAULT_CANCELLED,
	    N_("the request does not wait any more."),
	    "awsfedctl approve --list" },
	{ E_BUSY, EXIT_TEMPORARY, FAULT_TEMPORARY,
	    N_("the agent has too much to do just now."),
	    N_("try again in a moment") },
	{ E_STALE_QUESTION, EXIT_FAILED, FAULT_INTERNAL,
	    N_("the question was answered meanwhile."),
	    N_("awsfedctl status") },
	{ E_NO_SUCH_LOGIN, EXIT_FAILED, FAULT_CANCELLED,
	    N_("the sign-in has ended meanwhile."), N_("awsfedctl status") },
	{ E_METHOD_NOT_FOUND, EXIT_FAILED, FAULT_INTERNAL,
	    N_("the agent does not know this command: it is of another "
	       "version."),
	    N_("systemctl --user restart awsfedd.service") },
	{ E_INTERFACE_NOT_FOUND, EXIT_FAILED, FAULT_INTERNAL,
	    N_("what answers on the agent's socket is not an agent of "
	       "awsfed."),
	    N_("check AWSFED_SOCKET") },
	{ E_BAD_FRAME, EXIT_FAILED, FAULT_INTERNAL,
	    N_("the agent could not read the request: it is of another "
	       "version, or the request was too long."),
	    N_("systemctl --user restart awsfedd.service") },
};

void
problem_from_reply(struct problem *p, const json_t *reply)
{
	const json_t *par = json_object_get(reply, "parameters");
	const char *name = json_string_value(json_object_get(reply, "error"));
	const char *param =
	    json_string_value(json_object_get(par, "parameter"));
	_cleanup_free_ char *clean = NULL;

	problem_done(p);
	p->error = str_clean(name == NULL ? "" : name, NAME_BYTES);
	p->profile = str_clean(
	    json_string_value(json_object_get(par, "profile")), NAME_BYTES);
	if (str_eq(name, E_FAULT) && fault_from_json(par, &p->fault) == 0) {
		p->exit = fault_exit(p->fault.kind);
		return;
	}
	if (str_eq(name, E_INVALID_PARAMETER)) {
		clean = str_clean(param == NULL ? "?" : param, NAME_BYTES);
		problem_set(p, EXIT_FAILED, FAULT_CONFIG,
		    _("the agent does not accept the value of '%s'."), clean);
		fault_next(&p->fault, "%s",
		    _("check what was typed against the verb's --help"));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (!str_eq(errors[i].name, name))
			continue;
		problem_set(
		    p, errors[i].exit, errors[i].kind, "%s", _(errors[i].text));
		fault_next(&p->fault, "%s", _(errors[i].next));
		return;
	}
	problem_set(p, EXIT_FAILED, FAULT_INTERNAL,
	    _("the agent answered with an error that this version does not "
	      "know (%s)."),
	    p->error);
	fault_next(
	    &p->fault, "%s", _("systemctl --user restart awsfedd.service"));
}

char *
problem_word(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";
	bool quote = *name == '\0';
	char *out, *o;

	for (const char *p = name; *p != '\0'; p++)
		quote |= (unsigned char)*p < 128 && strchr(plain, *p) == NULL;
	if (!quote)
		return xstrdup(name);
	o = out = xmalloc(4 * strlen(name) + sizeof("''"));
	*o++ = '\'';
	for (; *name != '\0'; name++) {
		if (*name == '\'')
			o = stpcpy(o, "'\\'");
		*o++ = *name;
	}
	stpcpy(o, "'");
	return out;
}

char *
problem_next(const struct fault *f, const char *profile)
{
	_cleanup_free_ char *word =
	    profile != NULL ? problem_word(profile) : NULL;

	if (!str_empty(f->next))
		return xstrdup(f->next);
	if (f->kind == FAULT_NEEDS_USER || f->kind == FAULT_REJECTED)
		return xasprintf("awsfedctl login%s%s", word != NULL ? " " : "",
		    word != NULL ? word : "");
	return xstrdup("awsfedctl status");
}

void
problem_show_fault(const char *label, const struct fault *f, FILE *out)
{
	_cleanup_free_ char *clean = str_clean(label, NAME_BYTES);
	_cleanup_free_ char *next = problem_next(f, clean);

	fprintf(out, "awsfed: %s%s%s\n", clean != NULL ? clean : "",
	    clean != NULL ? ": " : "",
	    str_empty(f->text) ?
		_("something failed, and the agent gave no reason.") :
		f->text);
	if (!str_empty(f->request))
		fprintf(out, _("  Request %s\n"), f->request);
	fprintf(out, _("  Next: %s\n"), next);
}

int
problem_report(const struct problem *p)
{
	fflush(stdout);
	problem_show_fault(p->profile, &p->fault, stderr);
	return p->exit;
}

int
problem_report_line(const struct problem *p, const char *profile)
{
	const struct fault *f = &p->fault;
	_cleanup_free_ char *clean = str_clean(profile, NAME_BYTES);
	_cleanup_free_ char *next = problem_next(f, clean);

	fprintf(stderr, "awsfed: %s: %s%s%s%s%s%s\n", clean,
	    str_empty(f->text) ? _("no credentials.") : f->text,
	    str_empty(f->request) ? "" : _(" Request "),
	    str_empty(f->request) ? "" : f->request,
	    str_empty(f->request) ? "" : ".", _(" Next: "), next);
	return p->exit;
}
