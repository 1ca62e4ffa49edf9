/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks, as a surface: further credentials files ([sink NAME] of awsfed.conf),
 * each an instance of credfile for its own path, with its care and its rules of
 * ownership.  They follow what the AWS credentials file says is kept.  They
 * have a writer of their own: one that hangs never holds up the main file.
 */
#ifndef AWSFED_SINKS_H
#define AWSFED_SINKS_H

struct files;
struct manager;
struct sinks;

/* The writer for sinks, made when the first is configured; the caller's. */
typedef struct files *sinks_files_fn(void *arg);

/* After the credentials file was looked at. */
struct sinks *sinks_new(struct manager *m, sinks_files_fn *files, void *arg);
void sinks_flush(struct sinks *k); /* hands what waits to the writer */
/* After files_free of the writer. */
void sinks_free(struct sinks *k);

#endif
