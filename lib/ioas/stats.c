// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include <libvioc/stats.h>

#include "core/explain.h"
#include "core/sized.h"
#include "ioas/ioas.h"

#define LARGE (UINT64_C(1) << 21)

/* A sum over extents, each counted when its first mapping is seen. */
struct large {
	uint64_t n_bytes;
	uint64_t next; /* behind the last extent counted */
};

/* How many bytes of an extent an IOMMU could have in pages of 2 MiB. */
static uint64_t large_bytes(uint64_t iova, uint64_t va, uint64_t length)
{
	uint64_t skip = -iova & (LARGE - 1);
	if ((iova ^ va) & (LARGE - 1))
		return 0;
	return skip < length ? (length - skip) & ~(LARGE - 1) : 0;
}

static int add_large(void *arg, const struct vioc_mapping *mapping)
{
	struct large *large = arg;
	uint64_t va = (uintptr_t)mapping->va - (mapping->iova - mapping->extent_iova);
	if (mapping->iova < large->next || !mapping->va)
		return 0;
	large->n_bytes += large_bytes(mapping->extent_iova, va, mapping->extent_length);
	large->next = mapping->extent_iova + mapping->extent_length;
	return large->next ? 0 : 1; /* it ends at the top */
}

VIOC_API int vioc_ioas_get_stats(struct vioc_ioas *ioas, struct vioc_ioas_stats *ret_stats)
{
	if (!ioas)
		return -EINVAL;
	struct large large = { 0 };
	(void)vioc_ioas_walk(ioas, 0, UINT64_MAX, add_large, &large);

	pthread_mutex_lock(&ioas->lock);
	const struct vioci_maps *maps = &ioas->maps;
	struct vioc_ioas_stats stats = {
		.n_map_calls = ioas->calls.n_map,
		.n_unmap_calls = ioas->calls.n_unmap,
		.n_map_saved = ioas->calls.n_map_saved,
		.n_unmap_saved = ioas->calls.n_unmap_saved,
		.n_revived = ioas->calls.n_revived,
		.n_flushes = ioas->calls.n_flushes,
		.n_extents = maps->tally.n_extents,
		.deferred_count = maps->tally.n_deferred,
		.deferred_bytes = maps->tally.deferred_bytes,
		.released_bytes = maps->tally.released_bytes,
		.large_bytes = large.n_bytes,
		.n_map_by_file = ioas->calls.n_map_by_file,
		.library_bytes = vioci_tree_bytes(&maps->by_iova) + vioci_tree_bytes(&maps->by_va) +
				 vioci_tree_bytes(&maps->files) +
				 ioas->deferred.capacity * sizeof(*ioas->deferred.iovas),
	};
	pthread_mutex_unlock(&ioas->lock);
	return vioci_ctx_give_sized(vioci_ioas_ctx(ioas), ret_stats, &stats, sizeof(stats));
}

/* What the kernel says of the attached devices' limits, and how it counts locked memory. */
static int query(struct vioc_ioas *ioas, struct vioci_limits *ret_limits, uint32_t *ret_mode)
{
	int error = -ENODEV;
	pthread_mutex_lock(&ioas->attach_lock);
	if (ioas->kioas) {
		const struct vioci_backend_ops *ops = ioas->kioas->backend->ops;
		*ret_mode = ioas->kioas->memlock_mode;
		error = ops->query(ioas->kioas, ret_limits);
	}
	pthread_mutex_unlock(&ioas->attach_lock);
	return error;
}

VIOC_API int vioc_ioas_get_limits(struct vioc_ioas *ioas, struct vioc_ioas_limits *ret_limits)
{
	if (!ioas)
		return -EINVAL;
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	struct vioci_limits kernel;
	struct vioci_memlock memlock;
	uint32_t mode;
	int error = query(ioas, &kernel, &mode);
	if (error == -ENODEV)
		return vioci_fail(ctx, error, VIOC_REASON_NO_DEVICE, "get the limits",
				  "no device is attached");
	if (error < 0)
		return vioci_fail(ctx, error, vioci_reason_for(error), "get the limits",
				  "the kernel did not tell them");
	free(kernel.ranges);
	vioci_read_memlock(ctx, mode, &memlock);
	struct vioc_ioas_limits limits = {
		.entries_left = kernel.entries_left,
		.memlock_limit = memlock.limited ? memlock.limit : VIOC_UNLIMITED,
		.memlock_used = memlock.used,
		.memlock_mode = memlock.limited ? mode : VIOC_MEMLOCK_NONE,
	};
	return vioci_ctx_give_sized(ctx, ret_limits, &limits, sizeof(limits));
}
