/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open questions.  A question has an id that is never used again; the first
 * answer wins; its owner hears exactly one of: an answer, or a fault when its
 * deadline passed.  An owner that closes it hears nothing more.
 */
#ifndef AWSFED_PROMPT_H
#define AWSFED_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct fault;
struct loop;
struct prompts;
struct question;

#define PROMPT_ANSWER_MAX 4096 /* bytes in one answer */

/*
 * value is NULL when fault is set, and wiped by the caller otherwise.  The
 * question is gone when this is called.
 */
typedef void prompt_fn(const char *value, const struct fault *fault, void *arg);

struct prompts *prompts_new(struct loop *loop);
void prompts_free(struct prompts *prompts);

/*
 * choices: an array of {"value","label","group"?} (borrowed) or NULL; seconds
 * until it lapses.  kind and name are Q_* and QN_* (proto.h).
 */
struct question *prompt_open(struct prompts *prompts, const char *kind,
    const char *name, const char *label, const json_t *choices, int64_t seconds,
    prompt_fn *fn, void *arg);
/* The open question with this id, or NULL. */
struct question *prompt_find(struct prompts *prompts, const char *id);
void prompt_close(struct question *q); /* NULL allowed */
const char *prompt_id(const struct question *q);
const char *prompt_name(const struct question *q);
/* The "question" of a step. */
json_t *prompt_json(const struct question *q);
/*
 * 0; -ENOENT: no such open question (answered meanwhile); -EINVAL: too long,
 * a control character, not one of the choices, neither yes nor no.
 */
int prompt_answer(struct prompts *prompts, const char *id, const char *value);
/* The same by a program, without a person: prompt_scripted() says so. */
int prompt_answer_script(
    struct prompts *prompts, const char *id, const char *value);
/* Within a prompt_fn: has a program answered? */
bool prompt_scripted(const struct prompts *prompts);

#endif
