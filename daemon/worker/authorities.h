/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where this machine keeps the certificate authorities that it trusts.  One
 * answer for what opens them (http.c) and for what has to let it
 * (sandbox-needs.c).
 *
 * SSL_CERT_FILE and SSL_CERT_DIR do not count: libraries.c removes them.
 */
#ifndef AWSFED_WORKER_AUTHORITIES_H
#define AWSFED_WORKER_AUTHORITIES_H

/* Absolute paths that live as long as the process; NULL: there is none. */
struct authorities {
	const char *file; /* all of them */
	const char *dir;  /* one by one, named by hash; only without a file */
};

/*
 * What libcurl was built with, if it is there; else the first of the files of
 * other distributions.  With neither, libcurl has to know by itself.
 */
void authorities_find(struct authorities *ret);

/* The same below root, for a libcurl with these defaults (or NULL). */
void authorities_find_in(const char *root, const char *file, const char *dir,
    struct authorities *ret);

#endif
