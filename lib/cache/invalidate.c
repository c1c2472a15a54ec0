// SPDX-License-Identifier: MIT
/* Going through many registrations: to take them out, and to count them. */
#include <errno.h>
#include <inttypes.h>

#include "cache/cache.h"
#include "core/diag.h"
#include "core/sized.h"

/* Nobody finds them any more from here on. */
static void take_out(struct vioc_cache *cache, struct vioci_span span)
{
	struct vioc_registration *registration;
	while ((registration = vioci_index_meet(cache, span))) {
		vioci_registration_retire(cache, registration);
		cache->n_invalidations++;
	}
	while ((registration = vioci_stage_meet(cache, VIOCI_PENDING, span))) {
		vioci_stage_move(cache, registration, VIOCI_DOOMED);
		cache->n_invalidations++;
	}
}

/* Also by other threads. */
static void wait_until_unmapped(struct vioc_cache *cache, struct vioci_span span)
{
	vioci_cache_drain(cache);
	while (vioci_stage_meet(cache, VIOCI_UNMAPPING, span)) {
		pthread_cond_wait(&cache->changed, &cache->lock);
		vioci_cache_drain(cache);
	}
}

static struct vioci_diag_draft draft_for(struct vioci_span span, int error, uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	uint64_t length = span.last - span.start + 1;
	vioci_diag_tried(&draft, "invalidate %" PRIu64 " bytes of cached memory at 0x%" PRIx64,
			 length, span.start);
	vioci_diag_fact(&draft, "length", "%" PRIu64, length);
	return draft;
}

static int refuse_used(struct vioc_cache *cache, struct vioci_span span)
{
	struct vioci_diag_draft draft = draft_for(span, -EBUSY, VIOC_REASON_IN_USE);
	vioci_diag_obstacle(&draft, "some of it is in use by registrations that were not put yet");
	vioci_diag_advice(&draft, "put them, and keep the memory until then");
	return vioci_ctx_leave(vioc_ioas_get_ctx(cache->ioas), &draft);
}

static int refuse_refused(struct vioc_cache *cache, struct vioci_span span, int error,
			  uint64_t iova)
{
	struct vioci_diag_draft draft = draft_for(span, error, VIOC_REASON_KERNEL);
	vioci_diag_obstacle(&draft, "its mapping at IOVA 0x%" PRIx64 " can't be unmapped", iova);
	vioci_diag_advice(&draft, "keep the memory, as devices may still reach it; try again");
	vioci_diag_fact(&draft, "iova", "0x%" PRIx64, iova);
	return vioci_ctx_leave(vioc_ioas_get_ctx(cache->ioas), &draft);
}

VIOC_API int vioc_cache_invalidate(struct vioc_cache *cache, const void *va, uint64_t length)
{
	if (!cache)
		return -EINVAL;
	struct vioci_span span = { (uintptr_t)va, (uintptr_t)va + (length - 1) };
	if (!length || span.last < span.start)
		return vioci_fail(vioc_ioas_get_ctx(cache->ioas), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "invalidate cached memory", "%s",
				  length ? "the range wraps" : "the length is 0");

	pthread_mutex_lock(&cache->lock);
	take_out(cache, span);
	vioci_cache_retry(cache, span);
	wait_until_unmapped(cache, span);
	const struct vioc_registration *refused = vioci_stage_meet(cache, VIOCI_REFUSED, span);
	int error = refused ? refused->error : 0;
	uint64_t iova = refused ? refused->iova : 0;
	bool used = vioci_stage_meet(cache, VIOCI_LEFT, span) ||
		    vioci_stage_meet(cache, VIOCI_DOOMED, span);
	pthread_mutex_unlock(&cache->lock);
	if (error < 0)
		return refuse_refused(cache, span, error, iova);
	return used ? refuse_used(cache, span) : 0;
}

static void add_stage(struct vioc_cache *cache, enum vioci_stage stage,
		      struct vioc_cache_stats *stats)
{
	const struct vioc_registration *registration = cache->stages[stage].first;
	for (; registration; registration = registration->next) {
		stats->n_entries++;
		stats->n_bytes += vioci_registration_length(registration);
		stats->n_hits += atomic_load_explicit(&registration->hits, memory_order_relaxed);
		stats->n_used += atomic_load_explicit(&registration->state, memory_order_relaxed) >=
				 VIOCI_USER;
		stats->n_refused += stage == VIOCI_REFUSED;
	}
}

VIOC_API int vioc_cache_get_stats(struct vioc_cache *cache, struct vioc_cache_stats *ret_stats)
{
	if (!cache)
		return -EINVAL;
	pthread_mutex_lock(&cache->lock);
	struct vioc_cache_stats stats = {
		.n_hits = cache->n_hits,
		.n_misses = cache->n_misses,
		.n_evictions = cache->n_evictions,
		.n_invalidations = cache->n_invalidations,
	};
	for (enum vioci_stage stage = VIOCI_CACHED; stage < VIOCI_N_STAGES; stage++)
		add_stage(cache, stage, &stats);
	pthread_mutex_unlock(&cache->lock);
	return vioci_ctx_give_sized(vioc_ioas_get_ctx(cache->ioas), ret_stats, &stats,
				    sizeof(stats));
}
