/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from anybody's JSON: what is taken leaves in every shape, and
 * each shape, read as its reader does, gives the same three values.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "awsfed/creds.h"
#include "awsfed/ini.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "container-answer.h"
#include "environ.h"
#include "shell.h"

#define NOW 1795000000LL

static void
must(bool good)
{
	if (!good)
		abort();
}

static int64_t
now(void *arg)
{
	(void)arg;
	return NOW * USEC;
}

static const struct clk clk = { now, now, NULL };

/* Fits a line of an AWS file and a header: printable, no blank, never empty. */
static void
check_token(const char *s)
{
	must(!str_empty(s) && str_printable(s) && strchr(s, ' ') == NULL);
}

static bool
member_is(const json_t *o, const char *key, const char *value)
{
	return str_eq(json_string_value(json_object_get(o, key)), value);
}

static void
check_json(const char *text, const struct creds *c, const char *token)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	int64_t t;

	must(member_is(o, "AccessKeyId", c->access_key_id));
	must(member_is(
	    o, "SecretAccessKey", secret_bytes(c->secret_access_key)));
	must(member_is(o, token, secret_bytes(c->session_token)));
	must(rfc3339_parse(
		 json_string_value(json_object_get(o, "Expiration")), &t) == 0);
	must(t == c->expiration_s);
	json_decref(o);
}

static void
check_container(const struct creds *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT(CONTAINER_ANSWER_MAX);
	const char *body, *length;

	container_answer_creds(&b, c);
	must(str_starts(b.data, "HTTP/1.1 200 OK\r\n"));
	body = strstr(b.data, "\r\n\r\n");
	length = strstr(b.data, "Content-Length: ");
	must(body != NULL && length != NULL && length < body);
	must(strtoul(length + strlen("Content-Length: "), NULL, 10) ==
	    strlen(body + 4));
	check_json(body + 4, c, "Token");
}

/* As one line of the credentials file each. */
static void
check_ini(const struct creds *c)
{
	static const char *const keys[] = { "aws_access_key_id",
		"aws_secret_access_key", "aws_session_token" };
	const char *values[] = { c->access_key_id,
		secret_bytes(c->secret_access_key),
		secret_bytes(c->session_token) };
	_cleanup_ini_ struct ini *ini = ini_parse("", 0), *again = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		must(ini_set(ini, "p", keys[i], values[i]) == 0);
	text = ini_print(ini, &len);
	again = ini_parse(text, len);
	must(!ini_problem(again, NULL, NULL) && ini_nsections(again) == 1);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		must(str_eq(ini_get(again, "p", keys[i]), values[i]));
}

/*
 * The value of the variable in a POSIX shell's lines, as a shell reads them:
 * what is in single quotes, and a quote behind a backslash.  NULL: none.
 */
static char *
sh_value(const char *text, const char *name)
{
	_cleanup_free_ char *start = xasprintf("export %s=", name);
	const char *p = strstr(text, start);
	struct buf b = BUF_INIT(SHELL_TEXT_MAX);

	if (p == NULL || (p != text && p[-1] != '\n'))
		return NULL;
	for (p += strlen(start); *p != '\n' && *p != ';';) {
		if (*p == '\\') {
			must(p[1] == '\'');
			must(buf_add(&b, p + 1, 1) == 0);
			p += 2;
			continue;
		}
		must(*p++ == '\'');
		for (; *p != '\''; p++) {
			must(*p != '\0');
			must(buf_add(&b, p, 1) == 0);
		}
		p++;
	}
	must(buf_add(&b, "", 0) == 0);
	return buf_take(&b);
}

static void
check_shells(const struct creds *c)
{
	static const char *const names[] = { "sh", "fish", "powershell", "json",
		"dotenv" };
	_cleanup_plan_ struct plan plan = { 0 };

	plan_clear(&plan);
	plan_keys(&plan, c);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT(SHELL_TEXT_MAX);

		must(shell_print(shell_find(names[i]), &plan, &b) == 0);
		must(!str_empty(b.data));
		if (i == 0) {
			_cleanup_free_ char *key =
			    sh_value(b.data, "AWS_SECRET_ACCESS_KEY");
			_cleanup_free_ char *token =
			    sh_value(b.data, "AWS_SESSION_TOKEN");

			must(str_eq(key, secret_bytes(c->secret_access_key)));
			must(str_eq(token, secret_bytes(c->session_token)));
		}
	}
}

static void
check_times(const struct creds *c)
{
	must(c->lifetime_s >= 0 && c->lifetime_s <= 36 * 3600);
	must(c->max_s >= 0);
	must(creds_expired(c, &clk) == (creds_left_s(c, &clk) <= 0) ||
	    creds_left_s(c, &clk) == 0);
	must(creds_left_s(c, &clk) <= c->lifetime_s + 61);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_creds_ struct creds *c = NULL, *again = NULL;
	_cleanup_free_ char *process = NULL;
	json_t *o, *back;

	xalloc_install();
	json_object_seed(1);
	fuzz_keep();
	o = json_loadb((const char *)data, size, 0, NULL);
	if (o == NULL || creds_from_json(o, &clk, &c) < 0) {
		json_decref(o);
		return 0;
	}
	json_decref(o);
	check_token(c->access_key_id);
	check_token(secret_bytes(c->secret_access_key));
	check_token(secret_bytes(c->session_token));
	check_times(c);
	process = creds_process_json(c);
	must(strchr(process, '\n') == NULL);
	check_json(process, c, "SessionToken");
	check_container(c);
	check_ini(c);
	check_shells(c);
	back = creds_to_json(c);
	must(creds_from_json(back, &clk, &again) == 0);
	o = creds_to_json(again);
	must(json_equal(o, back));
	json_decref(o);
	json_decref(back);
	return 0;
}
