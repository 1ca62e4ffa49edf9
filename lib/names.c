/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array, and beside it a table of places in it: open addressing with linear
 * probing, at most half full.  The hash is FNV-1a: names come from the user's
 * own files, nobody gains by making them collide.
 */
#include "awsfed/names.h"

#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define SLOTS_MIN 16

static size_t
home(const struct names *set, const char *name)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211ULL;
	return (size_t)h & (set->nslots - 1);
}

/* The slot that holds the name, or the free one where it would go. */
static size_t
slot_of(const struct names *set, const char *name)
{
	size_t i = home(set, name);

	while (set->slots[i] != 0 && !str_eq(set->v[set->slots[i] - 1], name))
		i = (i + 1) & (set->nslots - 1);
	return i;
}

static void
grow(struct names *set)
{
	if (set->n == set->cap) {
		set->cap = set->cap == 0 ? SLOTS_MIN / 2 : set->cap * 2;
		set->v = xreallocarray(set->v, set->cap, sizeof(*set->v));
	}
	if (2 * (set->n + 1) <= set->nslots)
		return;
	xfree(set->slots);
	set->nslots = set->nslots == 0 ? SLOTS_MIN : set->nslots * 2;
	set->slots = xcalloc(set->nslots, sizeof(*set->slots));
	for (size_t i = 0; i < set->n; i++)
		set->slots[slot_of(set, set->v[i])] = (uint32_t)(i + 1);
}

bool
names_has(const struct names *set, const char *name)
{
	return set->n > 0 && set->slots[slot_of(set, name)] != 0;
}

ssize_t
names_find(const struct names *set, const char *name)
{
	return set->n == 0 ? -1 : (ssize_t)set->slots[slot_of(set, name)] - 1;
}

bool
names_add(struct names *set, const char *name)
{
	if (names_has(set, name))
		return false;
	grow(set);
	set->v[set->n++] = xstrdup(name);
	set->slots[slot_of(set, name)] = (uint32_t)set->n;
	return true;
}

/* Those behind a slot that becomes free move up, where they may. */
static void
free_slot(struct names *set, size_t hole)
{
	size_t mask = set->nslots - 1, i = hole;

	set->slots[hole] = 0;
	for (;;) {
		size_t want;

		i = (i + 1) & mask;
		if (set->slots[i] == 0)
			return;
		want = home(set, set->v[set->slots[i] - 1]);
		if (((i - want) & mask) < ((i - hole) & mask))
			continue; /* it is nearer to its home than the hole */
		set->slots[hole] = set->slots[i];
		set->slots[i] = 0;
		hole = i;
	}
}

bool
names_drop(struct names *set, const char *name)
{
	size_t slot, at, last = set->n - 1;
	char *old;

	if (!names_has(set, name))
		return false;
	slot = slot_of(set, name);
	at = set->slots[slot] - 1;
	free_slot(set, slot);
	old = set->v[at];
	if (at != last) {
		set->slots[slot_of(set, set->v[last])] = (uint32_t)(at + 1);
		set->v[at] = set->v[last];
	}
	set->n--;
	xfree(old); /* name may be this very string */
	return true;
}

void
names_done(struct names *set)
{
	for (size_t i = 0; i < set->n; i++)
		xfree(set->v[i]);
	xfree(set->v);
	xfree(set->slots);
	*set = (struct names){ 0 };
}
