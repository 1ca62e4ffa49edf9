/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile worker: it is the one process that reads what the network sends.  A
 * login that a person watches has started it; each line is what it says, but
 * for lines of the other kinds of fake-engine.h.
 */
#include "fuzz.h"

#include <string.h>

#include "fake-engine.h"

static const char *const starts[] = {
	"0{\"method\":\"io.awsfed.Control.Login\",\"parameters\":"
	"{\"profiles\":[\"a\",\"b\"]}}\n",
	/* An assumed role. */
	"0{\"method\":\"io.awsfed.Control.Login\",\"parameters\":"
	"{\"profiles\":[\"w\"]}}\nsABW\n",
	/* A browser's address. */
	"0{\"method\":\"io.awsfed.Control.Login\",\"parameters\":"
	"{\"profiles\":[\"a\"]}}\nsAB\n"
	"1{\"method\":\"io.awsfed.Control.Console\",\"parameters\":"
	"{\"profile\":\"a\"}}\n",
	/* Roles alone, with the accounts' names. */
	"0{\"method\":\"io.awsfed.Control.Login\",\"parameters\":"
	"{\"profiles\":[\"a\"],\"survey\":true,\"aliases\":true}}\n",
	/* Nobody is there. */
	"0{\"method\":\"io.awsfed.Control.Login\",\"parameters\":"
	"{\"profiles\":[\"a\"]}}\nsAB\nt3000\n"
	"1{\"method\":\"io.awsfed.Control.Refresh\"}\n",
};

#define NSTARTS (sizeof(starts) / sizeof(starts[0]))

static void
say(struct engine *e, const char *line, size_t len)
{
	char text[8192];

	if (len == 0 || line[0] != '{') {
		engine_line(e, line, len);
		return;
	}
	if (len >= sizeof(text))
		return;
	text[0] = 'w';
	memcpy(text + 1, line, len);
	engine_line(e, text, len + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct engine *e;
	const char *start;

	if (size == 0)
		return 0;
	start = starts[(size_t)(unsigned char)text[0] % NSTARTS];
	e = engine_new(engine_hash(data, size));
	engine_lines(e, start, strlen(start));
	text++;
	size--;
	while (size > 0) {
		const char *eol = memchr(text, '\n', size);
		size_t n = eol == NULL ? size : (size_t)(eol - text);

		say(e, text, n);
		n += eol != NULL;
		text += n;
		size -= n;
	}
	engine_free(e);
	return 0;
}
