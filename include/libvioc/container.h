/* SPDX-License-Identifier: MIT */
/*
 * A container: one way into the kernel, and the address spaces (ioas) that use it.
 * Every function here may be called from any thread at any time.
 */
#ifndef LIBVIOC_CONTAINER_H
#define LIBVIOC_CONTAINER_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>

VIOC_BEGIN_DECLS

struct vioc_container;

#define VIOC_BACKEND_AUTO \
	0 /* iommufd if the kernel, the device and the rights allow, else legacy */
#define VIOC_BACKEND_LEGACY  1 /* VFIO groups: /dev/vfio/vfio (type1 v2) and /dev/vfio/GROUP */
#define VIOC_BACKEND_IOMMUFD 2 /* /dev/iommu and /dev/vfio/devices/vfioN */
#define VIOC_BACKEND_COMPAT  3 /* VFIO groups with an iommufd as their container */

/* "auto", "legacy", "iommufd", "compat"; "unknown" for any other value. */
VIOC_API const char *vioc_backend_name(uint32_t backend);
/* The reverse. -EINVAL: no such backend. */
VIOC_API VIOC_MUST_CHECK int vioc_backend_from_name(const char *name, uint32_t *ret_backend);

struct vioc_container_opts {
	size_t size;
	uint32_t backend; /* VIOC_BACKEND_* */
	uint32_t flags;	  /* must be 0 */
};

/*
 * Makes a container. A named backend is opened at once, so that its absence shows here. "auto"
 * checks what there is, and settles per ioas when the ioas' first device is opened; a fallback
 * leaves a diag with reason VIOC_REASON_FALLBACK.
 *
 * -EINVAL: bad options, no such backend, VIOC_BACKEND names none. -E2BIG. -EOPNOTSUPP: the kernel lacks the interface. -EACCES: no permission
 * for /dev/iommu or /dev/vfio/vfio. -ENOMEM, -EMFILE, -ENFILE.
 * Kernel: open(2) of the node; VFIO_GET_API_VERSION, VFIO_CHECK_EXTENSION.
 */
VIOC_API VIOC_MUST_CHECK int vioc_container_new(struct vioc_ctx *ctx,
						const struct vioc_container_opts *opts,
						struct vioc_container **ret_container);
VIOC_API struct vioc_container *vioc_container_ref(struct vioc_container *container);
VIOC_API struct vioc_container *vioc_container_unref(struct vioc_container *container);
VIOC_DEFINE_UNREFP_(container);

/* The backend that was asked for (after VIOC_BACKEND), so possibly VIOC_BACKEND_AUTO. */
VIOC_API uint32_t vioc_container_get_backend(const struct vioc_container *container);

VIOC_END_DECLS

#endif
