/* SPDX-License-Identifier: Apache-2.0 */
#include "undo.h"

#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "digest.h"
#include "files.h"

#define CHANGES_MAX 8 /* how far one can go back */
#define PAIRS_STEP 8
#define MARKER "x_managed_by"
#define LOGGED_OUT "x_logged_out"

struct pair {
	const char *key; /* one of the change's names */
	char *before;	 /* NULL: was not there */
	struct digest after;
};

struct part {
	char *section;
	bool existed;
	struct pair *pairs;
	size_t n, space;
};

struct undo_change {
	struct undo_change *next; /* older */
	enum undo_file file;
	char *path;
	struct part *parts;
	size_t n;
	char **names; /* of keys: hundreds of sections share a few */
	size_t nnames;
};

struct undo {
	struct undo_change *last;
	struct undo_change *taking; /* with the writer */
	struct undo_result result;
	struct files *files;
	undo_fn *done;
	void *arg;
	char *logged_out; /* the last write was the logout of this profile */
};

/* ---- a change -------------------------------------------------------------- */

static void
part_done(struct part *p)
{
	for (size_t i = 0; i < p->n; i++)
		xfree(p->pairs[i].before);
	xfree(p->pairs);
	xfree(p->section);
}

struct undo_change *
undo_change_new(enum undo_file file, const char *path)
{
	struct undo_change *c = xcalloc(1, sizeof(*c));

	c->file = file;
	c->path = xstrdup(path);
	return c;
}

void
undo_change_start(struct undo_change *c)
{
	for (size_t i = 0; i < c->n; i++)
		part_done(&c->parts[i]);
	c->n = 0;
	for (size_t i = 0; i < c->nnames; i++)
		xfree(c->names[i]);
	c->nnames = 0;
}

void
undo_change_free(struct undo_change *c)
{
	if (c == NULL)
		return;
	undo_change_start(c);
	xfree(c->parts);
	xfree(c->names);
	xfree(c->path);
	xfree(c);
}

static struct part *
find_part(const struct undo_change *c, const char *section)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->parts[i].section, section))
			return &c->parts[i];
	return NULL;
}

static struct pair *
find_pair(const struct part *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->pairs[i].key, key))
			return &p->pairs[i];
	return NULL;
}

static const char *
name_of(struct undo_change *c, const char *key)
{
	for (size_t i = 0; i < c->nnames; i++)
		if (str_eq(c->names[i], key))
			return c->names[i];
	c->names = xreallocarray(c->names, c->nnames + 1, sizeof(*c->names));
	return c->names[c->nnames++] = xstrdup(key);
}

static struct pair *
add_pair(struct undo_change *c, struct part *p, const char *key)
{
	struct pair *q = find_pair(p, key);

	if (q != NULL)
		return q;
	if (p->n == p->space) {
		p->space += PAIRS_STEP;
		p->pairs = xreallocarray(p->pairs, p->space, sizeof(*p->pairs));
	}
	q = &p->pairs[p->n++];
	*q = (struct pair){ .key = name_of(c, key) };
	return q;
}

/* Calls fn for each key that stands in the section itself. */
static void
each_key(const struct ini *doc, struct undo_change *c, struct part *p,
    void (*fn)(struct undo_change *c, struct part *p, const char *key,
	const char *value))
{
	for (size_t i = 0; i < ini_nsections(doc); i++) {
		if (!str_eq(ini_section(doc, i), p->section))
			continue;
		for (size_t k = 0; k < ini_nkeys(doc, i); k++)
			fn(c, p, ini_key(doc, i, k),
			    ini_own(doc, p->section, ini_key(doc, i, k)));
	}
}

static void
set_before(
    struct undo_change *c, struct part *p, const char *key, const char *value)
{
	xreplace(&add_pair(c, p, key)->before, xstrdup(value));
}

static void
set_after(
    struct undo_change *c, struct part *p, const char *key, const char *value)
{
	add_pair(c, p, key)->after = digest_of(value);
}

void
undo_change_before(
    struct undo_change *c, const struct ini *doc, const char *section)
{
	struct part *p;

	if (find_part(c, section) != NULL)
		return;
	c->parts = xreallocarray(c->parts, c->n + 1, sizeof(*c->parts));
	p = &c->parts[c->n++];
	*p = (struct part){ .section = xstrdup(section),
		.existed = ini_has_section(doc, section) };
	each_key(doc, c, p, set_before);
}

void
undo_change_after(struct undo_change *c, const struct ini *doc)
{
	for (size_t i = 0; i < c->n; i++)
		each_key(doc, c, &c->parts[i], set_after);
}

/* ---- the record ---------------------------------------------------------------- */

struct undo *
undo_new(void)
{
	return xcalloc(1, sizeof(struct undo));
}

static void
result_done(struct undo_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		xfree(r->sections[i].section);
	xfree(r->sections);
	xfree(r->path);
	*r = (struct undo_result){ 0 };
}

/* Forgets all but the newest keep of them. */
static void
forget(struct undo *u, size_t keep)
{
	struct undo_change **p = &u->last, *next;

	for (; keep > 0 && *p != NULL; keep--)
		p = &(*p)->next;
	for (struct undo_change *c = STEAL(*p); c != NULL; c = next) {
		next = c->next;
		undo_change_free(c);
	}
}

void
undo_free(struct undo *u)
{
	if (u == NULL)
		return;
	forget(u, 0);
	undo_change_free(u->taking);
	result_done(&u->result);
	xfree(u->logged_out);
	xfree(u);
}

static bool
untouched(const struct pair *q)
{
	return digest_is(q->after, q->before);
}

static bool
changed(const struct part *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!untouched(&p->pairs[i]))
			return true;
	return false;
}

/* One of its own memory.  A change is made by the writer, among the lines of a
 * whole file; it may stay for long, and each piece would keep a page. */
static struct undo_change *
settle(struct undo_change *c)
{
	struct undo_change *new = undo_change_new(c->file, c->path);

	new->parts = xcalloc(c->n, sizeof(*new->parts));
	for (; new->n < c->n; new->n++) {
		const struct part *from = &c->parts[new->n];
		struct part *to = &new->parts[new->n];

		to->section = xstrdup(from->section);
		to->existed = from->existed;
		to->space = from->n;
		to->pairs = xcalloc(from->n, sizeof(*to->pairs));
		for (size_t i = 0; i < from->n; i++)
			to->pairs[to->n++] = (struct pair){
				.key = name_of(new, from->pairs[i].key),
				.before = xstrdup(from->pairs[i].before),
				.after = from->pairs[i].after,
			};
	}
	undo_change_free(c);
	return new;
}

void
undo_record(struct undo *u, struct undo_change *c)
{
	bool any = false;

	for (size_t i = 0; i < c->n; i++)
		any |= !c->parts[i].existed || changed(&c->parts[i]);
	if (u == NULL || !any) {
		undo_change_free(c);
		return;
	}
	xreplace(&u->logged_out, NULL);
	c = settle(c);
	c->next = u->last;
	u->last = c;
	forget(u, CHANGES_MAX);
}

/* Moves what the section holds now from one part to another. */
static void
take_after(struct undo_change *c, struct part *to, const struct part *from)
{
	for (size_t i = 0; i < to->n; i++)
		to->pairs[i].after = digest_of(NULL);
	for (size_t i = 0; i < from->n; i++)
		add_pair(c, to, from->pairs[i].key)->after =
		    from->pairs[i].after;
}

void
undo_renewed(struct undo *u, struct undo_change *c, bool logout)
{
	for (size_t i = 0; u != NULL && i < c->n; i++) {
		struct undo_change *of = NULL;
		struct part *p = NULL;

		/* The newest change of that section says what it holds. */
		for (struct undo_change *old = u->last;
		     old != NULL && p == NULL; old = old->next) {
			if (old->file == c->file && str_eq(old->path, c->path))
				p = find_part(old, c->parts[i].section);
			of = old;
		}
		if (p != NULL) {
			take_after(of, p, &c->parts[i]);
		} else if (logout) {
			forget(u, 0);
			xreplace(&u->logged_out, xstrdup(c->parts[i].section));
		}
	}
	undo_change_free(c);
}

/* ---- taking it back (apply and what it calls: in the writer thread) -------------- */

static int
check_part(const struct ini *doc, const char *path, const struct part *p,
    struct fault *fault)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pair *q = &p->pairs[i];

		if (untouched(q) ||
		    digest_is(q->after, ini_own(doc, p->section, q->key)))
			continue;
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("The section [%s] of %s has been changed since (%s); "
		      "nothing was taken back."),
		    p->section, path, q->key);
		fault_next(fault, _("Edit %s yourself"), path);
		return -1;
	}
	return 0;
}

/* A value with the lines that continue it. */
static int
put_value(
    struct ini *doc, const char *section, const char *key, const char *value)
{
	_cleanup_free_ char *copy = xstrdup(value);
	char *rest = copy, *line = strsep(&rest, "\n");
	int r = ini_set(doc, section, key, line);

	while (r == 0 && rest != NULL) {
		line = strsep(&rest, "\n");
		line += strspn(line, " \t");
		if (*line != '\0')
			r = ini_add_more(doc, section, key, line);
	}
	return r;
}

static bool
empty(const struct ini *doc, const char *section)
{
	for (size_t i = 0; i < ini_nsections(doc); i++)
		if (str_eq(ini_section(doc, i), section) &&
		    ini_nkeys(doc, i) > 0)
			return false;
	return true;
}

static int
restore_part(struct ini *doc, const char *path, const struct part *p,
    struct undone *ret, struct fault *fault)
{
	int r = 0;

	ret->section = xstrdup(p->section);
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct pair *q = &p->pairs[i];

		if (untouched(q))
			continue;
		ret->keys++;
		r = q->before == NULL ?
		    ini_unset(doc, p->section, q->key) :
		    put_value(doc, p->section, q->key, q->before);
	}
	if (r < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("What [%s] of %s held cannot be written back."),
		    p->section, path);
		fault_next(fault, _("Edit %s yourself"), path);
		return -1;
	}
	if (!p->existed && empty(doc, p->section)) {
		(void)ini_remove_section(doc, p->section);
		ret->removed = true;
	}
	ret->logged_out = ini_own(doc, p->section, LOGGED_OUT) != NULL;
	ret->kept = !ret->logged_out &&
	    str_eq(ini_own(doc, p->section, MARKER), "awsfed");
	return 0;
}

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	struct undo *u = arg;
	const struct undo_change *c = u->taking;
	struct undo_result *res = &u->result;

	result_done(res);
	res->file = c->file;
	res->path = xstrdup(c->path);
	res->sections = xcalloc(c->n, sizeof(*res->sections));
	for (size_t i = 0; i < c->n; i++)
		if (check_part(doc, c->path, &c->parts[i], fault) < 0)
			return -1;
	for (size_t i = c->n; i-- > 0;)
		if (restore_part(doc, c->path, &c->parts[i],
			&res->sections[res->n++], fault) < 0)
			return -1;
	return FILES_WRITE;
}

static void
on_done(const struct fault *fault, bool written, void *arg)
{
	struct undo *u = arg;
	struct undo_change *c = STEAL(u->taking);

	(void)written;
	if (fault_is(fault)) {
		/* It may go better the next time. */
		c->next = u->last;
		u->last = c;
	} else {
		undo_change_free(c);
	}
	u->done(fault, fault_is(fault) ? NULL : &u->result, u->arg);
	result_done(&u->result);
}

static int
nothing(const struct undo *u, struct fault *fault)
{
	if (u->taking != NULL) {
		fault_set(fault, FAULT_TEMPORARY, REASON_BUSY,
		    _("A write is being taken back just now."));
		fault_next(fault, "awsfedctl undo");
	} else if (u->logged_out != NULL) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("The last write was the logout of %s, and keys that "
		      "were taken away are not brought back."),
		    u->logged_out);
		fault_next(fault, "awsfedctl login %s", u->logged_out);
	} else {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("There is nothing to undo: the agent has changed no "
		      "section of the AWS files since it started."));
		fault_next(fault,
		    _("look for a file that ends in .awsfed-backup beside "
		      "the AWS files"));
	}
	return -1;
}

int
undo_last(struct undo *u, struct files *files, undo_fn *done, void *arg,
    struct fault *fault)
{
	if (u->taking != NULL || u->last == NULL)
		return nothing(u, fault);
	u->taking = u->last;
	u->last = STEAL(u->taking->next);
	u->done = done;
	u->arg = arg;
	files->ops->edit(files,
	    (struct files_edit){
		.path = xstrdup(u->taking->path),
		.apply = apply,
		.done = on_done,
		.arg = u,
	    });
	return 0;
}
