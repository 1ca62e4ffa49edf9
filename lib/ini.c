/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/ini.h"

#include <errno.h>
#include <string.h>

#include "awsfed/buf.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"
#include "ini-impl.h"

/* ---- tables ------------------------------------------------------------ */

/* FNV-1a over one name, or two with a NUL between. */
uint64_t
ini_hash(const char *a, const char *b)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *a != '\0'; a++)
		h = (h ^ (unsigned char)*a) * 1099511628211ULL;
	if (b != NULL) {
		h *= 1099511628211ULL;
		for (; *b != '\0'; b++)
			h = (h ^ (unsigned char)*b) * 1099511628211ULL;
	}
	return h ^ (h >> 32);
}

static void
map_grow(struct ini_map *m)
{
	size_t n = m->nslots == 0 ? 64 : m->nslots * 2;
	struct ini_node **slots = xcalloc(n, sizeof(*slots));

	for (size_t i = 0; i < m->nslots; i++) {
		struct ini_node *rev = NULL, *node = m->slots[i], *next;

		/* Newest first must stay so: turn round, then push. */
		for (; node != NULL; node = next) {
			next = node->next;
			node->next = rev;
			rev = node;
		}
		for (; rev != NULL; rev = next) {
			next = rev->next;
			rev->next = slots[rev->hash & (n - 1)];
			slots[rev->hash & (n - 1)] = rev;
		}
	}
	xfree(m->slots);
	m->slots = slots;
	m->nslots = n;
}

void
ini_map_add(struct ini_map *m, struct ini_node *node, uint64_t hash)
{
	if (m->n >= m->nslots)
		map_grow(m);
	node->hash = hash;
	node->next = m->slots[hash & (m->nslots - 1)];
	m->slots[hash & (m->nslots - 1)] = node;
	m->n++;
}

void
ini_map_remove(struct ini_map *m, struct ini_node *node)
{
	struct ini_node **p = &m->slots[node->hash & (m->nslots - 1)];

	while (*p != node)
		p = &(*p)->next;
	*p = node->next;
	m->n--;
}

struct ini_node *
ini_map_first(const struct ini_map *m, uint64_t hash)
{
	return m->nslots == 0 ? NULL : m->slots[hash & (m->nslots - 1)];
}

#define BY_NAME(node) \
	((struct ini_sect *)(void *)((char *)(node)-offsetof( \
	    struct ini_sect, by_name)))

static struct ini_sect *
next_by_name(struct ini_node *node, uint64_t hash, const char *name)
{
	for (; node != NULL; node = node->next)
		if (node->hash == hash && str_eq(BY_NAME(node)->name, name))
			return BY_NAME(node);
	return NULL;
}

struct ini_sect *
ini_find_raw(const struct ini *ini, const char *raw)
{
	uint64_t hash = ini_hash(raw, NULL);
	struct ini_node *n = ini_map_first(&ini->raws, hash);

	for (; n != NULL; n = n->next) {
		struct ini_sect *s = (struct ini_sect *)n;

		if (n->hash == hash && str_eq(s->raw, raw))
			return s;
	}
	return NULL;
}

struct ini_key *
ini_find_key(const struct ini *ini, const char *raw, const char *name)
{
	uint64_t hash = ini_hash(raw, name);
	struct ini_node *n = ini_map_first(&ini->keys, hash);

	for (; n != NULL; n = n->next) {
		struct ini_key *k = (struct ini_key *)n;

		if (n->hash == hash && str_eq(k->name, name) &&
		    str_eq(k->sect->raw, raw))
			return k;
	}
	return NULL;
}

/* The section a caller means: "[p]" if there is one, else "[ p ]". */
static struct ini_sect *
find_section(const struct ini *ini, const char *name)
{
	struct ini_sect *s = ini_find_raw(ini, name);
	uint64_t hash;

	if (s != NULL)
		return s;
	hash = ini_hash(name, NULL);
	return next_by_name(ini_map_first(&ini->names, hash), hash, name);
}

struct ini_sect *
ini_find_section(const struct ini *ini, const char *name)
{
	return find_section(ini, name);
}

struct ini_sect *
ini_new_section(
    struct ini *ini, const char *raw, size_t len, struct ini_line *header)
{
	struct ini_sect *s = xcalloc(1, sizeof(*s));

	s->raw = ini_fold(raw, len, false);
	ini_strip(&raw, &len);
	s->name = ini_fold(raw, len, false);
	s->header = s->last = header;
	if (ini->nsects == ini->cap) {
		ini->cap = ini->cap == 0 ? 16 : ini->cap * 2;
		ini->sects =
		    xreallocarray(ini->sects, ini->cap, sizeof(*ini->sects));
	}
	if (ini->nsects > 0) {
		s->prev = ini->sects[ini->nsects - 1];
		s->prev->next = s;
	}
	ini->sects[ini->nsects++] = s;
	ini_map_add(&ini->raws, &s->by_raw, ini_hash(s->raw, NULL));
	ini_map_add(&ini->names, &s->by_name, ini_hash(s->name, NULL));
	return s;
}

static uint64_t *
seen_word(const struct ini *ini, const char *name, uint64_t *ret_bit)
{
	uint64_t hash = ini_hash(name, NULL);

	*ret_bit = 1ULL << (hash & 63);
	return (uint64_t *)(uintptr_t)&ini->seen[hash >> 6 & (INI_SEEN - 1)];
}

/*
 * Is there a key of that name in no section?  A profile is asked for many more
 * keys than people set.  Where several names meet in a bit it is not sure, and
 * says no.
 */
static bool
unheard(const struct ini *ini, const char *name)
{
	uint64_t bit, word = *seen_word(ini, name, &bit);

	return (word & bit) == 0;
}

struct ini_key *
ini_new_key(struct ini *ini, struct ini_sect *sect, const char *name,
    size_t len, struct ini_line *line)
{
	struct ini_key *k = xcalloc(1, sizeof(*k));
	uint64_t bit, *word;

	k->name = ini_fold(name, len, true);
	k->sect = sect;
	k->line = line;
	if (sect->nkeys == sect->cap) {
		sect->cap = sect->cap == 0 ? 8 : sect->cap * 2;
		sect->keys =
		    xreallocarray(sect->keys, sect->cap, sizeof(*sect->keys));
	}
	sect->keys[sect->nkeys++] = k;
	word = seen_word(ini, k->name, &bit);
	*word |= bit;
	ini_map_add(&ini->keys, &k->node, ini_hash(sect->raw, k->name));
	return k;
}

/* ---- the document -------------------------------------------------------- */

struct ini *
ini_parse(const char *data, size_t len)
{
	struct ini *ini = xcalloc(1, sizeof(*ini));

	ini_read(ini, data, len);
	return ini;
}

static void
key_free(struct ini_key *k)
{
	xfree(k->name);
	xfree(k->value);
	xfree(k);
}

static void
section_free(struct ini_sect *s)
{
	for (size_t i = 0; i < s->nkeys; i++)
		key_free(s->keys[i]);
	xfree(s->keys);
	xfree(s->raw);
	xfree(s->name);
	xfree(s);
}

struct ini *
ini_free(struct ini *ini)
{
	struct ini_line *next;

	if (ini == NULL)
		return NULL;
	for (struct ini_line *l = ini->first; l != NULL; l = next) {
		next = l->next;
		xfree(l->owned);
		xfree(l);
	}
	for (size_t i = 0; i < ini->nsects; i++)
		section_free(ini->sects[i]);
	xfree(ini->sects);
	xfree(ini->raws.slots);
	xfree(ini->names.slots);
	xfree(ini->keys.slots);
	xfree(ini->problem);
	xfree(ini->base);
	xfree(ini);
	return NULL;
}

void
ini_freep(struct ini **ini)
{
	*ini = ini_free(*ini);
}

char *
ini_print(const struct ini *ini, size_t *ret_len)
{
	size_t len = 0;
	char *out, *o;

	for (const struct ini_line *l = ini->first; l != NULL; l = l->next)
		len += l->len + strlen(l->eol);
	o = out = xmalloc(len + 1);
	for (const struct ini_line *l = ini->first; l != NULL; l = l->next) {
		o = mempcpy(o, l->text, l->len);
		o = mempcpy(o, l->eol, strlen(l->eol));
	}
	*o = '\0';
	if (ret_len != NULL)
		*ret_len = len;
	return out;
}

bool
ini_problem(const struct ini *ini, size_t *ret_line, char **ret_why)
{
	const struct ini *now = ini;
	struct ini *fresh = NULL;
	bool found;

	if (ini->edited) {
		_cleanup_free_ char *text = NULL;
		size_t len;

		text = ini_print(ini, &len);
		now = fresh = ini_parse(text, len);
	}
	found = now->problem_line != 0;
	if (found && ret_line != NULL)
		*ret_line = now->problem_line;
	if (found && ret_why != NULL)
		*ret_why = xstrdup(now->problem);
	ini_free(fresh);
	return found;
}

size_t
ini_nsections(const struct ini *ini)
{
	return ini->nsects;
}

const char *
ini_section(const struct ini *ini, size_t i)
{
	return i < ini->nsects ? ini->sects[i]->name : NULL;
}

size_t
ini_nkeys(const struct ini *ini, size_t i)
{
	return i < ini->nsects ? ini->sects[i]->nkeys : 0;
}

const char *
ini_key(const struct ini *ini, size_t i, size_t k)
{
	return k < ini_nkeys(ini, i) ? ini->sects[i]->keys[k]->name : NULL;
}

/* First line, then "\n" and each line that continues it; blanks count. */
static const char *
key_value(struct ini_key *k)
{
	_cleanup_buf_ struct buf b = BUF_INIT(2 * (size_t)INI_MAX);
	const struct ini_line *l = k->line;
	size_t len;
	char *all;

	if (k->value != NULL)
		return k->value;
	if (buf_add(&b, l->text + k->vstart, k->vlen) < 0)
		return "";
	for (l = l->next; l != NULL; l = l->next) {
		const char *s = l->text;

		if (l->kind == LINE_COMMENT)
			continue;
		if (l->kind != LINE_BLANK && l->kind != LINE_MORE)
			break;
		len = l->len;
		ini_strip(&s, &len);
		if (buf_add(&b, "\n", 1) < 0 || buf_add(&b, s, len) < 0)
			break;
	}
	while (b.len > 0 && b.data[b.len - 1] == '\n')
		b.len--;
	len = b.len;
	all = buf_take(&b);
	k->value = ini_fold(all, len, false);
	xfree(all);
	return k->value;
}

const char *
ini_value(const struct ini *ini, size_t i, size_t k)
{
	return k < ini_nkeys(ini, i) ? key_value(ini->sects[i]->keys[k]) : NULL;
}

size_t
ini_line(const struct ini *ini, size_t i, size_t k)
{
	const struct ini_line *l = k < ini_nkeys(ini, i) ?
	    ini->sects[i]->keys[k]->line :
	    ini->sects[i]->header;
	size_t n = 0;

	for (; l != NULL; l = l->prev)
		n++;
	return n;
}

size_t
ini_count(const struct ini *ini, const char *section)
{
	uint64_t hash = ini_hash(section, NULL);
	struct ini_sect *s =
	    next_by_name(ini_map_first(&ini->names, hash), hash, section);
	size_t n = 0;

	for (; s != NULL; s = next_by_name(s->by_name.next, hash, section))
		n++;
	return n;
}

bool
ini_has_section(const struct ini *ini, const char *section)
{
	return find_section(ini, section) != NULL;
}

/* Most names are as ini_fold() would have them; then no copy is made. */
static const char *
folded_name(const char *key, char **ret_copy)
{
	for (const char *c = key; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80 || (*c >= 'A' && *c <= 'Z'))
			return *ret_copy = ini_fold(key, strlen(key), true);
	return key;
}

const char *
ini_get(const struct ini *ini, const char *section, const char *key)
{
	_cleanup_free_ char *folded = NULL;
	const char *name = folded_name(key, &folded);
	struct ini_sect *s;
	struct ini_key *k;

	if (unheard(ini, name) || (s = find_section(ini, section)) == NULL)
		return NULL;
	k = ini_find_key(ini, s->raw, name);
	if (k == NULL)
		k = ini_find_key(ini, INI_DEFAULT, name);
	return k == NULL ? NULL : key_value(k);
}

const char *
ini_own(const struct ini *ini, const char *section, const char *key)
{
	_cleanup_free_ char *name = ini_fold(key, strlen(key), true);
	struct ini_sect *s = find_section(ini, section);
	struct ini_key *k = s == NULL ? NULL : ini_find_key(ini, s->raw, name);

	return k == NULL ? NULL : key_value(k);
}

bool
ini_exact(const struct ini *ini, const char *section)
{
	return ini_find_raw(ini, section) != NULL;
}

/* ---- edits --------------------------------------------------------------- */

/* Could it be written and read back: valid, nothing trimmed away? */
static bool
writable(const char *s)
{
	const char *t = s;
	size_t len = strlen(s);

	if (str_has_control(s) || !ini_utf8(s, len))
		return false;
	ini_strip(&t, &len);
	return len == strlen(s);
}

static bool
section_ok(const char *name)
{
	return !str_empty(name) && writable(name) && strchr(name, ']') == NULL;
}

static bool
key_ok(const char *key)
{
	return !str_empty(key) && writable(key) && strpbrk(key, "=:") == NULL &&
	    strchr("#;[", *key) == NULL;
}

/* The line end for a line that is to stand after l. */
static const char *
eol_after(const struct ini *ini, const struct ini_line *l)
{
	if (l != NULL && *l->eol != '\0')
		return l->eol;
	return ini->first != NULL && *ini->first->eol != '\0' ?
	    ini->first->eol :
	    "\n";
}

/* Takes text.  A missing final line end stays missing. */
static struct ini_line *
insert_after(
    struct ini *ini, struct ini_line *at, char *text, enum line_kind kind)
{
	struct ini_line *l = xcalloc(1, sizeof(*l));

	l->text = l->owned = text;
	l->len = strlen(text);
	l->kind = kind;
	l->eol = eol_after(ini, at);
	if (at != NULL && *at->eol == '\0') {
		at->eol = l->eol;
		l->eol = "";
	}
	l->prev = at;
	l->next = at == NULL ? ini->first : at->next;
	if (l->next != NULL)
		l->next->prev = l;
	else
		ini->last = l;
	if (at != NULL)
		at->next = l;
	else
		ini->first = l;
	ini->edited = true;
	return l;
}

struct ini_line *
ini_insert_more(struct ini *ini, struct ini_key *k, struct ini_line *at,
    char *text, size_t indent)
{
	struct ini_line *l = insert_after(ini, at, text, LINE_MORE);

	l->indent = indent;
	if (k->sect->last == at)
		k->sect->last = l;
	xfree(STEAL(k->value));
	return l;
}

void
ini_replace_more(
    struct ini *ini, struct ini_key *k, struct ini_line *l, char *text)
{
	xfree(l->owned);
	l->text = l->owned = text;
	l->len = strlen(text);
	xfree(STEAL(k->value));
	ini->edited = true;
}

static void
remove_line(struct ini *ini, struct ini_line *l)
{
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		ini->first = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	else
		ini->last = l->prev;
	/* The file ended without a line end: it does so still. */
	if (l->next == NULL && l->prev != NULL && *l->eol == '\0')
		l->prev->eol = "";
	xfree(l->owned);
	xfree(l);
	ini->edited = true;
}

static bool
is_filler(const struct ini_line *l)
{
	return l->kind == LINE_BLANK || l->kind == LINE_COMMENT;
}

/* Removes the lines that continue k; blanks and comments among them stay. */
static void
remove_more(struct ini *ini, struct ini_key *k)
{
	struct ini_line *next;

	for (struct ini_line *l = k->line->next; l != NULL; l = next) {
		next = l->next;
		if (l->kind == LINE_MORE) {
			if (k->sect->last == l)
				k->sect->last = k->line;
			remove_line(ini, l);
		} else if (!is_filler(l)) {
			break;
		}
	}
}

static void
replace_value(struct ini *ini, struct ini_key *k, const char *value)
{
	struct ini_line *l = k->line;
	const char *tail = l->text + k->vstart + k->vlen;
	size_t tlen = l->len - k->vstart - k->vlen;
	_cleanup_buf_ struct buf b = BUF_INIT(4 * (size_t)INI_MAX);
	size_t head = k->vstart;
	bool gap = k->vlen == 0 &&
	    ((k->sep > 0 && l->text[k->sep - 1] == ' ') || tlen > 0);

	if (k->vlen == 0 || *value == '\0')
		head = k->sep + 1;
	if (k->vlen == 0)
		tlen = 0;
	remove_more(ini, k);
	if (buf_add(&b, l->text, head) < 0 ||
	    (gap && *value != '\0' && buf_add(&b, " ", 1) < 0))
		return;
	k->vstart = b.len;
	k->vlen = strlen(value);
	if (buf_adds(&b, value) < 0 || buf_add(&b, tail, tlen) < 0)
		return;
	l->len = b.len;
	xfree(l->owned);
	l->text = l->owned = buf_take(&b);
	xfree(STEAL(k->value));
	ini->edited = true;
}

static void
add_key(struct ini *ini, struct ini_sect *s, const char *key, const char *value)
{
	/*
	 * A header below that is indented would become a continuation of a
	 * key at the margin; as far in as it, the key is safe.
	 */
	size_t in = s->next == NULL ? 0 : s->next->header->indent;
	struct ini_key *k;

	s->last = insert_after(ini, s->last,
	    xasprintf("%*s%s =%s%s", (int)in, "", key,
		*value == '\0' ? "" : " ", value),
	    LINE_OPTION);
	s->last->indent = in;
	k = ini_new_key(ini, s, key, strlen(key), s->last);
	k->sep = in + strlen(key) + 1;
	k->vlen = strlen(value);
	k->vstart = s->last->len - k->vlen;
}

static struct ini_sect *
add_section(struct ini *ini, const char *name)
{
	struct ini_line *l = ini->last;

	if (l != NULL && l->kind != LINE_BLANK)
		l = insert_after(ini, l, xstrdup(""), LINE_BLANK);
	l = insert_after(ini, l, xasprintf("[%s]", name), LINE_HEADER);
	return ini_new_section(ini, name, strlen(name), l);
}

int
ini_set(
    struct ini *ini, const char *section, const char *key, const char *value)
{
	_cleanup_free_ char *name = NULL;
	struct ini_sect *s;
	struct ini_key *k;

	if (!section_ok(section) || !key_ok(key) || value == NULL ||
	    !writable(value) || strlen(value) > INI_MAX)
		return -EINVAL;
	if ((s = find_section(ini, section)) == NULL)
		s = add_section(ini, section);
	name = ini_fold(key, strlen(key), true);
	k = ini_find_key(ini, s->raw, name);
	if (k == NULL)
		add_key(ini, s, key, value);
	else if (!str_eq(key_value(k), value))
		replace_value(ini, k, value);
	return 0;
}

int
ini_add_more(
    struct ini *ini, const char *section, const char *key, const char *line)
{
	_cleanup_free_ char *name = ini_fold(key, strlen(key), true);
	struct ini_sect *s = find_section(ini, section);
	struct ini_key *k = s == NULL ? NULL : ini_find_key(ini, s->raw, name);
	struct ini_line *at, *l;

	if (k == NULL || str_empty(line) || !writable(line) ||
	    strchr("#;[", *line) != NULL)
		return -EINVAL;
	at = k->line;
	for (l = at->next; l != NULL; l = l->next) {
		if (l->kind == LINE_MORE)
			at = l;
		else if (!is_filler(l))
			break;
	}
	l = insert_after(ini, at,
	    xasprintf("%*s%s", (int)k->line->indent + 2, "", line), LINE_MORE);
	l->indent = k->line->indent + 2;
	if (s->last == at)
		s->last = l;
	xfree(STEAL(k->value));
	return 0;
}

static void
remove_key(struct ini *ini, struct ini_key *k)
{
	struct ini_sect *s = k->sect;
	size_t i = 0;

	remove_more(ini, k);
	if (s->last == k->line) {
		do
			s->last = s->last->prev;
		while (is_filler(s->last));
	}
	remove_line(ini, k->line);
	while (s->keys[i] != k)
		i++;
	s->nkeys--;
	memmove(
	    s->keys + i, s->keys + i + 1, (s->nkeys - i) * sizeof(*s->keys));
	ini_map_remove(&ini->keys, &k->node);
	key_free(k);
}

int
ini_unset(struct ini *ini, const char *section, const char *key)
{
	_cleanup_free_ char *name = NULL;
	struct ini_sect *s;
	struct ini_key *k;

	if (!section_ok(section) || !key_ok(key))
		return -EINVAL;
	if ((s = find_section(ini, section)) == NULL)
		return 0;
	name = ini_fold(key, strlen(key), true);
	while ((k = ini_find_key(ini, s->raw, name)) != NULL)
		remove_key(ini, k);
	return 0;
}

int
ini_add_section(struct ini *ini, const char *section)
{
	if (!section_ok(section))
		return -EINVAL;
	if (find_section(ini, section) == NULL)
		add_section(ini, section);
	return 0;
}

/*
 * Would the header after s become a continuation of the key before s?  Only
 * an indented header can.
 */
static bool
holds_back(const struct ini_sect *s)
{
	const struct ini_line *l = s->header->prev;

	if (s->next == NULL || s->prev == NULL || s->prev->nkeys == 0)
		return false;
	while (is_filler(l) || l->kind == LINE_MORE)
		l = l->prev;
	return l->kind == LINE_OPTION && s->next->header->indent > l->indent;
}

static void
remove_section(struct ini *ini, struct ini_sect *s)
{
	struct ini_line *l, *next, *end;
	size_t i = 0;

	end = s->last->next;
	while (s->nkeys > 0)
		remove_key(ini, s->keys[s->nkeys - 1]);
	for (l = s->header->next; l != end; l = next) {
		next = l->next;
		remove_line(ini, l);
	}
	s->last = s->header;
	if (holds_back(s))
		return;
	l = s->header;
	if (l->prev != NULL && l->prev->kind == LINE_BLANK)
		remove_line(ini, l->prev);
	else if (l->prev == NULL && l->next != NULL &&
	    l->next->kind == LINE_BLANK)
		remove_line(ini, l->next);
	remove_line(ini, l);
	while (ini->sects[i] != s)
		i++;
	ini->nsects--;
	memmove(ini->sects + i, ini->sects + i + 1,
	    (ini->nsects - i) * sizeof(*ini->sects));
	if (s->prev != NULL)
		s->prev->next = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	ini_map_remove(&ini->raws, &s->by_raw);
	ini_map_remove(&ini->names, &s->by_name);
	section_free(s);
}

int
ini_remove_section(struct ini *ini, const char *section)
{
	uint64_t hash = ini_hash(section, NULL);
	struct ini_sect *s, *older;

	if (!section_ok(section))
		return -EINVAL;
	s = next_by_name(ini_map_first(&ini->names, hash), hash, section);
	for (; s != NULL; s = older) {
		older = next_by_name(s->by_name.next, hash, section);
		remove_section(ini, s);
	}
	return 0;
}

bool
ini_name_safe(const char *name)
{
	static const char safe[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@+/:%-";

	return *name != '\0' && name[strspn(name, safe)] == '\0';
}
