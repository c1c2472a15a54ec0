// SPDX-License-Identifier: MIT
/* Lookup both ways. Readers take the lock only when writers keep getting in their way. */
#include <errno.h>

#include "ioas/ioas.h"

#define MAX_TRIES 4

/* One way of reading the maps: with the lock held, or without, when anything may change meanwhile. */
struct reader {
	const struct vioci_maps *maps;
	bool locked;
	bool failed; /* a change came between: what was read means nothing */
};

/* Of what is foreign there is no memory in this process. */
static bool has_memory(const struct vioci_record *record)
{
	return vioci_record_is_live(record) && !(record->meta & VIOCI_FOREIGN);
}

static bool read_record(struct reader *reader, uint64_t iova, struct vioci_record *ret_record)
{
	const struct vioci_maps *maps = reader->maps;
	struct vioci_item item;
	if (reader->locked)
		return vioci_maps_meet(maps, iova, iova, ret_record) && has_memory(ret_record);

	enum vioci_peek peek = vioci_tree_peek(&maps->by_iova, &maps->seq, iova, &item);
	reader->failed |= peek == VIOCI_PEEK_RETRY;
	if (peek != VIOCI_PEEK_FOUND)
		return false;
	*ret_record = (struct vioci_record){ item.start, item.last, item.value, item.meta };
	return has_memory(ret_record);
}

/* Of all records with this memory the first that is live. */
static bool read_by_va_locked(const struct vioci_maps *maps, uint64_t va,
			      struct vioci_record *ret_record)
{
	struct vioci_cursor cursor = vioci_tree_seek(&maps->by_va, va);
	for (; cursor.leaf; cursor = vioci_cursor_next(cursor)) {
		struct vioci_item item = vioci_tree_get(&maps->by_va, cursor);
		if (item.start > va)
			return false;
		if (item.last >= va && vioci_maps_meet(maps, item.value, item.value, ret_record) &&
		    vioci_record_is_live(ret_record))
			return true;
	}
	return false;
}

static bool read_by_va(struct reader *reader, uint64_t va, struct vioci_record *ret_record)
{
	struct vioci_item item;
	if (reader->locked)
		return read_by_va_locked(reader->maps, va, ret_record);
	enum vioci_peek peek = vioci_tree_peek(&reader->maps->by_va, &reader->maps->seq, va, &item);
	reader->failed |= peek == VIOCI_PEEK_RETRY;
	if (peek != VIOCI_PEEK_FOUND)
		return false;
	*ret_record = (struct vioci_record){
		.iova = item.value,
		.last = item.value + (item.last - item.start),
		.va = item.start,
	};
	if (!__atomic_load_n(&reader->maps->n_waiting, __ATOMIC_ACQUIRE) ||
	    read_record(reader, item.value, ret_record))
		return true;
	/* That one waits to be flushed; the memory may be mapped elsewhere as well. */
	reader->failed = true;
	return false;
}

/* A place on both sides, and how far it goes on. */
struct translation {
	uint64_t iova;
	uint64_t va;
	uint64_t length;
};

/* From the address in the record on, through neighbours, until it is long enough. */
static void follow(struct reader *reader, const struct vioci_record *record, uint64_t wanted,
		   struct translation *translation)
{
	uint64_t last = record->last;
	uint64_t delta = record->va - record->iova;
	struct vioci_record next;

	translation->va = translation->iova + delta;
	while (last - translation->iova < wanted - 1 && last != UINT64_MAX &&
	       read_record(reader, last + 1, &next) && next.va - next.iova == delta)
		last = next.last;
	uint64_t above = last - translation->iova;
	translation->length = above < wanted - 1 ? above + 1 : wanted;
}

/* Which of the two addresses is given. */
enum by { BY_IOVA, BY_VA };

static int try_translate(struct reader *reader, enum by by, uint64_t wanted,
			 struct translation *translation)
{
	struct vioci_record record;
	bool found = by == BY_IOVA ? read_record(reader, translation->iova, &record)
				   : read_by_va(reader, translation->va, &record);
	if (!found)
		return -ENOENT;
	if (by == BY_VA)
		translation->iova = record.iova + (translation->va - record.va);
	follow(reader, &record, wanted, translation);
	return 0;
}

static int translate(struct vioc_ioas *ioas, enum by by, uint64_t wanted,
		     struct translation *translation)
{
	const struct vioci_seq *seq = &ioas->maps.seq;
	struct reader reader = { .maps = &ioas->maps };

	for (int i = 0; i < MAX_TRIES; i++) {
		uint64_t since = vioci_seq_read(seq);
		reader.failed = false;
		int error = try_translate(&reader, by, wanted, translation);
		/* Each look was true; all of them together only if nothing changed between. */
		if (!reader.failed && vioci_seq_holds(seq, since))
			return error;
	}
	reader.locked = true;
	pthread_mutex_lock(&ioas->lock);
	int error = try_translate(&reader, by, wanted, translation);
	pthread_mutex_unlock(&ioas->lock);
	return error;
}

static int fail_wanted(struct vioc_ioas *ioas)
{
	return vioci_fail(vioci_ioas_ctx(ioas), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			  "look up an address", "0 bytes are wanted");
}

VIOC_API int vioc_ioas_get_iova(struct vioc_ioas *ioas, const void *va, uint64_t wanted,
				uint64_t *ret_iova, uint64_t *ret_length)
{
	if (!ioas)
		return -EINVAL;
	if (!wanted)
		return fail_wanted(ioas);
	struct translation translation = { .va = (uintptr_t)va };
	int error = translate(ioas, BY_VA, wanted, &translation);
	if (error < 0)
		return error;
	if (ret_iova)
		*ret_iova = translation.iova;
	if (ret_length)
		*ret_length = translation.length;
	return 0;
}

VIOC_API int vioc_ioas_get_va(struct vioc_ioas *ioas, uint64_t iova, uint64_t wanted, void **ret_va,
			      uint64_t *ret_length)
{
	if (!ioas)
		return -EINVAL;
	if (!wanted)
		return fail_wanted(ioas);
	struct translation translation = { .iova = iova };
	int error = translate(ioas, BY_IOVA, wanted, &translation);
	if (error < 0)
		return error;
	if (ret_va)
		*ret_va = (void *)(uintptr_t)translation.va;
	if (ret_length)
		*ret_length = translation.length;
	return 0;
}
