// SPDX-License-Identifier: MIT
/* Telling what an fd is, and taking over those of VFIO and iommufd. */
#include <errno.h>
#include <string.h>

#include "core/sized.h"
#include "fds/check.h"

VIOC_API int vioc_fd_identify(struct vioc_ctx *ctx, int fd, struct vioc_fd_info *ret_info)
{
	struct vioci_fd_facts facts;
	if (!ctx)
		return -EINVAL;
	int error = vioci_fd_identify(&ctx->sys, fd, VIOC_FD_NONE, &facts);
	if (error < 0)
		return vioci_fail(ctx, error, VIOC_REASON_WRONG_FD, "identify an fd",
				  "fd %d is not open", fd);
	struct vioc_fd_info info = {
		.flags = vioci_fd_flags(&facts),
		.kind = facts.kind,
		.group = facts.group,
	};
	strcpy(info.device, facts.device);
	strcpy(info.what, facts.what);
	return vioci_ctx_give_sized(ctx, ret_info, &info, sizeof(info));
}

VIOC_API int vioc_ctx_adopt_fd(struct vioc_ctx *ctx, int fd, const struct vioc_fd_opts *given)
{
	struct vioc_fd_opts opts;
	struct vioci_fd_facts facts;
	if (!ctx)
		return -EINVAL;
	int error = vioci_read_fd_opts(ctx, fd, given, &opts);
	if (error == 0)
		error = vioci_check_fd(ctx, fd, &opts, &facts);
	if (error == 0)
		error = vioci_adopted_add(ctx, fd, &facts, false);
	if (error == 0 && !(opts.flags & VIOC_FD_BORROWED))
		vioci_sys_close(&ctx->sys, &fd);
	return error;
}
