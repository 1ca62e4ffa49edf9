/* SPDX-License-Identifier: Apache-2.0 */
/* What profiles say of keeping passwords, and sign-ins that waited for it. */
#include "awsfed/config.h"
#include "awsfed/xalloc.h"

#include "manager-int.h"

const struct profile *
manager_profile_of(const struct manager *m, const struct identity *id)
{
	for (size_t i = 0; i < m->nmembers; i++)
		if (m->members[i].identity == id && !m->members[i].orphan)
			return session_profile(m->members[i].session);
	return NULL;
}

/* A new snapshot: each identity hears it from a profile of its. */
void
manager_use_keyrings(struct manager *m)
{
	for (size_t i = 0; i < m->nidentities; i++) {
		const struct profile *p =
		    manager_profile_of(m, m->identities[i]);

		if (p != NULL)
			identity_use(m->identities[i], p);
	}
}

/* The kept ones that gave up because of it are wanted again. */
void
manager_opened(struct identity *id, void *arg)
{
	struct manager *m = arg;

	for (size_t i = 0; i < m->nmembers; i++) {
		struct session *s = m->members[i].session;

		if (m->members[i].identity == id && !m->members[i].orphan &&
		    session_state(s) == SESSION_NEEDS_LOGIN &&
		    session_fault(s)->reason == REASON_KEYRING &&
		    session_renews(s))
			session_event(s, SESSION_WANTED, NULL);
	}
}
