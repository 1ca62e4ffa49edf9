/* SPDX-License-Identifier: Apache-2.0 */
/* Types of configuration values: parse, compare, hash, free. */
#include "config-impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "awsfed/arn.h"
#include "awsfed/paths.h"
#include "awsfed/xalloc.h"

#define TAGS_MAX 50

static const char *const auth_names[] = {
	[AUTH_AUTO] = "auto",
	[AUTH_FORMS] = "forms",
	[AUTH_KERBEROS] = "kerberos",
	[AUTH_NTLM] = "ntlm",
	[AUTH_BROWSER] = "browser",
	[AUTH_CERTIFICATE] = "certificate",
};

static const char *const deliver_names[] = {
	[DELIVER_FILE] = "file",
	[DELIVER_PROCESS] = "process",
	[DELIVER_NONE] = "none",
};

static const char *const keep_names[] = {
	[KEEP_ALL] = "all",
	[KEEP_CREDENTIALS] = "credentials",
	[KEEP_NONE] = "none",
};

static const char *const store_names[] = {
	[STORE_NO] = "no",
	[STORE_MEMORY] = "memory",
	[STORE_KEYRING] = "keyring",
	[STORE_CREDENTIAL] = "credential",
};

static const char *const totp_names[] = {
	[TOTP_FROM_COMMAND] = "command",
	[TOTP_FROM_KEYRING] = "keyring",
	[TOTP_FROM_CREDENTIAL] = "credential",
};

const char *
auth_method_name(enum auth_method m)
{
	return auth_names[m];
}

const char *
deliver_name(enum deliver d)
{
	return deliver_names[d];
}

const char *
store_password_name(enum store_password s)
{
	return store_names[s];
}

static int
name_index(const char *const *names, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(names[i], text))
			return (int)i;
	return -1;
}

/* ":443" and its kind, or "" */
static bool
port_ok(const char *s)
{
	int64_t port;

	return *s == '\0' ||
	    (*s == ':' && s[1] >= '1' && s[1] <= '9' &&
		str_int(s + 1, 1, 65535, &port) == 0);
}

static bool
host_ok(const char *s)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t n;

	if (*s == '[') {
		n = strspn(s + 1, "0123456789abcdefABCDEF:.");
		return n > 1 && s[n + 1] == ']' && port_ok(s + n + 2);
	}
	n = strspn(s, name);
	return n > 0 && n <= 253 && *s != '.' && *s != '-' && port_ok(s + n);
}

static bool
url_ok(const char *s)
{
	const char *host = strchr(s, '/');
	_cleanup_free_ char *copy = NULL;

	if (strncasecmp(s, "https://", 8) != 0 &&
	    strncasecmp(s, "http://", 7) != 0)
		return false;
	copy = xstrdup(host + 2);
	copy[strcspn(copy, "/")] = '\0';
	return host_ok(copy) && strpbrk(s, " \"<>\\#") == NULL;
}

static bool
role_ok(const char *s)
{
	_cleanup_arn_ struct arn a = { 0 };

	return arn_parse(s, &a) == 0 && a.type == ARN_ROLE;
}

static int
set_string(char **p, const char *text, bool ok)
{
	if (!ok)
		return -1;
	xreplace(p, xstrdup(text));
	return 0;
}

static int
set_host(char **p, const char *text)
{
	if (set_string(p, text, host_ok(text)) < 0)
		return -1;
	str_lower(*p);
	return 0;
}

static int
set_file(char **p, const char *text)
{
	char *full = path_expand(text);

	if (full == NULL)
		return -1;
	xreplace(p, full);
	return 0;
}

static int
set_enum(int *p, const char *const *names, size_t n, const char *text)
{
	int i = name_index(names, n, text);

	if (i >= 0)
		*p = i;
	return i < 0 ? -1 : 0;
}

static int
set_autorefresh(enum autorefresh *p, const char *text)
{
	bool yes;

	if (str_caseeq(text, "kept"))
		*p = AUTOREFRESH_KEPT;
	else if (str_bool(text, &yes) == 0)
		*p = yes ? AUTOREFRESH_YES : AUTOREFRESH_NO;
	else
		return -1;
	return 0;
}

static int
set_list(struct strv *sv, const char *text)
{
	strv_done(sv);
	strv_split(sv, text);
	return 0;
}

/* "key=value", within the limits of STS. */
static bool
tag_ok(const char *s)
{
	const char *eq = strchr(s, '=');

	return eq != NULL && eq > s && eq - s <= 128 && strlen(eq + 1) <= 256;
}

static int
set_tags(struct strv *sv, const char *text)
{
	_cleanup_strv_ struct strv list = { 0 };

	strv_split(&list, text);
	if (list.n > TAGS_MAX)
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (!tag_ok(list.v[i]))
			return -1;
	return set_list(sv, text);
}

static int
set_value(const struct field *f, void *p, const char *text)
{
	int e = 0, i;

	switch (f->type) {
	case FIELD_IGNORED:
		break;
	case FIELD_STRING:
		e = set_string(p, text, true);
		break;
	case FIELD_BOOL:
		e = str_bool(text, p);
		break;
	case FIELD_INT:
		e = str_int(text, f->min, f->max, p);
		break;
	case FIELD_LIST:
		e = set_list(p, text);
		break;
	case FIELD_TAGS:
		e = set_tags(p, text);
		break;
	case FIELD_HOST:
		e = set_host(p, text);
		break;
	case FIELD_FILE:
		e = set_file(p, text);
		break;
	case FIELD_CERT:
		/* RFC 7512: a token's object is no file. */
		e = str_starts(text, "pkcs11:") ? set_string(p, text, true) :
						  set_file(p, text);
		break;
	case FIELD_URL:
		e = set_string(p, text, url_ok(text));
		break;
	case FIELD_URL_PATH:
		e = set_string(p, text,
		    *text == '/' && strpbrk(text, " \"<>\\#?") == NULL);
		break;
	case FIELD_REGION:
		e = set_string(p, text, region_valid(text));
		break;
	case FIELD_ROLE:
		e = set_string(p, text, role_ok(text));
		break;
	case FIELD_AUTH:
		e = set_enum(&i, auth_names, ARRAY_SIZE(auth_names), text);
		if (e == 0)
			*(enum auth_method *)p = (enum auth_method)i;
		break;
	case FIELD_DELIVER:
		e = set_enum(
		    &i, deliver_names, ARRAY_SIZE(deliver_names), text);
		if (e == 0)
			*(enum deliver *)p = (enum deliver)i;
		break;
	case FIELD_AUTOREFRESH:
		e = set_autorefresh(p, text);
		break;
	case FIELD_HOURS:
		e = hours_parse(text, p);
		break;
	case FIELD_KEEP:
		e = set_enum(&i, keep_names, ARRAY_SIZE(keep_names), text);
		if (e == 0)
			*(enum keep_across *)p = (enum keep_across)i;
		break;
	case FIELD_STORE:
		e = set_enum(&i, store_names, ARRAY_SIZE(store_names), text);
		if (e == 0)
			*(enum store_password *)p = (enum store_password)i;
		break;
	case FIELD_TOTP:
		e = set_enum(&i, totp_names, ARRAY_SIZE(totp_names), text);
		if (e == 0)
			*(enum totp_source *)p = (enum totp_source)i;
		break;
	}
	return e;
}

/* What a good value looks like, for a message. */
static char *
expected(const struct field *f)
{
	static const char *const words[] = {
		[FIELD_BOOL] = N_("must be yes or no"),
		[FIELD_TAGS] = N_("must be at most 50 tags of the form "
				  "key=value, with commas between"),
		[FIELD_HOST] = N_("must be a host name, with a port if need "
				  "be, and without https://"),
		[FIELD_FILE] = N_("must be an absolute path or start with ~/"),
		[FIELD_CERT] = N_("must be an absolute path, start with ~/, "
				  "or be a pkcs11: URI"),
		[FIELD_URL] = N_("must be an https:// or http:// address"),
		[FIELD_URL_PATH] = N_("must be a path that starts with /"),
		[FIELD_REGION] = N_("must be the name of a region, such as "
				    "eu-central-1"),
		[FIELD_ROLE] = N_("must be the ARN of a role, such as "
				  "arn:aws:iam::123456789012:role/Admin"),
		[FIELD_AUTH] = N_("must be auto, forms, kerberos, ntlm, "
				  "browser or certificate"),
		[FIELD_DELIVER] = N_("must be file, process or none"),
		[FIELD_AUTOREFRESH] = N_("must be kept, yes or no"),
		[FIELD_HOURS] = N_("must be two times such as 22:00-07:00, or "
				   "none"),
		[FIELD_KEEP] = N_("must be all, credentials or none"),
		[FIELD_STORE] = N_("must be no, memory, keyring or credential"),
		[FIELD_TOTP] = N_("must be command, keyring or credential"),
	};

	if (f->type == FIELD_INT)
		return xasprintf(
		    _("must be a whole number from %" PRId64 " to %" PRId64),
		    f->min, f->max);
	return xstrdup(_(words[f->type]));
}

int
field_set(const struct field *f, void *base, const char *text, char **ret_why)
{
	if (str_has_control(text)) {
		*ret_why = xstrdup(_("must be one line without control "
				     "characters"));
		return -1;
	}
	if (!str_utf8(text)) {
		*ret_why = xstrdup(_("must be valid UTF-8"));
		return -1;
	}
	if (set_value(f, (char *)base + f->offset, text) == 0)
		return 0;
	*ret_why = expected(f);
	return -1;
}

enum shape {
	SHAPE_NONE,
	SHAPE_STRING,
	SHAPE_BOOL,
	SHAPE_INT,
	SHAPE_LIST,
	SHAPE_ENUM,
	SHAPE_HOURS
};

/* How the value is stored. */
static enum shape
shape(const struct field *f)
{
	static const enum shape shapes[] = {
		[FIELD_IGNORED] = SHAPE_NONE,
		[FIELD_STRING] = SHAPE_STRING,
		[FIELD_BOOL] = SHAPE_BOOL,
		[FIELD_INT] = SHAPE_INT,
		[FIELD_LIST] = SHAPE_LIST,
		[FIELD_TAGS] = SHAPE_LIST,
		[FIELD_HOST] = SHAPE_STRING,
		[FIELD_FILE] = SHAPE_STRING,
		[FIELD_CERT] = SHAPE_STRING,
		[FIELD_URL] = SHAPE_STRING,
		[FIELD_URL_PATH] = SHAPE_STRING,
		[FIELD_REGION] = SHAPE_STRING,
		[FIELD_ROLE] = SHAPE_STRING,
		[FIELD_AUTH] = SHAPE_ENUM,
		[FIELD_DELIVER] = SHAPE_ENUM,
		[FIELD_AUTOREFRESH] = SHAPE_ENUM,
		[FIELD_HOURS] = SHAPE_HOURS,
		[FIELD_KEEP] = SHAPE_ENUM,
		[FIELD_STORE] = SHAPE_ENUM,
		[FIELD_TOTP] = SHAPE_ENUM,
	};

	return shapes[f->type];
}

uint64_t
hash_string(uint64_t h, const char *s)
{
	h = (h ^ (s == NULL ? 1 : 2)) * 1099511628211ULL;
	for (; s != NULL && *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ULL;
	return h;
}

uint64_t
field_hash(const struct field *f, const void *base, uint64_t h)
{
	const void *p = (const char *)base + f->offset;
	const struct strv *sv = p;
	char num[32] = "";

	h = hash_string(h, f->info.name);
	switch (shape(f)) {
	case SHAPE_NONE:
		return h;
	case SHAPE_STRING:
		return hash_string(h, *(char *const *)p);
	case SHAPE_LIST:
		for (size_t i = 0; i < sv->n; i++)
			h = hash_string(h, sv->v[i]);
		return hash_string(h, NULL);
	case SHAPE_BOOL:
		return hash_string(h, *(const bool *)p ? "1" : "0");
	case SHAPE_INT:
		snprintf(num, sizeof(num), "%" PRId64, *(const int64_t *)p);
		break;
	case SHAPE_ENUM:
		snprintf(num, sizeof(num), "%u", *(const unsigned *)p);
		break;
	case SHAPE_HOURS:
		snprintf(num, sizeof(num), "%d-%d",
		    ((const struct hours *)p)->from,
		    ((const struct hours *)p)->to);
		break;
	}
	return hash_string(h, num);
}

static bool
list_equal(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return a->n == b->n;
}

bool
field_equal(const struct field *f, const void *a, const void *b)
{
	const void *p = (const char *)a + f->offset;
	const void *q = (const char *)b + f->offset;

	switch (shape(f)) {
	case SHAPE_NONE:
		return true;
	case SHAPE_STRING:
		return str_eq(*(char *const *)p, *(char *const *)q);
	case SHAPE_BOOL:
		return *(const bool *)p == *(const bool *)q;
	case SHAPE_INT:
		return *(const int64_t *)p == *(const int64_t *)q;
	case SHAPE_LIST:
		return list_equal(p, q);
	case SHAPE_HOURS:
		return ((const struct hours *)p)->from ==
		    ((const struct hours *)q)->from &&
		    ((const struct hours *)p)->to ==
		    ((const struct hours *)q)->to;
	case SHAPE_ENUM:
		break;
	}
	return *(const unsigned *)p == *(const unsigned *)q;
}

void
field_done(const struct field *f, void *base)
{
	void *p = (char *)base + f->offset;

	if (shape(f) == SHAPE_STRING)
		xreplace(p, NULL);
	else if (shape(f) == SHAPE_LIST)
		strv_done(p);
}

const char *
field_text(const struct field *f, const void *base)
{
	char *const *p =
	    (char *const *)(const void *)((const char *)base + f->offset);

	return shape(f) == SHAPE_STRING ? *p : NULL;
}

void
field_copy(const struct field *f, void *to, const void *from)
{
	char *const *src =
	    (char *const *)(const void *)((const char *)from + f->offset);
	char **dst = (char **)(void *)((char *)to + f->offset);

	/* Numbers and flags came with the struct; lists only profiles have. */
	if (shape(f) == SHAPE_STRING)
		*dst = xstrdup(*src);
}
