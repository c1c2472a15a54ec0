// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ioas/policy.h"
#include "ioas/share.h"

/* With the lock. */
static int copy_ranges(const struct vioci_limits *limits, struct vioci_shared *shared)
{
	size_t size = limits->n_ranges * sizeof(*shared->ranges);
	shared->ranges = malloc(size ? size : 1);
	if (!shared->ranges)
		return -ENOMEM;
	memcpy(shared->ranges, limits->ranges, size);
	shared->n_ranges = limits->n_ranges;
	return 0;
}

/* With the lock. */
static int copy_extents(const struct vioci_maps *maps, struct vioci_shared *shared)
{
	uint64_t room = maps->tally.n_extents;
	struct vioci_cursor cursor;
	struct vioci_record record;
	shared->mappings = calloc(room ? room : 1, sizeof(*shared->mappings));
	if (!shared->mappings)
		return -ENOMEM;
	bool found = vioci_maps_seek(maps, 0, &cursor, &record);
	while (found && shared->n_mappings < room) {
		struct vioci_shared_mapping *mapping = &shared->mappings[shared->n_mappings++];
		*mapping = (struct vioci_shared_mapping){
			.iova = record.iova,
			.length = vioci_record_length(&record),
			.prot = record.meta & VIOCI_PROT,
		};
		while ((found = vioci_maps_next(maps, &cursor, &record)) &&
		       (record.meta & VIOCI_JOINED))
			mapping->length += vioci_record_length(&record);
	}
	return 0;
}

/* With the attach_lock, so that the kioas stays. */
static int describe(struct vioc_ioas *ioas, struct vioci_shared *shared)
{
	struct vioci_kioas *kioas = ioas->kioas;
	if (!kioas)
		return -ENODEV;
	struct vioci_window window;
	pthread_mutex_lock(&ioas->lock);
	/* Nobody maps or unmaps meanwhile, so that truth and kernel are one. */
	vioci_window_open(&ioas->windows, &ioas->lock, &window, 0, UINT64_MAX);
	int error = copy_ranges(&ioas->kernel, shared);
	if (error == 0)
		error = copy_extents(&ioas->maps, shared);
	if (error == 0)
		kioas->shared = true;
	vioci_window_close(&ioas->windows, &window);
	pthread_mutex_unlock(&ioas->lock);
	shared->backend = kioas->backend->ops->id;
	shared->fd_kind = kioas->backend->ops->node_kind;
	shared->id = kioas->id;
	return error < 0 ? error
			 : vioci_sys_dup(&vioci_ioas_ctx(ioas)->sys,
					 kioas->backend->ops->get_fd(kioas));
}

int vioci_ioas_export(struct vioc_ioas *ioas, struct vioci_shared *ret_shared)
{
	struct vioci_shared shared = { 0 };
	(void)vioci_flush_deferred(ioas);
	pthread_mutex_lock(&ioas->attach_lock);
	int fd = describe(ioas, &shared);
	pthread_mutex_unlock(&ioas->attach_lock);
	if (fd < 0) {
		free(shared.ranges);
		free(shared.mappings);
		return fd;
	}
	*ret_shared = shared;
	return fd;
}

int vioci_ioas_import(struct vioc_ioas *ioas, const struct vioci_shared *shared)
{
	pthread_mutex_lock(&ioas->lock);
	int error = vioci_maps_reserve(&ioas->maps, shared->n_mappings);
	for (uint64_t i = 0; error == 0 && i < shared->n_mappings; i++) {
		const struct vioci_shared_mapping *mapping = &shared->mappings[i];
		const struct vioci_record record = {
			.iova = mapping->iova,
			.last = mapping->iova + (mapping->length - 1),
			.meta = mapping->prot | VIOCI_FOREIGN,
		};
		vioci_maps_insert(&ioas->maps, &record);
	}
	if (error == 0)
		vioci_maps_unreserve(&ioas->maps, shared->n_mappings);
	pthread_mutex_unlock(&ioas->lock);
	return error;
}
