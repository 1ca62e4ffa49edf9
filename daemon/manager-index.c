/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked up for each profile of a configuration, gathered once: the
 * user of each AD FS address, and the profiles below each profile.
 */
#include "awsfed/config.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "manager-int.h"

struct base {
	const char *user; /* NULL: none is named */
	bool several;
};

struct below {
	size_t first, last; /* places in config's profiles, plus one */
};

struct manager_index {
	struct names bases; /* each with a struct base */
	struct base *base;
	struct names sources; /* each with a struct below */
	struct below *below;
	size_t *next; /* of each profile: the next with its source, plus one */
};

static void
add_user(struct manager_index *x, const struct profile *p)
{
	struct base *b;

	(void)names_add(&x->bases, p->identity_base);
	b = &x->base[names_find(&x->bases, p->identity_base)];
	if (b->user != NULL && !str_caseeq(b->user, p->adfs_user))
		b->several = true;
	b->user = p->adfs_user;
}

static void
add_below(struct manager_index *x, const struct profile *p, size_t at)
{
	struct below *b;

	(void)names_add(&x->sources, p->source_profile);
	b = &x->below[names_find(&x->sources, p->source_profile)];
	if (b->first == 0)
		b->first = at + 1;
	else
		x->next[b->last - 1] = at + 1;
	b->last = at + 1;
}

static struct manager_index *
index_of(struct manager *m)
{
	const struct config *c = m->config;
	struct manager_index *x;

	if (m->index != NULL)
		return m->index;
	x = m->index = xcalloc(1, sizeof(*x));
	x->base = xcalloc(c->nprofiles, sizeof(*x->base));
	x->below = xcalloc(c->nprofiles, sizeof(*x->below));
	x->next = xcalloc(c->nprofiles, sizeof(*x->next));
	for (size_t i = 0; i < c->nprofiles; i++) {
		const struct profile *p = c->profiles[i];

		if (p->kind == PROFILE_ADFS && p->identity_base != NULL &&
		    p->adfs_user != NULL)
			add_user(x, p);
		if (p->kind == PROFILE_CHAINED && p->source_profile != NULL)
			add_below(x, p, i);
	}
	return x;
}

void
manager_index_drop(struct manager *m)
{
	struct manager_index *x = m->index;

	m->index = NULL;
	if (x == NULL)
		return;
	names_done(&x->bases);
	names_done(&x->sources);
	xfree(x->base);
	xfree(x->below);
	xfree(x->next);
	xfree(x);
}

static const struct base *
base_of(struct manager *m, const char *base)
{
	struct manager_index *x = m->config == NULL ? NULL : index_of(m);
	ssize_t at = x == NULL ? -1 : names_find(&x->bases, base);

	return at < 0 ? NULL : &x->base[at];
}

const char *
manager_only_user(struct manager *m, const char *base)
{
	const struct base *b = base_of(m, base);

	return b == NULL || b->several ? NULL : b->user;
}

bool
manager_several_users(struct manager *m, const char *base)
{
	const struct base *b = base_of(m, base);

	return b != NULL && b->several;
}

const struct profile *
manager_first_below(struct manager *m, const char *source, size_t *ret_at)
{
	struct manager_index *x = index_of(m);
	ssize_t at = names_find(&x->sources, source);

	*ret_at = at < 0 ? 0 : x->below[at].first;
	return *ret_at == 0 ? NULL : m->config->profiles[*ret_at - 1];
}

const struct profile *
manager_next_below(struct manager *m, size_t *at)
{
	*at = index_of(m)->next[*at - 1];
	return *at == 0 ? NULL : m->config->profiles[*at - 1];
}
