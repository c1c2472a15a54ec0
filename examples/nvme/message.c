// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

int nvme_fail(int error, const char *subject, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	flockfile(stderr);
	fprintf(stderr, "nvme: %s: ", subject);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	funlockfile(stderr);
	va_end(args);
	return error;
}

int nvme_fail_vioc(struct vioc_ctx *ctx, int error, const char *subject)
{
	struct vioc_diag *diag = NULL;
	int found = ctx ? vioc_ctx_get_diag(ctx, &diag) : -1;
	/* Without a diag, or with one that an earlier call left, the error itself has to do. */
	if (found == 0 && vioc_diag_get_error(diag) == error)
		nvme_fail(error, subject, "%s", vioc_diag_get_text(diag));
	else
		nvme_fail(error, subject, "%s", strerror(-error));
	vioc_diag_unref(diag);
	return error;
}
