// SPDX-License-Identifier: MIT
#include <errno.h>

#include "discover/findings.h"

void vioci_findings_add(struct vioci_findings *findings, struct vioc_diag *diag)
{
	if (!diag) {
		findings->out_of_memory = true;
		return;
	}
	if (diag->error < 0)
		findings->has_hindrance = true;
	findings->first = findings->first ? vioci_diag_chain(findings->first, diag) : diag;
}

void vioci_findings_finish(struct vioci_findings *findings, struct vioci_diag_draft *draft)
{
	vioci_findings_add(findings, vioci_diag_new(draft));
}

int vioci_findings_give(struct vioc_ctx *ctx, struct vioci_findings *findings,
			struct vioc_diag **ret_diag)
{
	if (findings->out_of_memory) {
		vioc_diag_unref(findings->first);
		return vioci_fail_memory(ctx);
	}
	*ret_diag = findings->first;
	return 0;
}
