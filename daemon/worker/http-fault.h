/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcurl's errors and HTTP's status codes mean to a person, as tables.
 */
#ifndef AWSFED_WORKER_HTTP_FAULT_H
#define AWSFED_WORKER_HTTP_FAULT_H

#include <curl/curl.h>
#include <stdbool.h>

#include "awsfed/fault.h"

/*
 * Why a transfer from url failed.  os_errno is libcurl's, connected tells
 * whether a connection stood, detail is libcurl's own text (may be NULL).
 */
void http_fault_transfer(struct fault *f, CURLcode code, long os_errno,
    bool connected, const char *url, const char *detail);
/* A status that is no page: 4xx, 5xx.  retry_after in seconds, 0 unknown. */
void http_fault_status(
    struct fault *f, long status, const char *url, int64_t retry_after);

#endif
