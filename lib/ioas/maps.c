// SPDX-License-Identifier: MIT
#include <errno.h>

#include "ioas/files.h"

/* Removed at once at most: readers without the lock wait for it. */
#define RUN 64

void vioci_maps_init(struct vioci_maps *maps)
{
	*maps = (struct vioci_maps){ 0 };
	vioci_tree_init(&maps->by_iova, false);
	vioci_tree_init(&maps->by_va, true);
	vioci_tree_init(&maps->files, false);
}

void vioci_maps_destroy(struct vioci_maps *maps)
{
	vioci_tree_destroy(&maps->by_iova);
	vioci_tree_destroy(&maps->by_va);
	vioci_tree_destroy(&maps->files);
}

int vioci_maps_reserve(struct vioci_maps *maps, size_t n)
{
	if (vioci_tree_reserve(&maps->by_iova, n) < 0)
		return -ENOMEM;
	if (vioci_tree_reserve(&maps->by_va, n) == 0)
		return 0;
	vioci_tree_unreserve(&maps->by_iova, n);
	return -ENOMEM;
}

void vioci_maps_unreserve(struct vioci_maps *maps, size_t n)
{
	vioci_tree_unreserve(&maps->by_iova, n);
	vioci_tree_unreserve(&maps->by_va, n);
}

/* Puts a record on the tally, by 1, or takes it off, by -1: modulo 2^64 both are an addition. */
static void count(struct vioci_tally *tally, const struct vioci_record *record, uint64_t by)
{
	uint64_t length = vioci_record_length(record), piece = record->meta & VIOCI_PIECE;
	bool heads_extent = !(record->meta & VIOCI_JOINED);

	if (heads_extent)
		tally->n_extents += by;
	if (vioci_record_is_live(record)) {
		tally->n_mappings += piece ? by * (length / piece) : by;
		tally->n_bytes += by * length;
	} else if (record->meta & VIOCI_DEFERRED) {
		tally->n_deferred += heads_extent ? by : 0;
		tally->deferred_bytes += by * length;
	} else if (record->meta & VIOCI_RELEASED) {
		tally->released_bytes += by * length;
	}
}

/* For readers: between the begin and the end of a change. */
static void count_waiting(struct vioci_maps *maps, const struct vioci_record *record, uint64_t by)
{
	if (!vioci_record_is_live(record))
		__atomic_store_n(&maps->n_waiting, maps->n_waiting + by, __ATOMIC_RELEASE);
}

static struct vioci_item item_by_iova(const struct vioci_record *record)
{
	return (struct vioci_item){
		.start = record->iova,
		.last = record->last,
		.value = record->va,
		.meta = record->meta,
	};
}

static struct vioci_item item_by_va(const struct vioci_record *record)
{
	return (struct vioci_item){
		.start = record->va,
		.last = record->va + (record->last - record->iova),
		.value = record->iova,
	};
}

static bool has_va(const struct vioci_record *record)
{
	return !(record->meta & (VIOCI_RELEASED | VIOCI_FOREIGN));
}

void vioci_maps_insert(struct vioci_maps *maps, const struct vioci_record *record)
{
	struct vioci_item by_iova = item_by_iova(record), by_va = item_by_va(record);
	vioci_seq_begin(&maps->seq);
	vioci_tree_insert(&maps->by_iova, &by_iova);
	if (has_va(record))
		vioci_tree_insert(&maps->by_va, &by_va);
	count_waiting(maps, record, 1);
	vioci_seq_end(&maps->seq);
	count(&maps->tally, record, 1);
}

void vioci_maps_remove(struct vioci_maps *maps, const struct vioci_record *record)
{
	vioci_seq_begin(&maps->seq);
	vioci_tree_remove(&maps->by_iova, record->iova, 0);
	if (has_va(record))
		vioci_tree_remove(&maps->by_va, record->va, record->iova);
	count_waiting(maps, record, UINT64_MAX);
	vioci_seq_end(&maps->seq);
	count(&maps->tally, record, UINT64_MAX);
	if (record->meta & VIOCI_FILE)
		vioci_files_forget(maps, record->iova);
}

/* Removes up to RUN records from the cursor on that begin in front of last, or there. */
static void remove_run(struct vioci_maps *maps, struct vioci_cursor cursor, uint64_t last)
{
	const struct vioci_cursor first = cursor;
	struct vioci_record record;
	size_t n = 0;

	vioci_seq_begin(&maps->seq);
	for (bool found = vioci_record_if(maps, cursor, &record);
	     found && n < RUN && record.iova <= last;
	     found = vioci_maps_next(maps, &cursor, &record), n++) {
		if (has_va(&record))
			vioci_tree_remove(&maps->by_va, record.va, record.iova);
		count_waiting(maps, &record, UINT64_MAX);
		count(&maps->tally, &record, UINT64_MAX);
		if (record.meta & VIOCI_FILE)
			vioci_files_forget(maps, record.iova);
	}
	vioci_tree_remove_run(&maps->by_iova, first, n);
	vioci_seq_end(&maps->seq);
}

void vioci_maps_remove_range(struct vioci_maps *maps, uint64_t iova, uint64_t last)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	while (vioci_maps_seek(maps, iova, &cursor, &record) && record.iova <= last)
		remove_run(maps, cursor, last);
}

void vioci_maps_set_meta(struct vioci_maps *maps, uint64_t iova, uint64_t meta)
{
	vioci_maps_set_meta_at(maps, vioci_tree_seek(&maps->by_iova, iova), meta);
}

void vioci_maps_set_meta_at(struct vioci_maps *maps, struct vioci_cursor cursor, uint64_t meta)
{
	struct vioci_record record = vioci_record_at(maps, cursor);
	uint64_t changed = record.meta ^ meta;

	count(&maps->tally, &record, UINT64_MAX);
	vioci_seq_begin(&maps->seq);
	vioci_tree_set_meta(&maps->by_iova, cursor, meta);
	if ((changed & meta & VIOCI_RELEASED) && has_va(&record))
		vioci_tree_remove(&maps->by_va, record.va, record.iova);
	count_waiting(maps, &record, UINT64_MAX);
	record.meta = meta;
	count_waiting(maps, &record, 1);
	vioci_seq_end(&maps->seq);
	count(&maps->tally, &record, 1);
}

void vioci_maps_split(struct vioci_maps *maps, uint64_t iova)
{
	struct vioci_record record;
	if (!vioci_maps_meet(maps, iova, iova, &record) || record.iova == iova)
		return;
	struct vioci_record head = record, tail = record;
	head.last = iova - 1;
	tail.iova = iova;
	tail.va += iova - record.iova;
	tail.meta = (tail.meta & ~VIOCI_LISTED) | VIOCI_JOINED;
	vioci_maps_remove(maps, &record);
	vioci_maps_insert(maps, &head);
	vioci_maps_insert(maps, &tail);
}

/* Makes the released record at the cursor one with the next, if that is released and joined to it. */
static void coalesce(struct vioci_maps *maps, struct vioci_cursor cursor)
{
	struct vioci_record record = vioci_record_at(maps, cursor), next;
	struct vioci_cursor after = cursor;
	if (!(record.meta & VIOCI_RELEASED) || !vioci_maps_next(maps, &after, &next))
		return;
	if ((next.meta & (VIOCI_RELEASED | VIOCI_JOINED)) != (VIOCI_RELEASED | VIOCI_JOINED))
		return;
	/* The tally of bytes given up stays what it was. */
	vioci_seq_begin(&maps->seq);
	vioci_tree_remove(&maps->by_iova, next.iova, 0);
	vioci_tree_set_last(&maps->by_iova, vioci_tree_seek(&maps->by_iova, record.iova),
			    next.last);
	count_waiting(maps, &next, UINT64_MAX);
	vioci_seq_end(&maps->seq);
}

void vioci_maps_release(struct vioci_maps *maps, uint64_t iova)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	vioci_maps_seek(maps, iova, &cursor, &record);
	vioci_maps_set_meta(maps, iova, (record.meta & ~VIOCI_PIECE) | VIOCI_RELEASED);
	coalesce(maps, vioci_tree_seek(&maps->by_iova, iova));
	cursor = vioci_tree_seek(&maps->by_iova, iova);
	record = vioci_record_at(maps, cursor);
	if ((record.meta & VIOCI_JOINED) && vioci_maps_prev(maps, &cursor, &record))
		coalesce(maps, cursor);
}

bool vioci_maps_is_plain(const struct vioci_maps *maps, struct vioci_cursor cursor,
			 uint64_t prot_and_state)
{
	struct vioci_record record = vioci_record_at(maps, cursor);
	if ((record.meta & ~VIOCI_LISTED) != prot_and_state)
		return false;
	return !vioci_maps_next(maps, &cursor, &record) || !(record.meta & VIOCI_JOINED);
}

struct vioci_extent vioci_maps_extent(const struct vioci_maps *maps, struct vioci_cursor cursor)
{
	struct vioci_record record = vioci_record_at(maps, cursor);
	while ((record.meta & VIOCI_JOINED) && vioci_maps_prev(maps, &cursor, &record))
		continue;
	struct vioci_extent extent = { .iova = record.iova };
	do {
		extent.last = record.last;
		if (!vioci_record_is_live(&record))
			continue;
		if (!extent.live)
			extent.live_iova = record.iova;
		extent.live_last = record.last;
		extent.live = true;
	} while (vioci_maps_next(maps, &cursor, &record) && (record.meta & VIOCI_JOINED));
	return extent;
}
