/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libxml2, brought in when the first page is on its way.
 *
 * With the libraries that it needs itself (ICU and C++ among them) it takes the
 * loader as long as libcurl and OpenSSL together take half: time that a worker
 * rather spends while it waits for an answer than before it asks.  XML_SONAME
 * is what configure found the linker to write down; where it is not defined the
 * library is linked as any other.
 */
#ifndef AWSFED_WORKER_XML_LIBRARY_H
#define AWSFED_WORKER_XML_LIBRARY_H

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

struct xml_library {
	__typeof__(htmlReadMemory) *read_html;
	__typeof__(xmlReadMemory) *read_xml;
	__typeof__(xmlFreeDoc) *free_doc;
	__typeof__(xmlMemSetup) *set_memory;
	__typeof__(xmlInitParser) *init;
	__typeof__(xmlSetExternalEntityLoader) *set_loader;
};

/*
 * Loads it when it is not there yet, and sets it up: our allocator, nothing
 * from outside.  Never NULL: a worker whose library cannot be loaded says so
 * and ends, as the loader would have had it.
 */
const struct xml_library *xml_library(void);

#endif
