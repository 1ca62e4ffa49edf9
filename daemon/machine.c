/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

void
machine_print(const struct machine *m, FILE *out)
{
	fputs("| event |", out);
	for (size_t s = 0; s < m->nstates; s++)
		fprintf(out, " %s |", m->states[s]);
	fputs("\n|---|", out);
	for (size_t s = 0; s < m->nstates; s++)
		fputs("---|", out);
	for (size_t e = 0; e < m->nevents; e++) {
		fprintf(out, "\n| %s |", m->events[e]);
		for (size_t s = 0; s < m->nstates; s++) {
			const char *name = m->cell(s, e);

			fprintf(out, " %s |", name != NULL ? name : "·");
		}
	}
	fputc('\n', out);
}
