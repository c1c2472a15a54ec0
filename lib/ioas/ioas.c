// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "core/sized.h"
#include "ioas/files.h"
#include "ioas/ioas.h"

static void ioas_free(struct vioc_ioas *ioas)
{
	if (ioas->kioas)
		vioci_kioas_close(ioas, ioas->kioas);
	vioci_files_forget_all(&ioas->maps);
	vioci_memfile_close_all(vioci_ioas_ctx(ioas), ioas->maps.unused_files);
	vioci_maps_destroy(&ioas->maps);
	free(ioas->deferred.iovas);
	free(ioas->limits.ranges);
	free(ioas->kernel.ranges);
	free(ioas->allowed.ranges);
	vioci_windows_destroy(&ioas->windows);
	pthread_mutex_destroy(&ioas->lock);
	pthread_mutex_destroy(&ioas->flush_lock);
	pthread_mutex_destroy(&ioas->attach_lock);
	vioc_container_unref(ioas->container);
	free(ioas);
}

VIOC_API int vioc_ioas_new(struct vioc_container *container, const struct vioc_ioas_opts *given,
			   struct vioc_ioas **ret_ioas)
{
	if (!container)
		return -EINVAL;
	struct vioc_ioas_opts opts;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error == 0 && (opts.flags || !ret_ioas))
		error = -EINVAL;
	if (error < 0)
		return vioci_fail(container->ctx, error, VIOC_REASON_BAD_ARGUMENT, "make an ioas",
				  "the options have unknown flags, a bad size or unknown fields");

	if (!opts.deferred_max_count)
		opts.deferred_max_count = 4096;
	if (!opts.deferred_max_bytes)
		opts.deferred_max_bytes = UINT64_C(256) << 20;
	struct vioc_ioas *ioas = calloc(1, sizeof(*ioas));
	if (!ioas)
		return vioci_fail_memory(container->ctx);
	ioas->refs = 1;
	ioas->container = vioc_container_ref(container);
	ioas->opts = opts;
	pthread_mutex_init(&ioas->attach_lock, NULL);
	pthread_mutex_init(&ioas->flush_lock, NULL);
	pthread_mutex_init(&ioas->lock, NULL);
	vioci_windows_init(&ioas->windows);
	vioci_maps_init(&ioas->maps);
	if (vioci_limits_everything(&ioas->kernel) < 0 ||
	    vioci_limits_everything(&ioas->limits) < 0) {
		ioas_free(ioas);
		return vioci_fail_memory(container->ctx);
	}
	*ret_ioas = ioas;
	return 0;
}

VIOC_API struct vioc_ioas *vioc_ioas_ref(struct vioc_ioas *ioas)
{
	if (ioas)
		vioci_ref_get(&ioas->refs);
	return ioas;
}

/* Attached devices hold a reference, so none is left here, and no kioas but one that was adopted. */
VIOC_API struct vioc_ioas *vioc_ioas_unref(struct vioc_ioas *ioas)
{
	if (ioas && vioci_ref_put(&ioas->refs))
		ioas_free(ioas);
	return NULL;
}

VIOC_API int vioc_ioas_get_ranges(struct vioc_ioas *ioas, struct vioc_iova_range *ranges,
				  size_t capacity)
{
	if (!ioas)
		return -EINVAL;
	if (capacity && !ranges)
		return vioci_fail(vioci_ioas_ctx(ioas), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "get the usable ranges", "no place for them is given");
	pthread_mutex_lock(&ioas->lock);
	size_t count = ioas->limits.n_ranges;
	for (size_t i = 0; i < count && i < capacity; i++)
		ranges[i] = ioas->limits.ranges[i];
	pthread_mutex_unlock(&ioas->lock);
	return (int)count;
}

static uint32_t backend_in_use(const struct vioc_ioas *ioas)
{
	return ioas->kioas ? ioas->kioas->backend->ops->id : ioas->container->backend;
}

VIOC_API int vioc_ioas_get_info(struct vioc_ioas *ioas, struct vioc_ioas_info *ret_info)
{
	if (!ioas)
		return -EINVAL;
	pthread_mutex_lock(&ioas->lock);
	struct vioc_ioas_info info = {
		.page_size = ioas->limits.page_size,
		.n_mappings = ioas->maps.tally.n_mappings,
		.n_bytes = ioas->maps.tally.n_bytes,
		.n_devices = ioas->n_devices,
		.backend = backend_in_use(ioas),
		.kernel_id = ioas->kioas ? ioas->kioas->id : 0,
	};
	pthread_mutex_unlock(&ioas->lock);
	return vioci_ctx_give_sized(vioci_ioas_ctx(ioas), ret_info, &info, sizeof(info));
}

VIOC_API struct vioc_ctx *vioc_ioas_get_ctx(const struct vioc_ioas *ioas)
{
	return ioas ? vioci_ioas_ctx(ioas) : NULL;
}
