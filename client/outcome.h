/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of profiles: the same words after login and after refresh, and
 * the exit status that follows from them.
 */
#ifndef CLIENT_OUTCOME_H
#define CLIENT_OUTCOME_H

#include <jansson.h>

/*
 * Tells of a `done` step.  0 when every named profile is fresh and the file
 * was written; else the status of the first named profile's fault.
 */
int outcome_login(const json_t *done);
/* Tells of Refresh's reply; all profiles of it count as named. */
int outcome_refresh(const json_t *reply);
/*
 * Tells the fault of the credentials file, when there is one.  status, or the
 * fault's when that was 0.
 */
int outcome_written(const json_t *fault, int status);

#endif
