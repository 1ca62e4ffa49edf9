/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials file, as a surface: it watches sessions and writes what is
 * kept and delivered by file, coalesced: when a job ends, when somebody holds
 * their breath (a barrier), or 250 ms after the first change, then ever later
 * while the same job goes on.
 *
 * It also says whose a section is: ours by its marker; adopted when
 * it holds temporary keys, no marker, and the profile is an AD FS one; refused
 * when it holds long-term keys or another tool's marker (credfile-owner.h).
 */
#ifndef AWSFED_CREDFILE_H
#define AWSFED_CREDFILE_H

#include <stdbool.h>

struct credfile;
struct fault;
struct manager;
struct session;

struct credfile *credfile_new(struct manager *m);
void credfile_flush(struct credfile *cf); /* the last one, at the end */
/* After files_free: what it still has may be with the writer until then. */
void credfile_free(struct credfile *cf);
/*
 * At the start: the record of kept profiles is the file itself.  Sections of
 * ours make their profiles kept, and keys that have not expired are taken over.
 */
void credfile_adopt(struct credfile *cf);
/*
 * The file may have been changed by another program.  A section of ours that
 * is gone makes its profile kept no more (after a second look, 2 s later);
 * older keys in it are written over.
 */
void credfile_look(struct credfile *cf);
/* Is the session's section in the file ours, as far as we know? */
bool credfile_holds(const struct credfile *cf, const struct session *s);

#endif
