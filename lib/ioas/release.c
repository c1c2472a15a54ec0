// SPDX-License-Identifier: MIT
/* Giving up a part of an extent. */
#include <errno.h>

#include "ioas/policy.h"

/* Makes [iova, last] begin and end with a record's. */
static void cut_out(struct vioci_maps *maps, uint64_t iova, uint64_t last)
{
	vioci_maps_split(maps, iova);
	if (last != UINT64_MAX)
		vioci_maps_split(maps, last + 1);
}

int vioci_release(struct vioc_ioas *ioas, uint64_t iova, uint64_t last,
		  struct vioci_removed *removed)
{
	struct vioci_maps *maps = &ioas->maps;
	struct vioci_removed before = vioci_removal_begin(maps), rest = { 0 };
	struct vioci_cursor cursor;
	struct vioci_record record;
	uint64_t from = iova;

	cut_out(maps, iova, last);
	while (vioci_maps_meet(maps, from, last, &record)) {
		if (vioci_record_is_live(&record))
			vioci_maps_release(maps, record.iova);
		if (record.last >= last)
			break;
		from = record.last + 1;
	}
	vioci_removal_end(maps, before, removed);

	vioci_maps_seek(maps, iova, &cursor, &record);
	struct vioci_extent extent = vioci_maps_extent(maps, cursor);
	if (extent.live)
		return 0;
	int error = vioci_remove_extents(ioas, extent.iova, extent.last, &rest);
	removed->n_calls += rest.n_calls;
	return error;
}

/* Removes [iova, last] and what was released from the truth. */
static void forget_parts(struct vioci_maps *maps, const struct vioci_extent *extent, uint64_t iova,
			 uint64_t last)
{
	uint64_t from = extent->iova;
	struct vioci_record record;
	while (vioci_maps_meet(maps, from, extent->last, &record)) {
		bool goes = iova <= record.iova && record.last <= last;
		if (goes || (record.meta & VIOCI_RELEASED))
			vioci_maps_remove(maps, &record);
		if (record.last >= extent->last)
			return;
		from = record.last + 1;
	}
}

/* The records from iova on that have no room between them become an extent; false if there are none. */
static bool make_extent(struct vioci_maps *maps, uint64_t iova, uint64_t last,
			struct vioci_record *ret_extent)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	if (!vioci_maps_seek(maps, iova, &cursor, &record) || record.iova > last)
		return false;
	*ret_extent = record;
	ret_extent->meta &= VIOCI_PROT;
	while (vioci_maps_next(maps, &cursor, &record) && record.iova <= last &&
	       (record.meta & VIOCI_JOINED) && record.iova == ret_extent->last + 1)
		ret_extent->last = record.last;
	vioci_maps_meet(maps, ret_extent->iova, ret_extent->iova, &record);
	vioci_maps_set_meta(maps, record.iova, record.meta & ~VIOCI_JOINED);
	return true;
}

/* Maps what is left in the extent's range, as extents of its own. Tells the first that is lost. */
static int map_rest(struct vioc_ioas *ioas, const struct vioci_extent *extent,
		    struct vioci_lost *ret_lost)
{
	uint64_t from = extent->iova;
	struct vioci_record rest;
	int result = 0;

	while (make_extent(&ioas->maps, from, extent->last, &rest)) {
		int error = vioci_kernel_map(ioas, rest.iova, rest.va, vioci_record_length(&rest),
					     rest.meta);
		if (error < 0) {
			if (result == 0)
				*ret_lost = (struct vioci_lost){ rest.iova, rest.last };
			vioci_maps_remove_range(&ioas->maps, rest.iova, rest.last);
			result = -EIO;
		}
		if (rest.last >= extent->last)
			break;
		from = rest.last + 1;
	}
	return result;
}

int vioci_split(struct vioc_ioas *ioas, const struct vioci_extent *extent, uint64_t iova,
		uint64_t last, struct vioci_removed *removed, struct vioci_lost *ret_lost)
{
	uint64_t length = extent->last - extent->iova + 1, n_bytes = length;
	if (ioas->kioas) {
		removed->n_calls++;
		int error = vioci_kernel_unmap(ioas, extent->iova, extent->last, &n_bytes);
		if (error < 0)
			return error;
	}
	struct vioci_removed before = vioci_removal_begin(&ioas->maps);
	if (iova <= last)
		cut_out(&ioas->maps, iova, last);
	forget_parts(&ioas->maps, extent, iova, last);
	vioci_removal_end(&ioas->maps, before, removed);
	int error = map_rest(ioas, extent, ret_lost);
	return error == 0 && n_bytes != length ? -EIO : error;
}
