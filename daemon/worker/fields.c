/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include "awsfed/fault.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

int
fields_bad(struct fault *fault, const char *key)
{
	fault_set(fault, FAULT_INTERNAL, REASON_MALFORMED,
	    _("The agent's job has no usable \"%s\"."), key);
	fault_next(fault,
	    _("Restart the agent: systemctl --user restart "
	      "awsfedd. If that does not help, report it."));
	return -1;
}

int
fields_texts(const json_t *msg, const struct text_field *fields, size_t n,
    void *to, struct fault *fault)
{
	for (size_t i = 0; i < n; i++) {
		const struct text_field *f = &fields[i];
		const char **p =
		    (const char **)(void *)((char *)to + f->offset);

		if (json_str_opt(msg, f->key, f->max, p) < 0 ||
		    (f->required && str_empty(*p)))
			return fields_bad(fault, f->key);
		if (str_empty(*p))
			*p = NULL;
	}
	return 0;
}

int
fields_times(const json_t *msg, int64_t *ret_connect, int64_t *ret_all,
    struct fault *fault)
{
	if (json_int_opt(msg, "connectTimeout", 1, 600, 10, ret_connect) < 0)
		return fields_bad(fault, "connectTimeout");
	if (json_int_opt(msg, "timeout", 1, 3600, 60, ret_all) < 0)
		return fields_bad(fault, "timeout");
	return 0;
}

int
fields_source(const json_t *msg, struct source_keys *ret, struct fault *fault)
{
	static const struct text_field fields[] = {
		{ "accessKeyId", offsetof(struct source_keys, access_key_id),
		    256, true },
		{ "secretAccessKey",
		    offsetof(struct source_keys, secret_access_key), 256,
		    true },
		{ "sessionToken", offsetof(struct source_keys, session_token),
		    65536, true },
	};

	return fields_texts(json_object_get(msg, "source"), fields,
	    ARRAY_SIZE(fields), ret, fault);
}
