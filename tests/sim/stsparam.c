/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <awsfed/str.h>
#include <awsfed/wire.h>
#include <awsfed/xalloc.h>

#include "form.h"
#include "state.h"
#include "stsparam.h"

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

enum { SAML = 1, ASSUME = 2, IDENTITY = 4 };

/* STS service model, 2011-06-15.  '#' in a name stands for a number. */
static const struct rule {
	const char *name;
	int actions;	 /* that know it */
	int required;	 /* by these actions */
	size_t min, max; /* characters; for numbers: the value */
	const char *set; /* allowed characters, or NULL */
} rules[] = {
	{ "Action", SAML | ASSUME | IDENTITY, 0, 1, 64, WORD },
	{ "Version", SAML | ASSUME | IDENTITY, 0, 10, 10, NULL },
	{ "RoleArn", SAML | ASSUME, SAML | ASSUME, 20, 2048, NULL },
	{ "PrincipalArn", SAML, SAML, 20, 2048, NULL },
	{ "SAMLAssertion", SAML, SAML, 4, 100000, NULL },
	{ "RoleSessionName", ASSUME, ASSUME, 2, 64, WORD "+=,.@-" },
	{ "Policy", SAML | ASSUME, 0, 1, 2048, NULL },
	{ "PolicyArns.member.#.arn", SAML | ASSUME, 0, 20, 2048, NULL },
	{ "DurationSeconds", SAML | ASSUME, 0, 1, 5, "0123456789" },
	{ "ExternalId", ASSUME, 0, 2, 1224, WORD "+=,.@:/-" },
	{ "Tags.member.#.Key", ASSUME, 0, 1, 128, NULL },
	{ "Tags.member.#.Value", ASSUME, 0, 0, 256, NULL },
	{ "TransitiveTagKeys.member.#", ASSUME, 0, 1, 128, NULL },
	{ "SerialNumber", ASSUME, 0, 9, 256, WORD "+=/:,.@-" },
	{ "TokenCode", ASSUME, 0, 6, 6, "0123456789" },
	{ "SourceIdentity", ASSUME, 0, 2, 64, WORD "+=,.@-" },
};

/* Does a name match a pattern, with the number in its limit? */
static bool
name_matches(const char *pattern, const char *name)
{
	const char *hash = strchr(pattern, '#');
	long limit = str_starts(pattern, "Policy") ? 10 : 50, n;
	char *end;

	if (hash == NULL)
		return strcmp(pattern, name) == 0;
	if (strncmp(pattern, name, (size_t)(hash - pattern)) != 0 ||
	    !isdigit((unsigned char)name[hash - pattern]))
		return false;
	n = strtol(name + (hash - pattern), &end, 10);
	return n >= 1 && n <= limit && strcmp(hash + 1, end) == 0;
}

static char *
check_value(const struct rule *r, const char *name, const char *value)
{
	size_t len = strlen(value);

	if (len < r->min || len > r->max)
		return xasprintf(
		    "1 validation error detected: Value at '%s' "
		    "failed to satisfy constraint: Member must have length "
		    "between %zu and %zu",
		    name, r->min, r->max);
	if (r->set != NULL && strspn(value, r->set) != len)
		return xasprintf(
		    "1 validation error detected: Value at '%s' "
		    "failed to satisfy constraint: Member must satisfy its "
		    "regular expression pattern",
		    name);
	if (str_eq(r->name, "RoleArn") && !arn_is_role(value))
		return xasprintf("%s is invalid", value);
	if (str_eq(r->name, "PrincipalArn") && !arn_is_provider(value))
		return xasprintf("%s is invalid", value);
	if (str_eq(r->name, "DurationSeconds") &&
	    (atol(value) < 900 || atol(value) > 43200))
		return xasprintf(
		    "1 validation error detected: Value '%s' at "
		    "'durationSeconds' failed to satisfy constraint: Member "
		    "must have value between 900 and 43200",
		    value);
	if (str_eq(r->name, "Policy")) {
		_cleanup_json_ json_t *j =
		    json_loads(value, JSON_REJECT_DUPLICATES, NULL);

		if (!json_is_object(j) ||
		    json_object_get(j, "Statement") == NULL)
			return xstrdup("MalformedPolicyDocument");
	}
	return NULL;
}

char *
stsparam_check(const char *action, const struct form *f)
{
	int bit = str_eq(action, "AssumeRoleWithSAML") ? SAML :
	    str_eq(action, "AssumeRole")	       ? ASSUME :
							 IDENTITY;

	for (size_t i = 0; i < f->n; i++) {
		const char *name = f->v[i].name;
		const struct rule *rule = NULL;
		char *why;

		for (size_t k = 0; k < ARRAY_SIZE(rules); k++)
			if ((rules[k].actions & bit) != 0 &&
			    name_matches(rules[k].name, name))
				rule = &rules[k];
		if (rule == NULL)
			return xasprintf("unknown parameter %s", name);
		if (form_count(f, name) > 1)
			return xasprintf("parameter %s sent twice", name);
		why = check_value(rule, name, f->v[i].value);
		if (why != NULL)
			return why;
	}
	for (size_t k = 0; k < ARRAY_SIZE(rules); k++)
		if ((rules[k].required & bit) != 0 &&
		    form_get(f, rules[k].name) == NULL)
			return xasprintf(
			    "1 validation error detected: Value "
			    "null at '%s' failed to satisfy constraint: Member "
			    "must not be null",
			    rules[k].name);
	return NULL;
}

int64_t
stsparam_duration(const struct form *f)
{
	const char *s = form_get(f, "DurationSeconds");

	return s != NULL ? atol(s) : 3600;
}
