/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of protected profiles, on this side: the question is put to the person
 * at this terminal, for a call of our own or (awsfedctl approve) of others.
 */
#ifndef CLIENT_APPROVAL_H
#define CLIENT_APPROVAL_H

#include <stdbool.h>

#include <jansson.h>

#include "problem.h"

/*
 * As conn_ask(), for a method that gives keys: Credentials, Console.  When the
 * profile is protected and a terminal is this program's to use, its person is
 * asked; else the agent asks whoever watches.  purpose (may be NULL): what the
 * keys are for, shown in the question.
 */
int approval_call(const char *method, json_t *parameters, const char *purpose,
    int timeout, json_t **ret, struct problem *problem);

enum approval { APPROVAL_NO, APPROVAL_YES, APPROVAL_GONE };
/*
 * "TEXT [y/N] " on the terminal; what was typed before is not taken for an
 * answer.  GONE: no terminal, end of file, or a held signal.
 */
enum approval approval_confirm(const char *text);

#endif
