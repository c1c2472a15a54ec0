// SPDX-License-Identifier: MIT
/*
 * The registrations that can be hit. None of them lies inside another one: who is covered by another
 * can never be needed. So in the order of their starts they are in the order of their ends too, and of
 * those that begin at or before an address, the last one reaches farthest: it alone has to be looked
 * at. As they may overlap, an item of the tree, which is of the disjoint kind, ends where the next one
 * starts; the true end is its meta.
 */
#include "cache/cache.h"

#define MAX_TRIES 4

static struct vioc_registration *registration_of(const struct vioci_item *item)
{
	return (struct vioc_registration *)(uintptr_t)item->value;
}

static inline bool become_user(struct vioc_registration *registration)
{
	uint64_t state = atomic_load_explicit(&registration->state, memory_order_relaxed);
	do {
		if (state & VIOCI_GONE)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&registration->state, &state,
							state + VIOCI_USER, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

struct vioc_registration *vioci_index_find(const struct vioc_cache *cache, struct vioci_span span)
{
	struct vioci_item item;
	enum vioci_peek peek = VIOCI_PEEK_RETRY;
	for (int i = 0; i < MAX_TRIES && peek == VIOCI_PEEK_RETRY; i++)
		peek = vioci_tree_peek(&cache->index, &cache->seq, span.start, &item);
	if (peek != VIOCI_PEEK_FOUND || item.meta < span.last)
		return NULL;
	return registration_of(&item);
}

bool vioci_index_hold(struct vioc_cache *cache, struct vioc_registration *registration,
		      struct vioci_span span)
{
	if (!become_user(registration))
		return false;
	if (vioci_registration_covers(registration, span)) {
		atomic_fetch_add_explicit(&registration->hits, 1, memory_order_relaxed);
		return true;
	}
	/* Since the look it was unmapped, and its memory serves for another. Not with the lock. */
	vioc_cache_put(cache, registration);
	return false;
}

struct vioc_registration *vioci_index_look(struct vioc_cache *cache, struct vioci_span span)
{
	struct vioc_registration *registration = vioci_index_find(cache, span);
	return registration && vioci_index_hold(cache, registration, span) ? registration : NULL;
}

bool vioci_index_covers(const struct vioc_cache *cache, struct vioci_span span)
{
	struct vioci_cursor cursor = vioci_tree_seek(&cache->index, span.start);
	if (!cursor.leaf)
		return false;
	struct vioci_item item = vioci_tree_get(&cache->index, cursor);
	return item.start <= span.start && span.last <= item.meta;
}

struct vioc_registration *vioci_index_meet(const struct vioc_cache *cache, struct vioci_span span)
{
	struct vioci_cursor cursor = vioci_tree_seek(&cache->index, span.start);
	if (!cursor.leaf)
		return NULL;
	struct vioci_item item = vioci_tree_get(&cache->index, cursor);
	return item.start <= span.last ? registration_of(&item) : NULL;
}

struct vioc_registration *vioci_index_inside(const struct vioc_cache *cache, struct vioci_span span)
{
	struct vioci_cursor cursor = vioci_tree_seek(&cache->index, span.start);
	if (cursor.leaf && vioci_tree_get(&cache->index, cursor).start < span.start)
		cursor = vioci_cursor_next(cursor);
	if (!cursor.leaf)
		return NULL;
	struct vioci_item item = vioci_tree_get(&cache->index, cursor);
	return item.meta <= span.last ? registration_of(&item) : NULL;
}

static uint64_t end_before(uint64_t last, const struct vioci_tree *index, struct vioci_cursor next)
{
	if (!next.leaf)
		return last;
	uint64_t start = vioci_tree_get(index, next).start;
	return start <= last ? start - 1 : last;
}

void vioci_index_insert(struct vioc_cache *cache, struct vioc_registration *registration)
{
	struct vioci_item item = {
		.start = registration->start,
		.value = (uintptr_t)registration,
		.meta = registration->last,
	};
	struct vioci_cursor cursor = vioci_tree_seek(&cache->index, item.start);

	vioci_seq_begin(&cache->seq);
	if (cursor.leaf && vioci_tree_get(&cache->index, cursor).start < item.start) {
		vioci_tree_set_last(&cache->index, cursor, item.start - 1);
		cursor = vioci_cursor_next(cursor);
	}
	item.last = end_before(item.meta, &cache->index, cursor);
	vioci_tree_insert(&cache->index, &item);
	vioci_seq_end(&cache->seq);
}

void vioci_index_remove(struct vioc_cache *cache, const struct vioc_registration *registration)
{
	struct vioci_tree *index = &cache->index;
	struct vioci_cursor cursor = vioci_tree_find(index, registration->start, 0);
	struct vioci_cursor before = vioci_cursor_prev(cursor);
	uint64_t start = before.leaf ? vioci_tree_get(index, before).start : 0;
	bool has_before = before.leaf;

	vioci_seq_begin(&cache->seq);
	vioci_tree_remove(index, registration->start, 0);
	if (has_before) {
		cursor = vioci_tree_find(index, start, 0);
		struct vioci_item item = vioci_tree_get(index, cursor);
		uint64_t last = end_before(item.meta, index, vioci_cursor_next(cursor));
		if (last != item.last)
			vioci_tree_set_last(index, cursor, last);
	}
	vioci_seq_end(&cache->seq);
}
