// SPDX-License-Identifier: MIT
#include <string.h>

#include <libvioc/diag.h>

#include "complain.h"

uint32_t complain(struct vioc_ctx *ctx, const char *prefix, int error, FILE *out)
{
	struct vioc_diag *diag;
	if (vioc_ctx_get_diag(ctx, &diag) < 0) {
		fprintf(out, "%s%s\n", prefix, strerror(-error));
		return VIOC_REASON_NONE;
	}
	fprintf(out, "%s%s\n", prefix, vioc_diag_get_text(diag));
	uint32_t reason = vioc_diag_get_reason(diag);
	vioc_diag_unref(diag);
	return reason;
}
