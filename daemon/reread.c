/* SPDX-License-Identifier: Apache-2.0 */
#include "reread.h"

#include <unistd.h>

#define LOOKS 5
#define PAUSE 20000 /* microseconds */

int
reread(reread_look *look, void *arg)
{
	for (int i = 1;; i++) {
		int r = look(i == LOOKS, arg);

		if (r != 0 || i == LOOKS)
			return r;
		usleep(PAUSE);
	}
}
