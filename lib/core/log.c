// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/log.h"

static void write_stderr(void *data, int level, const char *line)
{
	(void)data;
	(void)level;
	vioci_write_stderr(line);
}

void vioci_log_apply_environment(struct vioc_ctx *ctx, const char *level)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{ "error", VIOC_LOG_ERROR },
		{ "warning", VIOC_LOG_WARNING },
		{ "info", VIOC_LOG_INFO },
		{ "debug", VIOC_LOG_DEBUG },
	};
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(level, levels[i].name) != 0)
			continue;
		ctx->log_level = levels[i].level;
		if (!ctx->log_fn)
			ctx->log_fn = write_stderr;
	}
}

void vioci_log(struct vioc_ctx *ctx, int level, const char *format, ...)
{
	if (!ctx->log_fn || level > ctx->log_level)
		return;

	struct vioci_text text = { 0 };
	va_list args;
	va_start(args, format);
	vioci_text_addv(&text, format, args);
	va_end(args);

	char *line = vioci_text_take(&text);
	if (line)
		ctx->log_fn(ctx->log_data, level, line);
	free(line);
}
