/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of ini: a document is a list of lines, with sections and keys that
 * point into it.  ini-parse.c builds it and knows Python's reading rules;
 * ini.c answers questions and edits.
 */
#ifndef AWSFED_INI_IMPL_H
#define AWSFED_INI_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_kind {
	LINE_BLANK,
	LINE_COMMENT,
	LINE_HEADER,
	LINE_OPTION,
	LINE_MORE, /* continues the option above */
	LINE_BAD   /* botocore rejects the file for it */
};

struct ini_line {
	struct ini_line *prev;
	struct ini_line *next;
	const char *text; /* into the document, or owned */
	char *owned;
	size_t len;	 /* without the line end */
	const char *eol; /* "\n", "\r\n", "\r" or "" */
	size_t indent;	 /* characters, as Python counts them */
	enum line_kind kind;
};

/* Hash table links; name is what is looked up, newest first in a chain. */
struct ini_node {
	struct ini_node *next;
	uint64_t hash;
};

struct ini_map {
	struct ini_node **slots;
	size_t nslots;
	size_t n;
};

struct ini_key {
	struct ini_node node; /* in ini->keys; must be first */
	struct ini_sect *sect;
	struct ini_line *line;
	char *name;    /* lower case */
	char *value;   /* joined, made when asked for */
	size_t sep;    /* offset of "=" or ":" in the line */
	size_t vstart; /* where the value starts in the line */
	size_t vlen;   /* its bytes in that line */
};

struct ini_sect {
	struct ini_node by_raw; /* must be first */
	struct ini_node by_name;
	struct ini_sect *prev;
	struct ini_sect *next;
	char *raw;  /* between the brackets, as botocore takes it */
	char *name; /* trimmed */
	struct ini_line *header;
	struct ini_line *last; /* the last line that is no blank, comment */
	struct ini_key **keys;
	size_t nkeys;
	size_t cap;
};

#define INI_SEEN 16

struct ini {
	char *base;
	struct ini_line *first;
	struct ini_line *last;
	struct ini_sect **sects;
	size_t nsects;
	size_t cap;
	struct ini_map raws;
	struct ini_map names;
	struct ini_map keys;
	uint64_t seen[INI_SEEN]; /* bits of the hashes of all key names */
	bool edited;		 /* problem is of the document before */
	size_t problem_line;	 /* 0: none */
	char *problem;
};

/* Fills a zeroed struct: lines, sections, keys and the first problem. */
void ini_read(struct ini *ini, const char *data, size_t len);

struct ini_sect *ini_new_section(
    struct ini *ini, const char *raw, size_t len, struct ini_line *header);
struct ini_key *ini_new_key(struct ini *ini, struct ini_sect *sect,
    const char *name, size_t len, struct ini_line *line);
/* Newest of the section with exactly that raw name, or NULL. */
struct ini_sect *ini_find_raw(const struct ini *ini, const char *raw);
/* The section a caller means: "[p]" if there is one, else "[ p ]". */
struct ini_sect *ini_find_section(const struct ini *ini, const char *name);
struct ini_key *ini_find_key(
    const struct ini *ini, const char *raw, const char *name);

/* A line more for the value of k, after at (its own line or one of its more);
 * takes text. */
struct ini_line *ini_insert_more(struct ini *ini, struct ini_key *k,
    struct ini_line *at, char *text, size_t indent);
/* Another text for such a line; takes it. */
void ini_replace_more(
    struct ini *ini, struct ini_key *k, struct ini_line *l, char *text);

uint64_t ini_hash(const char *a, const char *b);
void ini_map_add(struct ini_map *m, struct ini_node *node, uint64_t hash);
void ini_map_remove(struct ini_map *m, struct ini_node *node);
struct ini_node *ini_map_first(const struct ini_map *m, uint64_t hash);

/* Python's str.strip(): moves *s and *len.  Returns characters cut in front. */
size_t ini_strip(const char **s, size_t *len);
/* Python's str.lower() for what C.UTF-8 knows; NUL becomes \001; xalloc. */
char *ini_fold(const char *s, size_t len, bool lower);
bool ini_utf8(const char *s, size_t len);

#define INI_DEFAULT "DEFAULT" /* its keys appear in every section */

#endif
