/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation of a login: Login, then Answer or Await, step by step,
 * until the agent says done or the person gives up.
 */
#ifndef CLIENT_TALK_H
#define CLIENT_TALK_H

#include <stdbool.h>

#include <jansson.h>

#include "problem.h"

struct supply;

struct talk {
	struct supply *supply; /* borrowed; answers brought by a script */
	bool enforce_role;     /* a choice of role is a refusal */
	const char *profile;   /* for messages; borrowed, may be NULL */
	const char *verb;      /* the same; NULL is login */
	bool launch;	       /* start the agent when there is none */
};

/*
 * Runs the login with these parameters (stolen).  0 with the `done` step; -1
 * with *problem, which tells that nothing was written when the person gave up.
 */
int talk_login(const struct talk *talk, json_t *parameters, json_t **ret_done,
    struct problem *problem);

/*
 * Adds what the caller's environment says of the AWS files: the agent has its
 * own paths and refuses a caller that uses others.
 */
void talk_environment(json_t *parameters);

#endif
