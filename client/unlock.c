/* SPDX-License-Identifier: Apache-2.0 */
#include "unlock.h"

#include "awsfed/fault.h"
#include "awsfed/proto.h"
#include "awsfed/str.h"
#include "awsfed/wire.h"
#include "awsfed/xalloc.h"
#include "approval.h"
#include "conn.h"

bool
unlock_offered(struct problem *problem)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *reply = NULL;

	if (problem->fault.reason != REASON_LOCKED)
		return false;
	text = xasprintf(_("%s Unlock now?"), problem->fault.text);
	if (approval_confirm(text) != APPROVAL_YES)
		return false;
	problem_done(problem);
	return conn_ask(M_UNLOCK, NULL, CALL_SHORT, &reply, problem) == 0;
}
