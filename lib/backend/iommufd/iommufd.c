// SPDX-License-Identifier: MIT
/* The iommufd and its address spaces: opening and closing. */
#include <errno.h>
#include <stdlib.h>

#include "backend/iommufd/iommufd.h"
#include "core/log.h"
#include "uapi/iommufd.h"

int vioci_iommufd_call(const struct vioci_kioas *kioas, unsigned long request, void *arg)
{
	const struct iommufd_backend *backend = (const struct iommufd_backend *)kioas->backend;
	return vioci_sys_ioctl(&backend->base.ctx->sys, backend->fd, request, arg);
}

static int iommufd_open(struct vioc_ctx *ctx, struct vioci_backend **ret_backend)
{
	struct iommufd_backend *backend = calloc(1, sizeof(*backend));
	if (!backend)
		return vioci_fail_memory(ctx);
	backend->base.ops = &vioci_iommufd_ops;
	backend->base.ctx = ctx;
	struct vioci_node node;
	backend->fd = vioci_backend_open_node(ctx, &vioci_iommufd_ops, &node);
	if (backend->fd < 0) {
		int error = backend->fd;
		free(backend);
		return error;
	}
	*ret_backend = &backend->base;
	return 0;
}

static void iommufd_close(struct vioci_backend *base)
{
	struct iommufd_backend *backend = (struct iommufd_backend *)base;
	vioci_sys_close(&base->ctx->sys, &backend->fd);
	free(backend);
}

static int alloc_ioas(struct vioci_kioas *kioas)
{
	struct vioci_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int error = vioci_iommufd_call(kioas, VIOCI_IOMMU_IOAS_ALLOC, &alloc);
	if (error < 0)
		return vioci_fail(kioas->backend->ctx, error, VIOC_REASON_KERNEL,
				  "make an address space", "IOMMU_IOAS_ALLOC was refused");
	kioas->id = alloc.out_ioas_id;
	return 0;
}

static int find_ioas(struct vioci_kioas *kioas, uint32_t id)
{
	struct vioci_iommu_ioas_iova_ranges ranges = { .size = sizeof(ranges), .ioas_id = id };
	int error = vioci_iommufd_call(kioas, VIOCI_IOMMU_IOAS_IOVA_RANGES, &ranges);
	/* There is one; for its ranges there is just no room. */
	if (error < 0 && error != -EMSGSIZE)
		return vioci_fail(kioas->backend->ctx, error, VIOC_REASON_WRONG_FD,
				  "adopt an address space", "the iommufd has no IOAS %u", id);
	kioas->id = id;
	return 0;
}

static int iommufd_kioas_open(struct vioci_backend *base, const struct vioci_kioas_source *source,
			      struct vioci_kioas **ret_kioas)
{
	struct vioci_kioas *kioas = calloc(1, sizeof(*kioas));
	if (!kioas)
		return vioci_fail_memory(base->ctx);
	kioas->backend = base;
	kioas->shared = source != NULL;
	int error = source && source->id ? find_ioas(kioas, source->id) : alloc_ioas(kioas);
	if (error < 0) {
		free(kioas);
		return error;
	}
	kioas->memlock_mode =
		vioci_iommufd_memlock_mode(&base->ctx->sys, ((struct iommufd_backend *)base)->fd);
	*ret_kioas = kioas;
	return 0;
}

static void iommufd_kioas_close(struct vioci_kioas *kioas)
{
	struct vioci_iommu_destroy destroy = { .size = sizeof(destroy), .id = kioas->id };
	int error = 0;
	if (!kioas->borrowed && !kioas->forgotten)
		error = vioci_iommufd_call(kioas, VIOCI_IOMMU_DESTROY, &destroy);
	if (error < 0)
		vioci_log(kioas->backend->ctx, VIOC_LOG_WARNING,
			  "IOAS %u stays until the iommufd closes: error %d", kioas->id, error);
	free(kioas);
}

static int iommufd_get_fd(const struct vioci_kioas *kioas)
{
	return ((const struct iommufd_backend *)kioas->backend)->fd;
}

const struct vioci_backend_ops vioci_iommufd_ops = {
	.id = VIOC_BACKEND_IOMMUFD,
	.name = "iommufd",
	.memlock_mode = VIOC_MEMLOCK_USER,
	.node = "/dev/iommu",
	.node_kind = VIOC_FD_IOMMUFD,
	.knob = "iommufd",
	.by_cdev = true,
	.open = iommufd_open,
	.close = iommufd_close,
	.kioas_open = iommufd_kioas_open,
	.kioas_close = iommufd_kioas_close,
	.get_fd = iommufd_get_fd,
	.attach = vioci_iommufd_attach,
	.detach = vioci_iommufd_detach,
	.hot_reset = vioci_iommufd_hot_reset,
	.get_hw_info = vioci_iommufd_get_hw_info,
	.query = vioci_iommufd_query,
	.map = vioci_iommufd_map,
	.map_file = vioci_iommufd_map_file,
	.map_device = vioci_iommufd_map_device,
	.maps_dma_bufs = true,
	.unmap = vioci_iommufd_unmap,
};
