/* SPDX-License-Identifier: Apache-2.0 */
/* AD FS: /adfs/... and the federation metadata. */
#ifndef SIM_ADFS_H
#define SIM_ADFS_H

struct request;
struct response;
struct sim;

void adfs_handle(struct sim *s, const struct request *q, struct response *r);

#endif
