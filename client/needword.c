/* SPDX-License-Identifier: Apache-2.0 */
#include "needword.h"

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "show.h"

static const struct {
	const char *held;
	const char *words;
} reasons[] = {
	{ "off", N_("they are switched off") },
	{ "unshown", N_("there is no desktop to show it on") },
	{ "quit", N_("you closed the last one") },
	{ "snoozed", N_("it rests for a while") },
	{ "night", N_("quiet hours") },
	{ "away", N_("nobody is at the desktop") },
};

char *
needword(const json_t *identity, int64_t now)
{
	const json_t *need = json_object_get(identity, "need");
	const char *held = json_string_value(json_object_get(need, "held"));
	char until[SHOW_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (!str_eq(reasons[i].held, held))
			continue;
		return show_member_when(need, "until", now, until) ?
		    xasprintf(_("No notification: %s, until %s."),
			_(reasons[i].words), until) :
		    xasprintf(_("No notification: %s."), _(reasons[i].words));
	}
	return NULL;
}
