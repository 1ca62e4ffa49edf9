/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint: where a program gets a profile's credentials over HTTP.  The token
 * is not in the answer: who may read its file may have it.
 */
#include "awsfed/config.h"
#include "awsfed/proto.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"

#include "manager.h"
#include "methods-int.h"
#include "session.h"

void
methods_set_endpoint(struct methods *ms, methods_offer_fn *offer, void *arg)
{
	ms->offer = offer;
	ms->offer_arg = arg;
}

static int
offer(struct methods *ms, struct session *s, char **ret_url, char **ret_file,
    struct fault *fault)
{
	if (session_profile(s)->protected) {
		fault_set(fault, FAULT_DENIED, REASON_SETTINGS,
		    _("%s is protected: each use is confirmed by a person, "
		      "and the endpoint asks nobody."),
		    session_name(s));
		fault_next(
		    fault, "awsfedctl exec %s -- COMMAND", session_name(s));
		return -1;
	}
	if (ms->offer == NULL)
		return fault_set(fault, FAULT_CONFIG, REASON_SETTINGS, "%s",
		    _("This agent has no container endpoint."));
	return ms->offer(
	    session_name(s), ret_url, ret_file, fault, ms->offer_arg);
}

void
methods_endpoint(struct methods *ms, uint64_t conn, const json_t *p)
{
	_cleanup_free_ char *url = NULL, *file = NULL;
	_cleanup_fault_ struct fault f = { 0 };
	struct session *s;
	json_t *o;

	if ((s = methods_named(ms, conn, p)) == NULL)
		return;
	if (offer(ms, s, &url, &file, &f) < 0) {
		methods_fault(ms, conn, &f, session_name(s));
		return;
	}
	o = json_object();
	json_put_str(o, "profile", session_name(s));
	json_put_str(o, "url", url);
	json_put_str(o, "tokenFile", file);
	methods_ok(ms, conn, o);
}
