// SPDX-License-Identifier: MIT
/* Fds as users name them on command lines. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/fds.h>

#include "core/ctx.h"

static int refuse(struct vioc_ctx *ctx, const char *spec, int error, const char *obstacle)
{
	struct vioci_diag_draft draft = vioci_diag_draft(
		error, error == -EINVAL ? VIOC_REASON_BAD_ARGUMENT : VIOC_REASON_NO_FD);
	vioci_diag_tried(&draft, "find the fd '%s'", spec);
	vioci_diag_obstacle(&draft, "%s", obstacle);
	return vioci_ctx_leave(ctx, &draft);
}

static int from_number(struct vioc_ctx *ctx, const char *spec)
{
	struct vioci_fd_stat stat;
	/* No process has fds of more digits. */
	if (strspn(spec, "0123456789") != strlen(spec) || strlen(spec) > 9)
		return refuse(ctx, spec, -EINVAL,
			      "a number of an fd has digits only, and a name begins with none");
	int fd = atoi(spec);
	int error = vioci_sys_get_stat(&ctx->sys, fd, &stat);
	return error < 0 ? refuse(ctx, spec, error, "no such fd is open") : fd;
}

static int from_path(struct vioc_ctx *ctx, const char *spec)
{
	int fd = vioci_sys_open(&ctx->sys, spec, O_RDWR);
	return fd < 0 ? refuse(ctx, spec, fd, "the path can't be opened") : fd;
}

static int from_name(struct vioc_ctx *ctx, const char *spec, vioc_fd_resolver resolver, void *data)
{
	if (!resolver)
		return refuse(ctx, spec, -ENOENT, "nobody resolves names of fds here");
	int fd = resolver(data, spec);
	return fd < 0 ? refuse(ctx, spec, fd, "no fd was given by that name") : fd;
}

VIOC_API int vioc_fd_from_spec(struct vioc_ctx *ctx, const char *spec, vioc_fd_resolver resolver,
			       void *data, int *ret_fd)
{
	if (!ctx)
		return -EINVAL;
	if (!spec || !*spec || !ret_fd)
		return refuse(ctx, spec ? spec : "", -EINVAL, "nothing is named");
	int fd = isdigit((unsigned char)*spec) ? from_number(ctx, spec)
		 : *spec == '/'		       ? from_path(ctx, spec)
					       : from_name(ctx, spec, resolver, data);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}
