/* SPDX-License-Identifier: Apache-2.0 */
#include "askpass-assuan.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define CHATTER_MAX 200	   /* comments, status lines */
#define VALUE_MAX_LEN 4096 /* bytes of one answer */
/* The low half of libgpg-error's codes; the high one is the source. */
#define ERR_CODE(n) ((n)&0xffff)
enum {
	ERR_TIMEOUT = 62,
	ERR_CANCELED = 99,
	ERR_NOT_CONFIRMED = 114,
	ERR_FULLY_CANCELED = 198
};

/* ---- what we say ---------------------------------------------------------------- */

static size_t
character(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

char *
assuan_command(const char *command, const char *text)
{
	struct buf b = BUF_INIT(ASSUAN_LINE - 1);
	size_t n;

	if (buf_adds(&b, command) < 0 || buf_adds(&b, " ") < 0)
		abort(); /* commands are ours, and short */
	for (; *text != '\0'; text += n) {
		bool plain = *text != '%' && *text != '\n' && *text != '\r';

		n = plain ? character(text) : 1;
		if (plain ? buf_add(&b, text, n) < 0 :
			    buf_addf(&b, "%%%02X", (unsigned char)*text) < 0)
			break;
	}
	return buf_take(&b);
}

static void
add(struct assuan *as, const char *command, const char *text)
{
	if (text != NULL)
		strv_take(&as->lines, assuan_command(command, text));
}

/* Which window, and which language: names of OPTION and of variables. */
static void
add_options(struct assuan *as, char *const *env)
{
	static const char *const options[][2] = {
		{ "display", "DISPLAY=" },
		{ "ttyname", "GPG_TTY=" },
		{ "ttytype", "TERM=" },
		{ "lc-ctype", "LC_CTYPE=" },
		{ "lc-messages", "LC_MESSAGES=" },
	};

	strv_add(&as->lines, "OPTION grab");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		for (char *const *e = env; *e != NULL; e++) {
			_cleanup_free_ char *line = NULL;
			const char *v = *e + strlen(options[i][1]);

			if (!str_starts(*e, options[i][1]) || *v == '\0' ||
			    str_has_control(v))
				continue;
			line = xasprintf("%s=%s", options[i][0], v);
			add(as, "OPTION", line);
		}
}

void
assuan_init(struct assuan *as, const struct ask *ask, char *const *environ_of)
{
	_cleanup_free_ char *time = xasprintf("%lld", (long long)ask->seconds);

	*as = (struct assuan){ 0 };
	buf_init(&as->value, VALUE_MAX_LEN);
	add_options(as, environ_of);
	add(as, "SETTITLE", "awsfed");
	add(as, "SETTIMEOUT", time);
	add(as, "SETDESC", ask->text);
	add(as, "SETPROMPT", ask->prompt);
	add(as, "SETOK", ask->yes);
	add(as, "SETCANCEL", ask->no);
	strv_add(&as->lines,
	    ask->kind == ASK_CONFIRM  ? "CONFIRM" :
		ask->kind == ASK_SHOW ? "CONFIRM --one-button" :
					"GETPIN");
}

void
assuan_done(struct assuan *as)
{
	strv_done(&as->lines);
	buf_done(&as->value);
	xfree(as->why);
}

/* ---- what it says ----------------------------------------------------------------- */

static enum assuan_step
broken(struct assuan *as, const char *why)
{
	xreplace(&as->why, xstrdup(why));
	return ASSUAN_BROKEN;
}

static bool
take_data(struct assuan *as, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (c == '%') {
			if (len - i < 3 || str_unhex(s[i + 1]) < 0 ||
			    str_unhex(s[i + 2]) < 0)
				return false;
			c = (char)(str_unhex(s[i + 1]) * 16 +
			    str_unhex(s[i + 2]));
			i += 2;
		}
		if (c == '\0' || buf_add(&as->value, &c, 1) < 0)
			return false;
	}
	return true;
}

/* May the server do without it? */
static bool
optional(const char *line)
{
	return !str_starts(line, "SETDESC ") && !str_starts(line, "GETPIN") &&
	    !str_starts(line, "CONFIRM");
}

static enum assuan_step
send_next(struct assuan *as, struct buf *out)
{
	const char *line = as->lines.v[as->sent++];

	if (buf_addf(out, "%s\n", line) < 0)
		return broken(as, _("it takes no input"));
	return ASSUAN_MORE;
}

static enum assuan_step
take_error(struct assuan *as, const char *line, size_t len, struct buf *out)
{
	bool last = as->sent == as->lines.n;
	/* "ERR" alone is one, too: behind it is the next line. */
	unsigned long code = len > 4 ? strtoul(line + 4, NULL, 10) : 0;

	if (as->sent == 0)
		return broken(as, _("it refuses to talk"));
	if (!last && optional(as->lines.v[as->sent - 1]))
		return send_next(as, out);
	switch (ERR_CODE(code)) {
	case ERR_CANCELED:
	case ERR_FULLY_CANCELED:
	case ERR_NOT_CONFIRMED:
		return ASSUAN_DECLINED;
	case ERR_TIMEOUT:
		return ASSUAN_LAPSED;
	default:
		xreplace(&as->why,
		    xasprintf(_("it failed with error %lu"), ERR_CODE(code)));
		return ASSUAN_BROKEN;
	}
}

/* "OK", "OK text", but not "OKAY". */
static bool
is(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(line, word, n) == 0 &&
	    (len == n || line[n] == ' ');
}

enum assuan_step
assuan_take(struct assuan *as, const char *line, size_t len, struct buf *out)
{
	if (len >= ASSUAN_LINE || memchr(line, '\0', len) != NULL)
		return broken(as, _("it does not speak pinentry's protocol"));
	if (len == 0 || line[0] == '#' || is(line, len, "S")) {
		if (as->chatter++ < CHATTER_MAX)
			return ASSUAN_MORE;
		return broken(as, _("it talks without an end"));
	}
	if (is(line, len, "OK")) {
		if (as->sent == as->lines.n)
			return ASSUAN_ANSWERED;
		return send_next(as, out);
	}
	if (is(line, len, "ERR"))
		return take_error(as, line, len, out);
	if (is(line, len, "D") && as->sent == as->lines.n && len >= 2) {
		if (take_data(as, line + 2, len - 2))
			return ASSUAN_MORE;
		return broken(as, _("its answer is malformed or too long"));
	}
	if (is(line, len, "INQUIRE") && as->sent > 0) {
		if (as->chatter++ < CHATTER_MAX && buf_adds(out, "CAN\n") == 0)
			return ASSUAN_MORE;
	}
	return broken(as, _("it does not speak pinentry's protocol"));
}
