/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include <errno.h>
#include <string.h>

#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "files.h"

#define FILE_MAX (4 * 1024 * 1024)
#define FILE_VERSION 1
#define WHO_MAX 256 /* identities with their relying parties */

/* {"version", "who": {WHO: {"roles": [ARN], "gone": {ARN: seconds}}}} */
struct known {
	char *path;
	struct files *files;
	json_t *all;
	bool dirty;
};

static json_t *
fresh(void)
{
	return json_pack("{s:i,s:{}}", "version", FILE_VERSION, "who");
}

static bool
sound(const json_t *j)
{
	const json_t *all = json_object_get(j, "who"), *one;
	const char *who;

	if (json_integer_value(json_object_get(j, "version")) != FILE_VERSION ||
	    !json_is_object(all))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)all, who, one)
		if (!json_is_array(json_object_get(one, "roles")) ||
		    !json_is_object(json_object_get(one, "gone")))
			return false;
	return true;
}

struct known *
known_new(const char *path, struct files *files)
{
	struct known *k = xcalloc(1, sizeof(*k));
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r = path_read(path, FILE_MAX, &data, &len);

	k->path = xstrdup(path);
	k->files = files;
	if (r == 0)
		k->all = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	else if (r != -ENOENT)
		log_warning("%s cannot be read: %s", path, strerror(-r));
	if (!sound(k->all)) {
		if (r == 0)
			log_warning("%s is not what the agent wrote; it "
				    "begins anew",
			    path);
		json_decref(k->all);
		k->all = fresh();
	}
	return k;
}

void
known_free(struct known *k)
{
	if (k == NULL)
		return;
	json_decref(k->all);
	xfree(k->path);
	xfree(k);
}

static void
save(struct known *k)
{
	_cleanup_free_ char *text =
	    json_dumps(k->all, JSON_INDENT(1) | JSON_SORT_KEYS);
	size_t len = strlen(text);

	k->dirty = false;
	k->files->ops->replace(k->files, k->path, STEAL(text), len, NULL, NULL);
}

static json_t *
entry(const struct known *k, const char *who)
{
	return json_object_get(json_object_get(k->all, "who"), who);
}

static bool
has(const json_t *roles, const char *role)
{
	const json_t *v;
	size_t i;

	json_array_foreach (roles, i, v)
		if (str_eq(json_string_value(v), role))
			return true;
	return false;
}

void
known_update(struct known *k, const char *who, const json_t *roles,
    int64_t now_s, struct strv *ret_new)
{
	json_t *e = entry(k, who), *old, *list = json_array(), *gone;
	bool first = e == NULL, changed = first;
	const json_t *r;
	json_t *v;
	size_t i;

	if (first) {
		if (json_object_size(json_object_get(k->all, "who")) >=
		    WHO_MAX) {
			json_decref(k->all);
			k->all = fresh();
		}
		e = json_pack("{s:[],s:{}}", "roles", "gone");
		json_object_set_new(json_object_get(k->all, "who"), who, e);
	}
	old = json_object_get(e, "roles");
	gone = json_object_get(e, "gone");
	json_array_foreach (roles, i, r) {
		const char *arn =
		    json_string_value(json_object_get(r, "roleArn"));

		if (arn == NULL || has(list, arn))
			continue;
		json_array_append_new(list, json_string(arn));
		changed |= json_object_del(gone, arn) == 0;
		if (has(old, arn))
			continue;
		changed = true;
		if (!first)
			strv_add(ret_new, arn);
	}
	json_array_foreach (old, i, v) {
		if (has(list, json_string_value(v)))
			continue;
		changed = true;
		json_object_set_new(
		    gone, json_string_value(v), json_integer(now_s));
	}
	json_object_set_new(e, "roles", list);
	if (changed)
		save(k);
}

int64_t
known_set_gone(struct known *k, const char *who, const char *role)
{
	json_t *gone = json_object_get(entry(k, who), "gone");
	int64_t since;

	if (known_is_gone(k, who, role, &since))
		return since;
	if (gone != NULL) {
		json_object_set_new(gone, role, json_integer(0));
		k->dirty = true;
	}
	return 0;
}

void
known_save(struct known *k)
{
	if (k != NULL && k->dirty)
		save(k);
}

bool
known_is_gone(const struct known *k, const char *who, const char *role,
    int64_t *ret_since)
{
	const json_t *e = entry(k, who);
	const json_t *since = json_object_get(json_object_get(e, "gone"), role);

	if (since == NULL)
		return false;
	*ret_since = json_integer_value(since);
	return true;
}

bool
known_at(const struct known *k, const char *base)
{
	_cleanup_free_ char *start = xasprintf("%s ", base);
	const char *who;
	json_t *e;

	json_object_foreach (json_object_get(k->all, "who"), who, e)
		if (str_starts(who, start) &&
		    json_array_size(json_object_get(e, "roles")) > 0)
			return true;
	return false;
}
