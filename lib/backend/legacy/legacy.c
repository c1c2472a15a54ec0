// SPDX-License-Identifier: MIT
/* The containers themselves: opening and closing. */
#include <errno.h>
#include <stdlib.h>

#include "backend/legacy/legacy.h"
#include "uapi/vfio.h"

/* Whether the node speaks the API version and type1 v2 that this code was written for; if not, advises. */
static int check_container(struct vioc_ctx *ctx, const struct vioci_backend_ops *ops,
			   const char *advice, int fd)
{
	int version = vioci_sys_ioctl(&ctx->sys, fd, VIOCI_VFIO_GET_API_VERSION, NULL);
	int type1v2 = vioci_sys_ioctl(&ctx->sys, fd, VIOCI_VFIO_CHECK_EXTENSION,
				      (void *)(uintptr_t)VIOCI_VFIO_TYPE1v2_IOMMU);
	if (version == VIOCI_VFIO_API_VERSION && type1v2 == 1)
		return 0;

	struct vioci_diag_draft draft = vioci_diag_draft(-EOPNOTSUPP, VIOC_REASON_NO_INTERFACE);
	vioci_diag_tried(&draft, "open the %s backend", ops->name);
	vioci_diag_obstacle(&draft, "%s has no VFIO type1 v2 IOMMU", ops->node);
	vioci_diag_advice(&draft, "%s", advice);
	vioci_diag_fact(&draft, "backend", "%s", ops->name);
	vioci_diag_fact(&draft, "path", "%s", ops->node);
	return vioci_ctx_leave(ctx, &draft);
}

/* Checks that a container can be had, and lets it go: each kioas opens its own. */
static int check_node(struct vioc_ctx *ctx, const struct vioci_backend_ops *ops, const char *advice)
{
	struct vioci_node node;
	int fd = vioci_backend_open_node(ctx, ops, &node);
	if (fd < 0)
		return fd;
	int error = check_container(ctx, ops, advice, fd);
	vioci_sys_close(&ctx->sys, &fd);
	vioci_node_put_back(ctx, &node);
	return error;
}

static int open_as(struct vioc_ctx *ctx, const struct vioci_backend_ops *ops, const char *advice,
		   struct vioci_backend **ret_backend)
{
	int error = check_node(ctx, ops, advice);
	if (error < 0)
		return error;

	struct legacy_backend *backend = calloc(1, sizeof(*backend));
	if (!backend)
		return vioci_fail_memory(ctx);
	backend->base.ops = ops;
	backend->base.ctx = ctx;
	pthread_mutex_init(&backend->lock, NULL);
	*ret_backend = &backend->base;
	return 0;
}

static int legacy_open(struct vioc_ctx *ctx, struct vioci_backend **ret_backend)
{
	return open_as(ctx, &vioci_legacy_ops, "load the module vfio_iommu_type1", ret_backend);
}

static int compat_open(struct vioc_ctx *ctx, struct vioci_backend **ret_backend)
{
	return open_as(ctx, &vioci_compat_ops, "use the iommufd backend", ret_backend);
}

static void legacy_close(struct vioci_backend *base)
{
	struct legacy_backend *backend = (struct legacy_backend *)base;
	pthread_mutex_destroy(&backend->lock);
	free(backend);
}

static int refuse_unused(struct vioci_backend *base)
{
	struct vioci_diag_draft draft = vioci_diag_draft(-EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	vioci_diag_tried(&draft, "adopt an address space");
	vioci_diag_obstacle(&draft,
			    "the container of the %s backend has no IOMMU, which a group "
			    "brings with it",
			    base->ops->name);
	vioci_diag_advice(&draft, "adopt a container in which a group is, or open a device first");
	vioci_diag_fact(&draft, "backend", "%s", base->ops->name);
	return vioci_ctx_leave(base->ctx, &draft);
}

static int check_source(struct legacy_kioas *kioas, const struct vioci_kioas_source *source)
{
	struct vioci_backend *base = kioas->base.backend;
	if (source->id)
		return vioci_fail(base->ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "adopt an address space",
				  "the %s backend has no address spaces with ids", base->ops->name);
	return kioas->iommu_set ? 0 : refuse_unused(base);
}

static void legacy_kioas_close(struct vioci_kioas *base)
{
	struct legacy_kioas *kioas = (struct legacy_kioas *)base;
	vioci_sys_close(&base->backend->ctx->sys, &kioas->fd);
	free(kioas);
}

/* An iommufd counts as who opened it told it to. */
static uint32_t memlock_mode(const struct legacy_kioas *kioas, bool adopted)
{
	const struct vioci_backend *base = kioas->base.backend;
	if (!adopted || base->ops->node_kind != VIOC_FD_IOMMUFD)
		return base->ops->memlock_mode;
	return vioci_iommufd_memlock_mode(&base->ctx->sys, kioas->fd);
}

static int legacy_kioas_open(struct vioci_backend *base, const struct vioci_kioas_source *source,
			     struct vioci_kioas **ret_kioas)
{
	struct legacy_kioas *kioas = calloc(1, sizeof(*kioas));
	if (!kioas)
		return vioci_fail_memory(base->ctx);

	struct vioci_node node;
	kioas->base.backend = base;
	kioas->fd = vioci_backend_open_node(base->ctx, base->ops, &node);
	if (kioas->fd < 0) {
		int error = kioas->fd;
		free(kioas);
		return error;
	}
	kioas->iommu_set = node.adopted && vioci_legacy_is_in_use(kioas);
	kioas->base.shared = node.adopted;
	kioas->base.memlock_mode = memlock_mode(kioas, node.adopted);
	int error = source ? check_source(kioas, source) : 0;
	if (error < 0) {
		legacy_kioas_close(&kioas->base);
		return error;
	}
	*ret_kioas = &kioas->base;
	return 0;
}

static int legacy_get_fd(const struct vioci_kioas *kioas)
{
	return ((const struct legacy_kioas *)kioas)->fd;
}

const struct vioci_backend_ops vioci_legacy_ops = {
	.id = VIOC_BACKEND_LEGACY,
	.name = "legacy",
	.memlock_mode = VIOC_MEMLOCK_PROCESS,
	.node = "/dev/vfio/vfio",
	.node_kind = VIOC_FD_CONTAINER,
	.knob = "vfio_iommu_type1",
	.open = legacy_open,
	.close = legacy_close,
	.kioas_open = legacy_kioas_open,
	.kioas_close = legacy_kioas_close,
	.get_fd = legacy_get_fd,
	.attach = vioci_legacy_attach,
	.detach = vioci_legacy_detach,
	.hot_reset = vioci_legacy_hot_reset,
	.has_group = vioci_legacy_has_group,
	.query = vioci_legacy_query,
	.map = vioci_legacy_map,
	.map_file = vioci_backend_map_by_va,
	.map_device = vioci_legacy_map_device,
	.unmap = vioci_legacy_unmap,
};

const struct vioci_backend_ops vioci_compat_ops = {
	.id = VIOC_BACKEND_COMPAT,
	.name = "compat",
	.memlock_mode = VIOC_MEMLOCK_USER,
	.node = "/dev/iommu",
	.node_kind = VIOC_FD_IOMMUFD,
	.knob = "iommufd",
	.open = compat_open,
	.close = legacy_close,
	.kioas_open = legacy_kioas_open,
	.kioas_close = legacy_kioas_close,
	.get_fd = legacy_get_fd,
	.attach = vioci_legacy_attach,
	.detach = vioci_legacy_detach,
	.hot_reset = vioci_legacy_hot_reset,
	.has_group = vioci_legacy_has_group,
	.query = vioci_legacy_query,
	.map = vioci_legacy_map,
	.map_file = vioci_backend_map_by_va,
	.map_device = vioci_compat_map_device,
	.unmap = vioci_legacy_unmap,
};
