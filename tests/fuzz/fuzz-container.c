/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the container endpoint.  What the reader takes is read again
 * here, in another way that knows the strict form only; and what the checks let
 * pass must have the one Host and the one token, and nothing of a browser's.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#include "container-request.h"

#define PORT 40123
#define HOST "127.0.0.1:40123"
#define OTHER_HOST "localhost:40123"
#define TOKEN "0123456789abcdef"
#define CUTS_MAX 600 /* longer ones are not cut everywhere */

static void
must(bool good)
{
	if (!good)
		abort();
}

/* Lines end in CR LF and nowhere else, and the empty one is the last. */
static void
check_lines(const char *s, size_t len)
{
	must(len >= 4 && len <= CONTAINER_REQUEST_MAX);
	must(memchr(s, '\0', len) == NULL);
	must(memmem(s, len, "\r\n\r\n", 4) == s + len - 4);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\r')
			must(i + 1 < len && s[i + 1] == '\n');
		if (s[i] == '\n')
			must(i > 0 && s[i - 1] == '\r' &&
			    (i + 1 == len ||
				(s[i + 1] != ' ' && s[i + 1] != '\t')));
	}
}

static bool
forbidden(const char *name)
{
	static const char *const names[] = { "transfer-encoding", "upgrade",
		"expect", "origin", "referer", "cookie", "sec-",
		"x-forwarded-" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(name, names[i], len) == 0 &&
		    (names[i][len - 1] == '-' || name[len] == '\0'))
			return true;
	}
	return false;
}

static void
check_passed(const char *s, size_t len)
{
	_cleanup_free_ char *text = xstrndup(s, len);
	size_t hosts = 0, tokens = 0;
	char *save, *line = strtok_r(text, "\r\n", &save);

	must(line != NULL && str_starts(line, "GET " CONTAINER_PATH));
	while ((line = strtok_r(NULL, "\r\n", &save)) != NULL) {
		char *value = strchr(line, ':');

		must(value != NULL);
		*value++ = '\0';
		str_trim(value);
		must(!forbidden(line));
		if (strcasecmp(line, "host") == 0) {
			hosts++;
			must(str_eq(value, HOST) || str_eq(value, OTHER_HOST));
		} else if (strcasecmp(line, "authorization") == 0) {
			tokens++;
			must(str_eq(value, TOKEN));
		} else if (strcasecmp(line, "content-length") == 0) {
			must(str_eq(value, "0"));
		}
	}
	must(hosts == 1 && tokens == 1);
}

/* A name and its one spelling lead to each other. */
static void
check_target(const char *s, size_t len)
{
	_cleanup_free_ char *profile = container_profile(s, len), *again = NULL,
			    *target = NULL;

	if (profile == NULL)
		return;
	must(!str_has_control(profile) && str_utf8(profile));
	target = container_target(profile);
	must(target != NULL);
	must(strchr(target + strlen(CONTAINER_PATH), '/') == NULL);
	again = container_profile(target, strlen(target));
	must(str_eq(profile, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_keep();
	_cleanup_secret_ struct secret *token =
	    secret_new(TOKEN, strlen(TOKEN));
	const struct container_expect x = { PORT, token, 7, 7 };
	/* As it is in the agent: with an end behind it. */
	_cleanup_free_ char *s = xmalloc(size + 1);
	struct container_request r, cut;

	memcpy(s, data, size);
	s[size] = '\0';
	check_target(s, size);
	if (container_parse(s, size, &r) != 1)
		return 0;
	check_lines(s, size);
	for (size_t n = 0; size <= CUTS_MAX && n < size; n++)
		must(container_parse(s, n, &cut) == 0);
	if (container_check(&r, &x, CONTAINER_ALL) == NULL)
		check_passed(s, size);
	return 0;
}
