/* SPDX-License-Identifier: MIT */
/* What goes wrong is said where it goes wrong, once, on stderr; callers only pass the error on. */
#ifndef EXAMPLE_MESSAGE_H
#define EXAMPLE_MESSAGE_H

#include <libvioc/ctx.h>

#define EXIT_USAGE 2

/* Prints "PROGRAM: SUBJECT: TEXT"; returns error. */
int fail(int error, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * For a call of libvioc that just failed in this thread: prints what the library has to say about
 * it, which is who stands in the way and what to do. Returns error.
 */
int fail_vioc(struct vioc_ctx *ctx, int error, const char *subject);

/* Prints one line on what is wrong with the command line; returns EXIT_USAGE. */
int fail_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
