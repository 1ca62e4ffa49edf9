/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot: all profiles, their chains, their identities. */
#include "awsfed/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"
#include "config-impl.h"

#define CHAIN_HOPS_MAX 100

/* ---- finding profiles ----------------------------------------------------- */

static int
compare_names(const void *a, const void *b)
{
	const struct profile *const *p = a, *const *q = b;

	return strcmp((*p)->name, (*q)->name);
}

static int
compare_to_name(const void *name, const void *p)
{
	return strcmp(name, (*(const struct profile *const *)p)->name);
}

static struct profile *
find(const struct config *c, const char *name)
{
	struct profile **p = name == NULL || c->nprofiles == 0 ?
	    NULL :
	    bsearch(name, c->by_name, c->nprofiles, sizeof(*c->by_name),
		compare_to_name);

	return p == NULL ? NULL : *p;
}

const struct profile *
config_profile(const struct config *c, const char *name)
{
	return find(c, name);
}

struct profile *
config_find(const struct config *c, const char *name)
{
	return find(c, name);
}

struct entry {
	char *name;
	size_t section;
	bool plain; /* [default], which [profile default] beats */
	bool beaten;
};

/* By name, and the one that counts last. */
static int
compare_entries(const void *a, const void *b)
{
	const struct entry *const *p = a, *const *q = b;
	int c = strcmp((*p)->name, (*q)->name);

	if (c == 0 && (*p)->plain != (*q)->plain)
		return (*p)->plain ? -1 : 1;
	return c != 0 ? c : (*p)->section < (*q)->section ? -1 : 1;
}

/* Two spellings of one name: the later one counts, as for botocore. */
static void
settle(struct entry *e, size_t n)
{
	struct entry **sorted = xcalloc(n, sizeof(struct entry *));

	for (size_t i = 0; i < n; i++)
		sorted[i] = &e[i];
	qsort(sorted, n, sizeof(*sorted), compare_entries);
	for (size_t i = 1; i < n; i++)
		if (str_eq(sorted[i - 1]->name, sorted[i]->name))
			sorted[i - 1]->beaten = true;
	xfree(sorted);
}

static bool
name_usable(const char *name)
{
	return *name != '\0' && strlen(name) <= PROFILE_NAME_MAX &&
	    !str_has_control(name) && str_utf8(name);
}

static void
warn_name(struct config *c, const char *name)
{
	_cleanup_free_ char *clean = str_clean(name, 64);

	if (c->warnings.n < CONFIG_WARNINGS_MAX)
		strv_take(&c->warnings,
		    xasprintf(_("The profile \"%s\" is "
				"left out: its name is empty, longer than %d "
				"bytes, or "
				"has characters that cannot be typed."),
			clean, PROFILE_NAME_MAX));
}

static void
read_profiles(struct config *c, const struct ini *aws)
{
	size_t n = ini_nsections(aws), used = 0;
	struct entry *e = xcalloc(n + 1, sizeof(*e));

	for (size_t i = 0; i < n; i++) {
		char *name = config_profile_name(ini_section(aws, i));

		if (name == NULL)
			continue;
		if (!name_usable(name)) {
			warn_name(c, name);
			xfree(name);
			continue;
		}
		e[used++] = (struct entry){ .name = name,
			.section = i,
			.plain = str_eq(ini_section(aws, i), "default") };
	}
	settle(e, used);
	c->profiles = xcalloc(used + 1, sizeof(struct profile *));
	for (size_t i = 0; i < used; i++) {
		if (e[i].beaten)
			xfree(e[i].name);
		else
			c->profiles[c->nprofiles++] =
			    profile_parse(aws, e[i].section, e[i].name,
				&c->settings, &c->warnings);
	}
	xfree(e);
	c->by_name = xcalloc(used + 1, sizeof(struct profile *));
	memcpy(c->by_name, c->profiles, used * sizeof(struct profile *));
	qsort(c->by_name, c->nprofiles, sizeof(*c->by_name), compare_names);
}

/* ---- chains ---------------------------------------------------------------- */

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct chains {
	struct config *c;
	unsigned char *marks; /* enum mark, by place in by_name */
	struct profile **path;
	size_t n;
};

static unsigned char *
mark_of(struct chains *w, struct profile *p)
{
	struct profile **at = bsearch(p->name, w->c->by_name, w->c->nprofiles,
	    sizeof(struct profile *), compare_to_name);

	return &w->marks[at - w->c->by_name];
}

/* The end of p's chain is known: it, or why there is none. */
static void
close_chain(struct profile *p, const struct profile *end, const char *why)
{
	if (end != NULL && end->kind == PROFILE_ADFS) {
		p->root = xstrdup(end->name);
	} else if (end != NULL && end->kind == PROFILE_CHAINED) {
		p->root = xstrdup(end->root);
	} else {
		p->kind = PROFILE_OTHER;
		p->deliver = DELIVER_NONE;
		if (why != NULL)
			profile_fault(p, "%s", why);
		else if (end != NULL && fault_is(&end->fault))
			profile_fault(p, "%s", end->fault.text);
	}
}

/*
 * Follows source_profile from p up to an end, then settles all on the way.
 * No recursion: a chain may be as long as the file.
 */
static void
follow(struct chains *w, struct profile *p)
{
	struct profile *end = p;
	_cleanup_free_ char *why = NULL;

	w->n = 0;
	while (end != NULL && end->kind == PROFILE_CHAINED &&
	    *mark_of(w, end) == MARK_NEW) {
		struct profile *up = find(w->c, end->source_profile);

		*mark_of(w, end) = MARK_OPEN;
		w->path[w->n++] = end;
		if (up == NULL)
			why =
			    xasprintf(_("Profile %s has \"source_profile = "
					"%s\", but there is no such profile."),
				end->name, end->source_profile);
		else if (*mark_of(w, up) == MARK_OPEN)
			why = xasprintf(_("Profile %s has \"source_profile = "
					  "%s\", which leads back to itself."),
			    end->name, end->source_profile);
		/* As a source, static keys come before a role_arn. */
		if (up != NULL && up->kind == PROFILE_CHAINED &&
		    up->has_static_keys) {
			xreplace(&why, NULL);
			up = NULL;
		}
		end = up;
	}
	if (end != NULL && end->kind == PROFILE_CHAINED &&
	    *mark_of(w, end) == MARK_OPEN)
		end = NULL;
	while (w->n > 0) {
		p = w->path[--w->n];
		close_chain(p, end, why);
		*mark_of(w, p) = MARK_DONE;
		end = p;
	}
}

static void
read_chains(struct config *c)
{
	struct chains w = { .c = c };

	w.marks = xcalloc(c->nprofiles + 1, 1);
	w.path = xcalloc(c->nprofiles + 1, sizeof(struct profile *));
	for (size_t i = 0; i < c->nprofiles; i++)
		if (c->profiles[i]->kind == PROFILE_CHAINED)
			follow(&w, c->profiles[i]);
	xfree(w.marks);
	xfree(w.path);
}

/* What stands in the way of a twin "P.live", or NULL; xalloc. */
static char *
twin_problem(const struct config *c, const struct profile *p)
{
	_cleanup_free_ char *twin = profile_section(p);
	const struct profile *other = find(c, twin);

	if (strlen(twin) > PROFILE_NAME_MAX)
		return xasprintf(_("The name of profile %s is too long for "
				   "\"awsfed.deliver\": %s may have %d "
				   "bytes."),
		    p->name, twin, PROFILE_NAME_MAX);
	if (other != NULL &&
	    (other->kind != PROFILE_OTHER || other->has_static_keys ||
		other->has_sso || other->has_web_identity ||
		other->source_profile != NULL ||
		other->credential_process != NULL))
		return xasprintf(_("Profile %s is delivered as %s, but there "
				   "is a profile of that name already."),
		    p->name, twin);
	return NULL;
}

/*
 * Marks what the agent assumes: what is delivered, and all above it; and what
 * is not, for those who ask the agent itself.
 */
static void
hold(struct config *c)
{
	for (size_t i = 0; i < c->nprofiles; i++) {
		struct profile *p = c->profiles[i];
		_cleanup_free_ char *why = NULL;
		unsigned hops = 0;

		if (p->kind != PROFILE_CHAINED ||
		    (p->deliver == DELIVER_NONE && fault_is(&p->fault)))
			continue;
		if (p->deliver != DELIVER_NONE)
			why = twin_problem(c, p);
		for (struct profile *up = p;
		     up->kind == PROFILE_CHAINED && why == NULL;
		     up = find(c, up->source_profile))
			if (++hops > CHAIN_HOPS_MAX)
				why = xasprintf(
				    _("Profile %s hangs %d hops below the one "
				      "that signs in: awsfed follows no more "
				      "than that."),
				    p->name, CHAIN_HOPS_MAX);
		/* The AWS CLI may still follow what awsfed does not. */
		if (why != NULL) {
			if (p->deliver != DELIVER_NONE)
				profile_fault(p, "%s", why);
			continue;
		}
		for (struct profile *up = p; up->kind == PROFILE_CHAINED;
		     up = find(c, up->source_profile))
			up->held = true;
	}
}

/*
 * Keys that are assumed from those of a protected profile are not got without
 * asking either.
 */
static void
protect(struct config *c)
{
	for (size_t i = 0; i < c->nprofiles; i++) {
		struct profile *p = c->profiles[i];
		unsigned hops = 0;

		for (struct profile *up = p; up != NULL &&
		     up->kind == PROFILE_CHAINED && hops <= CHAIN_HOPS_MAX;
		     hops++) {
			up = find(c, up->source_profile);
			p->protected |= up != NULL && up->protected;
		}
		if (!p->protected || p->deliver != DELIVER_FILE ||
		    p->kind != PROFILE_CHAINED)
			continue;
		profile_fault(p,
		    _("Profile %s has \"awsfed.deliver = file\" and is assumed "
		      "from a protected profile: it is never written to a "
		      "file."),
		    p->name);
	}
}

/* ---- identities ------------------------------------------------------------ */

struct member {
	struct profile *p;
	char *user;
	size_t order;
};

static int
same_identity(const struct member *a, const struct member *b)
{
	int c = strcmp(a->p->identity_base, b->p->identity_base);

	return c != 0 ? c : strcmp(a->user, b->user);
}

static int
compare_members(const void *a, const void *b)
{
	const struct member *p = a, *q = b;
	int c = same_identity(p, q);

	return c != 0 ? c : p->order < q->order ? -1 : 1;
}

/* Both get the fault: nobody but the user can say which one is right. */
static void
check_pair(struct profile *a, struct profile *b)
{
	for (size_t i = 0; i < nprofile_fields; i++) {
		const struct field *f = &profile_fields[i];
		_cleanup_free_ char *text = NULL;

		if (!f->info.affects_signin || field_equal(f, a, b))
			continue;
		text = xasprintf(
		    _("Profiles %s and %s sign in as the same "
		      "user to %s but differ in \"%s\": give both the same "
		      "value."),
		    a->name, b->name, a->adfs_host, f->info.name);
		profile_fault(a, "%s", text);
		profile_fault(b, "%s", text);
		return;
	}
}

/*
 * What one profile leaves open, another of the same sign-in may say: aws-adfs
 * wrote each profile what was typed that day, or None.  Only for texts that
 * make no other identity of it.
 */
static void
complete(struct member *m, size_t n)
{
	for (size_t i = 0; i < nprofile_fields; i++) {
		const struct field *f = &profile_fields[i];
		const struct profile *said = NULL;

		if (!f->info.affects_signin || f->counts)
			continue;
		for (size_t k = 0; k < n && said == NULL; k++)
			if (field_text(f, m[k].p) != NULL)
				said = m[k].p;
		for (size_t k = 0; k < n && said != NULL; k++)
			if (m[k].p != said && field_text(f, m[k].p) == NULL)
				field_copy(f, m[k].p, said);
	}
}

static void
check_identities(struct config *c)
{
	struct member *m = xcalloc(c->nprofiles + 1, sizeof(*m));
	size_t n = 0;

	for (size_t i = 0; i < c->nprofiles; i++) {
		struct profile *p = c->profiles[i];
		char *user;

		/* Its values were not taken over: nothing to compare. */
		if (p->identity_base == NULL || fault_is(&p->fault))
			continue;
		user = user_normal(p->adfs_user);
		m[n++] =
		    (struct member){ p, user == NULL ? xstrdup("") : user, i };
	}
	qsort(m, n, sizeof(*m), compare_members);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && same_identity(&m[i], &m[end]) == 0;
		     end++)
			;
		complete(m + i, end - i);
		for (size_t k = i + 1; k < end; k++)
			check_pair(m[i].p, m[k].p);
	}
	for (size_t i = 0; i < n; i++)
		xfree(m[i].user);
	xfree(m);
}

/* ---- the whole -------------------------------------------------------------- */

static void
read_aws(struct config *c, const struct ini *aws)
{
	_cleanup_free_ char *why = NULL;
	const char *file = c->path == NULL ? _("The AWS config file") : c->path;
	size_t line;

	if (ini_problem(aws, &line, &why)) {
		fault_set(&c->fault, FAULT_CONFIG, REASON_FILE,
		    _("%s, line %zu: %s; the AWS CLI and boto3 refuse the "
		      "whole file for it."),
		    file, line, why);
		fault_next(&c->fault, _("Correct line %zu of %s"), line, file);
	}
	read_profiles(c, aws);
	read_chains(c);
	protect(c);
	hold(c);
	for (size_t i = 0; i < c->nprofiles; i++) {
		profile_finish(c->profiles[i]);
		policy_check_profile(&c->policy, c->profiles[i]);
	}
	check_identities(c);
}

static struct config *
config_new(void)
{
	struct config *c = xcalloc(1, sizeof(*c));

	c->refs = 1;
	settings_init(&c->settings);
	policy_init(&c->policy);
	return c;
}

int
config_parse_under(const struct ini *aws, const struct ini *settings,
    const struct ini *policy, struct config **ret, struct fault *fault)
{
	_cleanup_config_ struct config *c = config_new();

	if (settings_apply(&c->settings, settings, "awsfed.conf", fault) < 0 ||
	    sinks_check(&c->settings, NULL, NULL, fault) < 0)
		return -1;
	if (policy != NULL) {
		c->policy.path = xstrdup("policy.conf");
		c->policy.there = true;
		if (policy_parse(&c->policy, policy) < 0)
			policy_fall_back(&c->policy, NULL);
	}
	policy_check_settings(&c->policy, &c->settings);
	read_aws(c, aws);
	*ret = STEAL(c);
	return 0;
}

int
config_parse(const struct ini *aws, const struct ini *settings,
    struct config **ret, struct fault *fault)
{
	return config_parse_under(aws, settings, NULL, ret, fault);
}

/* A missing file is an empty document. */
static int
read_file(const char *path, struct ini **ret, struct fault *fault)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int e = path == NULL ? -ENOENT : path_read(path, INI_MAX, &data, &len);

	if (e < 0 && e != -ENOENT && e != -ENOTDIR) {
		fault_set(fault, FAULT_CONFIG, REASON_FILE,
		    _("%s cannot be read: %s."), path,
		    e == -EINVAL ? _("it is not a regular file") :
				   strerror(-e));
		fault_next(fault, _("Look at it with: ls -l %s"), path);
		return -1;
	}
	*ret = ini_parse(data, len);
	return 0;
}

static int
load_settings(struct settings *s, const char *path, struct fault *fault)
{
	_cleanup_ini_ struct ini *ini = NULL;

	if (read_file(path, &ini, fault) < 0)
		return -1;
	return settings_apply(s, ini, path, fault);
}

int
config_load_after(const struct config *before, const char *aws_config,
    const char *aws_credentials, struct config **ret, struct fault *fault)
{
	_cleanup_config_ struct config *c = config_new();
	_cleanup_ini_ struct ini *aws = NULL;
	_cleanup_free_ char *own = path_settings(),
			    *fleet = path_etc("awsfed.conf");

	c->path = xstrdup(aws_config);
	c->credentials_path = xstrdup(aws_credentials);
	if (load_settings(&c->settings, fleet, fault) < 0 ||
	    load_settings(&c->settings, own, fault) < 0 ||
	    sinks_check(&c->settings, aws_config, aws_credentials, fault) < 0)
		return -1;
	settings_env(&c->settings);
	policy_load(&c->policy, before == NULL ? NULL : &before->policy);
	policy_check_settings(&c->policy, &c->settings);
	if (read_file(aws_config, &aws, fault) < 0)
		return -1;
	read_aws(c, aws);
	*ret = STEAL(c);
	return 0;
}

int
config_load(const char *aws_config, const char *aws_credentials,
    struct config **ret, struct fault *fault)
{
	return config_load_after(NULL, aws_config, aws_credentials, ret, fault);
}

struct config *
config_derive(const struct config *base, const struct ini *aws)
{
	struct config *c = config_new();

	c->path = xstrdup(base->path);
	c->credentials_path = xstrdup(base->credentials_path);
	settings_copy(&c->settings, &base->settings);
	policy_done(&c->policy);
	policy_copy(&c->policy, &base->policy);
	read_aws(c, aws);
	return c;
}

struct config *
config_ref(struct config *c)
{
	if (c != NULL)
		c->refs++;
	return c;
}

struct config *
config_unref(struct config *c)
{
	if (c == NULL || --c->refs > 0)
		return NULL;
	for (size_t i = 0; i < c->nprofiles; i++)
		profile_unref(c->profiles[i]);
	xfree(c->profiles);
	xfree(c->by_name);
	xfree(c->path);
	xfree(c->credentials_path);
	strv_done(&c->warnings);
	fault_done(&c->fault);
	settings_done(&c->settings);
	policy_done(&c->policy);
	xfree(c);
	return NULL;
}

void
config_unrefp(struct config **c)
{
	*c = config_unref(*c);
}
