// SPDX-License-Identifier: MIT
#include <errno.h>

#include "ioas/kernel.h"

int vioci_kernel_map(struct vioc_ioas *ioas, uint64_t iova, uint64_t va, uint64_t length,
		     uint64_t prot)
{
	struct vioci_kioas *kioas = ioas->kioas;
	if (!kioas)
		return 0;
	ioas->calls.n_map++;
	pthread_mutex_unlock(&ioas->lock);
	int error = kioas->backend->ops->map(kioas, iova, (void *)(uintptr_t)va, length, prot);
	pthread_mutex_lock(&ioas->lock);
	return error;
}

int vioci_kernel_map_file(struct vioc_ioas *ioas, const struct vioci_record *record,
			  const struct vioci_file_part *part)
{
	struct vioci_kioas *kioas = ioas->kioas;
	if (!kioas)
		return 0;
	ioas->calls.n_map++;
	pthread_mutex_unlock(&ioas->lock);
	int result = vioci_map_file(kioas, record, part);
	pthread_mutex_lock(&ioas->lock);
	ioas->calls.n_map_by_file += result > 0;
	return result < 0 ? result : 0;
}

int vioci_kernel_unmap(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t *ret_bytes)
{
	struct vioci_kioas *kioas = ioas->kioas;
	ioas->calls.n_unmap++;
	pthread_mutex_unlock(&ioas->lock);
	int error = kioas->backend->ops->unmap(kioas, iova, last - iova + 1, ret_bytes);
	pthread_mutex_lock(&ioas->lock);
	return error;
}

/* The records from a first to a last one. */
struct run {
	uint64_t iova;
	uint64_t last;
	uint64_t n_records;
	uint64_t n_extents;
	uint64_t n_bytes;
};

/* The records in [iova, last], of at most max_extents extents. */
static struct run find_run(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
			   uint64_t max_extents)
{
	struct run run = { 0 };
	struct vioci_cursor cursor;
	struct vioci_record record;
	bool found = vioci_maps_seek(maps, iova, &cursor, &record);

	while (found && record.iova <= last) {
		bool begins = !run.n_records || !(record.meta & VIOCI_JOINED);
		if (begins && run.n_extents == max_extents)
			break;
		run.n_extents += begins;
		if (!run.n_records++)
			run.iova = record.iova;
		run.last = record.last;
		run.n_bytes += vioci_record_length(&record);
		found = vioci_maps_next(maps, &cursor, &record);
	}
	return run;
}

static void forget(struct vioci_maps *maps, const struct run *run, struct vioci_removed *removed)
{
	struct vioci_removed before = vioci_removal_begin(maps);
	vioci_maps_remove_range(maps, run->iova, run->last);
	vioci_removal_end(maps, before, removed);
}

/*
 * Of a run that the kernel refused as a whole it may have removed a part (iommufd does): goes through
 * it extent by extent. What is gone already unmaps as a hole.
 */
static int remove_one_by_one(struct vioc_ioas *ioas, uint64_t iova, uint64_t last,
			     struct vioci_removed *removed)
{
	for (;;) {
		struct run run = find_run(&ioas->maps, iova, last, 1);
		uint64_t ignored;
		if (!run.n_records)
			return 0;
		removed->n_calls++;
		int error = vioci_kernel_unmap(ioas, run.iova, run.last, &ignored);
		if (error < 0)
			return error;
		forget(&ioas->maps, &run, removed);
	}
}

int vioci_remove_extents(struct vioc_ioas *ioas, uint64_t iova, uint64_t last,
			 struct vioci_removed *removed)
{
	struct run run = find_run(&ioas->maps, iova, last, UINT64_MAX);
	uint64_t n_bytes = run.n_bytes;

	if (!run.n_records)
		return 0;
	if (ioas->kioas) {
		/* No ioctl can name all 2^64 bytes at once. */
		bool everything = run.last - run.iova == UINT64_MAX;
		removed->n_calls += !everything;
		int error = everything ? -EOVERFLOW
				       : vioci_kernel_unmap(ioas, run.iova, run.last, &n_bytes);
		if (error < 0 && (everything || run.n_extents > 1))
			return remove_one_by_one(ioas, iova, last, removed);
		if (error < 0)
			return error;
	}
	forget(&ioas->maps, &run, removed);
	return n_bytes == run.n_bytes ? 0 : -EIO;
}
