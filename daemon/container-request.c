/* SPDX-License-Identifier: Apache-2.0 */
#include "container-request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define NAME_MAX_BYTES 64 /* of a field's name */

/* ---- bytes ------------------------------------------------------------------------ */

static bool
alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* RFC 9110 section 5.6.2. */
static bool
token_char(char c)
{
	return alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* RFC 3986 section 2.3. */
static bool
unreserved(char c)
{
	return alnum(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

/* What a target may have: the path alone, without query or fragment. */
static bool
target_char(char c)
{
	return unreserved(c) ||
	    (c != '\0' && strchr("/%:@!$&'()*+,;=", c) != NULL);
}

static bool
value_char(char c)
{
	return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}

static bool
is(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(s, word, len) == 0;
}

static bool
is_name(const struct container_field *f, const char *name)
{
	return f->name_len == strlen(name) &&
	    strncasecmp(f->name, name, f->name_len) == 0;
}

/* ---- reading ------------------------------------------------------------------------ */

/* GET SP target SP HTTP/1.1; any method that is a word is read. */
static int
parse_first(const char *s, size_t len, struct container_request *r)
{
	size_t i = 0, start;

	while (i < len && s[i] >= 'A' && s[i] <= 'Z')
		i++;
	if (i == 0 || i > 16 || i == len || s[i] != ' ')
		return -EBADMSG;
	r->method = s;
	r->method_len = i;
	start = ++i;
	while (i < len && target_char(s[i]))
		i++;
	if (i == start || s[start] != '/' || i == len || s[i] != ' ')
		return -EBADMSG;
	r->target = s + start;
	r->target_len = i - start;
	i++;
	return is(s + i, len - i, "HTTP/1.1") ? 0 : -EBADMSG;
}

static int
parse_field(const char *s, size_t len, struct container_request *r)
{
	struct container_field *f;
	size_t i = 0, end = len;

	while (i < len && token_char(s[i]))
		i++;
	if (i == 0 || i > NAME_MAX_BYTES || i == len || s[i] != ':')
		return -EBADMSG;
	if (r->nfields == CONTAINER_FIELDS_MAX)
		return -EMSGSIZE;
	f = &r->fields[r->nfields++];
	f->name = s;
	f->name_len = i++;
	while (i < end && (s[i] == ' ' || s[i] == '\t'))
		i++;
	while (end > i && (s[end - 1] == ' ' || s[end - 1] == '\t'))
		end--;
	f->value = s + i;
	f->value_len = end - i;
	for (; i < end; i++)
		if (!value_char(s[i]))
			return -EBADMSG;
	return 0;
}

int
container_parse(const char *bytes, size_t len, struct container_request *ret)
{
	struct container_request r = { 0 };
	size_t at = 0;
	bool first = true;

	for (;;) {
		const char *line = bytes + at;
		const char *lf = memchr(line, '\n', len - at);
		size_t n;
		int e;

		if (lf == NULL)
			break;
		n = (size_t)(lf - line);
		if (n == 0 || line[n - 1] != '\r')
			return -EBADMSG;
		at += n + 1;
		if (at > CONTAINER_REQUEST_MAX)
			return -EMSGSIZE;
		if (--n == 0 && !first) {
			/* A body, or a second request: neither is read. */
			if (at != len)
				return -EBADMSG;
			*ret = r;
			return 1;
		}
		e = first ? parse_first(line, n, &r) : parse_field(line, n, &r);
		if (e < 0)
			return e;
		first = false;
	}
	/* What will never be a request is not waited for. */
	if (len >= CONTAINER_REQUEST_MAX)
		return -EMSGSIZE;
	if (memchr(bytes + at, '\0', len - at) != NULL)
		return -EBADMSG;
	return 0;
}

/* ---- targets ------------------------------------------------------------------------ */

char *
container_encode(const char *name)
{
	char *out = xmalloc(3 * strlen(name) + 1), *o = out;

	for (; *name != '\0'; name++) {
		if (unreserved(*name))
			*o++ = *name;
		else
			o += snprintf(o, 4, "%%%02X", (unsigned char)*name);
	}
	*o = '\0';
	return out;
}

static bool
usable_name(const char *s)
{
	return *s != '\0' && strlen(s) <= CONTAINER_NAME_MAX &&
	    !str_eq(s, ".") && !str_eq(s, "..") && !str_has_control(s) &&
	    str_utf8(s);
}

char *
container_decode(const char *s, size_t len)
{
	_cleanup_free_ char *out = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			int hi = i + 1 < len ? str_unhex(s[i + 1]) : -1;
			int lo = i + 2 < len ? str_unhex(s[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return NULL;
			out[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else if (s[i] != '/' && target_char(s[i])) {
			out[n++] = s[i];
		} else {
			return NULL;
		}
	}
	out[n] = '\0';
	return usable_name(out) ? STEAL(out) : NULL;
}

char *
container_profile(const char *target, size_t len)
{
	size_t skip = strlen(CONTAINER_PATH);

	if (len <= skip || memcmp(target, CONTAINER_PATH, skip) != 0)
		return NULL;
	return container_decode(target + skip, len - skip);
}

char *
container_target(const char *profile)
{
	_cleanup_free_ char *name = NULL;

	if (!usable_name(profile))
		return NULL;
	name = container_encode(profile);
	return xasprintf("%s%s", CONTAINER_PATH, name);
}

/* ---- the checks ---------------------------------------------------------------------- */

static const struct container_field *
find(const struct container_request *r, const char *name)
{
	for (size_t i = 0; i < r->nfields; i++)
		if (is_name(&r->fields[i], name))
			return &r->fields[i];
	return NULL;
}

static size_t
count(const struct container_request *r, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nfields; i++)
		n += is_name(&r->fields[i], name);
	return n;
}

static bool
starts(const struct container_field *f, const char *prefix)
{
	size_t n = strlen(prefix);

	return f->name_len >= n && strncasecmp(f->name, prefix, n) == 0;
}

/* True when no field is in the list; "x-*" is whatever starts with "x-". */
static bool
none_of(const struct container_request *r, const char *const *names)
{
	for (; *names != NULL; names++) {
		size_t len = strlen(*names);

		if ((*names)[len - 1] != '*') {
			if (find(r, *names) != NULL)
				return false;
			continue;
		}
		for (size_t i = 0; i < r->nfields; i++) {
			_cleanup_free_ char *prefix = xstrndup(*names, len - 1);

			if (starts(&r->fields[i], prefix))
				return false;
		}
	}
	return true;
}

static bool
pass_method(const struct container_request *r, const struct container_expect *x)
{
	(void)x;
	return is(r->method, r->method_len, "GET");
}

/* Nothing that says how long a body is, or that another protocol follows. */
static bool
pass_body(const struct container_request *r, const struct container_expect *x)
{
	static const char *const names[] = { "Transfer-Encoding", "Upgrade",
		"HTTP2-Settings", "Expect", "Trailer", "Content-Encoding",
		NULL };

	(void)x;
	for (size_t i = 0; i < r->nfields; i++) {
		const struct container_field *f = &r->fields[i];

		if (is_name(f, "Content-Length") &&
		    !is(f->value, f->value_len, "0"))
			return false;
	}
	return none_of(r, names);
}

/* Whoever stands in between would have to choose, and so would we. */
static bool
pass_once(const struct container_request *r, const struct container_expect *x)
{
	static const char *const names[] = { "Host", "Authorization",
		"Content-Length", "Connection" };

	(void)x;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (count(r, names[i]) > 1)
			return false;
	return true;
}

/* A name that was bent to this address is not ours (DNS rebinding). */
static bool
pass_host(const struct container_request *r, const struct container_expect *x)
{
	static const char *const names[] = { "127.0.0.1", "localhost" };
	size_t hosts = 0;

	for (size_t i = 0; i < r->nfields; i++) {
		const struct container_field *f = &r->fields[i];
		bool ours = false;

		if (!is_name(f, "Host"))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			char want[32];

			snprintf(want, sizeof(want), "%s:%u", names[k],
			    (unsigned)x->port);
			ours = ours || is(f->value, f->value_len, want);
		}
		if (!ours)
			return false;
		hosts++;
	}
	return hosts > 0;
}

static bool
pass_origin(const struct container_request *r, const struct container_expect *x)
{
	static const char *const names[] = { "Origin",
		"Access-Control-Request-*", NULL };

	(void)x;
	return none_of(r, names);
}

static bool
pass_browser(
    const struct container_request *r, const struct container_expect *x)
{
	static const char *const names[] = { "Sec-*", "Referer", "Cookie",
		"Upgrade-Insecure-Requests", "Service-Worker*", NULL };

	(void)x;
	return none_of(r, names);
}

/* We talk to programs of this machine, not to what others sent through one. */
static bool
pass_direct(const struct container_request *r, const struct container_expect *x)
{
	static const char *const names[] = { "X-Forwarded-*", "Forwarded",
		"Via", "X-Real-IP", "Proxy-*", NULL };

	(void)x;
	return none_of(r, names);
}

static bool
pass_path(const struct container_request *r, const struct container_expect *x)
{
	_cleanup_free_ char *profile =
	    container_profile(r->target, r->target_len);

	(void)x;
	return profile != NULL;
}

/* Root may read the token's file anyway, and runs containers. */
static bool
pass_peer(const struct container_request *r, const struct container_expect *x)
{
	(void)r;
	return x->peer != (uid_t)-1 && (x->peer == x->uid || x->peer == 0);
}

static bool
pass_token(const struct container_request *r, const struct container_expect *x)
{
	size_t tokens = 0;
	bool good = x->token != NULL;

	for (size_t i = 0; i < r->nfields; i++) {
		const struct container_field *f = &r->fields[i];

		if (!is_name(f, "Authorization"))
			continue;
		tokens++;
		good = good && secret_is(x->token, f->value, f->value_len);
	}
	return good && tokens > 0;
}

/* One reason in each row.  What only tells of the form comes first. */
static const struct container_check checks[] = {
	{ "method", 405, "MethodNotAllowed", N_("Only GET is answered here."),
	    pass_method },
	{ "body", 400, "BadRequest",
	    N_("A request must have no body and no other framing."),
	    pass_body },
	{ "once", 400, "BadRequest", N_("A field that decides comes twice."),
	    pass_once },
	{ "host", 403, "Forbidden", N_("The Host is not this endpoint's own."),
	    pass_host },
	{ "origin", 403, "Forbidden", N_("Web pages are not answered."),
	    pass_origin },
	{ "browser", 403, "Forbidden", N_("Browsers are not answered."),
	    pass_browser },
	{ "direct", 403, "Forbidden",
	    N_("Forwarded requests are not answered."), pass_direct },
	{ "peer", 403, "Forbidden", N_("Other users are not answered."),
	    pass_peer },
	{ "path", 404, "NotFound", N_("There is nothing at this path."),
	    pass_path },
	{ "token", 401, "Unauthorized",
	    N_("The token is not that of this profile. Start the program "
	       "anew by awsfedctl exec --endpoint."),
	    pass_token },
};

const struct container_check *
container_check_at(size_t i)
{
	return i < ARRAY_SIZE(checks) ? &checks[i] : NULL;
}

const struct container_check *
container_check(const struct container_request *r,
    const struct container_expect *x, unsigned rows)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if ((rows & (1u << i)) != 0 && !checks[i].passes(r, x))
			return &checks[i];
	return NULL;
}
