// SPDX-License-Identifier: MIT
/* Unmapping: a window under the lock, the ioctl without it, then truth. */
#include <errno.h>

#include "core/probe.h"
#include "ioas/policy.h"
#include "ioas/unmap.h"

#define POLICIES (VIOC_UNMAP_RELEASE | VIOC_UNMAP_SPLIT | VIOC_UNMAP_DEFER)

const char *vioci_check_policy(uint64_t flags)
{
	if (flags & ~POLICIES)
		return "unknown flag";
	if (flags & (flags - 1))
		return "several policies are given";
	return NULL;
}

/* The live mappings in a range, by the extents of the first and the last of them. */
struct touched {
	struct vioci_extent first;
	struct vioci_extent last;
};

/* The mapping that an address would cut off from what is before it. */
static bool cuts(const struct vioci_maps *maps, uint64_t iova, struct vioci_record *ret_record)
{
	if (!vioci_maps_meet(maps, iova, iova, ret_record) || ret_record->iova == iova ||
	    !vioci_record_is_live(ret_record))
		return false;
	*ret_record = vioci_record_mapping(ret_record, iova);
	return ret_record->iova != iova;
}

static bool find_cut(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
		     struct vioci_record *ret_record)
{
	return cuts(maps, iova, ret_record) ||
	       (last != UINT64_MAX && cuts(maps, last + 1, ret_record));
}

static bool find_first_live(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
			    struct vioci_cursor *ret_cursor)
{
	struct vioci_record record;
	bool found = vioci_maps_seek(maps, iova, ret_cursor, &record);
	while (found && record.iova <= last && !vioci_record_is_live(&record))
		found = vioci_maps_next(maps, ret_cursor, &record);
	return found && record.iova <= last;
}

/* There is a live one at or after first. */
static struct vioci_extent find_last_live(const struct vioci_maps *maps,
					  const struct vioci_extent *first, uint64_t last)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	if (first->last >= last)
		return *first;
	bool found = vioci_maps_seek(maps, first->iova, &cursor, &record);
	if (found && !vioci_maps_seek(maps, last, &cursor, &record))
		cursor = vioci_tree_last(&maps->by_iova);
	record = vioci_record_at(maps, cursor);
	while (record.iova > last || !vioci_record_is_live(&record))
		vioci_maps_prev(maps, &cursor, &record);
	return vioci_maps_extent(maps, cursor);
}

static bool touch(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
		  struct touched *ret_touched)
{
	struct vioci_cursor cursor;
	ret_touched->first.live = false;
	if (!find_first_live(maps, iova, last, &cursor))
		return false;
	ret_touched->first = vioci_maps_extent(maps, cursor);
	ret_touched->last = find_last_live(maps, &ret_touched->first, last);
	return true;
}

/* Whether the extent has live mappings outside of [iova, last]. */
static bool sticks_out(const struct vioci_extent *extent, uint64_t iova, uint64_t last)
{
	return extent->live_iova < iova || extent->live_last > last;
}

/* Opens a window over the range and all of the extents that it touches. False: it touches none. */
static bool open_window(struct vioc_ioas *ioas, struct vioci_window *window, uint64_t iova,
			uint64_t last, struct touched *ret_touched)
{
	uint64_t from = iova, to = last;
	for (;;) {
		vioci_window_open(&ioas->windows, &ioas->lock, window, from, to);
		if (!touch(&ioas->maps, iova, last, ret_touched))
			return false;
		if (ret_touched->first.iova >= from && ret_touched->last.last <= to)
			return true;
		from = ret_touched->first.iova < from ? ret_touched->first.iova : from;
		to = ret_touched->last.last > to ? ret_touched->last.last : to;
		vioci_window_close(&ioas->windows, window);
	}
}

/* Gives up the part of an extent that lies in [iova, last]. */
static int give_up_part(struct vioc_ioas *ioas, const struct vioci_extent *extent, uint64_t iova,
			uint64_t last, uint64_t flags, struct vioci_unmapping *result)
{
	uint64_t from = iova > extent->iova ? iova : extent->iova;
	uint64_t to = last < extent->last ? last : extent->last;
	if (!ioas->kioas || flags == VIOC_UNMAP_SPLIT)
		return vioci_split(ioas, extent, from, to, &result->removed, &result->lost);
	return vioci_release(ioas, from, to, &result->removed);
}

static int give_up_whole(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t flags,
			 struct vioci_unmapping *result)
{
	if (ioas->kioas && flags == VIOC_UNMAP_DEFER &&
	    vioci_defer(ioas, iova, last, &result->removed) == 0)
		return 0;
	return vioci_remove_extents(ioas, iova, last, &result->removed);
}

/* The parts of extents at the range's ends, and the whole ones between them. */
static int give_up(struct vioc_ioas *ioas, const struct touched *touched, uint64_t iova,
		   uint64_t last, uint64_t flags, struct vioci_unmapping *result)
{
	const struct vioci_extent *first = &touched->first, *end = &touched->last;
	bool head = sticks_out(first, iova, last), tail = sticks_out(end, iova, last);
	bool alone = first->iova == end->iova;
	int error = 0;

	if (head)
		error = give_up_part(ioas, first, iova, last, flags, result);
	if (error < 0 || (head && alone))
		return error;
	uint64_t from = head ? first->last + 1 : first->iova;
	uint64_t to = tail ? end->iova - 1 : end->last;
	if (from <= to)
		error = give_up_whole(ioas, from, to, flags, result);
	if (error == 0 && tail)
		error = give_up_part(ioas, end, iova, last, flags, result);
	return error;
}

static int check(const struct vioc_ioas *ioas, const struct touched *touched, uint64_t iova,
		 uint64_t last, uint64_t flags, struct vioci_unmapping *result)
{
	if (find_cut(&ioas->maps, iova, last, &result->conflict)) {
		result->reason = VIOC_REASON_CUTS_MAPPING;
		return -EINVAL;
	}
	if (flags)
		return 0;
	const struct vioci_extent *extent = &touched->first;
	if (!sticks_out(extent, iova, last))
		extent = &touched->last;
	if (!sticks_out(extent, iova, last))
		return 0;
	result->reason = VIOC_REASON_IN_EXTENT;
	result->conflict = (struct vioci_record){ .iova = extent->iova, .last = extent->last };
	return -EBUSY;
}

bool vioci_unmap_open(struct vioc_ioas *ioas, struct vioci_window *window, uint64_t iova,
		      uint64_t last)
{
	struct touched touched;
	return open_window(ioas, window, iova, last, &touched);
}

int vioci_unmap_check(const struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t flags,
		      struct vioci_unmapping *result)
{
	struct touched touched;
	return touch(&ioas->maps, iova, last, &touched)
		       ? check(ioas, &touched, iova, last, flags, result)
		       : 0;
}

static void count_saved(struct vioc_ioas *ioas, const struct vioci_removed *before,
			const struct vioci_removed *removed)
{
	uint64_t n_mappings = removed->n_mappings - before->n_mappings;
	uint64_t n_calls = removed->n_calls - before->n_calls;
	if (ioas->kioas && n_mappings > n_calls)
		ioas->calls.n_unmap_saved += n_mappings - n_calls;
}

/* Gives up what was checked, with what that may need of memory. */
static int carry_out(struct vioc_ioas *ioas, const struct touched *touched, uint64_t iova,
		     uint64_t last, uint64_t flags, struct vioci_unmapping *result)
{
	if (flags && vioci_maps_reserve(&ioas->maps, 2 * VIOCI_CUT_RECORDS) < 0) {
		result->reason = VIOC_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	struct vioci_removed before = result->removed;
	int error = give_up(ioas, touched, iova, last, flags, result);
	count_saved(ioas, &before, &result->removed);
	if (flags)
		vioci_maps_unreserve(&ioas->maps, 2 * VIOCI_CUT_RECORDS);
	return error;
}

int vioci_unmap_within(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t flags,
		       struct vioci_unmapping *result)
{
	struct touched touched;
	if (!touch(&ioas->maps, iova, last, &touched))
		return 0;
	int error = check(ioas, &touched, iova, last, flags, result);
	return error < 0 ? error : carry_out(ioas, &touched, iova, last, flags, result);
}

/* Whether the range is just one mapping that is an extent of its own. */
static bool find_plain(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
		       struct vioci_record *ret_record)
{
	struct vioci_cursor cursor;
	return vioci_maps_seek(maps, iova, &cursor, ret_record) && ret_record->iova == iova &&
	       ret_record->last == last &&
	       vioci_maps_is_plain(maps, cursor, ret_record->meta & VIOCI_PROT);
}

/* What nearly all unmaps are, without what the others need. */
static int unmap_plain(struct vioc_ioas *ioas, const struct vioci_record *record, uint64_t flags,
		       struct vioci_unmapping *result)
{
	uint64_t length = vioci_record_length(record), n_bytes = length;
	if (flags == VIOC_UNMAP_DEFER && ioas->kioas && vioci_defer_plain(ioas, record) == 0) {
		ioas->calls.n_unmap_saved++;
		result->removed.n_bytes = length;
		return 0;
	}
	if (ioas->kioas) {
		int error = vioci_kernel_unmap(ioas, record->iova, record->last, &n_bytes);
		if (error < 0)
			return error;
	}
	vioci_maps_remove(&ioas->maps, record);
	result->removed.n_bytes = length;
	return n_bytes == length ? 0 : -EIO;
}

/* Unmaps what is in [iova, last], which is sound. With the lock, which it gives up meanwhile. */
static int unmap(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t flags,
		 struct vioci_unmapping *result)
{
	struct vioci_window window;
	struct touched touched;
	struct vioci_record plain;
	int error = 0;

	vioci_window_open(&ioas->windows, &ioas->lock, &window, iova, last);
	vioci_tree_point(&ioas->maps.by_iova, iova, 0);
	if (find_plain(&ioas->maps, iova, last, &plain)) {
		error = unmap_plain(ioas, &plain, flags, result);
		vioci_window_close(&ioas->windows, &window);
		return error;
	}
	vioci_window_close(&ioas->windows, &window);

	if (open_window(ioas, &window, iova, last, &touched))
		error = check(ioas, &touched, iova, last, flags, result);
	if (error == 0 && touched.first.live)
		error = carry_out(ioas, &touched, iova, last, flags, result);
	vioci_window_close(&ioas->windows, &window);
	return error;
}

int vioci_refuse_unmapping(struct vioc_ioas *ioas, const struct vioci_request *request, int error,
			   const struct vioci_unmapping *result)
{
	switch (result->reason) {
	case VIOC_REASON_NO_MEMORY:
		return vioci_fail_memory(vioci_ioas_ctx(ioas));
	case VIOC_REASON_IN_EXTENT:
		return vioci_refuse_extent(ioas, request, &result->conflict);
	case VIOC_REASON_CUTS_MAPPING:
		return vioci_refuse_conflict(ioas, request, error, result->reason,
					     &result->conflict);
	default:
		if (result->lost.last)
			return vioci_refuse_lost(ioas, request, result->lost.iova,
						 result->lost.last);
		return vioci_refuse_unmap(ioas, request, error);
	}
}

VIOC_API int vioc_ioas_unmap(struct vioc_ioas *ioas, uint64_t iova, uint64_t length, uint64_t flags,
			     uint64_t *ret_bytes)
{
	if (!ioas)
		return -EINVAL;
	const struct vioci_request request = { .verb = "unmap", .iova = iova, .length = length };
	struct vioci_unmapping result = { 0 };
	int error = 0;

	pthread_mutex_lock(&ioas->lock);
	const char *mistake = vioci_check_policy(flags);
	if (!mistake)
		mistake = vioci_request_mistake(ioas, &request);
	if (!mistake)
		error = unmap(ioas, iova, vioci_request_last(&request), flags, &result);
	bool flush = vioci_flush_is_due(ioas);
	vioci_ioas_unlock(ioas);
	if (mistake)
		return vioci_refuse_argument(ioas, &request, mistake);
	VIOCI_PROBE(unmap, ioas, iova, length, flags, result.removed.n_bytes, error);
	/* What it can't unmap waits on, and shows when the caller flushes. */
	if (flush)
		(void)vioci_flush_deferred(ioas);
	if (ret_bytes && !result.reason)
		*ret_bytes = result.removed.n_bytes;
	return error < 0 ? vioci_refuse_unmapping(ioas, &request, error, &result) : 0;
}

VIOC_API int vioc_ioas_unmap_all(struct vioc_ioas *ioas, uint64_t *ret_bytes)
{
	if (!ioas)
		return -EINVAL;
	const struct vioci_request request = { .verb = "unmap everything", .everything = true };
	const struct vioci_removed nothing = { 0 };
	struct vioci_removed removed = nothing;
	struct vioci_window window;

	pthread_mutex_lock(&ioas->lock);
	vioci_window_open(&ioas->windows, &ioas->lock, &window, 0, UINT64_MAX);
	int error = vioci_remove_extents(ioas, 0, UINT64_MAX, &removed);
	count_saved(ioas, &nothing, &removed);
	vioci_window_close(&ioas->windows, &window);
	vioci_ioas_unlock(ioas);
	VIOCI_PROBE(unmap_all, ioas, removed.n_bytes, error);
	if (ret_bytes)
		*ret_bytes = removed.n_bytes;
	return error < 0 ? vioci_refuse_unmap(ioas, &request, error) : 0;
}
