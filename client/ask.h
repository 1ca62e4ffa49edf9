/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's questions, put to a person.  A question is checked before it is
 * shown: texts come from pages of the network and lose their control bytes.
 */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "awsfed/buf.h"

struct term;

#define ASK_CHOICES_MAX 20000
#define ASK_SHORT 60 /* seconds: so short a time is told */
#define ASK_TRIES 5  /* empty or unusable answers to one question */

struct choice {
	char *value;
	char *label;
	char *group; /* or NULL */
};

enum question_kind { ASK_TEXT, ASK_SECRET, ASK_CODE, ASK_CHOICE, ASK_CONFIRM };

struct question {
	char *id;
	char *name;
	char *label;
	int64_t seconds; /* to answer; 0 no end */
	enum question_kind kind;
	struct choice *choices;
	size_t nchoices;
};

enum answer {
	ANSWER_OK,
	ANSWER_DECLINED, /* q, Ctrl-C */
	ANSWER_LATE,	 /* the question's time is over */
	ANSWER_EOF	 /* Ctrl-D, the terminal went away */
};

/* 0 or -EBADMSG. */
int question_parse(const json_t *j, struct question *ret);
void question_done(struct question *q);

/* Asks until there is a usable answer; *ret is a JSON string. */
enum answer question_ask(
    const struct question *q, struct term *t, json_t **ret);

/* The label as a prompt: one mark, then end.  xalloc. */
char *question_prompt(const struct question *q, const char *end);

/*
 * What a typed line means for a choice: the index of the choice (its number in
 * the list, or its value or label when only one has it), or -1: a filter.
 */
long choice_pick(const struct question *q, const char *line);
/*
 * The list as text, grouped, numbered from 1, with only those choices that
 * have filter in value, label or group (any case; NULL or "": all).  How many
 * there are.
 */
size_t choice_list(
    const struct question *q, const char *filter, struct buf *out);

#define _cleanup_question_ __attribute__((cleanup(question_done)))

#endif
