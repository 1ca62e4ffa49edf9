/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the agent, several at once, with workers and time between their
 * calls (fake-engine.h has the lines): whatever they send, each call is
 * answered once, no answer has a key that it is not for, and the engine stays
 * whole.
 */
#include "fuzz.h"

#include "fake-engine.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine *e = engine_new(engine_hash(data, size));

	engine_lines(e, (const char *)data, size);
	engine_free(e);
	return 0;
}
