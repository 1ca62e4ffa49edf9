/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Twins by process, as a surface: a chained profile P with "awsfed.deliver =
 * process" gets a profile P.live in the AWS config file, whose
 * credential_process asks the agent.  P itself cannot have that line: Go
 * refuses it beside source_profile.  Only lines of ours are ever changed.
 */
#ifndef AWSFED_TWIN_H
#define AWSFED_TWIN_H

struct manager;
struct twins;

/* ctl: the absolute path of awsfedctl. */
struct twins *twins_new(struct manager *m, const char *ctl);
/* After files_free, as for credfile. */
void twins_free(struct twins *t);
/* At the start: a twin of ours in the config file makes its profile kept. */
void twins_adopt(struct twins *t);

#endif
