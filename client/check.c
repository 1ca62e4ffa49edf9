/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#define HOPS_MAX 16
#define TWIN ".live"

static const char *
text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* By its name, or by that of its twin. */
static const json_t *
find(const json_t *list, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		const char *is = text(o, "profile");
		_cleanup_free_ char *twin =
		    is == NULL ? NULL : xasprintf("%s" TWIN, is);

		if (str_eq(is, name) ||
		    (str_eq(text(o, "kind"), "chained") && str_eq(twin, name)))
			return o;
	}
	return NULL;
}

/* Assumed by whoever uses it: its source has to have keys. */
static const json_t *
who_counts(const json_t *list, const json_t *o)
{
	for (int hops = 0; o != NULL && hops < HOPS_MAX; hops++) {
		if (!str_eq(text(o, "kind"), "chained") ||
		    !str_eq(text(o, "deliver"), "none") ||
		    !str_eq(text(o, "state"), "idle") ||
		    json_is_true(json_object_get(o, "live")))
			break;
		o = find(list, text(o, "source"));
	}
	return o;
}

static int
without_keys(const json_t *o)
{
	_cleanup_fault_ struct fault f = { 0 };
	const char *state = text(o, "state");

	if (str_eq(state, "backoff") || str_eq(state, "waiting"))
		return EXIT_TEMPORARY;
	if (str_eq(state, "failed") &&
	    fault_from_json(json_object_get(o, "fault"), &f) == 0)
		return fault_exit(f.kind);
	return EXIT_NEEDS_LOGIN;
}

int
check_profile(const json_t *status, const char *profile, int64_t min_s)
{
	const json_t *list = json_object_get(status, "profiles");
	const json_t *o = who_counts(list, find(list, profile));

	if (o == NULL)
		return EXIT_FAILED;
	if (!json_is_true(json_object_get(o, "live")))
		return json_object_get(
			   json_object_get(status, "agent"), "locked") != NULL ?
		    EXIT_REFUSED :
		    without_keys(o);
	return json_integer_value(json_object_get(o, "left")) >= min_s ?
	    EXIT_OK :
	    EXIT_LIFETIME;
}
