/* SPDX-License-Identifier: Apache-2.0 */
#include "files-memory.h"

#include <pthread.h>
#include <string.h>

#include "awsfed/ini.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define PATHS_MAX 32 /* two files of one agent; more are tests */

struct seen {
	char *path;
	struct strv sections;
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
	strv_done(&s->sections);
	*s = (struct seen){ 0 };
}

bool
files_memory_missing(const char *path, const struct ini *doc)
{
	bool missing = false;
	const struct seen *s;

	pthread_mutex_lock(&lock);
	s = find(path);
	for (size_t i = 0; s != NULL && !missing && i < s->sections.n; i++)
		missing = !ini_has_section(doc, s->sections.v[i]);
	pthread_mutex_unlock(&lock);
	return missing;
}

void
files_memory_set(const char *path, const struct ini *doc)
{
	struct seen *s;

	pthread_mutex_lock(&lock);
	s = find(path);
	if (s == NULL) {
		s = &memory[next_slot];
		next_slot = (next_slot + 1) % PATHS_MAX;
	}
	forget(s);
	s->path = xstrdup(path);
	for (size_t i = 0; i < ini_nsections(doc); i++)
		strv_add(&s->sections, ini_section(doc, i));
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
