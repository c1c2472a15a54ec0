/* SPDX-License-Identifier: MIT */
#ifndef COMMON_COMPLAIN_H
#define COMMON_COMPLAIN_H

#include <stdint.h>
#include <stdio.h>

#include <libvioc/ctx.h>

/*
 * Writes the prefix and why the thread's last call with the context failed; error is what that returned.
 * Returns the diag's reason, VIOC_REASON_NONE if there is no diag.
 */
uint32_t complain(struct vioc_ctx *ctx, const char *prefix, int error, FILE *out);

#endif
