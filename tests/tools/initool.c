/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The INI document at the command line, for tests: reads standard input,
 * does what the arguments say in their order, writes to standard output.
 *
 *	initool print
 *	initool problem			LINE WHY, exit status 1; nothing if none
 *	initool get SECTION KEY
 *	initool set SECTION KEY VALUE	the edited document
 *	initool unset SECTION KEY
 *	initool add SECTION
 *	initool remove SECTION
 *	initool serve			many documents: see serve()
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define INPUT_MAX (64 * 1024 * 1024)

static char *
read_bytes(size_t want, size_t *ret_len)
{
	char *data = xmalloc(want + 1);

	*ret_len = fread(data, 1, want, stdin);
	data = xrealloc(data, *ret_len + 1);
	data[*ret_len] = '\0';
	return data;
}

static int
edit(struct ini *ini, char **v, int n)
{
	if (n == 4 && str_eq(v[0], "set"))
		return ini_set(ini, v[1], v[2], v[3]);
	if (n == 3 && str_eq(v[0], "unset"))
		return ini_unset(ini, v[1], v[2]);
	if (n == 2 && str_eq(v[0], "add"))
		return ini_add_section(ini, v[1]);
	if (n == 2 && str_eq(v[0], "remove"))
		return ini_remove_section(ini, v[1]);
	if (n == 1 && str_eq(v[0], "print"))
		return 0;
	fprintf(stderr, "initool: see the head of initool.c\n");
	exit(2);
}

static int
print(const struct ini *ini)
{
	size_t len;
	_cleanup_free_ char *out = ini_print(ini, &len);

	return fwrite(out, 1, len, stdout) == len && fflush(stdout) == 0 ? 0 :
									   1;
}

/*
 * Requests "LENGTH WORDS SIZE SIZE …\n", then LENGTH bytes of document, then
 * the WORDS argument strings of those sizes.  Replies "RESULT PROBLEM LENGTH
 * LENGTH\n" with the edited document and, as JSON, the values before.
 */
static json_t *
values(const struct ini *ini)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ini_nsections(ini); i++) {
		const char *name = ini_section(ini, i);
		json_t *keys = json_object_get(all, name);

		if (keys == NULL) {
			keys = json_object();
			json_object_set_new(all, name, keys);
		}
		for (size_t k = 0; k < ini_nkeys(ini, i); k++) {
			const char *v = ini_get(ini, name, ini_key(ini, i, k));

			json_object_set_new(
			    keys, ini_key(ini, i, k), json_string(v));
		}
	}
	return all;
}

static int
serve(void)
{
	size_t len, words, sizes[4], got;

	while (scanf("%zu %zu", &len, &words) == 2 && words <= 4) {
		_cleanup_free_ char *data = NULL, *json = NULL, *out = NULL;
		char *v[4] = { NULL };
		json_t *vals;
		struct ini *ini;
		size_t out_len;
		int r, bad;

		for (size_t i = 0; i < words; i++)
			if (scanf("%zu", &sizes[i]) != 1)
				return 1;
		getchar();
		data = read_bytes(len, &got);
		ini = ini_parse(data, got);
		for (size_t i = 0; i < words; i++)
			v[i] = read_bytes(sizes[i], &got);
		bad = ini_problem(ini, NULL, NULL);
		vals = values(ini);
		json = json_dumps(vals, JSON_COMPACT);
		json_decref(vals);
		r = edit(ini, v, (int)words);
		out = ini_print(ini, &out_len);
		printf(
		    "%d %d %zu %zu\n%s", r, bad, out_len, strlen(json), json);
		fwrite(out, 1, out_len, stdout);
		fflush(stdout);
		for (size_t i = 0; i < words; i++)
			xfree(v[i]);
		ini_free(ini);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	_cleanup_free_ char *data = NULL, *why = NULL;
	_cleanup_ini_ struct ini *ini = NULL;
	size_t len, line;

	xalloc_install();
	if (argc == 2 && str_eq(argv[1], "serve"))
		return serve();
	if (argc < 2)
		return 2;
	data = read_bytes(INPUT_MAX, &len);
	ini = ini_parse(data, len);
	if (str_eq(argv[1], "problem")) {
		if (!ini_problem(ini, &line, &why))
			return 0;
		printf("%zu %s\n", line, why);
		return 1;
	}
	if (argc == 4 && str_eq(argv[1], "get")) {
		const char *v = ini_get(ini, argv[2], argv[3]);

		if (v == NULL)
			return 1;
		puts(v);
		return 0;
	}
	if (edit(ini, argv + 1, argc - 1) < 0) {
		fprintf(stderr, "initool: that cannot be written safely\n");
		return 1;
	}
	return print(ini);
}
