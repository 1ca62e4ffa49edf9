/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write protocol as a program, for the tests that race it, kill it or take
 * its system calls away.
 *
 *   file-edit [-ibn] PATH SECTION KEY VALUE      one edit
 *   file-edit [-n] -l SECONDS PATH SECTION KEY   edit after edit: 1, 2, 3, …
 *
 * -i: in place; -b: with a backup; -n: as on a file system without leases.
 *
 * Prints how many edits changed bytes.  Exit status: 0, or 1 with the fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"
#include "awsfed/ini.h"
#include "awsfed/log.h"
#include "awsfed/xalloc.h"
#include "files-target.h"
#include "files.h"

struct change {
	const char *section, *key, *value;
};

static int
apply(struct ini *doc, void *arg, struct fault *fault)
{
	const struct change *c = arg;

	if (ini_set(doc, c->section, c->key, c->value) < 0)
		return fault_set(
		    fault, FAULT_CONFIG, REASON_FILE, "this cannot be written");
	return 0;
}

static int
edit(char *path, bool in_place, bool backup, struct change *change,
    unsigned *written)
{
	struct files_edit e = { .path = path,
		.in_place = in_place,
		.backup = backup,
		.apply = apply,
		.arg = change };
	_cleanup_fault_ struct fault fault = { 0 };
	bool changed = false;

	if (files_edit_now(&e, &changed, &fault) < 0) {
		fprintf(stderr, "%s: %s: %s (%s)\n",
		    fault_kind_name(fault.kind), reason_name(fault.reason),
		    fault.text, fault.next);
		return fault.kind == FAULT_TEMPORARY ? 1 : -1;
	}
	*written += changed;
	return 0;
}

int
main(int argc, char **argv)
{
	bool in_place = false, backup = false;
	unsigned written = 0, n = 0;
	long seconds = 0;
	int opt, r = 0;

	log_init("file-edit", LOG_WARNING);
	while ((opt = getopt(argc, argv, "ibnl:")) != -1) {
		if (opt == 'i')
			in_place = true;
		else if (opt == 'b')
			backup = true;
		else if (opt == 'n')
			lease_none = true;
		else if (opt == 'l')
			seconds = atol(optarg);
		else
			return 2;
	}
	argc -= optind;
	argv += optind;
	if (argc != (seconds > 0 ? 3 : 4))
		return 2;
	if (seconds > 0) {
		int64_t end = clk_boot(&clk_system) + seconds * USEC;

		/* Like the agent: what is temporary is tried again. */
		while (r >= 0 && clk_boot(&clk_system) < end) {
			char value[16];
			struct change c = { argv[1], argv[2], value };

			snprintf(value, sizeof(value), "%u", ++n);
			r = edit(argv[0], in_place, backup, &c, &written);
		}
	} else {
		struct change c = { argv[1], argv[2], argv[3] };

		r = edit(argv[0], in_place, backup, &c, &written);
	}
	printf("%u\n", written);
	return r == 0 || (r > 0 && seconds > 0) ? 0 : 1;
}
