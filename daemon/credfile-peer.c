/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home that several computers share: each has an agent of its own, and all
 * write the same credentials file.  Whose keys are in a section is told by the
 * id of the key that this agent put there last.
 *
 * Keys of another agent's that live longer stay, and are taken over, so that
 * this agent serves what the file says.  A logout is a person's word about the
 * file: it empties the section whoever wrote it, and the other agents let the
 * profile go when they see that, instead of writing it again.
 */
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/clock.h"
#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "credfile-int.h"
#include "credfile-owner.h"

/* No role's session is longer (AssumeRoleWithSAML); with some skew. */
#define LIFE_MAX (12 * 3600 + 600)

const char *
credfile_last(const struct credfile *cf, const char *name)
{
	ssize_t at = names_find(&cf->wrote, name);

	return at < 0 ? NULL : cf->wrote_ids[at];
}

void
credfile_wrote(struct credfile *cf, const char *name, const char *id)
{
	struct names *set = &cf->wrote;
	ssize_t at;

	if (id == NULL) {
		at = names_find(set, name);
		if (at < 0)
			return;
		/* As the set does: the last one takes its place. */
		xfree(cf->wrote_ids[at]);
		cf->wrote_ids[at] = cf->wrote_ids[set->n - 1];
		names_drop(set, name);
		return;
	}
	if (names_add(set, name)) {
		cf->wrote_ids = xreallocarray(
		    cf->wrote_ids, set->cap, sizeof(*cf->wrote_ids));
		cf->wrote_ids[set->n - 1] = NULL;
	}
	at = names_find(set, name);
	xreplace(&cf->wrote_ids[at], xstrdup(id));
}

void
credfile_wrote_done(struct credfile *cf)
{
	for (size_t i = 0; i < cf->wrote.n; i++)
		xfree(cf->wrote_ids[i]);
	xfree(cf->wrote_ids);
	names_done(&cf->wrote);
}

static bool
same_role(const char *a, const char *b)
{
	_cleanup_arn_ struct arn is = { 0 }, wanted = { 0 };

	return arn_parse(a, &is) == 0 && arn_parse(b, &wanted) == 0 &&
	    str_eq(is.account, wanted.account) && str_eq(is.name, wanted.name);
}

bool
credfile_fresher(const struct ini *doc, const char *section,
    const struct credfile_ours *ours, int64_t now_s)
{
	const char *is[OWNER_KEYS];
	int64_t until;

	for (size_t k = 0; k < OWNER_KEYS; k++) {
		is[k] = ini_own(doc, section, owner_keys[k]);
		if (str_empty(is[k]))
			return false; /* half of a section is nobody's */
	}
	/* What this agent wrote it may take back. */
	if (str_eq(is[0], ours->before) || str_eq(is[0], ours->id) ||
	    rfc3339_parse(is[3], &until) < 0)
		return false;
	/* An end that no keys have is somebody's mistake, not fresh. */
	return until > ours->until_s && until > now_s &&
	    until - now_s <= LIFE_MAX && same_role(is[4], ours->role);
}
