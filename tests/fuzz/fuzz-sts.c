/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an answer of STS. */
#include <stddef.h>
#include <stdint.h>

#include "sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_answer_ struct sts_answer a = { 0 };
	_cleanup_fault_ struct fault f = { 0 };

	if (sts_parse((const char *)data, size, &a) == 0)
		sts_fault(&a, 400, "arn:aws:iam::123456789012:role/A", 0, &f);
	return 0;
}
