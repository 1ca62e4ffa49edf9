/* SPDX-License-Identifier: Apache-2.0 */
#include "pick.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "show.h"

/* One piece: "7" or "3-9". */
static int
range(const char *piece, size_t n, int64_t *ret_from, int64_t *ret_to)
{
	_cleanup_free_ char *from = xstrdup(piece);
	char *dash = strchr(from, '-');

	if (dash != NULL)
		*dash = '\0';
	if (str_int(from, 1, (int64_t)n, ret_from) < 0)
		return -EINVAL;
	*ret_to = *ret_from;
	if (dash != NULL &&
	    str_int(dash + 1, *ret_from, (int64_t)n, ret_to) < 0)
		return -EINVAL;
	return 0;
}

int
pick_ranges(const char *line, size_t n, bool *on)
{
	_cleanup_strv_ struct strv pieces = { 0 };
	int64_t from, to;

	strv_split(&pieces, line);
	if (pieces.n == 0 || n == 0)
		return -EINVAL;
	for (size_t i = 0; i < pieces.n; i++)
		if (range(pieces.v[i], n, &from, &to) < 0)
			return -EINVAL;
	memset(on, 0, n * sizeof(*on));
	for (size_t i = 0; i < pieces.n; i++)
		if (range(pieces.v[i], n, &from, &to) == 0)
			for (int64_t k = from; k <= to; k++)
				on[k - 1] = true;
	return 0;
}

static bool
text_matches(const char *text, const char *pattern, bool glob)
{
	return text != NULL &&
	    (glob ? fnmatch(pattern, text, FNM_CASEFOLD) == 0 :
		    strcasestr(text, pattern) != NULL);
}

bool
pick_matches(const json_t *role, const char *pattern)
{
	static const char *const keys[] = { "account", "alias", "role",
		"roleArn", "profile" };
	bool glob = strpbrk(pattern, "*?[") != NULL;
	const char *name = json_string_value(json_object_get(role, "role"));

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *text =
		    json_string_value(json_object_get(role, keys[i]));
		_cleanup_free_ char *pair = NULL;

		if (text_matches(text, pattern, glob))
			return true;
		if (i > 1 || text == NULL || name == NULL)
			continue;
		pair = xasprintf("%s/%s", text, name);
		if (text_matches(pair, pattern, glob))
			return true;
	}
	return false;
}

void
pick_list(const json_t *roles, const bool *shown, struct buf *out)
{
	_cleanup_free_ char *last = NULL;
	json_t *o;
	size_t i;
	int width = 0;

	json_array_foreach (roles, i, o) {
		_cleanup_free_ char *role = show_text(o, "role");

		if (shown[i] && role != NULL && (int)strlen(role) > width)
			width = (int)strlen(role);
	}
	width = width > 40 ? 40 : width;
	/* A list that passes its bound is cut; its numbers stay right. */
	json_array_foreach (roles, i, o) {
		_cleanup_free_ char *account = show_text(o, "account");
		_cleanup_free_ char *alias = show_text(o, "alias");
		_cleanup_free_ char *role = show_text(o, "role");
		_cleanup_free_ char *profile = show_text(o, "profile");
		_cleanup_free_ char *arn = show_text(o, "roleArn");

		if (!shown[i])
			continue;
		if (!str_eq(account, last))
			(void)!buf_addf(out,
			    alias != NULL ? "%s (%s)\n" : "%s%s\n",
			    alias != NULL	? alias :
				account != NULL ? account :
						  "-",
			    alias != NULL ? account : "");
		xreplace(&last, STEAL(account));
		(void)!buf_addf(out, "%5zu  %-*s", i + 1,
		    profile != NULL ? width : 0,
		    role != NULL    ? role :
			arn != NULL ? arn :
				      "-");
		if (profile != NULL)
			(void)!buf_addf(out, _("  profile %s"), profile);
		(void)!buf_addf(out, "\n");
	}
}
