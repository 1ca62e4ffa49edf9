/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of config: a field is one key of a table, with its type and the place
 * of its value in struct profile or struct settings.
 */
#ifndef AWSFED_CONFIG_IMPL_H
#define AWSFED_CONFIG_IMPL_H

#include "awsfed/config.h"

enum field_type {
	FIELD_IGNORED, /* known, and without effect */
	FIELD_STRING,
	FIELD_BOOL,
	FIELD_INT,
	FIELD_LIST,	/* struct strv, split at commas and blanks */
	FIELD_TAGS,	/* the same, of key=value */
	FIELD_HOST,	/* host or host:port, made lower case */
	FIELD_FILE,	/* absolute path or ~/… */
	FIELD_CERT,	/* the same, or a pkcs11: URI */
	FIELD_URL,	/* http or https */
	FIELD_URL_PATH, /* starts with "/" */
	FIELD_REGION,
	FIELD_ROLE, /* ARN of a role */
	FIELD_AUTH,
	FIELD_DELIVER,
	FIELD_AUTOREFRESH,
	FIELD_HOURS,
	FIELD_KEEP,
	FIELD_STORE, /* where a password is kept */
	FIELD_TOTP
};

struct field {
	struct key_info info;
	enum field_type type;
	size_t offset;
	int64_t min; /* FIELD_INT */
	int64_t max;
	bool counts; /* part of the fingerprint */
};

/*
 * Parses text into the field of base.  0; -1 with *ret_why, "must be …"
 * (xalloc), and the field as it was.
 */
int field_set(
    const struct field *f, void *base, const char *text, char **ret_why);
bool field_equal(const struct field *f, const void *a, const void *b);
uint64_t field_hash(const struct field *f, const void *base, uint64_t h);
void field_done(const struct field *f, void *base);
/* The value of a text, NULL when unset; NULL for other types. */
const char *field_text(const struct field *f, const void *base);
/* A string of `to`, which is a byte copy of `from`, becomes its own. */
void field_copy(const struct field *f, void *to, const void *from);

uint64_t hash_string(uint64_t h, const char *s); /* NULL differs from "" */

#define CONFIG_WARNINGS_MAX 100

extern const struct field profile_fields[];
extern const size_t nprofile_fields;
extern const struct field settings_fields[];
extern const size_t nsettings_fields;

/* Defaults, then each document in turn.  file names it in faults. */
void settings_init(struct settings *s);
int settings_apply(struct settings *s, const struct ini *ini, const char *file,
    struct fault *fault);
/* Section i, when it is a sink's. */
int sinks_apply(struct settings *s, const struct ini *ini, size_t i,
    const char *file, struct fault *fault);
/* Once all documents were read: each has a path, and one of its own. */
/* The AWS files may be NULL. */
int sinks_check(const struct settings *s, const char *config,
    const char *credentials, struct fault *fault);
void settings_env(struct settings *s);

#define POLICY_DURATION_MAX 43200 /* seconds: no limit at all */
extern const struct field policy_fields[];
extern const size_t npolicy_fields;
void policy_init(struct policy *p);
/* Into one with its path set.  0, or -1 with p->fault. */
int policy_parse(struct policy *p, const struct ini *ini);
/* The machine's, into an initialised one; where it is bad, last's (or NULL). */
void policy_load(struct policy *p, const struct policy *last);
/* p is bad: last's limits, or (NULL) none but hooks and commands. */
void policy_fall_back(struct policy *p, const struct policy *last);
void policy_copy(struct policy *to, const struct policy *from);
void policy_done(struct policy *p);
/* Once all documents are read; says in its notes what it changed. */
void policy_check_settings(struct policy *po, struct settings *s);
/* Once kind and fingerprint are known. */
void policy_check_profile(const struct policy *po, struct profile *p);
void settings_copy(struct settings *to, const struct settings *from);
void settings_done(struct settings *s);

/*
 * One profile from section i.  Takes the name.  Never fails: the profile
 * carries its fault.  PROFILE_CHAINED is a guess until the chain is followed.
 */
struct profile *profile_parse(const struct ini *ini, size_t i, char *name,
    const struct settings *s, struct strv *warnings);
/* Sets the fault unless there is one already; next says where to edit. */
void profile_fault(struct profile *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* identity_base and fingerprint, once kind and root are known. */
void profile_finish(struct profile *p);

#endif
