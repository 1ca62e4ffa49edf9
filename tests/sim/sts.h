/* SPDX-License-Identifier: Apache-2.0 */
/* AWS STS, API version 2011-06-15, query protocol: POST / . */
#ifndef SIM_STS_H
#define SIM_STS_H

struct request;
struct response;
struct sim;

void sts_handle(struct sim *s, const struct request *q, struct response *r);

#endif
