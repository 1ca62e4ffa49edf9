/* SPDX-License-Identifier: Apache-2.0 */
#include "files-memory.h"

#include <pthread.h>
#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/xalloc.h"

#define PATHS_MAX 32 /* two files of one agent; more are tests */

struct seen {
	char *path;
	char *sections; /* one block: each name and its NUL */
	size_t len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seen memory[PATHS_MAX];
static size_t next_slot;

static struct seen *
find(const char *path)
{
	for (size_t i = 0; i < PATHS_MAX; i++)
		if (memory[i].path != NULL && strcmp(memory[i].path, path) == 0)
			return &memory[i];
	return NULL;
}

static void
forget(struct seen *s)
{
	xfree(s->path);
	xfree(s->sections);
	*s = (struct seen){ 0 };
}

bool
files_memory_missing(const char *path, const struct ini *doc)
{
	bool missing = false;
	const struct seen *s;

	pthread_mutex_lock(&lock);
	s = find(path);
	for (size_t at = 0; s != NULL && !missing && at < s->len;
	     at += strlen(s->sections + at) + 1)
		missing = !ini_has_section(doc, s->sections + at);
	pthread_mutex_unlock(&lock);
	return missing;
}

void
files_memory_set(const char *path, const struct ini *doc)
{
	size_t len = 0, n;
	struct seen *s;

	for (size_t i = 0; i < ini_nsections(doc); i++)
		len += strlen(ini_section(doc, i)) + 1;
	pthread_mutex_lock(&lock);
	s = find(path);
	if (s == NULL) {
		s = &memory[next_slot];
		next_slot = (next_slot + 1) % PATHS_MAX;
	}
	forget(s);
	s->path = xstrdup(path);
	s->sections = xmalloc(len);
	for (size_t i = 0; i < ini_nsections(doc); i++) {
		n = strlen(ini_section(doc, i)) + 1;
		memcpy(s->sections + s->len, ini_section(doc, i), n);
		s->len += n;
	}
	pthread_mutex_unlock(&lock);
}

void
files_memory_clear(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < PATHS_MAX; i++)
		forget(&memory[i]);
	pthread_mutex_unlock(&lock);
}
