/* SPDX-License-Identifier: Apache-2.0 */
#include "supply.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#define INPUT_BYTES (64 * 1024)

struct supply {
	struct secret *user; /* not secret, but kept like one */
	struct secret *password;
	struct secret *code;
};

struct supply *
supply_new(void)
{
	return xcalloc(1, sizeof(struct supply));
}

struct supply *
supply_free(struct supply *s)
{
	if (s != NULL) {
		secret_free(s->user);
		secret_free(s->password);
		secret_free(s->code);
		xfree(s);
	}
	return NULL;
}

void
supply_freep(struct supply **s)
{
	*s = supply_free(*s);
}

/* JSON takes UTF-8 only, and nobody types a control character. */
static int
supply_set(struct supply *s, const char *user, const char *password,
    struct fault *fault)
{
	json_t *u = json_string(user), *p = json_string(password);
	bool good = u != NULL && p != NULL && !str_has_control(user) &&
	    !str_has_control(password);

	json_decref(u);
	json_decref(p);
	if (!good) {
		fault_set(fault, FAULT_CONFIG, REASON_NONE, "%s",
		    _("the user name or the password that was brought holds "
		      "a control character, or is not UTF-8."));
		fault_next(fault, "%s", _("bring them as plain UTF-8 text"));
		return -1;
	}
	secret_free(s->user);
	secret_free(s->password);
	s->user = secret_new(user, strlen(user));
	s->password = secret_new(password, strlen(password));
	return 0;
}

static int
too_few(struct fault *fault, const char *where, const char *next)
{
	fault_set(fault, FAULT_NEEDS_USER, REASON_NONE,
	    _("%s does not hold both a user name and a password."), where);
	fault_next(fault, "%s", next);
	return -1;
}

static int
read_stdin(struct buf *in)
{
	for (;;) {
		ssize_t n;
		int r = buf_reserve(in, 4096);

		if (r < 0)
			return r;
		n = read(STDIN_FILENO, in->data + in->len, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		in->len += (size_t)n;
		in->data[in->len] = '\0';
	}
}

int
supply_from_stdin(struct supply *s, struct fault *fault)
{
	_cleanup_buf_ struct buf in = BUF_INIT(INPUT_BYTES);
	char *user, *password, *save = NULL;

	if (read_stdin(&in) < 0 || in.len == 0)
		return too_few(fault, _("standard input"),
		    _("give two lines: the user name, then the password"));
	/* A password may start or end with a blank: only line ends go. */
	user = strtok_r(in.data, "\r\n", &save);
	password = strtok_r(NULL, "\r\n", &save);
	if (user == NULL || password == NULL)
		return too_few(fault, _("standard input"),
		    _("give two lines: the user name, then the password"));
	return supply_set(s, str_trim(user), password, fault);
}

int
supply_from_env(struct supply *s, struct fault *fault)
{
	const char *user = getenv("username");
	const char *password = getenv("password");

	if (str_empty(user) || str_empty(password))
		return too_few(fault, _("the environment"),
		    _("set the variables username and password (lower case)"));
	return supply_set(s, user, password, fault);
}

int
supply_from_authfile(struct supply *s, const char *path, const char *profile,
    struct fault *fault)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_ini_ struct ini *ini = NULL;
	const char *user, *password;
	struct stat st;
	size_t len = 0;
	int r = path_read(path, INPUT_BYTES, &data, &len);

	if (r < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_NONE,
		    _("%s cannot be read (%s)."), path, strerror(-r));
		fault_next(fault, "%s",
		    _("check the file that --authfile "
		      "names"));
		return -1;
	}
	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		fprintf(stderr,
		    _("awsfed: warning: others may read %s; type "
		      "chmod 600 %s\n"),
		    path, path);
	ini = ini_parse(data, len);
	user = ini_get(ini, profile, "username");
	password = ini_get(ini, profile, "password");
	if (str_empty(user) || str_empty(password)) {
		fault_set(fault, FAULT_CONFIG, REASON_NONE,
		    _("%s has no username and password in a section [%s]."),
		    path, profile);
		fault_next(fault, "%s", _("add both keys to that section"));
		return -1;
	}
	return supply_set(s, user, password, fault);
}

int
supply_set_code(struct supply *s, const char *code, struct fault *fault)
{
	_cleanup_json_ json_t *text = json_string(code);

	if (text == NULL || *code == '\0' || str_has_control(code)) {
		fault_set(fault, FAULT_CONFIG, REASON_NONE, "%s",
		    _("the verification code is empty, holds a control "
		      "character, or is not UTF-8."));
		fault_next(fault, "%s", _("bring it as plain text"));
		return -1;
	}
	secret_free(s->code);
	s->code = secret_new(code, strlen(code));
	return 0;
}

json_t *
supply_user(const struct supply *s)
{
	return s->user == NULL ?
	    NULL :
	    json_stringn(secret_bytes(s->user), secret_len(s->user));
}

json_t *
supply_answer(struct supply *s, const char *name)
{
	struct secret **from = str_eq(name, QN_USER) ? &s->user :
	    str_eq(name, QN_PASSWORD)		     ? &s->password :
	    str_eq(name, QN_CODE)		     ? &s->code :
						       NULL;
	json_t *value;

	if (from == NULL || *from == NULL)
		return NULL;
	value = json_stringn(secret_bytes(*from), secret_len(*from));
	*from = secret_free(*from);
	return value;
}
