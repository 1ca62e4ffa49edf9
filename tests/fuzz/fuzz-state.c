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

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/xalloc.h"

#include "fake.h"
#include "identity.h"
#include "manager-state.h"
#include "manager.h"
#include "prompt.h"
#include "session.h"
#include "state-blob.h"

static const char profiles[] = "[profile a]\n"
			       "adfs_config.adfs_host = adfs.example.com\n"
			       "adfs_config.adfs_user = CORP\\jane\n"
			       "adfs_config.role_arn = "
			       "arn:aws:iam::000000000001:role/A\n"
			       "[profile b]\n"
			       "adfs_config.adfs_host = other.example.com\n"
			       "adfs_config.role_arn = "
			       "arn:aws:iam::000000000001:role/B\n";

static int
load(struct config **ret, struct fault *fault, void *arg)
{
	_cleanup_ini_ struct ini *doc =
	    ini_parse(profiles, sizeof(profiles) - 1);

	(void)arg;
	return config_parse(doc, NULL, ret, fault);
}

static double
half(void *arg)
{
	(void)arg;
	return 0.5;
}

static void
no_line(
    int priority, const char *line, const struct log_field *fields, void *arg)
{
	(void)priority;
	(void)line;
	(void)fields;
	(void)arg;
}

/* Whatever comes in, every object agrees with itself, and so does its image. */
static void
import(const char *text, size_t len)
{
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	struct loop *loop = fake_loop_new();
	struct manager_env env = {
		.loop = loop,
		.jobs = fake_jobs_new(),
		.commands = fake_commands_new(),
		.prompts = prompts_new(loop),
		.random = half,
		.load = load,
	};
	struct manager *m = manager_new(&env);
	struct fault f = { 0 };
	struct manager_taken t;

	if (manager_reload(m, NULL, &f) < 0)
		abort();
	(void)manager_import(m, o, &t);
	if (!manager_sane(m))
		abort();
	json_decref(o);
	o = manager_export(m, true);
	if (json_array_size(json_object_get(o, "identities")) != 2)
		abort();
	json_decref(o);
	(void)manager_holds(m);
	manager_free(m);
	prompts_free(env.prompts);
	fake_commands_free(env.commands);
	fake_jobs_free(env.jobs);
	fake_loop_free(loop);
	fault_done(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char header[STATE_HEADER];
	struct state_slot slot = { 0 };
	unsigned char *exact = xmalloc(size + 1);

	log_hook(no_line, NULL);
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
		import((char *)exact + STATE_HEADER, slot.len);
	} else {
		import((char *)exact, size);
	}
	xfree(exact);
	return 0;
}
