/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may put something else in the place of a file: whoever owns, or may write
 * to, a directory on the way to it.  Looked at by the agent before it listens
 * on a socket, and by the client before it connects to one.
 */
#ifndef AWSFED_PARENTS_H
#define AWSFED_PARENTS_H

/*
 * Follows the absolute path's directories from /, through symbolic links, but
 * does not look at its last component.  Each directory and each link must be
 * ours or root's, and no directory one that everybody may write to, unless it
 * is sticky as /tmp is.
 *
 * 0; -EPERM, with the directory or link in *ret_bad (the caller's) as it was
 * met; or another negative errno: -ENOENT for a way that is not there.
 */
int parents_check(const char *path, char **ret_bad);

#endif
