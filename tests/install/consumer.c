/* SPDX-License-Identifier: MIT */
/* A program of a user of the library; compiled as C and as C++, and run. */
#include <stdio.h>
#include <string.h>

#include <libvioc/vioc.h>

int main(void)
{
	char version[32];
	struct vioc_ctx *ctx = NULL;
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	opts.log_level = VIOC_LOG_ERROR;
	if (vioc_ctx_new(&opts, &ctx) < 0 || !ctx)
		return 1;
	vioc_ctx_unref(ctx);

	snprintf(version, sizeof(version), "%d.%d.%d", VIOC_VERSION_MAJOR, VIOC_VERSION_MINOR,
		 VIOC_VERSION_PATCH);
	if (strcmp(version, vioc_version()) != 0)
		return 1;
	printf("libvioc %s\n", vioc_version());
	return 0;
}
