/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microsoft Entra multifactor authentication (AD FS 2016 and later).
 *
 * The page either waits for an approval, with a number to type on the device
 * in #validEntropyNumber, or takes VerificationCode.  Another way is asked for
 * by its link's id in __EVENTTARGET.
 */
#include <string.h>

#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "second.h"

#define OPTIONS_MAX 10

static const struct {
	const char *id;
	const char *word; /* of awsfed.mfa_method */
	const char *label;
} options[] = {
	{ "verificationOption0", "app", N_("Approve in the app") },
	{ "verificationOption1", "call", N_("A phone call") },
	{ "verificationOption2", "sms", N_("A code by text message") },
};

static bool
page_has_options(const struct page *p)
{
	return page_id_starts(p, "verificationOption");
}

/* [{"value": id, "label": the link's words}], empty when there are none. */
static json_t *
ways(const struct page *p)
{
	json_t *list = json_array();

	for (int i = 0; i < OPTIONS_MAX; i++) {
		_cleanup_free_ char *id = xasprintf("verificationOption%d", i);
		_cleanup_free_ char *label = NULL;
		json_t *o;

		if (page_by_id(p, id) == NULL)
			continue;
		label = words_by_id(p, id);
		if (*label == '\0' && i < (int)ARRAY_SIZE(options))
			xreplace(&label, xstrdup(gettext(options[i].label)));
		o = json_object();
		json_put_str(o, "value", id);
		json_put_str(o, "label", *label == '\0' ? id : label);
		json_array_append_new(list, o);
	}
	return list;
}

/* Posts the link that the person chose; something is sent to them. */
static int
take(struct second *x, const char *id, struct fault *fault)
{
	const struct field target = { "__EVENTTARGET", id };
	bool code = strcmp(id, "verificationOption2") == 0;

	xreplace(&x->sent, NULL);
	if (second_push(x,
		code ? _("A code is on its way to you by text message.") : NULL,
		true, fault) < 0)
		return -1;
	return second_post(x, &target, 1, POST_WAY, fault);
}

/* The way that awsfed.mfa_method prefers, when the page has it. */
static const char *
preferred(const struct second *x)
{
	_cleanup_strv_ struct strv words = { 0 };

	if (x->s->job->mfa_method == NULL)
		return NULL;
	strv_split(&words, x->s->job->mfa_method);
	for (size_t w = 0; w < words.n; w++)
		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			if (str_caseeq(words.v[w], options[i].word) &&
			    page_by_id(&x->s->page, options[i].id) != NULL)
				return options[i].id;
	return NULL;
}

int
azure_choose(struct second *x, struct fault *fault)
{
	_cleanup_json_ json_t *list = ways(&x->s->page);
	_cleanup_free_ char *error = second_error(x), *label = NULL, *id = NULL;

	label = xasprintf("%s%s%s", error, *error == '\0' ? "" : " ",
	    _("How do you want to verify it is you?"));
	if (second_choose(x, label, list, &id, fault) < 0)
		return -1;
	return take(x, id, fault);
}

bool
azure_offers(const struct second *x)
{
	return page_has_options(&x->s->page);
}

static int
wait_for_it(struct second *x, struct fault *fault)
{
	_cleanup_free_ char *words = words_instructions(&x->s->page);
	_cleanup_free_ char *number =
	    words_by_id(&x->s->page, "validEntropyNumber");
	const struct field none = { "__EVENTTARGET", "" };

	xreplace(&x->sent, NULL);
	if (x->until == 0 && second_push(x, words, true, fault) < 0)
		return -1;
	second_number(x, number);
	return second_poll(x, &none,
	    form_control(x->s->form, "__EVENTTARGET") != NULL ? 1 : 0, fault);
}

int
azure_answer(struct second *x, struct fault *fault)
{
	const struct page *p = &x->s->page;
	const struct control *c = adapter_field(x);
	_cleanup_free_ char *error = second_error(x);
	const char *way = preferred(x);

	if (way != NULL && !x->began && x->pushes == 0) {
		x->began = true;
		return take(x, way, fault);
	}
	x->began = true;
	if (c != NULL)
		return second_code(x, c, NULL, NULL, 0, fault);
	if (*error != '\0') {
		x->until = 0;
		return page_has_options(p) ? azure_choose(x, fault) :
					     second_denied(x, fault);
	}
	/* Nothing goes on and there is a choice: it is the person's. */
	if (page_has_options(p) && page_motion(p) == PAGE_STILL &&
	    page_by_id(p, "validEntropyNumber") == NULL && x->until == 0)
		return azure_choose(x, fault);
	return wait_for_it(x, fault);
}
