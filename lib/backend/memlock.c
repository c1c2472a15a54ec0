// SPDX-License-Identifier: MIT
/* Whose locked memory an iommufd's mappings count as. */
#include <errno.h>

#include <libvioc/memlock.h>

#include "backend/backend.h"
#include "sys/iommu_option.h"

uint32_t vioci_iommufd_memlock_mode(const struct vioci_sys *sys, int iommufd)
{
	return vioci_sys_get_rlimit_mode(sys, iommufd) == 1 ? VIOC_MEMLOCK_PROCESS
							    : VIOC_MEMLOCK_USER;
}

static int refuse_fd(struct vioc_ctx *ctx, const char *what, int fd, int error)
{
	if (error == -EBADF)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, what,
				  "file descriptor %d is not open", fd);
	/* What other files say to the ioctl. */
	if (error == -ENOTTY || error == -EINVAL)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, what,
				  "file descriptor %d is no iommufd", fd);
	return vioci_fail(ctx, error, vioci_reason_for(error), what, "IOMMU_OPTION was refused");
}

static const char *const setting = "set how locked memory is counted";

static int refuse_setting(struct vioc_ctx *ctx, int error)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, vioci_reason_for(error));
	vioci_diag_tried(&draft, "%s", setting);
	if (error == -EPERM) {
		draft.reason = VIOC_REASON_PERMISSION;
		vioci_diag_obstacle(&draft, "the process has no CAP_SYS_RESOURCE");
		vioci_diag_advice(&draft, "let who opens the iommufd set it, or give that "
					  "capability");
	} else if (error == -EBUSY) {
		draft.reason = VIOC_REASON_BUSY;
		vioci_diag_obstacle(&draft, "an address space or a device is in the iommufd");
		vioci_diag_advice(&draft, "set it right after opening the iommufd");
	} else {
		vioci_diag_obstacle(&draft, "IOMMU_OPTION was refused");
	}
	return vioci_ctx_leave(ctx, &draft);
}

VIOC_API int vioc_fd_set_memlock_mode(struct vioc_ctx *ctx, int iommufd, uint32_t mode)
{
	if (!ctx)
		return -EINVAL;
	if (mode != VIOC_MEMLOCK_PROCESS && mode != VIOC_MEMLOCK_USER)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, setting,
				  "the mode is neither VIOC_MEMLOCK_PROCESS nor VIOC_MEMLOCK_USER");
	int wanted = mode == VIOC_MEMLOCK_PROCESS;
	int present = vioci_sys_get_rlimit_mode(&ctx->sys, iommufd);
	if (present < 0)
		return refuse_fd(ctx, setting, iommufd, present);
	if (present == wanted)
		return 0;
	int error = vioci_sys_set_rlimit_mode(&ctx->sys, iommufd, (uint64_t)wanted);
	return error < 0 ? refuse_setting(ctx, error) : 0;
}

VIOC_API int vioc_fd_get_memlock_mode(struct vioc_ctx *ctx, int iommufd, uint32_t *ret_mode)
{
	if (!ctx)
		return -EINVAL;
	const char *getting = "get how locked memory is counted";
	if (!ret_mode)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, getting,
				  "there is no place for the mode");
	int present = vioci_sys_get_rlimit_mode(&ctx->sys, iommufd);
	if (present < 0)
		return refuse_fd(ctx, getting, iommufd, present);
	*ret_mode = present ? VIOC_MEMLOCK_PROCESS : VIOC_MEMLOCK_USER;
	return 0;
}
