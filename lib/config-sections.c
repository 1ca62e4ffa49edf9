/* SPDX-License-Identifier: Apache-2.0 */
/* Names of sections and of profiles: "[profile x]", "[default]". */
#include "awsfed/config.h"

#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/xalloc.h"

#define BLANKS " \t\r\n"

/*
 * The next word of *s as Python's shlex splits: blanks part words, quotes and
 * backslashes join.  NULL at the end, and for an open quote.
 */
static char *
next_word(const char **s)
{
	const char *p = *s + strspn(*s, BLANKS);
	char *word, *o, quote = '\0';

	if (*p == '\0')
		return NULL;
	word = o = xmalloc(strlen(p) + 1);
	for (; *p != '\0' && (quote != '\0' || strchr(BLANKS, *p) == NULL);
	     p++) {
		if (quote == '\0' && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else if (*p == quote) {
			quote = '\0';
		} else if (*p == '\\' && quote != '\'') {
			if (p[1] == '\0') {
				xfree(word);
				return NULL;
			}
			if (quote == '"' && p[1] != '"' && p[1] != '\\')
				*o++ = '\\';
			*o++ = *++p;
		} else {
			*o++ = *p;
		}
	}
	*o = '\0';
	*s = p;
	if (quote != '\0') {
		xfree(word);
		return NULL;
	}
	return word;
}

char *
config_profile_name(const char *section)
{
	_cleanup_free_ char *first = NULL, *name = NULL;
	const char *s = section;

	if (str_eq(section, "default"))
		return xstrdup(section);
	if (!str_starts(section, "profile"))
		return NULL;
	first = next_word(&s);
	if (!str_eq(first, "profile"))
		return NULL;
	name = next_word(&s);
	if (name == NULL || s[strspn(s, BLANKS)] != '\0')
		return NULL;
	return STEAL(name);
}

char *
config_section_name(const char *profile)
{
	char *out, *o;

	if (str_eq(profile, "default"))
		return xstrdup(profile);
	if (*profile != '\0' && strpbrk(profile, BLANKS "\"'\\") == NULL)
		return xasprintf("profile %s", profile);
	o = out = xmalloc(strlen("profile \"\"") + 2 * strlen(profile) + 1);
	o = stpcpy(o, "profile \"");
	for (; *profile != '\0'; profile++) {
		if (*profile == '"' || *profile == '\\')
			*o++ = '\\';
		*o++ = *profile;
	}
	stpcpy(o, "\"");
	return out;
}

char *
config_find_section(const struct ini *aws, const char *profile)
{
	char *best = config_section_name(profile);

	/* [profile default] comes before [default] wherever it stands. */
	if (ini_has_section(aws, best) && !str_eq(profile, "default"))
		return best;
	for (size_t i = 0; i < ini_nsections(aws); i++) {
		const char *section = ini_section(aws, i);
		_cleanup_free_ char *name = config_profile_name(section);

		if (str_eq(name, profile) && !str_eq(section, "default"))
			xreplace(&best, xstrdup(section));
	}
	return best;
}
