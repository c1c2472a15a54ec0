/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_LOG_H
#define VIOCI_LOG_H

#include "core/text.h"

struct vioc_ctx;

/* Gives a line to the log function, if the level is wanted. */
void vioci_log(struct vioc_ctx *ctx, int level, const char *format, ...) VIOCI_PRINTF(3, 4);

/* Sets the level that VIOC_LOG names; without a log function, lines go to standard error. */
void vioci_log_apply_environment(struct vioc_ctx *ctx, const char *level);

#endif
