// SPDX-License-Identifier: MIT
/* Deferred unmaps: put off, taken up again, flushed. */
#include <errno.h>
#include <stdlib.h>

#include "core/probe.h"
#include "ioas/policy.h"

/*
 * The list names every deferred extent. One that is taken up again stays on it, LISTED, so that to defer
 * it once more costs nothing; where the list is gone through, that ends. What is unmapped otherwise
 * leaves its name behind.
 */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Whether the record that starts at iova is deferred; if it is not, the list names it no longer. */
static bool still_waits(struct vioci_maps *maps, uint64_t iova)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	if (!vioci_maps_seek(maps, iova, &cursor, &record) || record.iova != iova)
		return false;
	if (record.meta & VIOCI_DEFERRED)
		return true;
	if (record.meta & VIOCI_LISTED)
		vioci_maps_set_meta_at(maps, cursor, record.meta & ~VIOCI_LISTED);
	return false;
}

/* Often it is in order already, as the library chooses IOVAs from below. */
static void sort(struct vioci_deferred *deferred)
{
	size_t i = 1;
	while (i < deferred->count && deferred->iovas[i - 1] <= deferred->iovas[i])
		i++;
	if (i < deferred->count)
		qsort(deferred->iovas, deferred->count, sizeof(*deferred->iovas), compare);
}

/* Drops from the list what is there twice or waits no longer. */
static void tidy(struct vioci_maps *maps, struct vioci_deferred *deferred)
{
	size_t n = 0;
	sort(deferred);
	for (size_t i = 0; i < deferred->count; i++) {
		uint64_t iova = deferred->iovas[i];
		if ((!n || deferred->iovas[n - 1] != iova) && still_waits(maps, iova))
			deferred->iovas[n++] = iova;
	}
	deferred->count = n;
}

/* Room for one more, which tidying makes too as long as it makes much. */
static int make_room(struct vioci_maps *maps, struct vioci_deferred *deferred)
{
	if (deferred->count < deferred->capacity)
		return 0;
	tidy(maps, deferred);
	if (deferred->count < deferred->capacity / 2)
		return 0;
	size_t capacity = deferred->capacity ? deferred->capacity * 2 : 256;
	uint64_t *iovas = realloc(deferred->iovas, capacity * sizeof(*iovas));
	if (!iovas)
		return deferred->count < deferred->capacity ? 0 : -ENOMEM;
	deferred->iovas = iovas;
	deferred->capacity = capacity;
	return 0;
}

static int put(struct vioc_ioas *ioas, uint64_t iova)
{
	struct vioci_deferred *deferred = &ioas->deferred;
	int error = make_room(&ioas->maps, deferred);
	if (error == 0)
		deferred->iovas[deferred->count++] = iova;
	return error;
}

/* Lists an extent that is about to wait, by the meta of its first record. */
static int enlist(struct vioc_ioas *ioas, uint64_t iova, uint64_t meta)
{
	if (ioas->opts.deferred_max_ms && !ioas->maps.tally.n_deferred)
		ioas->deferred.oldest_ms = vioci_now_ms();
	return meta & VIOCI_LISTED ? 0 : put(ioas, iova);
}

int vioci_defer_plain(struct vioc_ioas *ioas, const struct vioci_record *record)
{
	int error = enlist(ioas, record->iova, record->meta);
	if (error == 0)
		vioci_maps_set_meta(&ioas->maps, record->iova,
				    record->meta | VIOCI_DEFERRED | VIOCI_LISTED);
	return error;
}

/* Marks all records of an extent, those released before too. */
static int defer_extent(struct vioc_ioas *ioas, const struct vioci_extent *extent)
{
	struct vioci_maps *maps = &ioas->maps;
	struct vioci_cursor cursor;
	struct vioci_record record = { 0 };
	uint64_t listed = VIOCI_LISTED;
	bool found = vioci_maps_seek(maps, extent->iova, &cursor, &record);
	int error = enlist(ioas, extent->iova, record.meta);

	for (; error == 0 && found && record.iova <= extent->last;
	     found = vioci_maps_next(maps, &cursor, &record), listed = 0)
		vioci_maps_set_meta_at(maps, cursor,
				       (record.meta & ~VIOCI_RELEASED) | VIOCI_DEFERRED | listed);
	return error;
}

int vioci_defer(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, struct vioci_removed *removed)
{
	struct vioci_removed before = vioci_removal_begin(&ioas->maps);
	uint64_t from = iova;
	struct vioci_cursor cursor;
	struct vioci_record record;
	int error = 0;

	while (error == 0 && vioci_maps_seek(&ioas->maps, from, &cursor, &record) &&
	       record.iova <= last) {
		struct vioci_extent extent = vioci_maps_extent(&ioas->maps, cursor);
		if (extent.live)
			error = defer_extent(ioas, &extent);
		if (extent.last >= last)
			break;
		from = extent.last + 1;
	}
	vioci_removal_end(&ioas->maps, before, removed);
	return error;
}

/* Takes up again the record at the cursor, if it is a whole deferred extent with these rights. */
static bool revive(struct vioc_ioas *ioas, struct vioci_cursor cursor, uint64_t prot)
{
	/* Of a file nobody has compared which one it is. */
	if ((prot & VIOCI_FILE) || !vioci_maps_is_plain(&ioas->maps, cursor, prot | VIOCI_DEFERRED))
		return false;
	vioci_maps_set_meta_at(&ioas->maps, cursor, prot | VIOCI_LISTED);
	ioas->calls.n_revived++;
	ioas->calls.n_map_saved++;
	return true;
}

bool vioci_revive(struct vioc_ioas *ioas, uint64_t va, uint64_t length, uint64_t prot,
		  uint64_t *ret_iova)
{
	const struct vioci_tree *by_va = &ioas->maps.by_va;
	struct vioci_cursor by_memory = vioci_tree_from(by_va, va);
	for (; by_memory.leaf; by_memory = vioci_cursor_next(by_memory)) {
		struct vioci_item item = vioci_tree_get(by_va, by_memory);
		if (item.start != va)
			return false;
		if (item.last != va + (length - 1) ||
		    vioci_windows_meet(&ioas->windows, item.value, item.value + (length - 1)))
			continue;
		*ret_iova = item.value;
		if (revive(ioas, vioci_tree_seek(&ioas->maps.by_iova, item.value), prot))
			return true;
	}
	return false;
}

bool vioci_revive_at(struct vioc_ioas *ioas, const struct vioci_record *wanted)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	return vioci_maps_seek(&ioas->maps, wanted->iova, &cursor, &record) &&
	       record.iova == wanted->iova && record.last == wanted->last &&
	       record.va == wanted->va && revive(ioas, cursor, wanted->meta);
}

bool vioci_flush_is_due(const struct vioc_ioas *ioas)
{
	const struct vioci_tally *tally = &ioas->maps.tally;
	const struct vioc_ioas_opts *opts = &ioas->opts;
	if (!tally->n_deferred)
		return false;
	return tally->n_deferred > opts->deferred_max_count ||
	       tally->deferred_bytes > opts->deferred_max_bytes ||
	       (opts->deferred_max_ms &&
		vioci_now_ms() - ioas->deferred.oldest_ms > opts->deferred_max_ms);
}

/* From the deferred record at iova on: all that waits, across holes, until something doesn't. */
static bool find_waiting_run(struct vioci_maps *maps, uint64_t iova, uint64_t *ret_last)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	if (!still_waits(maps, iova))
		return false;
	bool found = vioci_maps_seek(maps, iova, &cursor, &record);
	*ret_last = vioci_maps_extent(maps, cursor).last;
	for (; found; found = vioci_maps_next(maps, &cursor, &record)) {
		if (record.iova <= *ret_last)
			continue;
		if (!(record.meta & VIOCI_DEFERRED) || (record.meta & VIOCI_JOINED))
			break;
		*ret_last = vioci_maps_extent(maps, cursor).last;
	}
	return true;
}

/* Unmaps the run that begins at iova, if one still does; *last becomes its end. The lock is held. */
static int flush_run(struct vioc_ioas *ioas, uint64_t iova, uint64_t *last)
{
	struct vioci_removed ignored = { 0 };
	struct vioci_window window;
	uint64_t again;

	if (!find_waiting_run(&ioas->maps, iova, last))
		return 0;
	vioci_window_open(&ioas->windows, &ioas->lock, &window, iova, *last);
	/* What was waited for may have changed it. */
	int error = 0;
	if (find_waiting_run(&ioas->maps, iova, &again)) {
		*last = again < *last ? again : *last;
		error = vioci_remove_extents(ioas, iova, *last, &ignored);
	} else {
		*last = iova;
	}
	vioci_window_close(&ioas->windows, &window);
	return error;
}

/* Puts back what could not be unmapped. */
static void keep_waiting(struct vioc_ioas *ioas, const struct vioci_deferred *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (still_waits(&ioas->maps, list->iovas[i]) && put(ioas, list->iovas[i]) < 0)
			ioas->deferred.incomplete = true;
}

/* Flushes what the list names. The lock is held. */
static int flush_list(struct vioc_ioas *ioas, const struct vioci_deferred *list)
{
	uint64_t done = 0;
	int result = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (i && list->iovas[i] <= done)
			continue;
		done = list->iovas[i];
		int error = flush_run(ioas, list->iovas[i], &done);
		if (error < 0 && result == 0)
			result = error;
	}
	return result;
}

/* The same for all that waits, wherever it is: for when there was no memory for a list. */
static int flush_everywhere(struct vioc_ioas *ioas)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	uint64_t from = 0;
	int result = 0;
	while (vioci_maps_seek(&ioas->maps, from, &cursor, &record)) {
		from = record.last;
		int error = 0;
		if ((record.meta & (VIOCI_DEFERRED | VIOCI_LISTED)) &&
		    !(record.meta & VIOCI_JOINED))
			error = flush_run(ioas, record.iova, &from);
		if (error < 0 && result == 0)
			result = error;
		if (from++ == UINT64_MAX)
			break;
	}
	return result;
}

/* Lets two flushes take turns, so that the second returns when all is done that the first took over. */
int vioci_flush_deferred(struct vioc_ioas *ioas)
{
	pthread_mutex_lock(&ioas->flush_lock);
	pthread_mutex_lock(&ioas->lock);
	struct vioci_deferred list = ioas->deferred;
	ioas->deferred = (struct vioci_deferred){ 0 };
	sort(&list);
	uint64_t n_extents = ioas->maps.tally.n_deferred;
	ioas->calls.n_flushes += n_extents != 0;
	int result = list.incomplete ? flush_everywhere(ioas) : flush_list(ioas, &list);
	ioas->deferred.incomplete |= list.incomplete && result < 0;
	if (result < 0)
		keep_waiting(ioas, &list);
	vioci_ioas_unlock(ioas);
	pthread_mutex_unlock(&ioas->flush_lock);
	free(list.iovas);
	VIOCI_PROBE(flush, ioas, n_extents, result);
	return result;
}

void vioci_drop_waiting(struct vioc_ioas *ioas)
{
	struct vioci_maps *maps = &ioas->maps;
	uint64_t from = 0;
	struct vioci_record record;
	bool gone = false;

	if (!maps->tally.deferred_bytes && !maps->tally.released_bytes)
		return;
	while (vioci_maps_meet(maps, from, UINT64_MAX, &record)) {
		if (!vioci_record_is_live(&record))
			vioci_maps_remove(maps, &record);
		else if (gone && (record.meta & VIOCI_JOINED))
			vioci_maps_set_meta(maps, record.iova, record.meta & ~VIOCI_JOINED);
		gone = !vioci_record_is_live(&record);
		if (record.last == UINT64_MAX)
			return;
		from = record.last + 1;
	}
}
