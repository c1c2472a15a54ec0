// SPDX-License-Identifier: MIT
#define _GNU_SOURCE /* program_invocation_short_name */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "course.h"

int course_wants_device(void)
{
	return fail_usage("this needs a device: %s BACKEND BDF", program_invocation_short_name);
}

int course_expect(struct course *course, int wanted, int error)
{
	struct vioc_diag *diag = NULL;
	if (error != wanted)
		return fail(-EPROTO, "lesson", "a call returned %d (%s) instead of %d", error,
			    error < 0 ? strerror(-error) : "success", wanted);
	if (vioc_ctx_get_diag(course->ctx, &diag) == 0)
		printf("refused, as it should be: %s\n", vioc_diag_get_text(diag));
	vioc_diag_unref(diag);
	return 0;
}

static int run(struct session *session, const char *name, const struct vioc_device_opts *opts,
	       int (*lesson)(struct course *course))
{
	struct course course = { .ctx = session->ctx, .ioas = session->ioas };
	int error = name ? vioc_device_open(session->ioas, name, opts, &course.device) : 0;
	if (error < 0) {
		fail_vioc(session->ctx, error, name);
		return EXIT_FAILURE;
	}
	int status = lesson(&course);
	vioc_device_unref(course.device);
	return status;
}

int course_run_opts(int argc, char **argv, const struct vioc_device_opts *opts,
		    int (*lesson)(struct course *course))
{
	struct session session;
	uint32_t backend = VIOC_BACKEND_AUTO;

	if (argc > 3 || (argc > 1 && vioc_backend_from_name(argv[1], &backend) < 0))
		return fail_usage("usage: %s [auto|legacy|iommufd|compat [BDF]]",
				  program_invocation_short_name);
	if (session_open(&session, backend) < 0)
		return EXIT_FAILURE;
	int status = run(&session, argc > 2 ? argv[2] : NULL, opts, lesson);
	session_close(&session);
	return status;
}

int course_run(int argc, char **argv, int (*lesson)(struct course *course))
{
	return course_run_opts(argc, argv, NULL, lesson);
}
