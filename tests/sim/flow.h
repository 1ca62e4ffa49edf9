/* SPDX-License-Identifier: Apache-2.0 */
/* From a request that is in order to the next page of its sign-in. */
#ifndef SIM_FLOW_H
#define SIM_FLOW_H

struct visit;

void flow(struct visit *v);

#endif
