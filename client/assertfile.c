/* SPDX-License-Identifier: Apache-2.0 */
#include "assertfile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "awsfed/fault.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define FILE_MAX (2 * LOGIN_ASSERTION_MAX) /* line ends and all */

/* Takes the blanks out; false for what base64 has not. */
static bool
squeeze(char *s)
{
	static const char base64[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=";
	char *o = s;

	for (; *s != '\0'; s++) {
		if (strchr(" \t\r\n", *s) != NULL)
			continue;
		if (strchr(base64, *s) == NULL)
			return false;
		*o++ = *s;
	}
	*o = '\0';
	return true;
}

static int
unusable(struct fault *fault, const char *path, const char *why)
{
	fault_set(fault, FAULT_CONFIG, REASON_NONE, _("%s %s."), path, why);
	fault_next(fault, "%s",
	    _("put the value of the form field SAMLResponse into the file, "
	      "in base64 as the browser sends it"));
	return -1;
}

int
assertfile_read(const char *path, json_t **ret, struct fault *fault)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int r = path_read(path, FILE_MAX, &data, &len);

	if (r == -EFBIG)
		return unusable(fault, path, _("is too large"));
	if (r < 0) {
		fault_set(fault, FAULT_CONFIG, REASON_NONE,
		    _("%s cannot be read (%s)."), path, strerror(-r));
		fault_next(
		    fault, "%s", _("check the file that --assertfile names"));
		return -1;
	}
	if (strlen(data) != len || !squeeze(data))
		return unusable(fault, path, _("is not base64"));
	if (*data == '\0')
		return unusable(fault, path, _("is empty"));
	if (strlen(data) > LOGIN_ASSERTION_MAX)
		return unusable(fault, path, _("is too large"));
	*ret = json_string(data);
	return 0;
}
