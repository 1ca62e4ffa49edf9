/* SPDX-License-Identifier: Apache-2.0 */
/* The one entry of a fuzz target; aborts when an invariant breaks. */
#ifndef AWSFED_TESTS_FUZZ_H
#define AWSFED_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "awsfed/secret.h"

/*
 * A secret that stays, so that the locked memory of secrets is not given back
 * and fetched again in each run.
 */
static inline void
fuzz_keep(void)
{
	static struct secret *kept;

	if (kept == NULL)
		kept = secret_new("x", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
