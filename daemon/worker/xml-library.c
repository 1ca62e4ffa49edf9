/* SPDX-License-Identifier: Apache-2.0 */
#include "xml-library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "awsfed/log.h"
#include "awsfed/xalloc.h"

#define CANNOT_LOAD 127 /* what a shell and the loader say, too */

static struct xml_library library;

#ifdef XML_SONAME

static void
load(void)
{
	const struct {
		const char *name;
		void **place;
	} symbols[] = {
		{ "htmlReadMemory", (void **)&library.read_html },
		{ "xmlReadMemory", (void **)&library.read_xml },
		{ "xmlFreeDoc", (void **)&library.free_doc },
		{ "xmlMemSetup", (void **)&library.set_memory },
		{ "xmlInitParser", (void **)&library.init },
		{ "xmlSetExternalEntityLoader", (void **)&library.set_loader },
	};
	void *handle = dlopen(XML_SONAME, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; handle != NULL && i < ARRAY_SIZE(symbols); i++) {
		*symbols[i].place = dlsym(handle, symbols[i].name);
		if (*symbols[i].place == NULL)
			handle = NULL;
	}
	if (handle != NULL)
		return;
	log_err("cannot load %s: %s", XML_SONAME, dlerror());
	_exit(CANNOT_LOAD);
}

#else

static void
load(void)
{
	library =
	    (struct xml_library){ htmlReadMemory, xmlReadMemory, xmlFreeDoc,
		    xmlMemSetup, xmlInitParser, xmlSetExternalEntityLoader };
}

#endif

static xmlParserInput *
load_nothing(const char *url, const char *id, xmlParserCtxt *ctxt)
{
	(void)url;
	(void)id;
	(void)ctxt;
	return NULL;
}

const struct xml_library *
xml_library(void)
{
	static bool there;

	if (there)
		return &library;
	load();
	/* It says no only to a NULL. */
	(void)library.set_memory(xfree, xmalloc, xrealloc, xstrdup);
	library.init();
	library.set_loader(load_nothing);
	there = true;
	return &library;
}
