/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/log.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "credfile-int.h"
#include "loop.h"
#include "manager.h"

struct sinks {
	struct manager *manager;
	struct loop *loop;
	sinks_files_fn *make;
	void *arg;
	struct files *files; /* NULL until there is a sink */
	struct credfile **files_of;
	size_t n;
	struct timer *timer; /* deferred: tell, and drop what is done */
};

/* ---- what status says ----------------------------------------------------------- */

/* Nothing of ours can be where a file of ours is not. */
static bool
holds_none(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
	return !S_ISREG(st.st_mode) || st.st_uid != geteuid();
}

static void
drop_retired(struct sinks *k)
{
	for (size_t i = k->n; i-- > 0;) {
		struct credfile *cf = k->files_of[i];

		if (!cf->retired || cf->writing != NULL || cf->held != NULL)
			continue;
		/* One that cannot be written keeps our keys, and is tried. */
		if ((cf->pending.n > 0 || fault_is(&cf->fault)) &&
		    !holds_none(cf->sink->path))
			continue;
		credfile_free(cf);
		k->n--;
		memmove(&k->files_of[i], &k->files_of[i + 1],
		    (k->n - i) * sizeof(struct credfile *));
	}
}

static void
on_timer(void *arg)
{
	struct sinks *k = arg;
	json_t *list = json_array();

	drop_retired(k);
	for (size_t i = 0; i < k->n; i++) {
		const struct credfile *cf = k->files_of[i];
		const struct fault *f =
		    !fault_is(&cf->fault) && cf->nrefusals > 0 ?
		    &cf->refusals[0].fault :
		    &cf->fault;
		json_t *o = json_object();

		json_put_str(o, "sink", cf->sink->name);
		json_put_str(o, "path", cf->sink->path);
		json_put_str(o, "mode", cf->sink->mode);
		if (fault_is(f))
			json_object_set_new(o, "fault", fault_to_json(f));
		json_array_append_new(list, o);
	}
	manager_set_more(k->manager, "sinks", list);
}

static void
soon(void *arg)
{
	struct sinks *k = arg;

	k->loop->ops->timer_set(k->timer, (struct deadline){ 0, 0 });
}

/* ---- which there are -------------------------------------------------------------- */

static void
swap_definition(struct credfile *cf, const struct sink *s)
{
	sink_done(cf->sink);
	sink_copy(cf->sink, s);
	cf->retired = false;
	credfile_assume(cf);
}

static void
add(struct sinks *k, const struct sink *s)
{
	struct credfile *cf;

	if (k->files == NULL)
		k->files = k->make(k->arg);
	cf = credfile_new_at(k->manager, k->files, s);
	cf->told = soon;
	cf->told_arg = k;
	k->files_of =
	    xreallocarray(k->files_of, k->n + 1, sizeof(struct credfile *));
	k->files_of[k->n++] = cf;
	credfile_assume(cf);
}

static const struct sink *
find(const struct settings *set, const char *path)
{
	for (size_t i = 0; i < set->nsinks; i++)
		if (str_eq(set->sinks[i].path, path))
			return &set->sinks[i];
	return NULL;
}

/* As the configuration has them: by path, which is what is written to. */
static void
follow(struct sinks *k)
{
	const struct settings *set = &manager_config(k->manager)->settings;
	size_t before = k->n;

	for (size_t i = 0; i < set->nsinks; i++) {
		size_t at = 0;

		while (at < before &&
		    !str_eq(k->files_of[at]->sink->path, set->sinks[i].path))
			at++;
		if (at == before)
			add(k, &set->sinks[i]);
		else if (!sink_equal(k->files_of[at]->sink, &set->sinks[i]) ||
		    k->files_of[at]->retired)
			swap_definition(k->files_of[at], &set->sinks[i]);
	}
	for (size_t i = 0; i < before; i++) {
		struct credfile *cf = k->files_of[i];

		if (cf->retired || find(set, cf->sink->path) != NULL)
			continue;
		log_info("the sink %s is not configured any more: its keys "
			 "are taken out of %s",
		    cf->sink->name, cf->sink->path);
		cf->retired = true;
		credfile_take_back_all(cf);
	}
	soon(k);
}

static void
on_event(enum manager_event ev, struct session *s, struct barrier *b, void *arg)
{
	struct sinks *k = arg;

	if (ev == MANAGER_CONFIG)
		follow(k);
	for (size_t i = 0; i < k->n; i++)
		credfile_event(k->files_of[i], ev, s, b);
}

/* ---- life ---------------------------------------------------------------------------- */

struct sinks *
sinks_new(struct manager *m, sinks_files_fn *files, void *arg)
{
	struct sinks *k = xcalloc(1, sizeof(*k));

	k->manager = m;
	k->loop = manager_env(m)->loop;
	k->make = files;
	k->arg = arg;
	k->timer = timer_new(k->loop, on_timer, k);
	manager_subscribe(m, &(struct surface){ on_event, k });
	if (manager_config(m)->settings.nsinks > 0)
		follow(k);
	return k;
}

void
sinks_flush(struct sinks *k)
{
	for (size_t i = 0; i < k->n; i++)
		credfile_flush(k->files_of[i]);
}

void
sinks_free(struct sinks *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->n; i++)
		credfile_free(k->files_of[i]);
	k->loop->ops->timer_free(k->timer);
	xfree(k->files_of);
	xfree(k);
}
