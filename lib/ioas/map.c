// SPDX-License-Identifier: MIT
/* Mapping: a window and room under the lock, the ioctl without it, then truth. */
#include <errno.h>

#include "core/probe.h"
#include "ioas/map.h"

#define MAX_TRIES 3

const char *vioci_check_map_flags(uint64_t flags)
{
	if (flags & ~VIOCI_PROT)
		return "unknown flag";
	if (!flags)
		return "neither VIOC_MAP_READ nor VIOC_MAP_WRITE is given";
	return NULL;
}

/* The first record in [iova, last]; one that is in use goes before those that wait. */
static bool meet(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
		 struct vioci_record *ret_record)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	bool found = vioci_maps_seek(maps, iova, &cursor, &record);
	if (!found || record.iova > last)
		return false;
	*ret_record = record;
	for (; found && record.iova <= last; found = vioci_maps_next(maps, &cursor, &record)) {
		if (record.meta & (VIOCI_RELEASED | VIOCI_DEFERRED))
			continue;
		*ret_record = record;
		break;
	}
	return true;
}

int vioci_check_place(const struct vioc_ioas *ioas, const struct vioci_record *wanted,
		      struct vioci_map_refusal *refusal)
{
	if (!vioci_limits_allow(&ioas->limits, wanted->iova, wanted->last)) {
		refusal->reason = VIOC_REASON_OUT_OF_RANGE;
		return -ERANGE;
	}
	if (!meet(&ioas->maps, wanted->iova, wanted->last, &refusal->met))
		return 0;
	if (refusal->met.meta & (VIOCI_RELEASED | VIOCI_DEFERRED)) {
		refusal->reason = VIOC_REASON_IN_EXTENT;
		refusal->deferred = refusal->met.meta & VIOCI_DEFERRED;
		return -EBUSY;
	}
	refusal->met = vioci_record_mapping(&refusal->met, wanted->iova);
	refusal->reason = VIOC_REASON_OVERLAP;
	return -EEXIST;
}

/* Maps memory of a file in the window that is open there. The lock is given up meanwhile. */
static int put_file_in_force(struct vioc_ioas *ioas, const struct vioci_request *request,
			     const struct vioci_record *wanted, struct vioci_map_refusal *refusal)
{
	const struct vioci_file_part part = { request->file, request->offset };
	if (vioci_files_reserve(&ioas->maps) < 0) {
		refusal->reason = VIOC_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	int error = vioci_kernel_map_file(ioas, wanted, &part);
	if (error == 0)
		vioci_files_insert(&ioas->maps, wanted, request->file, request->offset);
	vioci_files_unreserve(&ioas->maps);
	return error;
}

/* The same for any memory. */
static int put_in_force(struct vioc_ioas *ioas, const struct vioci_request *request,
			const struct vioci_record *wanted, struct vioci_map_refusal *refusal)
{
	if (request->file)
		return put_file_in_force(ioas, request, wanted, refusal);
	if (vioci_maps_reserve(&ioas->maps, 1) < 0) {
		refusal->reason = VIOC_REASON_NO_MEMORY;
		return -ENOMEM;
	}
	int error = vioci_kernel_map(ioas, wanted->iova, wanted->va, vioci_record_length(wanted),
				     wanted->meta);
	if (error == 0)
		vioci_maps_insert(&ioas->maps, wanted);
	vioci_maps_unreserve(&ioas->maps, 1);
	return error;
}

static int map_at(struct vioc_ioas *ioas, const struct vioci_request *request,
		  const struct vioci_record *wanted, struct vioci_map_refusal *refusal)
{
	struct vioci_window window;
	vioci_window_open(&ioas->windows, &ioas->lock, &window, wanted->iova, wanted->last);
	vioci_tree_point(&ioas->maps.by_iova, wanted->iova, 0);
	int error = vioci_check_place(ioas, wanted, refusal);
	if (error == -EBUSY && vioci_revive_at(ioas, wanted))
		error = 0;
	else if (error == 0)
		error = put_in_force(ioas, request, wanted, refusal);
	vioci_window_close(&ioas->windows, &window);
	return error;
}

/* Maps where there is room; wanted->iova and last are outputs. */
static int map_anywhere(struct vioc_ioas *ioas, const struct vioci_request *request,
			struct vioci_record *wanted, struct vioci_map_refusal *refusal)
{
	uint64_t length = request->length;
	/* Pages of a file are large where their place in the file is, whatever the VA. */
	bool by_offset = request->file && !request->file->device;
	uint64_t congruent = by_offset ? request->offset : wanted->va;
	struct vioci_window window;
	if (ioas->maps.tally.n_deferred &&
	    vioci_revive(ioas, wanted->va, length, wanted->meta, &wanted->iova))
		return 0;
	if (vioci_choose_iova(ioas, congruent, length, &wanted->iova) < 0) {
		refusal->reason = VIOC_REASON_NO_SPACE;
		return -ENOSPC;
	}
	wanted->last = wanted->iova + (length - 1);
	vioci_window_open(&ioas->windows, &ioas->lock, &window, wanted->iova, wanted->last);
	int error = put_in_force(ioas, request, wanted, refusal);
	vioci_window_close(&ioas->windows, &window);
	return error;
}

/* One try, with the lock. */
static int map_once(struct vioc_ioas *ioas, struct vioci_request *request, uint64_t flags,
		    struct vioci_map_refusal *refusal)
{
	*refusal = (struct vioci_map_refusal){ .mistake = vioci_request_mistake(ioas, request) };
	if (refusal->mistake)
		return -EINVAL;
	struct vioci_record wanted = {
		.iova = request->iova,
		.last = vioci_request_last(request),
		.va = (uintptr_t)request->va,
		.meta = flags | (request->file ? VIOCI_FILE : 0),
	};
	if (!request->any_iova)
		return map_at(ioas, request, &wanted, refusal);
	int error = map_anywhere(ioas, request, &wanted, refusal);
	if (error == 0)
		request->iova = wanted.iova;
	return error;
}

bool vioci_flush_may_help(const struct vioci_map_refusal *refusal, int error)
{
	return refusal->deferred || error == -ENOMEM || error == -ENOSPC;
}

int vioci_map(struct vioc_ioas *ioas, struct vioci_request *request, uint64_t flags)
{
	struct vioci_map_refusal refusal;
	for (int tries = 1;; tries++) {
		pthread_mutex_lock(&ioas->lock);
		int error = map_once(ioas, request, flags, &refusal);
		bool waiting = ioas->maps.tally.n_deferred;
		bool flush = waiting && vioci_flush_is_due(ioas);
		pthread_mutex_unlock(&ioas->lock);
		bool again = error < 0 && waiting && tries < MAX_TRIES &&
			     vioci_flush_may_help(&refusal, error);
		if (flush || again)
			(void)vioci_flush_deferred(ioas);
		if (again)
			continue;
		VIOCI_PROBE(map, ioas, request->iova, request->va, request->length, flags, error);
		return error < 0 ? vioci_refuse_mapping(ioas, request, error, &refusal) : 0;
	}
}

int vioci_refuse_mapping(struct vioc_ioas *ioas, const struct vioci_request *request, int error,
			 const struct vioci_map_refusal *refusal)
{
	if (refusal->mistake)
		return vioci_refuse_argument(ioas, request, refusal->mistake);
	switch (refusal->reason) {
	case VIOC_REASON_NO_MEMORY:
		return vioci_fail_memory(vioci_ioas_ctx(ioas));
	case VIOC_REASON_OUT_OF_RANGE:
		return vioci_refuse_range(ioas, request);
	case VIOC_REASON_NO_SPACE:
		return vioci_refuse_space(ioas, request);
	case VIOC_REASON_IN_EXTENT:
		return vioci_refuse_extent(ioas, request, &refusal->met);
	case VIOC_REASON_OVERLAP:
		return vioci_refuse_conflict(ioas, request, error, refusal->reason, &refusal->met);
	default:
		return vioci_refuse_map(ioas, request, error);
	}
}

VIOC_API int vioc_ioas_map_fixed(struct vioc_ioas *ioas, uint64_t iova, void *va, uint64_t length,
				 uint64_t flags)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_request request = {
		.verb = "map",
		.iova = iova,
		.length = length,
		.va = va,
	};
	const char *mistake = vioci_check_map_flags(flags);
	return mistake ? vioci_refuse_argument(ioas, &request, mistake)
		       : vioci_map(ioas, &request, flags);
}

VIOC_API int vioc_ioas_map(struct vioc_ioas *ioas, void *va, uint64_t length, uint64_t flags,
			   uint64_t *ret_iova)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_request request = {
		.verb = "map",
		.length = length,
		.va = va,
		.any_iova = true,
	};
	const char *mistake = vioci_check_map_flags(flags);
	if (!ret_iova)
		mistake = "no place for the IOVA is given";
	if (mistake)
		return vioci_refuse_argument(ioas, &request, mistake);
	int error = vioci_map(ioas, &request, flags);
	if (error == 0)
		*ret_iova = request.iova;
	return error;
}
