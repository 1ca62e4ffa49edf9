/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pinentry that says anything: the first byte chooses what it is asked, then
 * come its lines.  It is sent whole lines of ours only, ends, and its answer is
 * what its data lines spelt.  What is asked is a part of the input, too: the
 * text behind the last NUL.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/xalloc.h"

#include "askpass-assuan.h"

#define OUT_MAX 4096
#define LINES_MAX 400

static void
must(bool good)
{
	if (!good)
		abort();
}

/* Each line within the limit of Assuan, and a command of ours. */
static void
check_out(const struct buf *out)
{
	const char *p = out->data, *end = out->data + out->len;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		if (eol == NULL)
			abort();
		must(eol - p < ASSUAN_LINE);
		must(memchr(p, '\r', (size_t)(eol - p)) == NULL);
		must(memchr(p, '\0', (size_t)(eol - p)) == NULL);
		must(str_starts(p, "OPTION ") || str_starts(p, "SET") ||
		    str_starts(p, "CONFIRM") || str_starts(p, "GETPIN\n") ||
		    str_starts(p, "CAN\n"));
		p = eol + 1;
	}
}

/* False: it is over. */
static bool
take(struct assuan *as, const char *line, size_t len)
{
	_cleanup_buf_ struct buf out = BUF_INIT(OUT_MAX);
	/* A block of just this size, with an end as the reader sets it. */
	_cleanup_free_ char *exact = xmalloc(len + 1);
	enum assuan_step step;

	memcpy(exact, line, len);
	exact[len] = '\0';
	step = assuan_take(as, exact, len, &out);
	must((step == ASSUAN_BROKEN) == (as->why != NULL));
	if (out.len > 0)
		check_out(&out);
	return step == ASSUAN_MORE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char display[] = "DISPLAY=:0", type[] = "LC_CTYPE=C.UTF-8";
	static char *const env[] = { display, type, NULL };
	const uint8_t *nul = size < 2 ? NULL : memrchr(data, '\0', size);
	_cleanup_free_ char *text = NULL;
	struct assuan as;
	const char *p;
	size_t left, lines = 0;

	if (size == 0)
		return 0;
	if (nul != NULL)
		text = xstrndup(
		    (const char *)nul + 1, size - 1 - (size_t)(nul - data));
	assuan_init(&as,
	    &(struct ask){
		.kind = data[0] % 4,
		.program = "/usr/bin/pinentry",
		.pinentry = true,
		.text = text != NULL ? text : "Password of jane",
		.prompt = (data[0] & 4) != 0 ? NULL : "Password:",
		.yes = (data[0] & 8) != 0 ? "_Allow" : NULL,
		.no = (data[0] & 16) != 0 ? "_Deny" : NULL,
		.seconds = 60,
	    },
	    env);
	p = (const char *)data + 1;
	left = (nul != NULL && nul > data ? (size_t)(nul - data) : size) - 1;
	while (left > 0 && lines++ < LINES_MAX) {
		const char *eol = memchr(p, '\n', left);
		size_t n = eol == NULL ? left : (size_t)(eol - p);

		if (!take(&as, p, n))
			break;
		n += eol != NULL;
		p += n;
		left -= n;
	}
	assuan_done(&as);
	return 0;
}
