/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-in that only learns the roles: for roles and configure. */
#ifndef CLIENT_SURVEY_H
#define CLIENT_SURVEY_H

#include <stdbool.h>

#include <jansson.h>

#include "problem.h"

/*
 * Takes the sign-in's parameters (stolen): host, user, providerId, profiles,
 * as for Login.  0 with the `done` step, which has roles; -1 with *problem.
 * verb is named in what a person is told to type next.
 */
int survey_run(const char *verb, json_t *parameters, bool aliases,
    json_t **ret_done, struct problem *problem);

#endif
