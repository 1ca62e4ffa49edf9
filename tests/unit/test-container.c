/* SPDX-License-Identifier: Apache-2.0 */
/* The container endpoint: what is a request, who may ask, what is answered. */
#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "awsfed/clock.h"
#include "awsfed/buf.h"
#include "awsfed/creds.h"
#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"

#include "container-answer.h"
#include "container-peer.h"
#include "container-request.h"
#include "container-tokens.h"

#define PORT 40123
#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FIRST "GET /v1/credentials/p HTTP/1.1\r\n"
#define HOST "Host: 127.0.0.1:40123\r\n"
#define AUTH "Authorization: " TOKEN "\r\n"
#define END "\r\n"
#define GOOD FIRST HOST AUTH END

/* ---- the form ------------------------------------------------------------------ */

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t len;
	int result;
} forms[] = {
	/* As the SDKs send it. */
	{ BYTES(GOOD), 1 },
	{ BYTES(FIRST HOST
	      "Accept-Encoding: identity\r\n"
	      "Accept: application/json\r\n"
	      "User-Agent: Boto3/1.26 md/Botocore#1.29\r\n" AUTH END),
	    1 },
	{ BYTES(FIRST "host:127.0.0.1:40123\r\nConnection: keep-alive\r\n"
		      "content-length: 0\r\nX:\r\n" END),
	    1 },
	{ BYTES("POST /v1/credentials/p HTTP/1.1\r\n" END), 1 },
	/* Not yet. */
	{ BYTES(""), 0 },
	{ BYTES("GET"), 0 },
	{ BYTES(FIRST HOST AUTH), 0 },
	{ BYTES(FIRST HOST AUTH "\r"), 0 },
	/* What follows is never a second request, nor a body. */
	{ BYTES(GOOD GOOD), -EBADMSG },
	{ BYTES(GOOD "x"), -EBADMSG },
	{ BYTES(FIRST HOST "Content-Length: 5\r\n" END "12345"), -EBADMSG },
	{ BYTES(GOOD "\r\n"), -EBADMSG },
	/* Line ends. */
	{ BYTES("\r\n" GOOD), -EBADMSG },
	{ BYTES("\n" GOOD), -EBADMSG },
	{ BYTES("GET /v1/credentials/p HTTP/1.1\n"), -EBADMSG },
	{ BYTES(FIRST "Host: 127.0.0.1:40123\n"), -EBADMSG },
	{ BYTES(FIRST HOST "\n"), -EBADMSG },
	{ BYTES(FIRST "Host: a\rX: b\r\n"), -EBADMSG },
	{ BYTES(FIRST "Host: a\r\r\n"), -EBADMSG },
	/* The first line. */
	{ BYTES("get / HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET  / HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET / HTTP/1.1 \r\n"), -EBADMSG },
	{ BYTES("GET /\tHTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET /\r\n"), -EBADMSG },
	{ BYTES("GET / HTTP/1.0\r\n"), -EBADMSG },
	{ BYTES("GET / HTTP/2.0\r\n"), -EBADMSG },
	{ BYTES("GET / HTTP/1.10\r\n"), -EBADMSG },
	{ BYTES("GET http://127.0.0.1:40123/v1/credentials/p HTTP/1.1\r\n"),
	    -EBADMSG },
	{ BYTES("GET 127.0.0.1/ HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("OPTIONS * HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET /a?b HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET /a#b HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET /a\\b HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET /\xc3\xa9 HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("GET /a\0b HTTP/1.1\r\n"), -EBADMSG },
	{ BYTES("VERYVERYLONGMETHOD / HTTP/1.1\r\n"), -EBADMSG },
	/* Fields. */
	{ BYTES(FIRST " Host: a\r\n"), -EBADMSG },
	{ BYTES(FIRST HOST " folded\r\n"), -EBADMSG },
	{ BYTES(FIRST HOST "\tfolded\r\n"), -EBADMSG },
	{ BYTES(FIRST "Host : a\r\n"), -EBADMSG },
	{ BYTES(FIRST "Ho st: a\r\n"), -EBADMSG },
	{ BYTES(FIRST "Host\r\n"), -EBADMSG },
	{ BYTES(FIRST ": a\r\n"), -EBADMSG },
	{ BYTES(FIRST "H\xc3\xb6st: a\r\n"), -EBADMSG },
	{ BYTES(FIRST "Host: a\0b\r\n"), -EBADMSG },
	{ BYTES(FIRST "Ho\0st: a\r\n"), -EBADMSG },
	{ BYTES(FIRST "Host: a\x0b"
		      "b\r\n"),
	    -EBADMSG },
	{ BYTES(FIRST "Host: a\x7f\r\n"), -EBADMSG },
	{ BYTES("GET /\0"), -EBADMSG },
};

static void
test_form(void **state)
{
	struct container_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		int got = container_parse(forms[i].text, forms[i].len, &r);

		if (got != forms[i].result)
			fail_msg("form %zu: %d", i, got);
		/* However it is cut, nothing is taken before its end. */
		for (size_t n = 0; n < forms[i].len; n++)
			if (container_parse(forms[i].text, n, &r) == 1 &&
			    memcmp(forms[i].text + n - 4, "\r\n\r\n", 4) != 0)
				fail_msg("form %zu cut at %zu", i, n);
	}
}

static void
test_limits(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(65536);
	struct container_request r;

	(void)state;
	assert_int_equal(buf_adds(&b, FIRST), 0);
	for (size_t i = 0; i < CONTAINER_FIELDS_MAX; i++)
		assert_int_equal(buf_addf(&b, "X-%zu: y\r\n", i), 0);
	assert_int_equal(container_parse(b.data, b.len, &r), 0);
	assert_int_equal(buf_adds(&b, "Z: y\r\n"), 0);
	assert_int_equal(container_parse(b.data, b.len, &r), -EMSGSIZE);
	buf_reset(&b);
	assert_int_equal(buf_adds(&b, FIRST "X: "), 0);
	while (b.len < CONTAINER_REQUEST_MAX - 1)
		assert_int_equal(buf_adds(&b, "y"), 0);
	assert_int_equal(container_parse(b.data, b.len, &r), 0);
	assert_int_equal(buf_adds(&b, "y"), 0);
	assert_int_equal(container_parse(b.data, b.len, &r), -EMSGSIZE);
	assert_int_equal(buf_adds(&b, "\r\n\r\n"), 0);
	assert_int_equal(container_parse(b.data, b.len, &r), -EMSGSIZE);
}

/* ---- paths --------------------------------------------------------------------- */

static void
test_paths(void **state)
{
	static const struct {
		const char *target, *profile;
	} cases[] = {
		{ "/v1/credentials/p", "p" },
		{ "/v1/credentials/a%20b", "a b" },
		{ "/v1/credentials/a%2Fb", "a/b" },
		{ "/v1/credentials/%c3%a9", "\xc3\xa9" },
		{ "/v1/credentials/a@b", "a@b" },
		{ "/v1/credentials/a+b", "a+b" },
		{ "/v1/credentials/..%2fp", "../p" }, /* a name, no way */
		{ "/v1/credentials/", NULL },
		{ "/v1/credentials", NULL },
		{ "/", NULL },
		{ "/v1/credentials/p/", NULL },
		{ "/v1/credentials/p/q", NULL },
		{ "/v1/credentials//p", NULL },
		{ "//v1/credentials/p", NULL },
		{ "/V1/credentials/p", NULL },
		{ "/v1/./credentials/p", NULL },
		{ "/v1/credentials/.", NULL },
		{ "/v1/credentials/..", NULL },
		{ "/v1/credentials/%2e%2e", NULL },
		{ "/x/../v1/credentials/p", NULL },
		{ "/v1%2Fcredentials/p", NULL },
		{ "/v1/credentials/%", NULL },
		{ "/v1/credentials/%4", NULL },
		{ "/v1/credentials/%zz", NULL },
		{ "/v1/credentials/%u0070", NULL },
		{ "/v1/credentials/%00", NULL },
		{ "/v1/credentials/p%00", NULL },
		{ "/v1/credentials/p%0a", NULL },
		{ "/v1/credentials/p%7f", NULL },
		{ "/v1/credentials/%ff", NULL },
		{ "/v1/credentials/%c0%af", NULL },
		{ "/v1/credentials/%ed%a0%80", NULL },
	};
	static const char *const names[] = { "p", "a b", "a/b", "../p", "%",
		"100%25", "\xc3\xa9t\xc3\xa9", "a.b-c_d~e", "x@y:z+w", "-",
		"...", "?q", "#f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got =
		    container_profile(cases[i].target, strlen(cases[i].target));

		if (!str_eq(got, cases[i].profile))
			fail_msg("%s: %s", cases[i].target, got);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *target = container_target(names[i]);
		_cleanup_free_ char *back =
		    container_profile(target, strlen(target));

		assert_str(back, names[i]);
	}
	assert_null(container_target(""));
	assert_null(container_target("."));
	assert_null(container_target(".."));
	assert_null(container_target("a\nb"));
	assert_null(container_target("\xff"));
}

/* ---- the checks ---------------------------------------------------------------- */

static unsigned
bit(const char *name)
{
	const struct container_check *c;

	for (unsigned i = 0; (c = container_check_at(i)) != NULL; i++)
		if (str_eq(c->name, name))
			return 1u << i;
	fail_msg("no check %s", name);
	return 0;
}

static const struct {
	const char *text, *rows; /* each of which refuses by itself */
	uid_t peer;
} attacks[] = {
	{ "POST /v1/credentials/p HTTP/1.1\r\n" HOST AUTH END, "method", 7 },
	{ "HEAD /v1/credentials/p HTTP/1.1\r\n" HOST AUTH END, "method", 7 },
	{ "PUT /v1/credentials/p HTTP/1.1\r\n" HOST AUTH END, "method", 7 },
	{ "CONNECT /v1/credentials/p HTTP/1.1\r\n" HOST AUTH END, "method", 7 },
	{ "OPTIONS /v1/credentials/p HTTP/1.1\r\n" HOST AUTH
	  "Access-Control-Request-Private-Network: true\r\n" END,
	    "method origin", 7 },
	{ FIRST HOST AUTH "Content-Length: 1\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Content-Length: 00\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Content-Length: +0\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Content-Length: 0, 0\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Content-Length:\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Transfer-Encoding: chunked\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Transfer-Encoding: identity\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "TRANSFER-ENCODING: xchunked\r\n" END, "body", 7 },
	{ FIRST HOST AUTH
	    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n" END,
	    "body", 7 },
	{ FIRST HOST AUTH "Upgrade: h2c\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Upgrade: websocket\r\nConnection: Upgrade\r\n" END,
	    "body", 7 },
	{ FIRST HOST AUTH "Expect: 100-continue\r\n" END, "body", 7 },
	{ FIRST HOST AUTH "Trailer: Host\r\n" END, "body", 7 },
	{ FIRST HOST HOST AUTH END, "once", 7 },
	{ FIRST HOST AUTH AUTH END, "once", 7 },
	{ FIRST HOST "Host: evil.example\r\n" AUTH END, "once host", 7 },
	{ FIRST HOST AUTH "Authorization: x\r\n" END, "once token", 7 },
	{ FIRST HOST AUTH "Content-Length: 0\r\nContent-Length: 0\r\n" END,
	    "once", 7 },
	{ FIRST AUTH END, "host", 7 },
	{ FIRST "Host: evil.example:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 127.0.0.1.evil.example:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 127.0.0.1\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 127.0.0.1:40124\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 127.0.0.1:401230\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 127.0.0.1:040123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 127.1:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: 0.0.0.0:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: [::1]:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: user@127.0.0.1:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host: localhost.:40123\r\n" AUTH END, "host", 7 },
	{ FIRST "Host:\r\n" AUTH END, "host", 7 },
	{ FIRST HOST AUTH "Origin: http://evil.example\r\n" END, "origin", 7 },
	{ FIRST HOST AUTH "Origin: null\r\n" END, "origin", 7 },
	{ FIRST HOST AUTH "ORIGIN:\r\n" END, "origin", 7 },
	{ FIRST HOST AUTH "Sec-Fetch-Site: none\r\n" END, "browser", 7 },
	{ FIRST HOST AUTH "Sec-Fetch-Mode: cors\r\n" END, "browser", 7 },
	{ FIRST HOST AUTH "Sec-CH-UA: x\r\n" END, "browser", 7 },
	{ FIRST HOST AUTH "Referer: http://evil.example/\r\n" END, "browser",
	    7 },
	{ FIRST HOST AUTH "Cookie: a=b\r\n" END, "browser", 7 },
	{ FIRST HOST AUTH "Upgrade-Insecure-Requests: 1\r\n" END, "browser",
	    7 },
	{ FIRST HOST AUTH "X-Forwarded-For: 10.0.0.1\r\n" END, "direct", 7 },
	{ FIRST HOST AUTH "Via: 1.1 proxy\r\n" END, "direct", 7 },
	{ FIRST HOST AUTH "Forwarded: for=x\r\n" END, "direct", 7 },
	{ FIRST HOST AUTH END, "peer", 8 },
	{ FIRST HOST AUTH END, "peer", (uid_t)-1 },
	{ "GET /v1/credentials/.. HTTP/1.1\r\n" HOST AUTH END, "path", 7 },
	{ "GET / HTTP/1.1\r\n" HOST AUTH END, "path", 7 },
	{ FIRST HOST END, "token", 7 },
	{ FIRST HOST "Authorization:\r\n" END, "token", 7 },
	{ FIRST HOST "Authorization: Bearer " TOKEN "\r\n" END, "token", 7 },
	{ FIRST HOST "Authorization: " TOKEN "0\r\n" END, "token", 7 },
	{ FIRST HOST
	    "Authorization: "
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee"
	    "\r\n" END,
	    "token", 7 },
	{ FIRST HOST
	    "Authorization: "
	    "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
	    "\r\n" END,
	    "token", 7 },
	{ FIRST HOST "X-Authorization: " TOKEN "\r\n" END, "token", 7 },
	/* A page of a foreign name that was bent to us, as a browser sends
	 * it: four rows refuse it, each without the others. */
	{ FIRST "Host: evil.example:40123\r\nConnection: keep-alive\r\n"
		"Origin: http://evil.example:40123\r\n"
		"Sec-Fetch-Site: same-origin\r\n"
		"Referer: http://evil.example:40123/\r\n" END,
	    "host origin browser token", 7 },
};

static void
test_checks(void **state)
{
	_cleanup_secret_ struct secret *token =
	    secret_new(TOKEN, strlen(TOKEN));
	const struct container_check *c;
	struct container_expect x = { PORT, token, 7, 7 };
	struct container_request r;
	unsigned refuses = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		_cleanup_strv_ struct strv rows = { 0 };
		unsigned all = 0;

		x.peer = attacks[i].peer;
		assert_int_equal(container_parse(attacks[i].text,
				     strlen(attacks[i].text), &r),
		    1);
		if (container_check(&r, &x, CONTAINER_ALL) == NULL)
			fail_msg("attack %zu is answered", i);
		strv_split(&rows, attacks[i].rows);
		for (size_t k = 0; k < rows.n; k++) {
			unsigned one = bit(rows.v[k]);

			all |= one;
			c = container_check(&r, &x, one);
			if (c == NULL || !str_eq(c->name, rows.v[k]))
				fail_msg(
				    "attack %zu passes %s alone", i, rows.v[k]);
		}
		/* It was these rows, and no other one. */
		c = container_check(&r, &x, CONTAINER_ALL & ~all);
		if (c != NULL)
			fail_msg("attack %zu: also refused by %s", i, c->name);
		refuses |= all;
	}
	/* Every row has an attack that it alone refuses. */
	for (unsigned i = 0; (c = container_check_at(i)) != NULL; i++)
		if ((refuses & 1u << i) == 0)
			fail_msg("the check %s is not tested", c->name);
}

static void
test_passes(void **state)
{
	static const char *const good[] = { GOOD,
		FIRST "Host: localhost:40123\r\n" AUTH END,
		FIRST HOST "authorization:" TOKEN "\r\n"
			   "Content-Length: 0\r\nConnection: close\r\n"
			   "Accept: */*\r\nUser-Agent: x\r\n"
			   "amz-sdk-request: attempt=1\r\n" END };
	_cleanup_secret_ struct secret *token =
	    secret_new(TOKEN, strlen(TOKEN));
	struct container_expect x = { PORT, token, 7, 7 };
	struct container_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(
		    container_parse(good[i], strlen(good[i]), &r), 1);
		assert_null(container_check(&r, &x, CONTAINER_ALL));
	}
	x.peer = 0; /* root can read the token anyway */
	assert_null(container_check(&r, &x, CONTAINER_ALL));
	x.token = NULL; /* a profile that nobody was started for */
	assert_str(container_check(&r, &x, CONTAINER_ALL)->name, "token");
}

/* ---- tokens -------------------------------------------------------------------- */

static char *
scratch(void)
{
	char dir[] = "/tmp/awsfed-container.XXXXXX";

	assert_non_null(mkdtemp(dir));
	return path_join(dir, "endpoint");
}

static void
remove_scratch(char *dir)
{
	_cleanup_free_ char *cmd = NULL;

	*strrchr(dir, '/') = '\0';
	cmd = xasprintf("rm -r '%s'", dir);
	assert_int_equal(system(cmd), 0);
	xfree(dir);
}

static void
assert_mode(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void
test_tokens(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	_cleanup_free_ char *a = NULL, *b = NULL, *again = NULL, *text = NULL,
			    *other = NULL;
	char *dir = scratch();
	struct container_tokens *t = container_tokens_new(dir);
	size_t len;

	(void)state;
	assert_int_equal(container_tokens_load(t), 0);
	assert_int_equal(access(dir, F_OK), -1); /* nothing is made unasked */
	assert_int_equal(container_tokens_make(t, "a", &a, &f), 0);
	assert_int_equal(container_tokens_make(t, "b/../c d", &b, &f), 0);
	assert_int_equal(container_tokens_set_port(t, 4711, &f), 0);
	assert_mode(dir, 0700);
	assert_mode(a, 0600);
	assert_mode(b, 0600);
	assert_non_null(strstr(b, "/endpoint/b%2F..%2Fc%20d.token"));
	assert_int_equal(path_read(a, 1000, &text, &len), 0);
	assert_int_equal(len, 64); /* and no newline */
	assert_true(secret_is(container_tokens_get(t, "a"), text, len));
	assert_false(secret_equal(
	    container_tokens_get(t, "a"), container_tokens_get(t, "b/../c d")));
	assert_null(container_tokens_get(t, "c"));
	/* The same again; also when the file was swept away. */
	unlink(a);
	assert_int_equal(container_tokens_make(t, "a", &again, &f), 0);
	assert_str(again, a);
	assert_int_equal(path_read(a, 1000, &other, &len), 0);
	assert_str(other, text);
	/* The next agent. */
	container_tokens_free(t);
	t = container_tokens_new(dir);
	assert_int_equal(container_tokens_load(t), 4711);
	assert_int_equal(container_tokens_count(t), 2);
	assert_true(secret_is(container_tokens_get(t, "a"), text, 64));
	assert_non_null(container_tokens_get(t, "b/../c d"));
	container_tokens_drop(t, "a");
	assert_null(container_tokens_get(t, "a"));
	assert_int_equal(access(a, F_OK), -1);
	container_tokens_drop_all(t);
	assert_int_equal(access(dir, F_OK), -1);
	container_tokens_free(t);
	remove_scratch(dir);
}

/* What others can read, or could have written, is not believed. */
static void
test_tokens_untrusted(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	char *dir = scratch();
	struct container_tokens *t = container_tokens_new(dir);
	static const char *const names[] = { "mode", "long", "short", "upper",
		"link", "hard", "good" };
	char *path[ARRAY_SIZE(names)];
	_cleanup_free_ char *target = path_join(dir, "elsewhere");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(
		    container_tokens_make(t, names[i], &path[i], &f), 0);
	container_tokens_free(t);
	chmod(path[0], 0640);
	assert_int_equal(path_replace(path[1], TOKEN "\n", 65, 0600), 0);
	assert_int_equal(path_replace(path[2], TOKEN, 63, 0600), 0);
	assert_int_equal(path_replace(path[3],
			     "0123456789ABCDEF0123456789ABCDEF"
			     "0123456789ABCDEF0123456789ABCDEF",
			     64, 0600),
	    0);
	assert_int_equal(rename(path[4], target), 0);
	assert_int_equal(symlink("elsewhere", path[4]), 0);
	{
		_cleanup_free_ char *second = path_join(dir, "hardlink");

		assert_int_equal(link(path[5], second), 0);
	}
	t = container_tokens_new(dir);
	container_tokens_load(t);
	assert_int_equal(container_tokens_count(t), 1);
	assert_non_null(container_tokens_get(t, "good"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(access(path[i], F_OK) == 0, i == 6);
		xfree(path[i]);
	}
	container_tokens_free(t);
	/* Nor is a folder that others may write. */
	chmod(dir, 0770);
	t = container_tokens_new(dir);
	assert_int_equal(container_tokens_load(t), 0);
	assert_int_equal(container_tokens_count(t), 0);
	assert_int_equal(container_tokens_set_port(t, 1, &f), -1);
	assert_non_null(strstr(f.text, dir));
	container_tokens_free(t);
	remove_scratch(dir);
}

static void
test_tokens_long_name(void **state)
{
	_cleanup_fault_ struct fault f = { 0 };
	char *dir = scratch(), *path = NULL;
	struct container_tokens *t = container_tokens_new(dir);
	char name[CONTAINER_NAME_MAX + 1];

	(void)state;
	memset(name, ' ', CONTAINER_NAME_MAX);
	name[CONTAINER_NAME_MAX] = '\0';
	assert_int_equal(container_tokens_make(t, name, &path, &f), -1);
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_non_null(f.next);
	container_tokens_free(t);
	remove_scratch(dir);
}

/* ---- whose it is --------------------------------------------------------------- */

static void
test_peer(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int door = socket(AF_INET, SOCK_STREAM, 0), in, out;

	(void)state;
	assert_int_equal(bind(door, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(door, 1), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&sa, &len), 0);
	out = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(out, (struct sockaddr *)&sa, len), 0);
	in = accept(door, NULL, NULL);
	assert_int_equal(container_peer(in), geteuid());
	assert_int_equal(container_peer_by_table(in), geteuid());
	/* Where the kernel has no sock_diag, it does not lie either. */
	assert_true(container_peer_by_diag(in) == geteuid() ||
	    container_peer_by_diag(in) == (uid_t)-1);
	close(out);
	assert_true(container_peer(door) == (uid_t)-1); /* no connection */
	close(in);
	close(door);
	assert_true(container_peer(-1) == (uid_t)-1);
}

/* ---- answers ------------------------------------------------------------------- */

/* The body of a response whose head is as it must be. */
static json_t *
body_of(const struct buf *b, int status)
{
	char first[32];
	const char *end = strstr(b->data, "\r\n\r\n");
	size_t len;

	snprintf(first, sizeof(first), "HTTP/1.1 %d ", status);
	assert_memory_equal(b->data, first, strlen(first));
	assert_non_null(end);
	assert_non_null(strstr(b->data, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(b->data, "\r\nCache-Control: no-store\r\n"));
	assert_null(strstr(b->data, "Access-Control"));
	assert_int_equal(sscanf(strstr(b->data, "Content-Length: "),
			     "Content-Length: %zu", &len),
	    1);
	assert_int_equal(strlen(end + 4), len);
	return json_loads(end + 4, 0, NULL);
}

static void
test_answers(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(CONTAINER_ANSWER_MAX);
	_cleanup_fault_ struct fault f = { 0 };
	struct creds *c;
	json_t *in = json_pack("{s:s,s:s,s:s,s:s,s:i,s:s}", "accessKeyId",
	    "ASIAEXAMPLE", "secretAccessKey", "s/e+c", "sessionToken",
	    "t==", "expiration", "2100-01-01T00:00:00Z", "lifetime", 3600,
	    "roleArn", "arn:aws:iam::000000000001:role/A");
	json_t *want = json_pack("{s:s,s:s,s:s,s:s,s:s}", "AccessKeyId",
	    "ASIAEXAMPLE", "SecretAccessKey", "s/e+c", "Token",
	    "t==", "Expiration", "2100-01-01T00:00:00Z", "RoleArn",
	    "arn:aws:iam::000000000001:role/A");
	json_t *got;

	(void)state;
	assert_int_equal(creds_from_json(in, &clk_system, &c), 0);
	container_answer_creds(&b, c);
	got = body_of(&b, 200);
	assert_true(json_equal(got, want));
	json_decref(got);
	creds_unref(c);
	json_decref(in);
	json_decref(want);
	container_answer_error(&b, 405, "X", "a \"b\"\r\n", "c");
	got = body_of(&b, 405);
	assert_non_null(strstr(b.data, "\r\nAllow: GET\r\n"));
	assert_str(json_string_value(json_object_get(got, "message")),
	    "a \"b\"\r\n Next: c");
	json_decref(got);
	fault_set(&f, FAULT_TEMPORARY, REASON_OFFLINE, "off");
	container_answer_fault(&b, &f);
	json_decref(body_of(&b, 503));
	fault_set(&f, FAULT_NEEDS_USER, REASON_EXPIRED, "sign in");
	container_answer_fault(&b, &f);
	got = body_of(&b, 403);
	assert_str(
	    json_string_value(json_object_get(got, "code")), "ExpiredToken");
	json_decref(got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_tokens_untrusted),
		cmocka_unit_test(test_tokens_long_name),
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_answers),
	};

	umask(077);
	xalloc_install();
	return RUN(tests);
}
