/* SPDX-License-Identifier: MIT */
/*
 * Whose locked memory the mappings of an iommufd count as. By itself the kernel counts all processes of
 * a user together, so that each of them can use up what the others need.
 *
 * These take the fd itself, as who has the right to change this often hands it to somebody who hasn't;
 * the mode goes with it. Both may be called from any thread at any time.
 */
#ifndef LIBVIOC_MEMLOCK_H
#define LIBVIOC_MEMLOCK_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>

VIOC_BEGIN_DECLS

/* How locked memory is counted. */
#define VIOC_MEMLOCK_NONE    0 /* not limited: CAP_IPC_LOCK, or no limit set */
#define VIOC_MEMLOCK_PROCESS 1 /* per process: legacy */
#define VIOC_MEMLOCK_USER    2 /* shared by all processes of the user: iommufd and compat */

/*
 * Sets it to VIOC_MEMLOCK_PROCESS or VIOC_MEMLOCK_USER. Only before anything is made in the iommufd:
 * an address space, a bound device.
 * -EPERM: no CAP_SYS_RESOURCE. -EBUSY: something was made in it. -EINVAL: no such mode, or the fd is no
 * iommufd. -EBADF: no fd. No error where the mode is what it was.
 * Kernel: IOMMU_OPTION_RLIMIT_MODE.
 */
VIOC_API VIOC_MUST_CHECK int vioc_fd_set_memlock_mode(struct vioc_ctx *ctx, int iommufd,
						      uint32_t mode);

/* VIOC_MEMLOCK_PROCESS or VIOC_MEMLOCK_USER. -EINVAL, -EBADF: as above. */
VIOC_API VIOC_MUST_CHECK int vioc_fd_get_memlock_mode(struct vioc_ctx *ctx, int iommufd,
						      uint32_t *ret_mode);

VIOC_END_DECLS

#endif
