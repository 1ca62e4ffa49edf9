/* SPDX-License-Identifier: Apache-2.0 */
/* Any config file gives profiles that keep their promises. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "awsfed/config.h"
#include "awsfed/ini.h"

static void
check(const struct config *c, const struct profile *p)
{
	if (config_profile(c, p->name) != p || !str_utf8(p->name) ||
	    str_has_control(p->name) || p->provider_id == NULL ||
	    p->path == NULL)
		abort();
	if (p->kind == PROFILE_ADFS && p->adfs_host == NULL &&
	    !fault_is(&p->fault))
		abort();
	if (p->kind == PROFILE_CHAINED &&
	    (p->root == NULL ||
		config_profile(c, p->root)->kind != PROFILE_ADFS))
		abort();
	if (p->kind == PROFILE_CHAINED && p->role_arn == NULL &&
	    !fault_is(&p->fault))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_ini_ struct ini *ini = ini_parse((const char *)data, size);
	_cleanup_config_ struct config *c = NULL, *d = NULL, *e = NULL;
	_cleanup_fault_ struct fault f = { 0 };

	if (config_parse(ini, NULL, &c, &f) < 0)
		abort(); /* nothing in this file may do that */
	for (size_t i = 0; i < c->nprofiles; i++)
		check(c, c->profiles[i]);
	(void)config_parse(ini, ini, &d, &f);
	/* Whatever a policy says, or fails to say, profiles stay whole. */
	if (config_parse_under(ini, NULL, ini, &e, &f) < 0)
		abort();
	for (size_t i = 0; i < e->nprofiles; i++)
		check(e, e->profiles[i]);
	return 0;
}
