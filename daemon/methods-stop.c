/* SPDX-License-Identifier: Apache-2.0 */
/* Stop: the agent ends, unless a service manager would start it again. */
#include "awsfed/xalloc.h"

#include "methods-int.h"

void
methods_set_stop(struct methods *ms, methods_stop_fn *stop, void *arg)
{
	ms->stop = stop;
	ms->stop_arg = arg;
}

void
methods_stop(struct methods *ms, uint64_t conn, const json_t *p)
{
	_cleanup_fault_ struct fault f = { 0 };

	(void)p;
	if (ms->stop == NULL) {
		fault_set(&f, FAULT_CONFIG, REASON_NONE,
		    _("This agent runs under systemd, which would start it "
		      "again."));
		fault_next(
		    &f, "systemctl --user stop awsfedd.socket awsfedd.service");
		methods_fault(ms, conn, &f, NULL);
		return;
	}
	methods_ok(ms, conn, json_object());
	ms->stop(ms->stop_arg);
}
