/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "awsfed/buf.h"
#include "awsfed/creds.h"
#include "awsfed/secret.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define EXPORTS_MAX (256 * 1024)

int
deliver_text(const char *text, struct problem *problem)
{
	size_t len = strlen(text);
	ssize_t n;

	do {
		n = write(STDOUT_FILENO, text, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	problem_set(problem, EXIT_FAILED, FAULT_INTERNAL,
	    _("the credentials could not be written to standard output "
	      "(%s)."),
	    n < 0 ? strerror(errno) : _("it took only a part"));
	fault_next(
	    &problem->fault, "%s", _("let the tool that asked read them"));
	return -1;
}

static int
take(const json_t *j, struct creds **ret, struct problem *problem)
{
	if (creds_from_json(j, &clk_system, ret) == 0)
		return 0;
	problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
	    _("the agent's answer holds no usable credentials."));
	fault_next(&problem->fault, "systemctl --user restart awsfedd.service");
	return -1;
}

int
deliver_process(const json_t *credentials, struct problem *problem)
{
	_cleanup_creds_ struct creds *c = NULL;
	_cleanup_free_ char *json = NULL, *line = NULL;

	if (take(credentials, &c, problem) < 0)
		return -1;
	json = creds_process_json(c);
	line = xasprintf("%s\n", json);
	return deliver_text(line, problem);
}

/* In single quotes nothing means anything to a shell but their end. */
static int
add_export(struct buf *b, const char *name, const char *value)
{
	int r = buf_addf(b, "export %s='", name);

	for (; r == 0 && *value != '\0'; value++)
		r = *value == '\'' ? buf_adds(b, "'\\''") :
				     buf_add(b, value, 1);
	return r < 0 ? r : buf_adds(b, "'\n");
}

int
deliver_exports(
    const json_t *credentials, const char *region, struct problem *problem)
{
	_cleanup_creds_ struct creds *c = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT(EXPORTS_MAX);

	if (take(credentials, &c, problem) < 0)
		return -1;
	if (add_export(&b, "AWS_ACCESS_KEY_ID", c->access_key_id) == 0 &&
	    add_export(&b, "AWS_SECRET_ACCESS_KEY",
		secret_bytes(c->secret_access_key)) == 0 &&
	    add_export(
		&b, "AWS_SESSION_TOKEN", secret_bytes(c->session_token)) == 0 &&
	    (str_empty(region) || str_has_control(region) ||
		add_export(&b, "AWS_DEFAULT_REGION", region) == 0))
		return deliver_text(b.data, problem);
	problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
	    _("the credentials are too long for a shell."));
	fault_next(&problem->fault, "awsfedctl credential-process");
	return -1;
}

/* ---- an address that signs a browser in --------------------------------------- */

int
deliver_odd_address(struct problem *problem)
{
	problem_set(problem, EXIT_FAILED, FAULT_PROTOCOL,
	    _("the agent's answer has no address."));
	fault_next(&problem->fault, "systemctl --user restart awsfedd.service");
	return -1;
}

const char *
deliver_address_of(const json_t *reply, struct problem *problem)
{
	const char *url = json_string_value(json_object_get(reply, "url"));

	if (url != NULL && str_starts(url, "https://") && str_printable(url))
		return url;
	deliver_odd_address(problem);
	return NULL;
}

int
deliver_address(const json_t *reply, struct problem *problem)
{
	const char *url = deliver_address_of(reply, problem);
	_cleanup_free_ char *line = url == NULL ? NULL : xasprintf("%s\n", url);

	return url == NULL ? -1 : deliver_text(line, problem);
}
