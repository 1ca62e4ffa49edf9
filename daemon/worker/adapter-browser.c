/* SPDX-License-Identifier: Apache-2.0 */
/* Second factors that this version cannot give: said by name, nothing sent. */
#include "awsfed/str.h"
#include "second.h"

int
duo_answer(struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_CONFIG, REASON_SECOND_FACTOR,
	    _("%s asks for Duo, which this version of awsfed does not support "
	      "yet; nothing was sent to Duo."),
	    x->s->host);
	fault_next(fault,
	    _("Sign in with awsfedctl login --assertfile FILE, or choose "
	      "another second factor with awsfed.mfa_method if your company "
	      "offers one."));
	return -1;
}

int
browser_answer(struct second *x, struct fault *fault)
{
	fault_set(fault, FAULT_CONFIG, REASON_SECOND_FACTOR,
	    _("%s asks for a second factor that only a browser can give "
	      "(%s)."),
	    x->s->host, x->name);
	fault_next(fault,
	    _("Choose another one with awsfed.mfa_method if your company "
	      "offers one, or bring an assertion from a browser with "
	      "awsfedctl login --assertfile FILE."));
	return -1;
}
