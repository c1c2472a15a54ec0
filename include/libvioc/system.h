/* SPDX-License-Identifier: MIT */
/*
 * What this kernel can do, apart from any device. Opens /dev/iommu and /dev/vfio/vfio to ask, and no
 * device; changes nothing. May be called from any thread at any time.
 */
#ifndef LIBVIOC_SYSTEM_H
#define LIBVIOC_SYSTEM_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>

VIOC_BEGIN_DECLS

#define VIOC_SYSTEM_NO	    0
#define VIOC_SYSTEM_YES	    1
#define VIOC_SYSTEM_UNKNOWN 2 /* the value says why, such as a node that may not be opened */

struct vioc_system_feature {
	size_t size;
	uint32_t state; /* VIOC_SYSTEM_* */
	uint32_t reserved;
	const char *name;  /* "map-file"; a constant, and stable */
	const char *about; /* in words; a constant */
	char value[96];	   /* a setting, a number; empty if there is no more to say */
};

/*
 * Fills *ret_feature, made with VIOC_SIZED(vioc_system_feature), with feature number index. 1: there is
 * one. 0: past the end. -EINVAL: no size.
 * Kernel: VFIO_CHECK_EXTENSION; iommufd's ioctls with a size that each of them refuses; /sys/module.
 */
VIOC_API int vioc_system_get_feature(struct vioc_ctx *ctx, size_t index,
				     struct vioc_system_feature *ret_feature);

VIOC_END_DECLS

#endif
