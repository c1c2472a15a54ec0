// SPDX-License-Identifier: MIT
/* The life of a registration: pending, cached, left, idle, unmapping, free. */
#include "cache/cache.h"

static void unlink_from(struct vioci_stage_list *list, struct vioc_registration *registration)
{
	struct vioc_registration *prev = registration->prev, *next = registration->next;
	*(prev ? &prev->next : &list->first) = next;
	*(next ? &next->prev : &list->last) = prev;
}

static void append_to(struct vioc_cache *cache, enum vioci_stage stage,
		      struct vioc_registration *registration)
{
	struct vioci_stage_list *list = &cache->stages[stage];
	registration->stage = (uint16_t)stage;
	registration->next = NULL;
	registration->prev = list->last;
	*(list->last ? &list->last->next : &list->first) = registration;
	list->last = registration;
}

void vioci_stage_move(struct vioc_cache *cache, struct vioc_registration *registration,
		      enum vioci_stage stage)
{
	unlink_from(&cache->stages[registration->stage], registration);
	append_to(cache, stage, registration);
}

struct vioc_registration *vioci_stage_meet(const struct vioc_cache *cache, enum vioci_stage stage,
					   struct vioci_span span)
{
	struct vioc_registration *registration = cache->stages[stage].first;
	while (registration && !vioci_registration_meets(registration, span))
		registration = registration->next;
	return registration;
}

struct vioc_registration *vioci_registration_new(struct vioc_cache *cache, struct vioci_span span)
{
	if (vioci_tree_reserve(&cache->index, 1) < 0)
		return NULL;
	if (vioci_pool_reserve(&cache->registrations, 1) < 0) {
		vioci_tree_unreserve(&cache->index, 1);
		return NULL;
	}
	struct vioc_registration *registration = vioci_pool_take(&cache->registrations);
	vioci_pool_unreserve(&cache->registrations, 1);
	/* For one that was used before, this changes nothing. */
	atomic_store_explicit(&registration->state, VIOCI_GONE, memory_order_relaxed);
	registration->start = span.start;
	registration->last = span.last;
	registration->seen = 0;
	append_to(cache, VIOCI_PENDING, registration);
	return registration;
}

static bool is_pending(const struct vioc_registration *registration)
{
	return registration->stage == VIOCI_PENDING || registration->stage == VIOCI_DOOMED;
}

void vioci_registration_free(struct vioc_cache *cache, struct vioc_registration *registration)
{
	if (is_pending(registration))
		vioci_tree_unreserve(&cache->index, 1);
	cache->n_hits += atomic_exchange_explicit(&registration->hits, 0, memory_order_relaxed);
	unlink_from(&cache->stages[registration->stage], registration);
	registration->stage = VIOCI_N_STAGES;
	vioci_pool_give(&cache->registrations, registration);
}

void vioci_registration_publish(struct vioc_cache *cache, struct vioc_registration *registration)
{
	struct vioci_span span = { registration->start, registration->last };
	struct vioc_registration *inside;
	/* Another thread may have been at more than this, and earlier. */
	bool left = registration->stage == VIOCI_DOOMED || vioci_index_covers(cache, span);

	cache->n_kept++;
	cache->kept_bytes += vioci_registration_length(registration);
	atomic_store_explicit(&registration->state, VIOCI_USER | (left ? VIOCI_GONE : 0),
			      memory_order_release);
	vioci_stage_move(cache, registration, left ? VIOCI_LEFT : VIOCI_CACHED);
	if (!left) {
		while ((inside = vioci_index_inside(cache, span)))
			vioci_registration_retire(cache, inside);
		vioci_index_insert(cache, registration);
	}
	vioci_tree_unreserve(&cache->index, 1);
}

static void make_idle(struct vioc_cache *cache, struct vioc_registration *registration)
{
	cache->n_kept--;
	cache->kept_bytes -= vioci_registration_length(registration);
	vioci_stage_move(cache, registration, VIOCI_IDLE);
}

void vioci_registration_retire(struct vioc_cache *cache, struct vioc_registration *registration)
{
	vioci_index_remove(cache, registration);
	uint64_t before =
		atomic_fetch_or_explicit(&registration->state, VIOCI_GONE, memory_order_acq_rel);
	if (before == 0)
		make_idle(cache, registration);
	else
		vioci_stage_move(cache, registration, VIOCI_LEFT);
}

bool vioci_registration_evict(struct vioc_cache *cache, struct vioc_registration *registration)
{
	uint64_t unused = 0;
	if (!atomic_compare_exchange_strong_explicit(&registration->state, &unused, VIOCI_GONE,
						     memory_order_acq_rel, memory_order_relaxed))
		return false;
	vioci_index_remove(cache, registration);
	make_idle(cache, registration);
	return true;
}

/* Who asks may be late: it may have been reaped since, and serve for other memory. */
void vioci_registration_reap(struct vioc_cache *cache, struct vioc_registration *registration)
{
	if (registration->stage == VIOCI_LEFT &&
	    atomic_load_explicit(&registration->state, memory_order_acquire) == VIOCI_GONE)
		make_idle(cache, registration);
}
