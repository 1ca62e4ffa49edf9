/* SPDX-License-Identifier: Apache-2.0 */
/* The one entry of a fuzz target; aborts when an invariant breaks. */
#ifndef AWSFED_TESTS_FUZZ_H
#define AWSFED_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
