/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.conf: what root lets the users of a machine set.  The table has one
 * line for each key; config-policy-apply.c does what they say.
 *
 * A file that cannot be trusted or read fails closed: what the last good one
 * said stays in force, nothing new is signed in, and what is live is served.
 */
#include "config-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"

#define ETC "/etc/awsfed"
#define SECTION "policy"
#define POLICY_MAX (1024 * 1024) /* bytes in the file */
#define ACCOUNT_DIGITS 12

#define FIELD(key, t, member, d, h, ...) \
	{ \
		.info = { .name = key, .help = h, .def = d }, .type = t, \
		.offset = offsetof(struct policy, member), __VA_ARGS__ \
	}

const struct field policy_fields[] = {
	FIELD("allowed_hosts", FIELD_LIST, allowed_hosts, NULL,
	    N_("AD FS hosts, and others that a sign-in may lead to; * stands "
	       "for any part; by default all")),
	FIELD("keep_signed_in", FIELD_BOOL, keep_signed_in, "yes",
	    N_("profiles may ask AD FS for a lasting cookie")),
	FIELD("stored_passwords", FIELD_BOOL, stored_passwords, "yes",
	    N_("passwords and secrets of one-time codes may be stored")),
	FIELD("commands", FIELD_BOOL, commands, "yes",
	    N_("profiles may name commands that print passwords or codes")),
	FIELD("hooks", FIELD_BOOL, hooks, "yes",
	    N_("on_refresh and on_needs_login may be used")),
	FIELD("endpoint", FIELD_BOOL, endpoint, "yes",
	    N_("the container endpoint may be used")),
	FIELD("keep_across_restart", FIELD_KEEP, keep_across_restart, "all",
	    N_("the most that may be kept in memory for a restart of the "
	       "agent: all, credentials or none")),
	FIELD("min_renewal_interval", FIELD_INT, min_renewal_interval, "0",
	    N_("least seconds between two renewals of a profile without a "
	       "person"),
	    .min = 0, .max = 43200),
	FIELD("max_duration", FIELD_INT, max_duration, "43200",
	    N_("longest life of keys, in seconds"), .min = 900, .max = 43200),
	FIELD("never_file_accounts", FIELD_LIST, never_file_accounts, NULL,
	    N_("accounts whose keys are never delivered by file")),
};
const size_t npolicy_fields = ARRAY_SIZE(policy_fields);

const struct key_info *
policy_key_at(size_t i)
{
	return i < npolicy_fields ? &policy_fields[i].info : NULL;
}

/* ---- where it is ------------------------------------------------------------- */

char *
path_etc(const char *name)
{
	const char *test = getenv("AWSFED_TEST_ETC");
	struct stat st;

	/* A machine that has a policy knows no test. */
	if (test != NULL && test[0] == '/' &&
	    stat(ETC "/policy.conf", &st) != 0 && errno == ENOENT)
		return path_join(test, name);
	return path_join(ETC, name);
}

/* ---- values --------------------------------------------------------------------- */

static bool
is_account(const char *s)
{
	return strlen(s) == ACCOUNT_DIGITS &&
	    strspn(s, "0123456789") == ACCOUNT_DIGITS;
}

static bool
is_pattern(const char *s)
{
	return s[strspn(s,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789.-_*:[]")] == '\0';
}

/* Lists have no type of their own in the tables: NULL, or what is wrong. */
static const char *
list_problem(struct policy *p, const struct field *f)
{
	if (f->type == FIELD_LIST &&
	    ((struct strv *)(void *)((char *)p + f->offset))->n == 0)
		return _("must not be empty");
	if (f->offset == offsetof(struct policy, never_file_accounts))
		for (size_t i = 0; i < p->never_file_accounts.n; i++)
			if (!is_account(p->never_file_accounts.v[i]))
				return _("must be account ids of 12 digits "
					 "with commas between");
	if (f->offset == offsetof(struct policy, allowed_hosts))
		for (size_t i = 0; i < p->allowed_hosts.n; i++) {
			if (!is_pattern(p->allowed_hosts.v[i]))
				return _("must be host names with commas "
					 "between, and without https://");
			str_lower(p->allowed_hosts.v[i]);
		}
	return NULL;
}

static int
broken(struct policy *p, size_t line, const char *what)
{
	struct fault *f = &p->fault;

	if (line > 0)
		fault_set(f, FAULT_CONFIG, REASON_POLICY,
		    _("Policy of this machine: %s, line %zu: %s; nothing new "
		      "is signed in until it is mended."),
		    p->path, line, what);
	else
		fault_set(f, FAULT_CONFIG, REASON_POLICY,
		    _("Policy of this machine: %s %s; nothing new is signed "
		      "in until it is mended."),
		    p->path, what);
	fault_next(
	    f, _("Ask who looks after this machine to mend %s"), p->path);
	return -1;
}

static int
apply_key(struct policy *p, const char *key, const char *value, size_t line)
{
	_cleanup_free_ char *why = NULL, *text = NULL;
	const struct field *f = NULL;

	for (size_t i = 0; i < npolicy_fields && f == NULL; i++)
		if (str_eq(policy_fields[i].info.name, key))
			f = &policy_fields[i];
	if (f == NULL) {
		text = xasprintf(_("there is no key \"%s\""), key);
		return broken(p, line, text);
	}
	if (field_set(f, p, value, &why) == 0 && list_problem(p, f) != NULL)
		why = xstrdup(list_problem(p, f));
	if (why == NULL)
		return 0;
	text = xasprintf("\"%s\" %s", key, why);
	return broken(p, line, text);
}

static void
set_defaults(struct policy *p)
{
	for (size_t i = 0; i < npolicy_fields; i++) {
		_cleanup_free_ char *why = NULL;

		if (policy_fields[i].info.def != NULL &&
		    field_set(&policy_fields[i], p, policy_fields[i].info.def,
			&why) < 0)
			abort(); /* the table contradicts itself */
	}
}

int
policy_parse(struct policy *p, const struct ini *ini)
{
	_cleanup_free_ char *why = NULL;
	size_t line;

	if (ini_problem(ini, &line, &why))
		return broken(p, line, why);
	for (size_t i = 0; i < ini_nsections(ini); i++) {
		if (!str_eq(ini_section(ini, i), SECTION)) {
			why = xasprintf(
			    _("there is no section [%s]"), ini_section(ini, i));
			return broken(p, ini_line(ini, i, SIZE_MAX), why);
		}
		for (size_t k = 0; k < ini_nkeys(ini, i); k++)
			if (apply_key(p, ini_key(ini, i, k),
				ini_value(ini, i, k), ini_line(ini, i, k)) < 0)
				return -1;
	}
	return 0;
}

/* ---- the file ---------------------------------------------------------------------- */

/* Root's, and nobody else's to write; in a test, the tester's. */
static bool
trusted(const struct stat *st, const char *path)
{
	bool test = !str_starts(path, ETC "/");

	return (st->st_uid == 0 || (test && st->st_uid == geteuid())) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int
read_all(int fd, char **ret, size_t *ret_len)
{
	char *data = xmalloc(POLICY_MAX + 1);
	size_t len = 0;
	ssize_t n = 0;

	while (len <= POLICY_MAX &&
	    ((n = read(fd, data + len, POLICY_MAX + 1 - len)) > 0 ||
		(n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	if (n < 0 || len > POLICY_MAX) {
		int e = n < 0 ? -errno : -EFBIG;

		xfree(data);
		return e;
	}
	*ret = data;
	*ret_len = len;
	return 0;
}

/* 1 with the document, 0 when there is no such file, -1 with p->fault. */
static int
read_policy(struct policy *p, struct ini **ret)
{
	_cleanup_close_ int fd =
	    open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *dir = xstrdup(p->path), *data = NULL, *why = NULL;
	struct stat st, in;
	size_t len;
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	*strrchr(dir, '/') = '\0';
	if (fd < 0 || fstat(fd, &st) != 0 || stat(dir, &in) != 0) {
		p->unread = true;
		why = xasprintf(_("cannot be read (%s)"), strerror(errno));
		return broken(p, 0, why);
	}
	if (!S_ISREG(st.st_mode))
		return broken(p, 0, _("is not a regular file"));
	if (!trusted(&st, p->path) || !trusted(&in, p->path))
		return broken(p, 0,
		    _("and its folder must be root's, and writable by nobody "
		      "else"));
	r = read_all(fd, &data, &len);
	if (r < 0) {
		p->unread = r != -EFBIG;
		why = xasprintf(_("cannot be read (%s)"), strerror(-r));
		return broken(p, 0, why);
	}
	*ret = ini_parse(data, len);
	return 1;
}

/* What a part of a bad file says is worth nothing; the last one's is. */
void
policy_fall_back(struct policy *p, const struct policy *last)
{
	if (last != NULL && last->there) {
		struct policy good = { 0 };

		policy_copy(&good, last);
		strv_done(&good.notes);
		fault_copy(&good.fault, &p->fault);
		good.there = true;
		good.unread = p->unread;
		policy_done(p);
		*p = good;
		return;
	}
	for (size_t i = 0; i < npolicy_fields; i++)
		field_done(&policy_fields[i], p);
	set_defaults(p);
	p->unknown = true;
	p->hooks = p->commands = false;
}

void
policy_load(struct policy *p, const struct policy *last)
{
	_cleanup_ini_ struct ini *ini = NULL;
	int r;

	p->path = path_etc("policy.conf");
	r = read_policy(p, &ini);
	p->there = r != 0;
	if (r == 0 || (r > 0 && policy_parse(p, ini) == 0))
		return;
	policy_fall_back(p, last);
}

void
policy_init(struct policy *p)
{
	*p = (struct policy){ 0 };
	set_defaults(p);
}

static void
list_copy(struct strv *to, const struct strv *from)
{
	*to = (struct strv){ 0 };
	for (size_t i = 0; i < from->n; i++)
		strv_add(to, from->v[i]);
}

void
policy_copy(struct policy *to, const struct policy *from)
{
	*to = *from;
	to->path = xstrdup(from->path);
	to->fault = (struct fault){ 0 };
	fault_copy(&to->fault, &from->fault);
	list_copy(&to->allowed_hosts, &from->allowed_hosts);
	list_copy(&to->never_file_accounts, &from->never_file_accounts);
	list_copy(&to->notes, &from->notes);
}

void
policy_done(struct policy *p)
{
	for (size_t i = 0; i < npolicy_fields; i++)
		field_done(&policy_fields[i], p);
	fault_done(&p->fault);
	strv_done(&p->notes);
	xfree(p->path);
	*p = (struct policy){ 0 };
}
