/* SPDX-License-Identifier: MIT */
/* What an inquiry about a device found: diags, one behind the other. */
#ifndef VIOCI_FINDINGS_H
#define VIOCI_FINDINGS_H

#include "core/ctx.h"

struct vioci_findings {
	struct vioc_diag *first;
	bool has_hindrance; /* one whose error is not 0 */
	bool out_of_memory;
};

/* Takes over the reference; NULL: memory ran out. */
void vioci_findings_add(struct vioci_findings *findings, struct vioc_diag *diag);
/* Adds what becomes of the draft, which is used up. */
void vioci_findings_finish(struct vioci_findings *findings, struct vioci_diag_draft *draft);

/* What an inquiry returns: 0, and all that was found; or -ENOMEM, and nothing. */
int vioci_findings_give(struct vioc_ctx *ctx, struct vioci_findings *findings,
			struct vioc_diag **ret_diag);

#endif
