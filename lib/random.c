/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "awsfed/log.h"

void
random_bytes(void *p, size_t len)
{
	char *at = p;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_at(LOG_CRIT,
			    "the kernel gives no random bytes (%s)",
			    strerror(errno));
			abort();
		}
		at += n;
		len -= (size_t)n;
	}
}
