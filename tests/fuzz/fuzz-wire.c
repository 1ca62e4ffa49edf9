/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from outside: whatever comes in, what comes out goes round. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>

#include "awsfed/fault.h"
#include "awsfed/wire.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf in = BUF_INIT(WIRE_MAX_REQUEST);
	json_t *msg = NULL;
	int r;

	if (buf_add(&in, data,
		size < WIRE_MAX_REQUEST ? size : WIRE_MAX_REQUEST) < 0)
		abort();
	while ((r = wire_get(&in, &msg)) == 1 || r == -EBADMSG) {
		_cleanup_buf_ struct buf out = BUF_INIT(WIRE_MAX_REPLY);
		_cleanup_fault_ struct fault f = { 0 };
		json_t *again = NULL;
		struct call call;

		if (r < 0)
			continue;
		(void)call_decode(msg, &call);
		(void)fault_from_json(msg, &f);
		if (wire_put(&out, msg) < 0 || wire_get(&out, &again) != 1 ||
		    !json_equal(msg, again))
			abort();
		json_decref(again);
		json_decref(msg);
	}
	return 0;
}
