/* SPDX-License-Identifier: MIT */
/* What goes wrong is said where it goes wrong, once, on stderr; callers only pass the error on. */
#ifndef NVME_MESSAGE_H
#define NVME_MESSAGE_H

#include <libvioc/ctx.h>

#define NVME_PRINTF(at, first) __attribute__((format(printf, at, first)))

/* Prints "nvme: SUBJECT: TEXT"; returns error. */
int nvme_fail(int error, const char *subject, const char *format, ...) NVME_PRINTF(3, 4);

/*
 * For a call of libvioc that just failed in this thread: prints what the library has to say about
 * it, which is who stands in the way and what to do. Returns error.
 */
int nvme_fail_vioc(struct vioc_ctx *ctx, int error, const char *subject);

#endif
