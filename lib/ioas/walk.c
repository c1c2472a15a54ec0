// SPDX-License-Identifier: MIT
/* Showing the mappings one by one. */
#include <errno.h>

#include <libvioc/stats.h>

#include "ioas/ioas.h"

/* The first mapping of the record that starts at from or later. */
static bool find_in(const struct vioci_record *record, uint64_t from,
		    struct vioci_record *ret_mapping)
{
	*ret_mapping = vioci_record_mapping(record, from);
	if (ret_mapping->iova < from && ret_mapping->last < record->last)
		*ret_mapping = vioci_record_mapping(record, ret_mapping->last + 1);
	return ret_mapping->iova >= from;
}

/* The first mapping that starts at from or later, and its extent. */
static bool find_next(struct vioc_ioas *ioas, uint64_t from, struct vioci_record *ret_mapping,
		      struct vioci_extent *extent)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	pthread_mutex_lock(&ioas->lock);
	bool found = vioci_maps_seek(&ioas->maps, from, &cursor, &record);
	while (found && (!vioci_record_is_live(&record) || !find_in(&record, from, ret_mapping)))
		found = vioci_maps_next(&ioas->maps, &cursor, &record);
	/* The extent of the one before may be long; it need not be worked out again. */
	bool same = found && extent->iova < ret_mapping->iova && ret_mapping->last <= extent->last;
	if (found && !same)
		*extent = vioci_maps_extent(&ioas->maps, cursor);
	pthread_mutex_unlock(&ioas->lock);
	return found;
}

VIOC_API int vioc_ioas_walk(struct vioc_ioas *ioas, uint64_t start, uint64_t last, vioc_walk_fn fn,
			    void *arg)
{
	if (!ioas)
		return -EINVAL;
	if (!fn || last < start)
		return vioci_fail(vioci_ioas_ctx(ioas), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "walk the mappings",
				  "the range ends before it starts, or no function is given");
	struct vioci_extent extent = { 0 };
	struct vioci_record found;
	uint64_t from = start;

	while (find_next(ioas, from, &found, &extent) && found.iova <= last) {
		const struct vioc_mapping mapping = {
			.iova = found.iova,
			.va = (void *)(uintptr_t)found.va,
			.length = vioci_record_length(&found),
			.flags = found.meta & VIOCI_PROT,
			.extent_iova = extent.iova,
			.extent_length = extent.last - extent.iova + 1,
		};
		int result = fn(arg, &mapping);
		if (result || found.last >= last)
			return result;
		from = found.last + 1;
	}
	return 0;
}
