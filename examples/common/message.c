// SPDX-License-Identifier: MIT
#define _GNU_SOURCE /* program_invocation_short_name */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

/* As one piece, whatever other threads print. */
__attribute__((format(printf, 2, 0))) static void print(const char *subject, const char *format,
							va_list args)
{
	flockfile(stderr);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	if (subject)
		fprintf(stderr, "%s: ", subject);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

int fail(int error, const char *subject, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print(subject, format, args);
	va_end(args);
	return error;
}

int fail_vioc(struct vioc_ctx *ctx, int error, const char *subject)
{
	struct vioc_diag *diag = NULL;
	int found = ctx ? vioc_ctx_get_diag(ctx, &diag) : -1;
	/* Without a diag, or with one that an earlier call left, the error itself has to do. */
	if (found == 0 && vioc_diag_get_error(diag) == error)
		fail(error, subject, "%s", vioc_diag_get_text(diag));
	else
		fail(error, subject, "%s", strerror(-error));
	vioc_diag_unref(diag);
	return error;
}

int fail_usage(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print(NULL, format, args);
	va_end(args);
	return EXIT_USAGE;
}
