/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job names: its CA bundle, its certificate and key, where its Kerberos
 * tickets are, what a token's module reads, and whether one of them is behind a
 * Unix socket.  All of it is read before the
 * first byte from the network, from files that their user wrote.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <krb5.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/proto.h"
#include "awsfed/xalloc.h"
#include "authorities.h"
#include "certificate.h"
#include "sandbox.h"

#define TEXT_MAX (256 * 1024)
#define DEPTH_MAX 4	/* of files that include files */
#define PATHS_MAX 256	/* of a job */
#define MODULES_MAX 100 /* files of a directory */

static void
add(struct strv *paths, const char *path)
{
	if (path != NULL && path[0] == '/' && paths->n < PATHS_MAX)
		strv_add(paths, path);
}

static void
add_home(struct strv *paths, const char *rest)
{
	_cleanup_free_ char *home = path_home();
	_cleanup_free_ char *path = home ? path_join(home, rest) : NULL;

	add(paths, path);
}

/* Is that path this one, or in it, whatever links are on the way? */
static bool
within(const char *path, const char *dir)
{
	char *at = realpath(path, NULL), *top = realpath(dir, NULL);
	size_t len = top == NULL ? 0 : strlen(top);
	bool yes = at != NULL && top != NULL && strncmp(at, top, len) == 0 &&
	    (at[len] == '\0' || at[len] == '/' || len == 1);

	free(at);
	free(top);
	return yes;
}

/*
 * The AWS files never, nor a directory that they are in, even when a setting
 * names it.
 */
static bool
is_aws(const char *path)
{
	static const char *const names[] = { ".aws/credentials",
		".aws/config" };
	_cleanup_free_ char *home = path_home();
	bool yes = false;

	for (size_t i = 0; i < ARRAY_SIZE(names) && home != NULL; i++) {
		_cleanup_free_ char *own = path_join(home, names[i]);

		yes |= within(own, path);
	}
	return yes;
}

static void
drop_aws(struct strv *paths)
{
	size_t kept = 0;

	for (size_t i = 0; i < paths->n; i++) {
		if (is_aws(paths->v[i]))
			xfree(paths->v[i]);
		else
			paths->v[kept++] = paths->v[i];
	}
	paths->n = kept;
}

/* ---- configuration files, line by line ------------------------------------------ */

/* After the word and one of the separators; NULL: another line. */
static char *
value_of(char *line, const char *word, const char *separators)
{
	size_t n = strlen(word);

	if (!str_starts(line, word) || strchr(separators, line[n]) == NULL ||
	    line[n] == '\0')
		return NULL;
	return str_trim(line + n + strspn(line + n, separators));
}

typedef void line_fn(char *line, struct sandbox_needs *n, int depth);

static void
each_line(const char *path, line_fn *fn, struct sandbox_needs *n, int depth)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (depth > DEPTH_MAX || path_read(path, TEXT_MAX, &text, &len) < 0)
		return;
	for (char *line = text, *next; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		fn(str_trim(line), n, depth);
	}
}

static void
each_file(const char *dir, line_fn *fn, struct sandbox_needs *n, int depth)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	for (int i = 0; d != NULL && i < MODULES_MAX && (e = readdir(d));) {
		_cleanup_free_ char *path = path_join(dir, e->d_name);

		if (e->d_name[0] == '.')
			continue;
		each_line(path, fn, n, depth);
		i++;
	}
	if (d != NULL)
		closedir(d);
}

/* ---- Kerberos ----------------------------------------------------------------------- */

/*
 * "include FILE", "includedir DIR", "module FILE:RESIDUAL"; in [libdefaults],
 * "kcm_socket = FILE"; and, in a realm whose KDC is behind an HTTPS proxy,
 * "http_anchors = FILE:FILE" or DIR:, who vouches for that.
 */
static void
krb5_line(char *line, struct sandbox_needs *n, int depth)
{
	char *v;

	if ((v = value_of(line, "includedir", " \t")) != NULL) {
		add(&n->read, v);
		each_file(v, krb5_line, n, depth + 1);
	} else if ((v = value_of(line, "include", " \t")) != NULL) {
		add(&n->read, v);
		each_line(v, krb5_line, n, depth + 1);
	} else if ((v = value_of(line, "module", " \t")) != NULL) {
		v[strcspn(v, ":")] = '\0';
		add(&n->read, v);
	} else if ((v = value_of(line, "kcm_socket", " \t=")) != NULL) {
		add(&n->reach, v);
	} else if ((v = value_of(line, "http_anchors", " \t=")) != NULL &&
	    (str_starts(v, "FILE:") || str_starts(v, "DIR:"))) {
		add(&n->read, strchr(v, ':') + 1);
	}
}

/* KRB5_CONFIG is a list with colons, and the environment is our user's. */
static void
krb5_files(struct sandbox_needs *n)
{
	const char *list = getenv("KRB5_CONFIG");
	_cleanup_free_ char *copy =
	    xstrdup(str_empty(list) ? "/etc/krb5.conf" : list);
	char *save = NULL;

	for (char *p = strtok_r(copy, ":", &save); p != NULL;
	     p = strtok_r(NULL, ":", &save)) {
		struct stat st;

		add(&n->read, p);
		if (stat(p, &st) == 0 && S_ISDIR(st.st_mode))
			each_file(p, krb5_line, n, 0);
		else
			each_line(p, krb5_line, n, 0);
	}
	add_home(&n->read, ".k5identity");
}

/*
 * "TYPE:where", or the path of a file.  Of these only KCM: has a server: its
 * functions hand on the errno of socket(2), so without one no ticket is found.
 * A collection of another type does not ask it (kcm_ptcursor_new()).
 */
static void
krb5_cache(const char *name, struct sandbox_needs *n)
{
	if (name[0] == '/') {
		add(&n->write, name);
	} else if (str_starts(name, "FILE:")) {
		add(&n->write, name + strlen("FILE:"));
	} else if (str_starts(name, "DIR::")) {
		/* One of a directory's, all of which libkrb5 looks at. */
		_cleanup_free_ char *dir = xstrdup(name + strlen("DIR::"));
		char *slash = strrchr(dir, '/');

		if (slash != NULL)
			*slash = '\0';
		add(&n->write, dir);
	} else if (str_starts(name, "DIR:")) {
		add(&n->write, name + strlen("DIR:"));
	} else if (str_starts(name, "KEYRING:")) {
		n->keyring = true;
	} else if (str_starts(name, "KCM:")) {
		n->sockets = "a Kerberos cache of KCM";
	}
}

/* The service's ticket is put into the cache: so it is written to. */
static void
krb5_needs(const char *ccache, struct sandbox_needs *n)
{
	krb5_context ctx = NULL;

	krb5_files(n);
	if (ccache == NULL)
		ccache = getenv("KRB5CCNAME");
	if (!str_empty(ccache)) {
		krb5_cache(ccache, n);
		return;
	}
	if (krb5_init_context(&ctx) != 0)
		return;
	ccache = krb5_cc_default_name(ctx);
	if (ccache != NULL) {
		krb5_cache(ccache, n);
		/* A %{username} in it may have come by a socket of sss. */
		setenv("KRB5CCNAME", ccache, 1);
	}
	krb5_free_context(ctx);
}

/* ---- tokens ---------------------------------------------------------------------------- */

/*
 * p11-kit: "module: FILE".  Vendors have theirs in /opt with the libraries that
 * it needs beside it; but nobody's home is opened for that.
 */
static void
module_line(char *line, struct sandbox_needs *n, int depth)
{
	const char *file = value_of(line, "module", " \t:");
	const char *slash = file == NULL ? NULL : strrchr(file, '/');
	_cleanup_free_ char *dir = NULL, *home = path_home();

	(void)depth;
	add(&n->read, file);
	/* Who may not open the TPM asks tpm2-abrmd, by the machine's bus. */
	if (file != NULL && strstr(file, "tpm2_pkcs11") != NULL &&
	    access("/dev/tpmrm0", R_OK | W_OK) < 0)
		add(&n->reach, "/run/dbus/system_bus_socket");
	if (slash == NULL || slash == file)
		return;
	dir = xstrndup(file, (size_t)(slash - file));
	if (home != NULL && !within(home, dir))
		add(&n->read, dir);
}

/* "unix:path=FILE", percent-encoded, for p11-kit's module of a server. */
static void
p11_server(struct sandbox_needs *n)
{
	static const char scheme[] = "unix:path=";
	const char *address = getenv("P11_KIT_SERVER_ADDRESS");
	_cleanup_free_ char *runtime = path_user_runtime();
	_cleanup_free_ char *own =
	    runtime == NULL ? NULL : path_join(runtime, "p11-kit");
	_cleanup_free_ char *gnome =
	    runtime == NULL ? NULL : path_join(runtime, "keyring/pkcs11");
	char *path;

	add(&n->reach, own);
	add(&n->reach, gnome);
	if (address == NULL || !str_starts(address, scheme))
		return;
	path = curl_easy_unescape(NULL, address + strlen(scheme), 0, NULL);
	add(&n->reach, path);
	curl_free(path);
}

/* SoftHSM: "directories.tokendir = DIR". */
static void
softhsm_line(char *line, struct sandbox_needs *n, int depth)
{
	(void)depth;
	add(&n->write, value_of(line, "directories.tokendir", " \t="));
}

/*
 * What p11-kit reads, and what the modules do that keep tokens in files.  The
 * others have servers: pcscd, tpm2-abrmd (by the bus), "p11-kit server".
 */
static void
token_needs(struct sandbox_needs *n)
{
	static const char *const system[] = { "/etc/pkcs11", "/etc/opensc",
		"/etc/softhsm", "/etc/softhsm2.conf", "/etc/tpm2-tss",
		"/etc/tpm2_pkcs11" };
	static const char *const user[] = { ".config/pkcs11", ".config/opensc",
		".config/softhsm2/softhsm2.conf" };
	static const char *const modules[] = { "/usr/share/p11-kit/modules",
		"/etc/pkcs11/modules" };
	static const char *const softhsm[] = { "/etc/softhsm/softhsm2.conf",
		"/etc/softhsm2.conf" };
	_cleanup_free_ char *home = path_home();

	for (size_t i = 0; i < ARRAY_SIZE(system); i++)
		add(&n->read, system[i]);
	for (size_t i = 0; i < ARRAY_SIZE(user); i++)
		add_home(&n->read, user[i]);
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		each_file(modules[i], module_line, n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(softhsm); i++)
		each_line(softhsm[i], softhsm_line, n, 0);
	add_home(&n->write, ".tpm2_pkcs11");
	add(&n->write, "/dev/tpmrm0");
	p11_server(n);
	n->sockets = "a token";
	if (home != NULL) {
		_cleanup_free_ char *own =
		    path_join(home, ".config/pkcs11/modules");
		_cleanup_free_ char *hsm =
		    path_join(home, ".config/softhsm2/softhsm2.conf");

		each_file(own, module_line, n, 0);
		each_line(hsm, softhsm_line, n, 0);
	}
}

/* ---- the job ---------------------------------------------------------------------------- */

static const char *
text(const json_t *job, const char *key)
{
	return json_string_value(json_object_get(job, key));
}

void
sandbox_needs(const json_t *job, struct sandbox_needs *ret)
{
	static const char *const files[] = { "caBundle", "clientCert",
		"clientKey" };
	const char *auth = text(job, "auth");
	struct authorities system;
	bool token = false;

	*ret = (struct sandbox_needs){ 0 };
	authorities_find(&system);
	add(&ret->read, system.file);
	add(&ret->read, system.dir);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		add(&ret->read, text(job, files[i]));
		token |= token_is_uri(text(job, files[i]));
	}
	if (token)
		token_needs(ret);
	if (str_eq(text(job, "job"), JOB_SIGNIN) &&
	    (auth == NULL || str_eq(auth, "auto") || str_eq(auth, "kerberos") ||
		str_eq(auth, "ntlm")))
		krb5_needs(text(job, "ccache"), ret);
	drop_aws(&ret->read);
	drop_aws(&ret->write);
	if (job != NULL && ret->sockets == NULL &&
	    sandbox_names("/etc/nsswitch.conf", "/etc/resolv.conf",
		"/run/systemd/resolve/io.systemd.Resolve"))
		ret->sockets = "names of hosts";
}

void
sandbox_needs_done(struct sandbox_needs *n)
{
	strv_done(&n->read);
	strv_done(&n->write);
	strv_done(&n->reach);
	*n = (struct sandbox_needs){ 0 };
}
