/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing something secret to another program of the person's: a browser, the
 * clipboard.  It never stands in an argument, which everybody could read.
 */
#ifndef CLIENT_HAND_H
#define CLIENT_HAND_H

#include <stdbool.h>

#include "problem.h"

/* Is there a desktop that a browser could open on? */
bool hand_desktop(void);
/* xdg-open with the path of a file.  0, or -1 with *problem. */
int hand_open(const char *path, struct problem *problem);
/*
 * To the clipboard: by wl-copy, xclip or xsel on a desktop, else by the
 * terminal (OSC 52).  *ret_how names what took it.  0, or -1 with *problem.
 */
int hand_copy(const char *text, const char **ret_how, struct problem *problem);

#endif
