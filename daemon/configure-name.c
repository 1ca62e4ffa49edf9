/* SPDX-License-Identifier: Apache-2.0 */
#include "configure-name.h"

#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/xalloc.h"

static const char *const words[] = { "{alias}", "{account}", "{role}" };

/* Which placeholder stands here?  -1: none. */
static int
word_at(const char *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_starts(p, words[i]))
			return (int)i;
	return -1;
}

int
name_template_check(const char *template, struct fault *fault)
{
	_cleanup_free_ char *shown = str_clean(template, 200);
	bool any = false;

	for (const char *p = template; *p != '\0';) {
		const char one[2] = { *p, '\0' };
		int w = word_at(p);

		if (w >= 0) {
			any = true;
			p += strlen(words[w]);
			continue;
		}
		if (!ini_name_safe(one)) {
			fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("The template \"%s\" would give profiles names "
			      "that not every AWS SDK takes."),
			    shown);
			fault_next(fault,
			    _("use {alias}, {account}, {role}, letters, "
			      "digits and _ . @ + / : %% -"));
			return -1;
		}
		p++;
	}
	if (any && *template != '-')
		return 0;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    any ? _("The template \"%s\" would give profiles names that begin "
		    "with a dash, which programs take for an option.") :
		  _("The template \"%s\" names every role alike: it has none "
		    "of {alias}, {account} and {role}."),
	    shown);
	fault_next(fault, _("for one: --template '%s'"), NAME_TEMPLATE);
	return -1;
}

static char *
fill(const char *template, const struct name_wish *w)
{
	const char *values[] = { w->alias != NULL ? w->alias : w->account,
		w->account, w->role };
	_cleanup_buf_ struct buf b = BUF_INIT(64 * 1024);
	char *name;
	size_t skip;

	for (const char *p = template; *p != '\0';) {
		int k = word_at(p);
		size_t from = b.len;
		int r = k < 0 ? buf_add(&b, p, 1) : buf_adds(&b, values[k]);

		if (r < 0)
			return xstrdup("");
		for (size_t i = from; k >= 0 && i < b.len; i++) {
			const char one[2] = { b.data[i], '\0' };

			if (!ini_name_safe(one))
				b.data[i] = '-';
		}
		p += k < 0 ? 1 : strlen(words[k]);
	}
	name = buf_take(&b);
	skip = strspn(name, "-"); /* an option, for most programs */
	memmove(name, name + skip, strlen(name + skip) + 1);
	return name;
}

static bool
is_taken(const char *name, const struct strv *taken)
{
	return str_eq(name, "default") || strv_has(taken, name);
}

char *
name_free_one(const char *base, const struct strv *taken)
{
	char *name = xstrdup(base);

	for (unsigned i = 2; is_taken(name, taken); i++)
		xreplace(&name, xasprintf("%s-%u", base, i));
	return name;
}

static bool
name_ok(const char *name, const struct name_wish *w, struct fault *fault)
{
	if (*name != '\0' && strlen(name) <= PROFILE_NAME_MAX &&
	    ini_name_safe(name))
		return true;
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("The template gives the role %s of the account %s a name that "
	      "is empty or longer than %d characters."),
	    w->role, w->account, PROFILE_NAME_MAX);
	fault_next(fault, _("choose a shorter one with --template"));
	return false;
}

/* Is base[i] somebody else's as well? */
static bool
clashes(char *const *base, size_t n, size_t i, const struct strv *taken)
{
	if (is_taken(base[i], taken))
		return true;
	for (size_t k = 0; k < n; k++)
		if (k != i && str_eq(base[k], base[i]))
			return true;
	return false;
}

int
names_choose(const char *template, struct name_wish *wishes, size_t n,
    const struct strv *taken, struct fault *fault)
{
	bool has_account = strstr(template, "{account}") != NULL;
	_cleanup_strv_ struct strv used = { 0 };
	char **base = xcalloc(n, sizeof(*base));
	bool *late = xcalloc(n, sizeof(*late));
	int r = name_template_check(template, fault);

	for (size_t i = 0; r == 0 && i < n; i++)
		base[i] = fill(template, &wishes[i]);
	for (size_t i = 0; i < taken->n; i++)
		strv_add(&used, taken->v[i]);
	/* Those that keep their name come first, whatever the order. */
	for (size_t i = 0; r == 0 && i < n; i++) {
		late[i] = clashes(base, n, i, taken);
		if (late[i])
			continue;
		wishes[i].name = xstrdup(base[i]);
		strv_add(&used, base[i]);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct name_wish *w = &wishes[i];

		if (!late[i])
			continue;
		/* An account that stands in for its alias is there already. */
		if (!has_account && strstr(base[i], w->account) == NULL)
			xreplace(&base[i],
			    *base[i] == '\0' ?
				xstrdup(w->account) :
				xasprintf("%s-%s", base[i], w->account));
		w->name = name_free_one(base[i], &used);
		strv_add(&used, w->name);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!name_ok(wishes[i].name, &wishes[i], fault))
			r = -1;
	for (size_t i = 0; i < n; i++) {
		if (r < 0)
			xreplace(&wishes[i].name, NULL);
		xfree(base[i]);
	}
	xfree(base);
	xfree(late);
	return r;
}
