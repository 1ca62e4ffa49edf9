/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "awsfed/fault.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/random.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "files.h"

#define LEDGER_SIZE_MAX (256 * 1024)
#define ENTRIES_MAX 256	  /* in all */
#define STORED_SPACING 60 /* seconds */
#define STORED_PER_HOUR 3
#define BAD_MAX 8 /* refused passwords remembered behind a sign-in */

struct entry {
	char *identity;
	char tag[5]; /* "": not known */
	int64_t at;  /* seconds since 1970 */
	bool person;
	bool factor; /* a second factor was met behind it */
	bool own;    /* of this life of this agent: nobody knows better */
	enum ledger_outcome outcome;
	uint64_t number; /* in this life of the agent */
};

struct asking {
	struct asking *next;
	struct ledger *ledger;
	uint64_t number; /* of its entry */
	ledger_done_fn *done;
	unsigned serial;
	void *arg;
};

struct ledger {
	char *path;
	struct files *files;
	const struct clk *clk;
	char salt[33];
	bool broken;	       /* could not be read: trust no stored password */
	struct entry *entries; /* oldest first */
	size_t n;
	uint64_t numbers;      /* given out */
	struct stat seen;      /* of the file when it was read last */
	struct asking *asking; /* on their way to the disk */
};

static const char *const outcomes[] = {
	[LEDGER_PENDING] = "pending",
	[LEDGER_ACCEPTED] = "accepted",
	[LEDGER_REJECTED] = "rejected",
	[LEDGER_UNKNOWN] = "unknown",
};

/* "CORP\\jane @ host" however it is spelled: it is one account. */
static bool
same(const char *a, const char *b)
{
	return str_caseeq(a, b);
}

static bool
is_hex(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static void
new_salt(struct ledger *l)
{
	unsigned char r[16];

	random_bytes(r, sizeof(r));
	str_hex(r, sizeof(r), l->salt);
}

static void
drop(struct ledger *l, size_t i)
{
	xfree(l->entries[i].identity);
	memmove(&l->entries[i], &l->entries[i + 1],
	    (l->n - i - 1) * sizeof(*l->entries));
	l->n--;
}

/* Its password did not work, as far as is known. */
static bool
is_bad(const struct entry *e)
{
	return e->outcome == LEDGER_REJECTED || e->outcome == LEDGER_UNKNOWN;
}

/* Of the password with this tag?  What has none may have been any. */
static bool
is_of(const struct entry *e, const char *tag)
{
	return str_eq(e->tag, tag) ||
	    (*e->tag == '\0' && e->outcome != LEDGER_ACCEPTED);
}

/* A person got in: by the same password, or does it say nothing bad? */
static bool
settles(const struct entry *in, const struct entry *e)
{
	return in->person && in->outcome == LEDGER_ACCEPTED &&
	    (!is_bad(e) || (*e->tag != '\0' && str_eq(in->tag, e->tag)));
}

/*
 * Does a later entry say all that this one does?  A person who got in settles
 * what came before; the same refusal again, or a later success, repeats it.
 */
static bool
superseded(const struct ledger *l, size_t i)
{
	const struct entry *e = &l->entries[i];

	if (e->outcome == LEDGER_PENDING)
		return false;
	for (size_t k = i + 1; k < l->n; k++) {
		const struct entry *f = &l->entries[k];

		if (!same(f->identity, e->identity))
			continue;
		if (settles(f, e))
			return true;
		if (f->outcome == e->outcome && f->person == e->person &&
		    (!is_bad(e) || str_eq(f->tag, e->tag)))
			return true;
	}
	return false;
}

/*
 * Room for one more.  What forbids a password is not forgotten: when nothing
 * else is left to drop, no stored password at all is trusted from then on.
 */
static void
make_room(struct ledger *l)
{
	size_t victim = l->n;

	for (size_t i = 0; i < l->n && victim == l->n; i++)
		if (superseded(l, i))
			victim = i;
	for (size_t i = 0; i < l->n && victim == l->n; i++)
		if (l->entries[i].outcome == LEDGER_ACCEPTED &&
		    !l->entries[i].factor)
			victim = i;
	for (size_t i = 0; i < l->n && victim == l->n; i++) {
		if (l->entries[i].outcome != LEDGER_PENDING) {
			victim = i;
			l->broken = true;
		}
	}
	drop(l, victim == l->n ? 0 : victim);
}

static struct entry *
append(struct ledger *l, const char *identity)
{
	struct entry *e;

	while (l->n >= ENTRIES_MAX)
		make_room(l);
	l->entries = xreallocarray(l->entries, l->n + 1, sizeof(*l->entries));
	e = &l->entries[l->n++];
	*e = (struct entry){
		.identity = xstrdup(identity),
		.number = ++l->numbers,
	};
	return e;
}

static int
load_entry(struct ledger *l, const json_t *j)
{
	const char *identity, *tag = NULL, *outcome;
	struct entry *e;
	int64_t at;
	bool person, factor;
	int o;

	if (json_str(j, "identity", 512, &identity) < 0 ||
	    json_str_opt(j, "tag", 4, &tag) < 0 ||
	    (tag != NULL && !is_hex(tag, 4)) ||
	    json_int_opt(j, "at", 0, INT64_MAX, 0, &at) < 0 ||
	    json_bool_opt(j, "person", false, &person) < 0 ||
	    json_bool_opt(j, "factor", false, &factor) < 0 ||
	    json_str(j, "outcome", 16, &outcome) < 0)
		return -EINVAL;
	for (o = 0; o < (int)ARRAY_SIZE(outcomes); o++)
		if (str_eq(outcomes[o], outcome))
			break;
	if (o == (int)ARRAY_SIZE(outcomes))
		return -EINVAL;
	e = append(l, identity);
	if (tag != NULL)
		memcpy(e->tag, tag, sizeof(e->tag));
	e->at = at;
	e->person = person;
	e->factor = factor;
	/* Nobody saw how it ended: it counts as spent. */
	e->outcome =
	    o == LEDGER_PENDING ? LEDGER_UNKNOWN : (enum ledger_outcome)o;
	return 0;
}

static int
load(struct ledger *l, const char *data, size_t len)
{
	_cleanup_json_ json_t *doc =
	    json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	const char *salt;
	json_t *list, *j;
	bool broken;
	size_t i;

	if (json_str(doc, "salt", 32, &salt) < 0 || !is_hex(salt, 32) ||
	    json_bool_opt(doc, "broken", false, &broken) < 0 ||
	    !json_is_array(list = json_object_get(doc, "attempts")))
		return -EINVAL;
	json_array_foreach (list, i, j)
		if (load_entry(l, j) < 0)
			return -EINVAL;
	memcpy(l->salt, salt, sizeof(l->salt));
	l->broken |= broken;
	return 0;
}

struct ledger *
ledger_new(const char *path, struct files *files, const struct clk *clk)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r;

	l->path = xstrdup(path);
	l->files = files;
	l->clk = clk;
	new_salt(l);
	r = path_read(path, LEDGER_SIZE_MAX, &data, &len);
	(void)stat(path, &l->seen);
	if (r == 0)
		r = load(l, data, len);
	if (r < 0 && r != -ENOENT) {
		l->broken = true;
		/* Another time it may be read, and nothing in it is to go. */
		l->seen = (struct stat){ 0 };
		log_warning("%s cannot be read (%s): stored passwords wait "
			    "until somebody signs in by hand",
		    path, strerror(-r));
	}
	return l;
}

/* ---- the other agents of a home ------------------------------------------------ */

/* A tag may have come meanwhile. */
static bool
same_tag(const struct entry *a, const struct entry *b)
{
	return *a->tag == '\0' || *b->tag == '\0' || str_eq(a->tag, b->tag);
}

static struct entry *
same_entry(struct ledger *l, const struct entry *e)
{
	for (size_t i = l->n; i-- > 0;) {
		struct entry *f = &l->entries[i];

		if (f->at == e->at && f->person == e->person &&
		    same_tag(f, e) && same(f->identity, e->identity))
			return f;
	}
	return NULL;
}

/* In the order of their times. */
static void
insert(struct ledger *l, const struct entry *e)
{
	struct entry *f = append(l, e->identity), moved;

	memcpy(f->tag, e->tag, sizeof(f->tag));
	f->at = e->at;
	f->person = e->person;
	f->factor = e->factor;
	f->outcome = e->outcome;
	for (; f > l->entries && f[-1].at > f->at; f--) {
		moved = f[-1];
		f[-1] = *f;
		*f = moved;
	}
}

/* Has a person signed in here, of which there nothing is known? */
static bool
is_ahead(const struct ledger *here, bool own, struct ledger *there)
{
	for (size_t i = 0; i < here->n; i++) {
		const struct entry *e = &here->entries[i], *f;

		if (!e->person || e->outcome != LEDGER_ACCEPTED ||
		    (own && !e->own))
			continue;
		f = same_entry(there, e);
		if (f == NULL || f->outcome != LEDGER_ACCEPTED)
			return true;
	}
	return false;
}

static void
merge(struct ledger *l, struct ledger *disk)
{
	if (!disk->broken && is_ahead(disk, false, l))
		l->broken = false;
	else if (disk->broken && !is_ahead(l, true, disk))
		l->broken = true;
	memcpy(l->salt, disk->salt, sizeof(l->salt));
	for (size_t i = l->n; i-- > 0;)
		if (!l->entries[i].own &&
		    same_entry(disk, &l->entries[i]) == NULL)
			drop(l, i);
	for (size_t i = 0; i < disk->n; i++) {
		const struct entry *e = &disk->entries[i];
		struct entry *f = same_entry(l, e);

		if (f == NULL) {
			insert(l, e);
		} else if (!f->own) {
			memcpy(f->tag, e->tag, sizeof(f->tag));
			f->outcome = e->outcome;
			f->factor = e->factor;
		}
	}
}

/*
 * An agent of another host may have written the file since: what it was refused
 * counts here, and what it recorded is not to be overwritten.  Before anything
 * is judged or changed; the file is replaced whole, so it is never half.
 */
static void
look_again(struct ledger *l)
{
	_cleanup_free_ char *data = NULL;
	struct ledger disk = { .clk = l->clk };
	struct stat st;
	size_t len;

	if (stat(l->path, &st) != 0 ||
	    (st.st_dev == l->seen.st_dev && st.st_ino == l->seen.st_ino &&
		st.st_size == l->seen.st_size &&
		st.st_mtim.tv_sec == l->seen.st_mtim.tv_sec &&
		st.st_mtim.tv_nsec == l->seen.st_mtim.tv_nsec) ||
	    path_read(l->path, LEDGER_SIZE_MAX, &data, &len) < 0)
		return;
	l->seen = st;
	if (load(&disk, data, len) == 0)
		merge(l, &disk);
	else
		log_warning("%s is not what an agent wrote; it is replaced by "
			    "what this one knows",
		    l->path);
	while (disk.n > 0)
		drop(&disk, disk.n - 1);
	xfree(disk.entries);
}

const char *
ledger_salt(const struct ledger *l)
{
	return l->salt;
}

static char *
to_text(const struct ledger *l)
{
	json_t *doc = json_object(), *list = json_array();
	char *text;

	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->entries[i];
		json_t *j = json_object();

		json_put_str(j, "identity", e->identity);
		if (*e->tag != '\0')
			json_put_str(j, "tag", e->tag);
		json_object_set_new(j, "at", json_integer(e->at));
		json_object_set_new(j, "person", json_boolean(e->person));
		if (e->factor)
			json_object_set_new(j, "factor", json_true());
		json_put_str(j, "outcome", outcomes[e->outcome]);
		json_array_append_new(list, j);
	}
	json_put_str(doc, "salt", l->salt);
	/* The next start could not tell: what it reads is whole. */
	if (l->broken)
		json_object_set_new(doc, "broken", json_true());
	json_object_set_new(doc, "attempts", list);
	text = json_dumps(doc, JSON_INDENT(1));
	json_decref(doc);
	return text;
}

/*
 * What speaks against a password that no person has just typed.  tag NULL asks
 * for any stored password at all, and looks back to the last sign-in of a
 * person; behind it only the same password counts.
 */
static int
judge_stored(const struct ledger *l, const char *identity, const char *tag,
    struct fault *fault)
{
	int64_t now = clk_real(l->clk) / USEC, last = -1;
	bool worked_since = false, settled = false;
	int in_hour = 0;

	if (l->broken)
		return fault_set(fault, FAULT_NEEDS_USER, REASON_LEDGER,
		    _("The record of password attempts cannot be read, so no "
		      "stored password is sent."));
	for (size_t i = l->n; i-- > 0;) {
		const struct entry *e = &l->entries[i];

		if (!same(e->identity, identity) || (settled && !is_of(e, tag)))
			continue;
		if (settled && e->outcome == LEDGER_ACCEPTED)
			break;
		if ((e->outcome == LEDGER_REJECTED || settled) &&
		    (tag == NULL ? !worked_since : is_of(e, tag)))
			return fault_set(fault, FAULT_NEEDS_USER, REASON_LEDGER,
			    _("This password was refused before; it is not "
			      "sent again without you."));
		if ((e->outcome == LEDGER_UNKNOWN ||
			e->outcome == LEDGER_PENDING) &&
		    !worked_since)
			return fault_set(fault, FAULT_NEEDS_USER, REASON_LEDGER,
			    _("The last password attempt ended in the dark and "
			      "counts as spent; no stored password is sent "
			      "without you."));
		/* Only a sign-in that worked says that all is well again. */
		if (e->person && e->outcome == LEDGER_ACCEPTED) {
			if (tag == NULL || str_eq(e->tag, tag))
				break;
			settled = true;
			continue;
		}
		if (e->person)
			continue;
		if (e->outcome == LEDGER_ACCEPTED)
			worked_since = true;
		/* A clock that went back must not open the gate: |distance|. */
		if (llabs(now - e->at) < 3600)
			in_hour++;
		if (last < 0)
			last = e->at;
	}
	if (last >= 0 && llabs(now - last) < STORED_SPACING) {
		fault_set(fault, FAULT_TEMPORARY, REASON_LEDGER,
		    _("A stored password is sent at most once a minute."));
		fault->retry_after = STORED_SPACING;
		return -1;
	}
	if (in_hour >= STORED_PER_HOUR) {
		fault_set(fault, FAULT_TEMPORARY, REASON_LEDGER,
		    _("A stored password is sent at most three times an "
		      "hour."));
		fault->retry_after = 1200;
		return -1;
	}
	return 0;
}

bool
ledger_stored_ok(const struct ledger *l, const char *identity)
{
	_cleanup_fault_ struct fault fault = { 0 };

	/* What others recorded is no change of ours. */
	look_again((struct ledger *)(uintptr_t)l);
	return judge_stored(l, identity, NULL, &fault) == 0;
}

int
ledger_fetch_ok(
    const struct ledger *l, const char *identity, struct fault *fault)
{
	/* No password has this tag. */
	return judge_stored(l, identity, "none", fault);
}

/* The newest undecided entry of the identity. */
static struct entry *
pending(struct ledger *l, const char *identity)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->entries[i].outcome == LEDGER_PENDING &&
		    same(l->entries[i].identity, identity))
			return &l->entries[i];
	return NULL;
}

/* It may have been dropped meanwhile. */
static struct entry *
numbered(struct ledger *l, uint64_t number)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].number == number)
			return &l->entries[i];
	return NULL;
}

static void
asking_free(struct asking *a)
{
	struct asking **p = &a->ledger->asking;

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
	xfree(a);
}

static void
written(const struct fault *fault, void *arg)
{
	struct asking *a = arg;
	_cleanup_fault_ struct fault f = { 0 };
	ledger_done_fn *done = a->done;
	unsigned serial = a->serial;
	void *done_arg = a->arg;

	if (fault_is(fault)) {
		struct entry *e = numbered(a->ledger, a->number);

		/* What cannot be recorded is not sent. */
		fault_set(&f, FAULT_INTERNAL, REASON_FILE,
		    _("The password was not sent, because the attempt could "
		      "not be recorded in %s: %s"),
		    a->ledger->path, fault->text);
		fault_next(&f, "%s", fault->next);
		if (e != NULL)
			drop(a->ledger, (size_t)(e - a->ledger->entries));
	}
	asking_free(a);
	done(&f, serial, done_arg);
}

int
ledger_ask(struct ledger *l, const char *identity, const char *tag,
    enum secret_source source, ledger_done_fn *done, unsigned serial, void *arg,
    struct fault *fault)
{
	struct asking *a;
	struct entry *e;
	char *text;
	bool factor;

	if (tag == NULL ? source != SOURCE_PERSON : !is_hex(tag, 4))
		return fault_set(fault, FAULT_INTERNAL, REASON_WORKER,
		    _("The worker sent a malformed password tag."));
	look_again(l);
	factor = ledger_factor(l, identity);
	if (source != SOURCE_PERSON &&
	    judge_stored(l, identity, tag, fault) < 0)
		return -1;
	e = append(l, identity);
	if (tag != NULL)
		memcpy(e->tag, tag, sizeof(e->tag));
	e->at = clk_real(l->clk) / USEC;
	e->person = source == SOURCE_PERSON;
	e->factor = factor;
	e->own = true;
	e->outcome = LEDGER_PENDING;
	a = xcalloc(1, sizeof(*a));
	a->ledger = l;
	a->number = e->number;
	a->done = done;
	a->serial = serial;
	a->arg = arg;
	a->next = l->asking;
	l->asking = a;
	text = to_text(l);
	l->files->ops->replace(
	    l->files, l->path, text, strlen(text), written, a);
	return 0;
}

static void
noted(const struct fault *fault, void *arg)
{
	(void)arg;
	if (fault_is(fault))
		log_warning("the outcome of a password attempt could not be "
			    "recorded: %s",
		    fault->text);
}

static void
save(struct ledger *l)
{
	char *text = to_text(l);

	l->files->ops->replace(
	    l->files, l->path, text, strlen(text), noted, NULL);
}

static struct entry *
newest(const struct ledger *l, const char *identity)
{
	for (size_t i = l->n; i-- > 0;)
		if (same(l->entries[i].identity, identity))
			return &l->entries[i];
	return NULL;
}

bool
ledger_factor(const struct ledger *l, const char *identity)
{
	const struct entry *e = newest(l, identity);

	return e != NULL && e->factor;
}

void
ledger_set_factor(struct ledger *l, const char *identity, bool met)
{
	struct entry *e;
	bool changed = false;

	look_again(l);
	e = newest(l, identity);
	if (met && e != NULL && !e->factor)
		changed = e->factor = true;
	for (size_t i = 0; !met && i < l->n; i++) {
		if (!l->entries[i].factor ||
		    !same(l->entries[i].identity, identity))
			continue;
		l->entries[i].factor = false;
		changed = true;
	}
	if (changed)
		save(l);
}

/*
 * Behind a person's sign-in only other passwords that were refused count: one
 * of them may still lie in a keyring that could not be reached.
 */
static void
drop_older(struct ledger *l, size_t last)
{
	unsigned bad = 0;

	for (size_t i = last; i-- > 0;) {
		const struct entry *e = &l->entries[i];

		if (e->outcome == LEDGER_PENDING ||
		    !same(e->identity, l->entries[last].identity) ||
		    (!settles(&l->entries[last], e) && bad++ < BAD_MAX))
			continue;
		drop(l, i);
		last--;
	}
}

void
ledger_tag(struct ledger *l, const char *identity, const char *tag)
{
	struct entry *e = pending(l, identity);

	if (e != NULL && *e->tag == '\0' && is_hex(tag, 4))
		memcpy(e->tag, tag, sizeof(e->tag));
}

void
ledger_outcome(
    struct ledger *l, const char *identity, enum ledger_outcome outcome)
{
	struct entry *e;

	look_again(l);
	e = pending(l, identity);
	if (e == NULL)
		return;
	e->outcome = outcome;
	if (outcome == LEDGER_ACCEPTED && e->person) {
		l->broken = false;
		drop_older(l, (size_t)(e - l->entries));
	}
	save(l);
}

void
ledger_unsent(struct ledger *l, const char *identity)
{
	struct entry *e;

	look_again(l);
	e = pending(l, identity);
	if (e == NULL)
		return;
	drop(l, (size_t)(e - l->entries));
	save(l);
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	while (l->asking != NULL)
		asking_free(l->asking);
	while (l->n > 0)
		drop(l, l->n - 1);
	xfree(l->entries);
	xfree(l->path);
	xfree(l);
}
