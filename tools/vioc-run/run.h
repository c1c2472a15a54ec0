/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "handout.h"

/* Exit statuses, as those of env(1). */
#define RUN_FAILED     125
#define RUN_NO_EXEC    126
#define RUN_NO_PROGRAM 127

enum run_style {
	RUN_LISTEN, /* LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID */
	RUN_ENV,    /* VIOC_IOMMUFD, VIOC_DEV0, ... */
	RUN_QEMU    /* options for QEMU */
};

struct run_options {
	struct handout_request request;
	const char *broker;	   /* the socket of who opens it; NULL: this process */
	const struct passwd *user; /* NULL: nobody else */
	bool has_memlock;
	rlim_t memlock;
	enum run_style style;
};

/* Says what is wrong, with "vioc-run: " before it, and exits with RUN_FAILED. */
__attribute__((noreturn, format(printf, 1, 2))) void run_die(const char *format, ...);

/* hand.c */

/* The fds get the numbers from 3 on, in their order; every other one above 2 is closed. */
void run_place(struct handout *hand);
/* Tells the program of them by its environment or arguments, as the style has it. */
void run_tell(const struct handout *hand, enum run_style style);
/* The program's arguments: names in braces replaced, QEMU's options at the end. NULL-terminated. */
char **run_arguments(const struct handout *hand, enum run_style style, char **given);

/* drop.c */

/* By name or number, or exits. */
const struct passwd *run_find_user(const char *name);
/* Sets limits, then becomes the user for good, or exits. */
void run_drop(const struct run_options *options);

#endif
