/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lossless AWS INI document: print(parse(x)) == x for every x, and an edit
 * touches no byte but its own.  Reading follows botocore (RawConfigParser):
 * headers are trimmed, keys fold case, an indented line continues the value
 * above it, "=" or ":" separates.  What botocore would reject is kept and can
 * be asked for (ini_problem); everything around it stays readable and editable.
 */
#ifndef AWSFED_INI_H
#define AWSFED_INI_H

#include <stdbool.h>
#include <stddef.h>

struct ini;

#define INI_MAX (32 * 1024 * 1024) /* bytes in one file */

/* Never fails.  data may hold NULs (read back as \001) and is copied. */
struct ini *ini_parse(const char *data, size_t len);
struct ini *ini_free(struct ini *ini); /* returns NULL */
/* The document as bytes (xalloc, NUL behind it). */
char *ini_print(const struct ini *ini, size_t *ret_len);
void ini_freep(struct ini **ini);
#define _cleanup_ini_ __attribute__((cleanup(ini_freep)))

/*
 * The first thing for which botocore would reject the whole file: false when
 * there is none.  ret_line counts from 1; ret_why is a phrase such as "section
 * [x] appears twice" (xalloc).  Both may be NULL.  After an edit this reads the
 * document anew.
 */
bool ini_problem(const struct ini *ini, size_t *ret_line, char **ret_why);

/*
 * Sections in order of appearance; a duplicate header is listed again, and so
 * is [DEFAULT].  Names are trimmed.  Keys here are those under that very
 * header, without what [DEFAULT] lends.
 */
size_t ini_nsections(const struct ini *ini);
const char *ini_section(const struct ini *ini, size_t i);
size_t ini_nkeys(const struct ini *ini, size_t i);
const char *ini_key(const struct ini *ini, size_t i, size_t k); /* lower case */
const char *ini_value(const struct ini *ini, size_t i, size_t k);
/* Its line, from 1; for a k that is none, the header's.  0 when new. */
size_t ini_line(const struct ini *ini, size_t i, size_t k);
/* How many headers carry this name?  0: there is no such section. */
size_t ini_count(const struct ini *ini, const char *section);
bool ini_has_section(const struct ini *ini, const char *section);

/*
 * "[p]" is meant by "p" where there is one, else "[ p ]".
 *
 * The value as botocore sees it: trimmed, continuation lines joined with "\n";
 * "" for an empty value; NULL when absent.  Among duplicates the last wins;
 * a key that the section lacks comes from [DEFAULT].  Valid until the next
 * edit.
 */
const char *ini_get(
    const struct ini *ini, const char *section, const char *key);
/* The same without what [DEFAULT] lends. */
const char *ini_own(
    const struct ini *ini, const char *section, const char *key);
/* Is there a header "[p]" to the letter?  "[ p ]" is none that botocore finds. */
bool ini_exact(const struct ini *ini, const char *section);

/*
 * Edits.  0, or -EINVAL for a name, key or value that cannot be written safely
 * (control characters, line ends, a "]" in a name, blanks at an end, "" names).
 * ini_set replaces the value of an existing key in its own line (and drops its
 * continuation lines), adds a key after the last line of the section that is
 * not blank or comment, and adds a missing section at the end, one blank line
 * before it.  New lines take the line end that the file uses, and a file that
 * ends without one still does.  Comments within a value that is replaced or
 * removed stay.
 */
int ini_set(
    struct ini *ini, const char *section, const char *key, const char *value);
/*
 * One line "name = value" of the nested block under a key, as in
 *	s3 =
 *	    signature_version = s3v4
 * All other lines of the block stay; a missing block is made.  -EINVAL as for
 * ini_set; -EEXIST when the key has a plain value, which is no block.
 */
int ini_set_nested(struct ini *ini, const char *section, const char *key,
    const char *name, const char *value);
/*
 * Adds a line that continues the key's value (indented by two more than the
 * key).  -EINVAL also when there is no such key.
 */
int ini_add_more(
    struct ini *ini, const char *section, const char *key, const char *line);
/* Removes the key, duplicates too.  0 also when there is none. */
int ini_unset(struct ini *ini, const char *section, const char *key);
int ini_add_section(struct ini *ini, const char *section);
/*
 * Removes every section of that name, from the header to its last key, and one
 * blank line before it; comments below the last key stay.  (A header stays,
 * empty, when an indented header below would otherwise continue a value above.)
 */
int ini_remove_section(struct ini *ini, const char *section);

/* Is this a name that every SDK takes: [A-Za-z0-9_.@+/:%-]+ ? */
bool ini_name_safe(const char *name);

#endif
