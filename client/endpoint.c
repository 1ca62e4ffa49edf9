/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"
#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "cli.h"
#include "conn.h"

#define TOKEN_MAX 256 /* bytes */
#define NOWHERE "/dev/null"

/* A default profile with one of these comes before the endpoint. */
static const char *const sources[] = {
	"aws_access_key_id",
	"credential_process",
	"credential_source",
	"role_arn",
	"sso_session",
	"sso_start_url",
	"web_identity_token_file",
};

/* Does it lead somewhere?  A file that is not there does not. */
static bool
has_default(const char *path)
{
	_cleanup_ini_ struct ini *ini = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (path == NULL || path_read(path, INI_MAX, &text, &len) < 0)
		return false;
	ini = ini_parse(text, len);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (ini_get(ini, "default", sources[i]) != NULL)
			return true;
	return false;
}

/*
 * The token, without which nobody is served.  Only a file of ours that nobody
 * else may read holds one.
 */
static int
read_token(const char *path, char out[TOKEN_MAX])
{
	_cleanup_close_ int fd =
	    open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return -EPERM;
	n = read(fd, out, TOKEN_MAX - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return n > 0 && strlen(out) == (size_t)n && str_printable(out) ?
	    0 :
	    -EBADMSG;
}

int
endpoint_plan(struct plan *plan, const char *profile, struct problem *problem)
{
	_cleanup_free_ char *config = path_aws_config(),
			    *credentials = path_aws_credentials();
	_cleanup_json_ json_t *reply = NULL;
	json_t *par = json_pack("{s:s}", "profile", profile);
	const char *url, *file;
	char token[TOKEN_MAX];
	int r;

	if (conn_ask(M_ENDPOINT, par, CALL_SHORT, &reply, problem) < 0)
		return -1;
	if (json_str(reply, "url", 4096, &url) < 0 || str_has_control(url) ||
	    json_str(reply, "tokenFile", 4096, &file) < 0 ||
	    str_has_control(file)) {
		problem_set(problem, EXIT_EXEC_OURS, FAULT_PROTOCOL,
		    _("the agent's answer names no endpoint."));
		fault_next(&problem->fault,
		    "systemctl --user restart awsfedd.service");
		return -1;
	}
	r = read_token(file, token);
	if (r < 0) {
		problem_set(problem, EXIT_EXEC_OURS, FAULT_CONFIG,
		    _("the endpoint's token cannot be read from %s: %s."), file,
		    strerror(-r));
		fault_next(
		    &problem->fault, _("remove that file and try again"));
		return -1;
	}
	plan_set(plan, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
	plan_set(plan, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
	/* Older SDKs know the token itself only. */
	plan_set(plan, "AWS_CONTAINER_AUTHORIZATION_TOKEN", token);
	plan_set(plan, "AWS_SDK_LOAD_CONFIG", "1");
	explicit_bzero(token, sizeof(token));
	if (has_default(credentials))
		plan_set(plan, "AWS_SHARED_CREDENTIALS_FILE", NOWHERE);
	if (has_default(config))
		plan_set(plan, "AWS_CONFIG_FILE", NOWHERE);
	return 0;
}
