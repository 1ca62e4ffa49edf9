/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <awsfed/xalloc.h>

#include "http.h"
#include "mfa-int.h"
#include "pages.h"

/* A new Context, as encrypted XML in one line, of which we know the end. */
static void
new_context(struct mfa_run *run)
{
	_cleanup_free_ char *raw = random_b64(240);

	if (run->context != NULL) {
		if (run->stale.n > 64)
			strv_done(&run->stale);
		strv_take(&run->stale, run->context);
	}
	run->context = xasprintf("<EncryptedData Type=\"http://www.w3.org/2001/"
				 "04/xmlenc#Content\"><CipherValue>%s"
				 "</CipherValue></EncryptedData>",
	    raw);
}

/* Everything down to the adapter's own fragment. */
void
mfa_page(struct mfa *m, const char *title)
{
	struct mfa_run *run = m->run;
	const char *who = m->user == NULL ? "" :
	    m->user->upn != NULL	  ? m->user->upn :
					    m->user->name;

	form_done(&run->hidden);
	strv_done(&run->inputs);
	strv_done(&run->scripted);
	strv_done(&run->optional);
	strv_done(&run->submits);
	new_context(run);
	response_text(m->v->r, 200, VISIT_HTML, "");
	page_head(m->b, &m->v->page, title);
	put(m->b, "<div id=\"authArea\" class=\"groupMargin\">\n");
	if (m->user != NULL) {
		put(m->b,
		    "<div id=\"mfaGreeting\" class=\"fieldMargin "
		    "bigText\">Welcome ");
		put_html(m->b, who);
		put(m->b,
		    "</div>\n<div id=\"mfaGreetingDescription\" "
		    "class=\"groupMargin\">For security reasons, we "
		    "require additional information to verify your "
		    "account (");
		put_html(m->b, who);
		put(m->b, ")</div>\n");
	}
	put(m->b,
	    "<div id=\"customAuthArea\" class=\"groupMargin\">"
	    "<div id=\"loginArea\">\n");
}

static void
put_hidden(struct mfa *m, const char *id, const char *name, const char *value)
{
	put(m->b, "<input id=\"%s\" type=\"hidden\" name=\"%s\" value=\"", id,
	    name);
	put_html(m->b, value);
	put(m->b, "\" />\n");
}

void
mfa_form(struct mfa *m, const char *id)
{
	put(m->b, "<form method=\"post\" id=\"%s\" autocomplete=\"off\">\n",
	    id);
	put_hidden(m, "authMethod", "AuthMethod", m->run->name);
	put_hidden(m, "context", "Context", m->run->context);
}

void
mfa_hidden(struct mfa *m, const char *id, const char *name, const char *value)
{
	put_hidden(m, id, name, value);
	form_add(&m->run->hidden, name, value);
}

void
mfa_scripted(struct mfa *m, const char *id, const char *name, const char *value)
{
	put_hidden(m, id, name, value);
	strv_add(&m->run->scripted, name);
}

void
mfa_label(struct mfa *m, const char *id, const char *text)
{
	put(m->b, "<div class=\"groupMargin\"><label for=\"%s\">", id);
	put_html(m->b, text);
	put(m->b, "</label></div>\n");
}

void
mfa_input(struct mfa *m, const char *type, const char *id, const char *name,
    const char *placeholder)
{
	put(m->b,
	    "<div><input id=\"%s\" name=\"%s\" type=\"%s\" value=\"\" "
	    "class=\"text fullWidth\" placeholder=\"%s\" tabindex=\"1\" "
	    "autocomplete=\"off\" /></div>\n",
	    id, name, type, placeholder);
	strv_add(&m->run->inputs, name);
}

void
mfa_checkbox(struct mfa *m, const char *id, const char *name, const char *label)
{
	put(m->b,
	    "<div><input id=\"%s\" name=\"%s\" type=\"checkbox\" "
	    "value=\"true\" /><label for=\"%s\">%s</label></div>\n",
	    id, name, id, label);
	strv_add(&m->run->optional, name);
}

/* type: "select", or "radio" with nothing chosen yet. */
void
mfa_choice_of(struct mfa *m, const char *type, const char *name,
    const char *const *values, const char *const *labels)
{
	bool list = str_eq(type, "select");

	if (list)
		put(m->b, "<select id=\"%sInput\" name=\"%s\">\n", name, name);
	for (size_t i = 0; values[i] != NULL; i++)
		if (list)
			put(m->b, "<option value=\"%s\">%s</option>\n",
			    values[i], labels[i]);
		else
			put(m->b,
			    "<div><input type=\"radio\" id=\"%s%zu\" "
			    "name=\"%s\" value=\"%s\" /><label for=\"%s%zu\">"
			    "%s</label></div>\n",
			    name, i, name, values[i], name, i, labels[i]);
	if (list)
		put(m->b, "</select>\n");
	strv_add(list ? &m->run->inputs : &m->run->optional, name);
}

void
mfa_submit(struct mfa *m, const char *id, const char *name, const char *value)
{
	put(m->b,
	    "<div class=\"submitMargin\"><input id=\"%s\" type=\"submit\" "
	    "%s%s%s value=\"%s\" tabindex=\"2\" /></div>\n",
	    id, name != NULL ? "name=\"" : "", name != NULL ? name : "",
	    name != NULL ? "\"" : "", value);
	if (name != NULL)
		strv_take(&m->run->submits, xasprintf("%s=%s", name, value));
}

void
mfa_error(struct mfa *m, const char *text)
{
	const char *tag =
	    str_eq(m->sim->opt.flavour, "2012r2") ? "label" : "span";

	put(m->b,
	    "<div id=\"error\" class=\"fieldMargin error smallText\">"
	    "<%s id=\"errorText\" for=\"\">",
	    tag);
	put_html(m->b, text != NULL ? text : "");
	put(m->b, "</%s></div>\n", tag);
}

static void
put_links(struct mfa *m)
{
	_cleanup_strv_ struct strv names = { 0 };
	bool buttons = str_eq(m->sim->opt.flavour, "paginated");

	sim_list(m->sim->opt.mfa_methods, &names);
	put(m->b, "<div id=\"authOptionLinks\" class=\"groupMargin\">");
	for (size_t i = 0; i < names.n; i++) {
		const struct adapter *a = adapter_find(names.v[i]);

		if (str_eq(names.v[i], m->run->name))
			continue;
		put(m->b,
		    buttons ? "<div id=\"optionsContainer\" "
			      "class=\"optionButtonContainer\"><span "
			      "class=\"optionButton\" id=\"%s\" "
			      "onclick=\"SelectOption('%s')\">" :
			      "<a class=\"actionLink\" href=\"#\" id=\"%s\" "
			      "role=\"button\" onclick=\"return "
			      "SelectOption('%s')\">",
		    names.v[i], names.v[i]);
		put_html(m->b, a->friendly);
		put(m->b, "%s\n", buttons ? "</span></div>" : "</a>");
	}
	put(m->b, "</div>\n");
}

/* Closes the fragment; the form of options is below it on every page. */
static void
put_rest(struct mfa *m)
{
	put(m->b,
	    "</div>\n</div>\n<div id=\"authOptions\">\n<form id=\"options\" "
	    "method=\"post\" action=\"%s\">\n<script type=\"text/javascript\">"
	    "\nfunction SelectOption(option) { var i = "
	    "document.getElementById('optionSelection'); i.value = option; "
	    "document.forms['options'].submit(); return false; }\n</script>\n"
	    "<input id=\"optionSelection\" type=\"hidden\" "
	    "name=\"AuthMethod\" />\n<input type=\"hidden\" name=\"Context\" "
	    "value=\"",
	    m->v->page.absolute);
	put_html(m->b, m->run->context);
	put(m->b, "\" />\n");
	put_links(m);
	put(m->b, "</form>\n</div>\n</div>\n");
	page_foot(m->b, &m->v->page);
}

void
mfa_end(struct mfa *m, const char *script)
{
	put(m->b, "</form>\n");
	if (script != NULL)
		put(m->b,
		    "<script type=\"text/javascript\">\n//<![CDATA[\n%s\n"
		    "//]]>\n</script>\n",
		    script);
	put_rest(m);
}

/* Before any factor: only the options. */
void
mfa_method_choice(struct mfa *m)
{
	xreplace(&m->run->name, NULL);
	m->run->adapter = NULL;
	mfa_page(m, "Sign In");
	put(m->b,
	    "<div id=\"authOptionsTitle\">Sign in with one of these "
	    "options:</div>\n");
	put_rest(m);
}
