/* SPDX-License-Identifier: Apache-2.0 */
#include "who.h"

#include <stdio.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "show.h"

static void
line(const char *label, const char *value)
{
	if (!str_empty(value))
		printf("  %-12s %s\n", label, value);
}

static void
line_of(const json_t *o, const char *label, const char *key)
{
	_cleanup_free_ char *value = show_text(o, key);

	line(label, value);
}

/* Whose keys it is made from. */
static void
show_source(const json_t *status, const json_t *o)
{
	const char *id = json_string_value(json_object_get(o, "identity"));
	const json_t *identity =
	    json_find(json_object_get(status, "identities"), "id", id);
	_cleanup_free_ char *source = show_text(o, "source"), *text = NULL;

	if (source != NULL)
		text = xasprintf(_("assumed from %s"), source);
	else if (identity != NULL)
		text = show_identity(identity);
	line(_("Source"), text);
}

static void
show_life(const json_t *o)
{
	int64_t life = json_integer_value(json_object_get(o, "lifetime"));
	int64_t max = json_integer_value(json_object_get(o, "maxDuration"));
	char has[SHOW_SIZE], most[SHOW_SIZE];
	_cleanup_free_ char *text = NULL;

	if (life <= 0)
		return;
	show_left(life, has);
	show_left(max, most);
	text = max > 0 ?
	    xasprintf(_("%s (AWS refused more than %s)"), has, most) :
	    xstrdup(has);
	line(_("Lifetime"), text);
}

void
who_show(const json_t *status, const char *profile)
{
	const json_t *o =
	    json_find(json_object_get(status, "profiles"), "profile", profile);
	_cleanup_free_ char *name = o == NULL ? NULL : show_text(o, "profile");

	if (name == NULL)
		return;
	printf("\n%s\n", name);
	line_of(o, _("Account"), "account");
	line_of(o, _("Role"), "role");
	line_of(o, _("Role ARN"), "roleArn");
	line_of(o, _("Session"), "sessionName");
	line_of(o, _("Principal"), "principal");
	show_source(status, o);
	line_of(o, _("Delivered"), "deliver");
	show_life(o);
}
