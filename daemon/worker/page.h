/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web page as far as a sign-in needs it: forms with their controls, texts by
 * id, the title.
 *
 * A page owns its strings and its tree.  Bodies are bounded, invalid UTF-8 is
 * read as Latin-1, NUL bytes become blanks; scripts are never run.  A form is
 * serialised as a browser would do it (HTML Living Standard, "constructing the
 * entry list"): only that form, no unchecked box, no disabled or nameless
 * control, only the button that was pressed.
 */
#ifndef AWSFED_WORKER_PAGE_H
#define AWSFED_WORKER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "awsfed/buf.h"
#include "awsfed/fault.h"

#define PAGE_MAX (1024 * 1024)	    /* bytes of a body */
#define PAGE_CONTROLS_MAX 2000	    /* inputs, and forms, of one page */
#define PAGE_TEXT_MAX 2000	    /* bytes of a text shown to people */
#define FORM_BODY_MAX (1024 * 1024) /* bytes of a serialised form */

enum control_type {
	CONTROL_TEXT, /* text, email, tel, … and textarea */
	CONTROL_PASSWORD,
	CONTROL_HIDDEN,
	CONTROL_BOX,	/* checkbox and radio */
	CONTROL_SUBMIT, /* submit, image, <button> */
	CONTROL_BUTTON, /* reset, button: never sent */
	CONTROL_SELECT,
	CONTROL_FILE
};

struct control {
	enum control_type type;
	char *name; /* NULL when it has none: never sent */
	char *id;
	char *value;  /* never NULL */
	bool checked; /* boxes */
	bool disabled;
	bool readonly;
	bool concealed; /* it or a parent has style display:none */
};

struct form {
	char *id;
	char *name;
	char *action; /* absolute; NULL when it cannot be resolved */
	bool post;
	bool plain; /* enctype is the usual urlencoded one */
	struct control *controls;
	size_t ncontrols;
};

struct page {
	char *url;	   /* effective */
	char *base;	   /* <base href> of the same origin, or NULL */
	char *title;	   /* never NULL */
	bool foreign_base; /* <base href> of another origin */
	struct form *forms;
	size_t nforms;
	/* Controls outside any form (AD FS 2019 paginated has one). */
	struct form loose;
	xmlDoc *doc; /* NULL for an empty body */
};

/* A value to put in place of, or beside, what the form holds. */
struct field {
	const char *name;
	const char *value; /* NULL: leave the control out */
};

/*
 * url is the effective one; charset may be NULL.  0, or -1 with *fault for a
 * page that is too large or too wide to be parsed.
 */
int page_parse(const char *bytes, size_t len, const char *url, struct page *ret,
    struct fault *fault);
void page_done(struct page *p);
#define _cleanup_page_ __attribute__((cleanup(page_done)))

/* The first element with that id, or NULL. */
const xmlNode *page_by_id(const struct page *p, const char *id);
/* Its text, blanks joined, at most PAGE_TEXT_MAX bytes; "" when absent. */
char *page_text(const struct page *p, const char *id);
/* Does any element's id begin so? */
bool page_id_starts(const struct page *p, const char *prefix);
/*
 * Where the first link below the element with that id leads, absolute and
 * without query: xalloc, or NULL.
 */
char *page_link(const struct page *p, const char *id);
/* All visible text (scripts and styles left out), blanks joined, bounded. */
char *page_visible_text(const struct page *p, size_t max);

const struct control *form_control(const struct form *f, const char *name);
const struct form *page_form(const struct page *p, const char *id);
/*
 * The body of a submission.  fields replace the control of their name, in its
 * place; one with no control goes to the end.  press is the submit control to
 * count as pressed, or NULL.  0, or -EMSGSIZE.
 */
int form_encode(const struct form *f, const struct field *fields,
    size_t nfields, const struct control *press, struct buf *out);
/* Percent-encodes as application/x-www-form-urlencoded.  0 or -EMSGSIZE. */
int form_escape(struct buf *out, const char *s);

#endif
