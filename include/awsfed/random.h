/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes of the kernel's: names, salts, tokens. */
#ifndef AWSFED_RANDOM_H
#define AWSFED_RANDOM_H

#include <stddef.h>

/* getrandom(2) without its short counts.  Aborts, with a sentence, on a kernel
 * that has none: nobody could go on safely. */
void random_bytes(void *p, size_t len);

#endif
