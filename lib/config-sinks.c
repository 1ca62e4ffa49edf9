/* SPDX-License-Identifier: Apache-2.0 */
/* [sink NAME] of awsfed.conf: further credentials files. */
#include "config-impl.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"

#define PREFIX "sink "
#define FIELD(key, t, member, d, h) \
	{ \
		.info = { .name = key, .help = h, .def = d }, .type = t, \
		.offset = offsetof(struct sink, member) \
	}

static const struct field sink_fields[] = {
	FIELD("path", FIELD_FILE, path, NULL, N_("the credentials file")),
	FIELD("mode", FIELD_STRING, mode, "rename",
	    N_("rename, or inplace for a file that cannot be renamed over")),
	FIELD("file_mode", FIELD_STRING, file_mode, "0600",
	    N_("who may read it, in octal")),
	FIELD("profiles", FIELD_LIST, profiles, NULL,
	    N_("names or patterns of profiles; by default all that are "
	       "delivered by file")),
};

const struct key_info *
sink_key_at(size_t i)
{
	return i < ARRAY_SIZE(sink_fields) ? &sink_fields[i].info : NULL;
}

bool
sink_takes(const struct sink *k, const struct profile *p)
{
	if (p->protected || p->no_file)
		return false;
	if (k->profiles.n == 0)
		return p->deliver == DELIVER_FILE;
	for (size_t i = 0; i < k->profiles.n; i++)
		if (fnmatch(k->profiles.v[i], p->name, 0) == 0)
			return true;
	return false;
}

bool
sink_equal(const struct sink *a, const struct sink *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(sink_fields); i++)
		if (!field_equal(&sink_fields[i], a, b))
			return false;
	return str_eq(a->name, b->name);
}

void
sink_done(struct sink *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(sink_fields); i++)
		field_done(&sink_fields[i], k);
	xfree(k->name);
	*k = (struct sink){ 0 };
}

void
sink_copy(struct sink *to, const struct sink *from)
{
	*to = (struct sink){ .name = xstrdup(from->name),
		.path = xstrdup(from->path),
		.mode = xstrdup(from->mode),
		.file_mode = xstrdup(from->file_mode) };
	for (size_t i = 0; i < from->profiles.n; i++)
		strv_add(&to->profiles, from->profiles.v[i]);
}

mode_t
sink_file_mode(const struct sink *k)
{
	return (mode_t)strtoul(k->file_mode, NULL, 8);
}

bool
sink_in_place(const struct sink *k)
{
	return str_eq(k->mode, "inplace");
}

static struct sink *
find(struct settings *s, const char *name)
{
	struct sink *k;

	for (size_t i = 0; i < s->nsinks; i++)
		if (str_eq(s->sinks[i].name, name))
			return &s->sinks[i];
	s->sinks = xreallocarray(s->sinks, s->nsinks + 1, sizeof(*s->sinks));
	k = &s->sinks[s->nsinks++];
	*k = (struct sink){ .name = xstrdup(name) };
	for (size_t i = 0; i < ARRAY_SIZE(sink_fields); i++) {
		_cleanup_free_ char *why = NULL;

		if (sink_fields[i].info.def != NULL &&
		    field_set(
			&sink_fields[i], k, sink_fields[i].info.def, &why) < 0)
			abort(); /* the table contradicts itself */
	}
	return k;
}

static int
bad(const char *file, const char *section, const char *key, const char *why,
    const char *value, struct fault *fault)
{
	fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
	    _("%s: [%s]: \"%s\" %s, not \"%s\"."), file, section, key, why,
	    value);
	fault_next(
	    fault, _("Correct \"%s\" in [%s] of %s"), key, section, file);
	return -1;
}

/* Owner reads and writes, others read at the most. */
static bool
mode_ok(const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	return *text >= '0' && *text <= '7' && *end == '\0' &&
	    (mode & 0600) == 0600 && (mode & ~0644UL) == 0;
}

static int
apply_key(struct sink *k, const char *section, const char *key,
    const char *value, const char *file, struct fault *fault)
{
	const struct field *f = NULL;
	_cleanup_free_ char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sink_fields) && f == NULL; i++)
		if (str_eq(sink_fields[i].info.name, key))
			f = &sink_fields[i];
	if (f == NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s: there is no setting \"%s\" in [%s]."), file, key,
		    section);
		fault_next(fault, _("Remove or correct \"%s\" in [%s] of %s"),
		    key, section, file);
		return -1;
	}
	if (*value == '\0')
		return 0;
	if (f->offset == offsetof(struct sink, mode) &&
	    !str_eq(value, "rename") && !str_eq(value, "inplace"))
		return bad(file, section, key, _("must be rename or inplace"),
		    value, fault);
	if (f->offset == offsetof(struct sink, file_mode) && !mode_ok(value))
		return bad(file, section, key,
		    _("must be an octal mode from 0600 to 0644"), value, fault);
	if (f->offset == offsetof(struct sink, profiles))
		strv_done(&k->profiles); /* the user's list, not both */
	if (field_set(f, k, value, &why) < 0)
		return bad(file, section, key, why, value, fault);
	return 0;
}

int
sinks_apply(struct settings *s, const struct ini *ini, size_t i,
    const char *file, struct fault *fault)
{
	const char *section = ini_section(ini, i);
	_cleanup_free_ char *name = NULL;
	struct sink *k;

	if (!str_starts(section, PREFIX))
		return 0;
	name = str_trim(xstrdup(section + strlen(PREFIX)));
	if (*name == '\0' || str_has_control(name) || !str_utf8(name)) {
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("%s: a [sink NAME] section has no usable name."), file);
		fault_next(fault, _("Name it in %s, such as [sink wsl]"), file);
		return -1;
	}
	k = find(s, name);
	for (size_t n = 0; n < ini_nkeys(ini, i); n++)
		if (apply_key(k, section, ini_key(ini, i, n),
			ini_value(ini, i, n), file, fault) < 0)
			return -1;
	return 0;
}

/*
 * The path with all links followed, as far as it is there: xalloc.  Two writers
 * of one file would take out what the other one has put in.
 */
static char *
real_path(const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);
	char full[PATH_MAX], *slash = strrchr(dir, '/');

	if (realpath(path, full) != NULL)
		return xstrdup(full);
	if (slash == NULL)
		return xstrdup(path);
	*slash = '\0';
	if (realpath(*dir == '\0' ? "/" : dir, full) == NULL)
		return xstrdup(path);
	return path_join(full, slash + 1);
}

/* By another name, or by another link? */
static bool
same_file(const char *a, const char *b)
{
	_cleanup_free_ char *real_a = NULL, *real_b = NULL;
	struct stat sa, sb;

	if (a == NULL || b == NULL)
		return false;
	real_a = real_path(a);
	real_b = real_path(b);
	return str_eq(real_a, real_b) ||
	    (stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
		sa.st_ino == sb.st_ino);
}

int
sinks_check(const struct settings *s, const char *config,
    const char *credentials, struct fault *fault)
{
	for (size_t i = 0; i < s->nsinks; i++) {
		const struct sink *k = &s->sinks[i];
		const char *other = NULL;

		if (k->path == NULL) {
			fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
			    _("awsfed.conf: [sink %s] has no \"path\"."),
			    k->name);
			fault_next(fault,
			    _("Add path = /the/credentials/file to [sink %s]"),
			    k->name);
			return -1;
		}
		if (same_file(k->path, credentials))
			other = _("is the credentials file itself");
		else if (same_file(k->path, config))
			other = _("is the AWS config file");
		for (size_t n = 0; n < i && other == NULL; n++)
			if (same_file(k->path, s->sinks[n].path))
				other = _("is that of another sink");
		if (other == NULL)
			continue;
		fault_set(fault, FAULT_CONFIG, REASON_SETTINGS,
		    _("awsfed.conf: the path of [sink %s], %s, %s."), k->name,
		    k->path, other);
		fault_next(fault,
		    _("Give [sink %s] a file of its own, or "
		      "remove it"),
		    k->name);
		return -1;
	}
	return 0;
}
