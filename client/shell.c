/* SPDX-License-Identifier: Apache-2.0 */
#include "shell.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

struct shell {
	const char *name;
	const char *programs; /* login shells that read it */
	int (*print)(const struct plan *p, struct buf *out);
};

/*
 * The value between single quotes, each of the characters in special with the
 * escape before it.
 */
static int
add_quoted(
    struct buf *b, const char *value, const char *special, const char *escape)
{
	int r = buf_adds(b, "'");

	for (; r == 0 && *value != '\0'; value++) {
		if (strchr(special, *value) != NULL)
			r = buf_adds(b, escape);
		if (r == 0)
			r = buf_add(b, value, 1);
	}
	return r < 0 ? r : buf_adds(b, "'");
}

/* POSIX: nothing means anything between single quotes but their end. */
static int
print_sh(const struct plan *p, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct variable *v = &p->v[i];

		if (v->value == NULL) {
			r = buf_addf(out, "unset %s\n", v->name);
			continue;
		}
		r = buf_addf(out, "export %s=", v->name);
		/* Out of the quotes, an escaped one, and in again. */
		if (r == 0)
			r = add_quoted(out, v->value, "'", "'\\'");
		if (r == 0)
			r = buf_adds(out, "\n");
	}
	return r;
}

/* fish: a backslash escapes itself and the quote. */
static int
print_fish(const struct plan *p, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct variable *v = &p->v[i];

		if (v->value == NULL) {
			r = buf_addf(out, "set -e %s;\n", v->name);
			continue;
		}
		r = buf_addf(out, "set -gx %s ", v->name);
		if (r == 0)
			r = add_quoted(out, v->value, "'\\", "\\");
		if (r == 0)
			r = buf_adds(out, ";\n");
	}
	return r;
}

/* PowerShell: the quote is doubled. */
static int
print_powershell(const struct plan *p, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct variable *v = &p->v[i];

		if (v->value == NULL) {
			r = buf_addf(out,
			    "Remove-Item -ErrorAction SilentlyContinue "
			    "Env:%s\n",
			    v->name);
			continue;
		}
		r = buf_addf(out, "$Env:%s = ", v->name);
		if (r == 0)
			r = add_quoted(out, v->value, "'", "'");
		if (r == 0)
			r = buf_adds(out, "\n");
	}
	return r;
}

/* null: the variable has to go. */
static int
print_json(const struct plan *p, struct buf *out)
{
	_cleanup_json_ json_t *o = json_object();
	_cleanup_free_ char *text = NULL;
	int r;

	for (size_t i = 0; i < p->n; i++)
		json_object_set_new(o, p->v[i].name,
		    p->v[i].value == NULL ? json_null() :
					    json_string(p->v[i].value));
	text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	r = buf_adds(out, text);
	return r < 0 ? r : buf_adds(out, "\n");
}

/*
 * What "docker run --env-file" takes as it is, without quotes, and dotenv
 * libraries agree on.  It has no word for clearing a variable.
 */
static int
print_dotenv(const struct plan *p, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++)
		if (p->v[i].value != NULL)
			r = buf_addf(
			    out, "%s=%s\n", p->v[i].name, p->v[i].value);
	return r;
}

static const struct shell shells[] = {
	{ "sh", "sh bash zsh dash ash ksh mksh yash", print_sh },
	{ "fish", "fish", print_fish },
	{ "powershell", "pwsh powershell", print_powershell },
	{ "json", "", print_json },
	{ "dotenv", "", print_dotenv },
};

const struct shell *
shell_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (str_eq(shells[i].name, name))
			return &shells[i];
	return NULL;
}

const struct shell *
shell_of(const char *path)
{
	const char *name = str_empty(path) ? NULL : strrchr(path, '/');

	name = name != NULL ? name + 1 : path;
	if (str_empty(name))
		return &shells[0];
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		_cleanup_strv_ struct strv programs = { 0 };

		strv_split(&programs, shells[i].programs);
		if (strv_has(&programs, name))
			return &shells[i];
	}
	return NULL;
}

const char *
shell_names(void)
{
	return "sh, fish, powershell, json, dotenv";
}

int
shell_print(const struct shell *s, const struct plan *p, struct buf *out)
{
	return s->print(p, out);
}
