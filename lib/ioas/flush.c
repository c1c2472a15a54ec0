// SPDX-License-Identifier: MIT
/* The barrier: nothing that was given up can be reached behind it. */
#include <errno.h>

#include "ioas/unmap.h"

/* The first extent from iova on of which a part was released. */
static bool find_released(const struct vioci_maps *maps, uint64_t iova,
			  struct vioci_extent *ret_extent)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	if (!maps->tally.released_bytes)
		return false;
	bool found = vioci_maps_seek(maps, iova, &cursor, &record);
	while (found && !(record.meta & VIOCI_RELEASED))
		found = vioci_maps_next(maps, &cursor, &record);
	if (found)
		*ret_extent = vioci_maps_extent(maps, cursor);
	return found;
}

/* Splits the extent, if it is still the same when nobody else is at work there. */
static int flush_extent(struct vioc_ioas *ioas, const struct vioci_extent *extent,
			struct vioci_lost *lost)
{
	struct vioci_removed ignored = { 0 };
	struct vioci_extent now;
	struct vioci_window window;
	int error = 0;

	vioci_window_open(&ioas->windows, &ioas->lock, &window, extent->iova, extent->last);
	bool found = find_released(&ioas->maps, extent->iova, &now);
	if (found && now.iova == extent->iova && now.last == extent->last)
		error = now.live ? vioci_split(ioas, &now, 1, 0, &ignored, lost)
				 : vioci_remove_extents(ioas, now.iova, now.last, &ignored);
	vioci_window_close(&ioas->windows, &window);
	return error;
}

static int flush_released(struct vioc_ioas *ioas, struct vioci_lost *lost)
{
	struct vioci_extent extent = { 0 };
	int result = 0;
	uint64_t from = 0;

	pthread_mutex_lock(&ioas->lock);
	while (find_released(&ioas->maps, from, &extent)) {
		int error = flush_extent(ioas, &extent, lost);
		if (error < 0 && result == 0)
			result = error;
		if (extent.last == UINT64_MAX)
			break;
		from = extent.last + 1;
	}
	vioci_ioas_unlock(ioas);
	return result;
}

VIOC_API int vioc_ioas_flush(struct vioc_ioas *ioas)
{
	if (!ioas)
		return -EINVAL;
	const struct vioci_request request = { .verb = "flush", .everything = true };
	struct vioci_unmapping result = { 0 };
	int error = vioci_flush_deferred(ioas);
	int released = flush_released(ioas, &result.lost);
	if (error == 0)
		error = released;
	return error < 0 ? vioci_refuse_unmapping(ioas, &request, error, &result) : 0;
}
