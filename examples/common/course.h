/* SPDX-License-Identifier: MIT */
/*
 * What all lessons but the first begin with: `LESSON [BACKEND [BDF]]` becomes an address space, and
 * perhaps a device in it.
 */
#ifndef EXAMPLE_COURSE_H
#define EXAMPLE_COURSE_H

#include <errno.h>
#include <stdlib.h>

#include <libvioc/device.h>

#include "message.h"
#include "session.h"

struct course {
	struct vioc_ctx *ctx;
	struct vioc_ioas *ioas;
	struct vioc_device *device; /* NULL: none was named */
};

/* Runs a lesson and returns its exit status. */
int course_run(int argc, char **argv, int (*lesson)(struct course *course));
/* The same, for a device that has to be opened in another way than the usual. */
int course_run_opts(int argc, char **argv, const struct vioc_device_opts *opts,
		    int (*lesson)(struct course *course));
/* For lessons that can't do without: says so; returns an exit status. */
int course_wants_device(void);

/* Ends the lesson, with what the library has to say, if a call of it fails. */
#define CHECK(course, call)                                      \
	do {                                                     \
		int error_ = (call);                             \
		if (error_ < 0) {                                \
			fail_vioc((course)->ctx, error_, #call); \
			return EXIT_FAILURE;                     \
		}                                                \
	} while (0)

/* For a call that has to fail: shows the diag, and ends the lesson if it fails in another way. */
#define EXPECT(course, wanted, call)                               \
	do {                                                       \
		if (course_expect((course), (wanted), (call)) < 0) \
			return EXIT_FAILURE;                       \
	} while (0)
int course_expect(struct course *course, int wanted, int error);

#endif
