// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"

/* Indexed by VIOC_BACKEND_*. */
static const struct {
	const char *name;
	const struct vioci_backend_ops *candidates[VIOCI_MAX_CANDIDATES + 1];
} backends[] = {
	[VIOC_BACKEND_AUTO] = { "auto", { &vioci_iommufd_ops, &vioci_legacy_ops } },
	[VIOC_BACKEND_LEGACY] = { "legacy", { &vioci_legacy_ops } },
	[VIOC_BACKEND_IOMMUFD] = { "iommufd", { &vioci_iommufd_ops } },
	[VIOC_BACKEND_COMPAT] = { "compat", { &vioci_compat_ops } },
};

#define N_BACKENDS (sizeof(backends) / sizeof(backends[0]))

const struct vioci_backend_ops *const *vioci_backend_candidates(uint32_t backend)
{
	return backend < N_BACKENDS ? backends[backend].candidates : NULL;
}

VIOC_API const char *vioc_backend_name(uint32_t backend)
{
	return backend < N_BACKENDS ? backends[backend].name : "unknown";
}

VIOC_API int vioc_backend_from_name(const char *name, uint32_t *ret_backend)
{
	if (!name || !ret_backend)
		return -EINVAL;
	for (uint32_t i = 0; i < N_BACKENDS; i++) {
		if (strcmp(backends[i].name, name) == 0) {
			*ret_backend = i;
			return 0;
		}
	}
	return -EINVAL;
}

int vioci_backend_open_node(struct vioc_ctx *ctx, const struct vioci_backend_ops *ops,
			    struct vioci_node *ret_node)
{
	struct vioci_node *node = ret_node;
	*node = (struct vioci_node){ .kind = ops->node_kind };
	snprintf(node->path, sizeof(node->path), "%s", ops->node);
	int fd = vioci_node_open(ctx, node);
	if (fd >= 0)
		return fd;
	struct vioci_diag_draft draft = vioci_diag_draft(fd, 0);
	vioci_diag_tried(&draft, "open the %s backend", ops->name);
	vioci_diag_fact(&draft, "backend", "%s", ops->name);
	vioci_node_explain(ctx, &draft, node, fd);
	return vioci_ctx_leave(ctx, &draft);
}

int vioci_backend_map_by_va(struct vioci_kioas *kioas, uint64_t iova, int fd, uint64_t offset,
			    const void *va, uint64_t length, uint64_t flags)
{
	(void)fd;
	(void)offset;
	return kioas->backend->ops->map(kioas, iova, va, length, flags);
}
