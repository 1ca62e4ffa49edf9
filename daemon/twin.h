/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery by process, as a surface.  A profile that signs in, with
 * "awsfed.deliver = process", gets a credential_process line that asks the
 * agent, and loses it when that is "file".  A chained profile P gets a profile
 * P.live in the AWS config file with such a line.  P itself cannot have it: Go
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
