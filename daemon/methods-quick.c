/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that are held, for who asks in the plain form that programs
 * write: most calls of an agent's life.  Its answer is written as text, byte for
 * byte what do_credentials() would give; whatever else it may come to (a
 * refresh, an approval, an error) is left to that.
 */
#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/config.h"
#include "awsfed/creds.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"

#include "loop.h"
#include "manager.h"
#include "methods-int.h"
#include "session.h"

#define ANSWER_ROOM 2048 /* most answers fit, and the buffer never grows */

/* What it asks for; false: not what this file answers. */
static bool
asked(const struct wire_flat *f, char profile[METHODS_NAME_MAX + 1],
    int64_t *ret_min)
{
	const struct wire_word *name = NULL;

	*ret_min = -1;
	for (size_t i = 0; i < f->n; i++) {
		const struct wire_param *p = &f->param[i];

		if (wire_word_is(&p->key, "profile") && p->type == JSON_STRING)
			name = &p->string;
		else if (wire_word_is(&p->key, "minValid") &&
		    p->type == JSON_INTEGER &&
		    p->number <= METHODS_MIN_VALID_MAX)
			*ret_min = p->number;
		else if (wire_word_is(&p->key, "purpose") &&
		    p->type == JSON_STRING &&
		    p->string.len <= METHODS_PURPOSE_MAX)
			continue; /* for who protects the profile */
		else if (wire_word_is(&p->key, "attended") &&
		    (p->type == JSON_TRUE || p->type == JSON_FALSE))
			continue;
		else
			return false;
	}
	if (name == NULL || name->len > METHODS_NAME_MAX)
		return false;
	memcpy(profile, name->at, name->len);
	profile[name->len] = '\0';
	return true;
}

static int
put_member(struct buf *out, const char *head, const char *value)
{
	int r;

	if (str_empty(value))
		return 0;
	r = buf_adds(out, head);
	return r < 0 ? r : wire_put_text(out, value, strlen(value));
}

static int
put_answer(struct buf *out, const struct session *s, const struct creds *c)
{
	int r;

	if ((r = buf_reserve(out, ANSWER_ROOM)) < 0 ||
	    (r = buf_adds(out, "{\"parameters\":")) < 0 ||
	    (r = creds_put(c, out)) < 0 ||
	    (r = put_member(out, ",\"profile\":", session_name(s))) < 0 ||
	    (r = put_member(out, ",\"region\":", session_profile(s)->region)) <
		0)
		return r;
	return buf_add(out, "}}", sizeof("}}")); /* with its NUL */
}

bool
methods_quick(struct methods *ms, const char *text, size_t len, struct buf *ret)
{
	char profile[METHODS_NAME_MAX + 1];
	struct wire_flat f;
	struct session *s;
	int64_t min;

	if (!wire_flat(text, len, &f) ||
	    !wire_word_is(&f.method, M_CREDENTIALS) ||
	    !asked(&f, profile, &min) ||
	    (s = manager_session(ms->manager, profile)) == NULL ||
	    session_profile(s)->protected || manager_locked(ms->manager) ||
	    !methods_keys_do(ms, s, min) ||
	    put_answer(ret, s, session_creds(s)) < 0) {
		buf_reset(ret);
		return false;
	}
	loop_note(manager_env(ms->manager)->loop, M_CREDENTIALS);
	return true;
}
