/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define OPTIONS_MAX 64
#define WORD_MAX 32
#define HELP_COLUMN 30

enum { ID_HELP = 1000 };

static void
help_line(FILE *out, const char *left, const char *right)
{
	if (strlen(left) + 2 > HELP_COLUMN)
		fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", right);
	else
		fprintf(out, "%-*s%s\n", HELP_COLUMN, left, right);
}

/* What the tool before us had and this version has not: named, not offered. */
void
cli_help(const struct verb *v, FILE *out)
{
	fprintf(out, _("Usage: awsfedctl %s%s%s\n\n%s.\n"), v->name,
	    *v->usage != '\0' ? " " : "", v->usage, _(v->summary));
	if (v->details != NULL)
		fprintf(out, "\n%s\n", _(v->details));
	fprintf(out, "\n%s\n", _("Options:"));
	for (const struct option_info *o = v->options; o->name != NULL; o++) {
		_cleanup_free_ char *left = xasprintf("  --%s%s%s", o->name,
		    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");

		help_line(out, left, _(o->help));
	}
	help_line(out, "  --help", _("show this text"));
}

void
cli_dump(const struct verb *v, FILE *out)
{
	fprintf(out, "verb\t%s\t%s\n", v->name, v->summary);
	for (const struct option_info *o = v->options; o->name != NULL; o++)
		fprintf(out, "option\t%s\t--%s\t%s\t%s\n", v->name, o->name,
		    o->arg != NULL ? o->arg : "", o->help);
	fprintf(out, "option\t%s\t--help\t\tshow this text\n", v->name);
}

int
cli_usage(const struct verb *v, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL, *clean = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	clean = str_clean(text, 1024);
	fprintf(stderr, _("awsfed: %s: %s\n  Next: awsfedctl %s --help\n"),
	    v->name, clean, v->name);
	return EXIT_USAGE;
}

static const struct option_info *
option_by_id(const struct verb *v, int id)
{
	const struct option_info *o = v->options;

	while (o->name != NULL && o->id != id)
		o++;
	return o;
}

/*
 * getopt_long(3) leaves optopt 0 for a long option that it does not know, and
 * at a letter optind behind the word only when the letter was its last.
 */
static int
unknown_option(const struct verb *v, const char *word)
{
	const struct option_info *o = option_by_id(v, optopt);

	if (optopt == 0)
		return cli_usage(v, _("there is no option %s."), word);
	if (o->name != NULL)
		return cli_usage(v, _("option --%s takes no value."), o->name);
	if (optopt > ' ' && optopt < 127)
		return cli_usage(v, _("there is no option -%c."), optopt);
	return cli_usage(v, "%s", _("options begin with two dashes."));
}

int
cli_options(const struct verb *v, int argc, char **argv, cli_set_fn *set,
    void *arg, int *ret_exit)
{
	struct option longs[OPTIONS_MAX + 2] = { 0 };
	size_t n = 0;
	int id;

	for (const struct option_info *o = v->options; o->name != NULL; o++) {
		if (n == OPTIONS_MAX)
			abort(); /* the table outgrew its limit */
		longs[n++] = (struct option){ .name = o->name,
			.val = o->id,
			.has_arg =
			    o->arg != NULL ? required_argument : no_argument };
	}
	longs[n] = (struct option){ .name = "help", .val = ID_HELP };
	opterr = 0;
	optind = 1;
	while ((id = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (id == ID_HELP || id == 'h') {
			cli_help(v, stdout);
			*ret_exit = EXIT_OK;
			return -1;
		}
		if (id == ':') {
			*ret_exit = cli_usage(v,
			    _("option --%s needs a "
			      "value."),
			    option_by_id(v, optopt)->name);
			return -1;
		}
		if (id == '?') {
			*ret_exit = unknown_option(v, argv[optind - 1]);
			return -1;
		}
		*ret_exit = set(arg, id, optarg);
		if (*ret_exit != 0)
			return -1;
	}
	return optind;
}

/* JSON takes UTF-8 only, and the agent no control characters. */
static json_t *
plain_text(const char *s)
{
	return *s == '\0' || str_has_control(s) ? NULL : json_string(s);
}

int
cli_put(const struct verb *v, json_t *parameters, const char *key,
    const char *what, const char *value)
{
	json_t *s;

	if (value == NULL)
		return 0;
	s = plain_text(value);
	if (s == NULL)
		return cli_usage(v,
		    _("the value of %s is empty, holds a "
		      "control character, or is not UTF-8."),
		    what);
	json_object_set_new(parameters, key, s);
	return 0;
}

int
cli_add_profile(const struct verb *v, json_t *names, const char *name)
{
	json_t *s = plain_text(name), *old;
	size_t i;

	if (s == NULL)
		return cli_usage(v, "%s",
		    _("a profile's name is empty, holds "
		      "a control character, or is not UTF-8."));
	json_array_foreach (names, i, old) {
		if (json_equal(old, s)) {
			json_decref(s);
			return 0;
		}
	}
	json_array_append_new(names, s);
	return 0;
}

int
cli_check_profile(const char *name)
{
	json_t *s = name == NULL ? NULL : plain_text(name);

	if (s == NULL)
		return -EINVAL;
	json_decref(s);
	return 0;
}

const char *
cli_env_profile(void)
{
	const char *p = getenv("AWS_PROFILE");

	if (str_empty(p))
		p = getenv("AWS_DEFAULT_PROFILE");
	return str_empty(p) ? NULL : p;
}

int
cli_profile_operand(int argc, char **argv, int *i, const char **profile)
{
	if (*i < argc && *profile == NULL)
		*profile = argv[(*i)++];
	if (*profile == NULL)
		*profile = cli_env_profile();
	return cli_check_profile(*profile);
}

int
cli_one_profile(const struct verb *v, int argc, char **argv, cli_set_fn *set,
    void *arg, const char **profile, int *ret_exit)
{
	int i = cli_options(v, argc, argv, set, arg, ret_exit);

	if (i < 0)
		return -1;
	if (cli_profile_operand(argc, argv, &i, profile) == 0 && i == argc)
		return 0;
	*ret_exit = cli_usage(v, "%s", _("name one profile."));
	return -1;
}

/* Damerau-Levenshtein, restricted: adjacent letters may be swapped once. */
static size_t
distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t best =
			    d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *
cli_nearest(const char *word, const char *const *names, size_t n)
{
	const char *found = NULL;
	size_t best = 3; /* more than two slips is another word */

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, names[i]);

		if (strlen(word) >= 3 && str_starts(names[i], word))
			d = 0;
		if (d < best && d < strlen(names[i])) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
