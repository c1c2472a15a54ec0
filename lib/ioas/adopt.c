// SPDX-License-Identifier: MIT
/* Address spaces whose part in the kernel is others' too: taking them over, and letting them go. */
#include <errno.h>

#include <libvioc/fds.h>

#include "ioas/kernel.h"

/* The kernel's part of it is not known to be without mappings of others, so no hole is unmapped. */
static void unmap_own(struct vioc_ioas *ioas, struct vioci_kioas *kioas)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	bool found = vioci_maps_seek(&ioas->maps, 0, &cursor, &record);

	while (found) {
		struct vioci_extent extent = vioci_maps_extent(&ioas->maps, cursor);
		uint64_t ignored;
		if (!(record.meta & VIOCI_FOREIGN))
			(void)kioas->backend->ops->unmap(kioas, extent.iova,
							 extent.last - extent.iova + 1, &ignored);
		found = extent.last != UINT64_MAX &&
			vioci_maps_seek(&ioas->maps, extent.last + 1, &cursor, &record);
	}
}

/* What others mapped is not this process' to put in force again. */
static void drop_foreign(struct vioc_ioas *ioas)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	pthread_mutex_lock(&ioas->lock);
	bool found = vioci_maps_seek(&ioas->maps, 0, &cursor, &record);
	while (found) {
		uint64_t last = record.last;
		if (record.meta & VIOCI_FOREIGN)
			vioci_maps_remove(&ioas->maps, &record);
		found = last != UINT64_MAX &&
			vioci_maps_seek(&ioas->maps, last + 1, &cursor, &record);
	}
	pthread_mutex_unlock(&ioas->lock);
}

void vioci_kioas_close(struct vioc_ioas *ioas, struct vioci_kioas *kioas)
{
	if (kioas->shared && !kioas->forgotten)
		unmap_own(ioas, kioas);
	bool shared = kioas->shared;
	kioas->backend->ops->kioas_close(kioas);
	if (shared)
		drop_foreign(ioas);
}

/* The first backend that has one. */
static int open_kioas(struct vioc_container *container, const struct vioci_kioas_source *source,
		      struct vioci_kioas **ret_kioas)
{
	struct vioc_diag *failures = NULL;
	int error = 0;
	for (size_t i = 0; i < container->n_backends; i++) {
		struct vioci_backend *backend = container->backends[i];
		error = backend->ops->kioas_open(backend, source, ret_kioas);
		if (error != -EOPNOTSUPP)
			break;
		failures = vioci_ctx_chain_diag(container->ctx, failures);
	}
	if (error == -EOPNOTSUPP)
		vioci_ctx_put_diag(container->ctx, failures);
	else
		vioc_diag_unref(failures);
	return error;
}

static int adopt(struct vioc_ioas *ioas, const struct vioci_kioas_source *source, uint64_t flags)
{
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	struct vioci_kioas *kioas;
	int error = open_kioas(ioas->container, source, &kioas);
	if (error < 0)
		return error;
	kioas->borrowed = flags & VIOC_IOAS_BORROWED;
	error = vioci_ioas_keep(ioas, kioas);
	if (error == 0)
		return 0;
	kioas->backend->ops->kioas_close(kioas);
	return vioci_fail(ctx, error, vioci_reason_for(error), "adopt an address space",
			  "its usable address ranges can't be read");
}

VIOC_API int vioc_ioas_adopt(struct vioc_container *container, uint32_t id, uint64_t flags,
			     const struct vioc_ioas_opts *opts, struct vioc_ioas **ret_ioas)
{
	const struct vioci_kioas_source source = { .id = id };
	struct vioc_ioas *ioas;
	if (!container)
		return -EINVAL;
	if ((flags & ~VIOC_IOAS_BORROWED) || !ret_ioas)
		return vioci_fail(container->ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "adopt an address space",
				  "unknown flags, or no place for the ioas");
	int error = vioc_ioas_new(container, opts, &ioas);
	if (error < 0)
		return error;
	error = adopt(ioas, &source, flags);
	vioci_adopted_end(container->ctx, error == 0);
	if (error < 0) {
		vioc_ioas_unref(ioas);
		return error;
	}
	*ret_ioas = ioas;
	return 0;
}

VIOC_API int vioc_ioas_forget(struct vioc_ioas *ioas)
{
	if (!ioas)
		return -EINVAL;
	pthread_mutex_lock(&ioas->lock);
	struct vioci_kioas *kioas = ioas->kioas;
	if (kioas)
		kioas->forgotten = true;
	pthread_mutex_unlock(&ioas->lock);
	if (kioas)
		return 0;
	return vioci_fail(vioci_ioas_ctx(ioas), -ENODEV, VIOC_REASON_CLOSED, "forget an ioas",
			  "it has no part in the kernel");
}
