/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's half of pinentry's protocol, without input and output: lines of
 * the server in, lines to it out.  Assuan (libassuan's manual, "Client
 * requests"): a line has at most 1000 bytes with its LF; %, CR and LF of data
 * are percent-escaped; each command is answered by OK or ERR, after any number
 * of comments, status lines and, for GETPIN, data.
 */
#ifndef AWSFED_ASKPASS_ASSUAN_H
#define AWSFED_ASKPASS_ASSUAN_H

#include "awsfed/buf.h"
#include "awsfed/str.h"

#include "askpass.h"

#define ASSUAN_LINE 1000 /* bytes, with the LF */

enum assuan_step {
	ASSUAN_MORE,	 /* wait for the next line */
	ASSUAN_ANSWERED, /* value has it */
	ASSUAN_DECLINED,
	ASSUAN_LAPSED,
	ASSUAN_BROKEN /* why has it */
};

struct assuan {
	struct strv lines; /* to send, in order, each after an OK */
	size_t sent;
	unsigned chatter; /* lines that said nothing */
	struct buf value; /* percent-decoded data */
	char *why;
};

/* env: the agent's environment, for the window's display and language. */
void assuan_init(
    struct assuan *as, const struct ask *ask, char *const *environ_of);
void assuan_done(struct assuan *as);
/* A line of the server, without its LF; appends to out what is to be sent. */
enum assuan_step assuan_take(
    struct assuan *as, const char *line, size_t len, struct buf *out);

/* A command with its escaped argument, cut at a character where too long. */
char *assuan_command(const char *command, const char *text);

#endif
