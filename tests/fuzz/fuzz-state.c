/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot of the store, from anybody: what is believed goes round, and what is
 * cut off or longer is read no further than it is.  Then its JSON, or all of it
 * where the checksum bars the way, comes back into an engine of two profiles.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "awsfed/xalloc.h"

#include "fake-engine.h"
#include "manager-state.h"
#include "manager.h"
#include "state-blob.h"

/* Whatever comes in, every object agrees with itself, and so does its image. */
static void
import(const char *text, size_t len, uint64_t marker)
{
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	struct engine *e = engine_new(marker);
	struct manager *m = engine_manager(e);
	struct manager_taken t;

	(void)manager_import(m, o, &t);
	if (!manager_sane(m))
		engine_wrong("an import that does not agree with itself");
	json_decref(o);
	o = manager_export(m, true);
	if (json_array_size(json_object_get(o, "identities")) != 2)
		engine_wrong("an import that changes who signs in");
	json_decref(o);
	(void)manager_holds(m);
	engine_free(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char header[STATE_HEADER];
	struct state_slot slot = { 0 };
	unsigned char *exact = xmalloc(size + 1);

	/* A block of just this size, so that a sanitizer sees its end. */
	memcpy(exact, data, size);
	if (size >= STATE_HEADER &&
	    (state_blob_extent(exact) < STATE_HEADER ||
		state_blob_extent(exact) > STATE_SLOT))
		abort();
	if (state_blob_look(exact, size, &slot) == STATE_WHOLE) {
		if (slot.len > size - STATE_HEADER || slot.generation == 0)
			abort();
		state_blob_header(
		    exact + STATE_HEADER, slot.len, slot.generation, header);
		if (memcmp(header, exact, STATE_HEADER) != 0)
			abort();
		import((char *)exact + STATE_HEADER, slot.len,
		    engine_hash(data, size));
	} else {
		import((char *)exact, size, engine_hash(data, size));
	}
	xfree(exact);
	return 0;
}
