/* SPDX-License-Identifier: Apache-2.0 */
#include "authorities.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "awsfed/xalloc.h"

static const char *const files[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Gentoo, NixOS */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL to 9 */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7 to 10 */
	"/etc/ssl/ca-bundle.pem",			     /* SUSE */
	"/etc/ssl/cert.pem", /* Alpine, the BSDs */
};

/* Can it be read, and is it what it should be, with something in it? */
static bool
there(const char *root, const char *path, mode_t type)
{
	_cleanup_free_ char *full = NULL;
	struct stat st;

	if (path == NULL || path[0] != '/')
		return false;
	full = xasprintf("%s%s", root, path);
	return stat(full, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	    (type != S_IFREG || st.st_size > 0) && access(full, R_OK) == 0;
}

void
authorities_find_in(const char *root, const char *file, const char *dir,
    struct authorities *ret)
{
	*ret = (struct authorities){ 0 };
	if (there(root, file, S_IFREG)) {
		ret->file = file;
		return;
	}
	/* It was built for directories: Debian's has a file as well. */
	if (file == NULL && there(root, dir, S_IFDIR)) {
		ret->dir = dir;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (there(root, files[i], S_IFREG)) {
			ret->file = files[i];
			return;
		}
	}
	if (there(root, dir, S_IFDIR))
		ret->dir = dir;
}

void
authorities_find(struct authorities *ret)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	authorities_find_in("", v->cainfo, v->capath, ret);
}
