/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target once for each file named, without libFuzzer.  The name of
 * each that passed is a line of the output, so that who reads it knows which
 * one ended the program.
 */
#include <stdio.h>
#include <string.h>

#include "awsfed/paths.h"
#include "awsfed/xalloc.h"
#include "fuzz.h"

#define FILE_MAX (16 * 1024 * 1024)

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		_cleanup_free_ char *data = NULL;
		size_t len;
		int e = path_read(argv[i], FILE_MAX, &data, &len);

		if (e < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-e));
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)data, len);
		printf("%s\n", argv[i]);
		fflush(stdout);
	}
	return argc < 2 ? 2 : 0;
}
