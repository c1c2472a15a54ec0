// SPDX-License-Identifier: MIT
/* Unmapping what nobody uses, when it has to be. */
#include <errno.h>

#include "cache/cache.h"
#include "core/diag.h"
#include "core/log.h"
#include "core/probe.h"

#define MAX_LOOKS 64 /* for one to evict, where it is not urgent */

static const struct vioci_span everything = { 0, UINT64_MAX };

/* Without the lock. The caller's call may well succeed, so no diag of this is left. */
static int unmap(struct vioc_cache *cache, const struct vioc_registration *registration)
{
	struct vioc_ctx *ctx = vioc_ioas_get_ctx(cache->ioas);
	uint64_t length = vioci_registration_length(registration);
	struct vioc_diag *before = vioci_ctx_take_diag(ctx);
	int error = vioc_ioas_unmap(cache->ioas, registration->iova, length, 0, NULL);
	vioci_ctx_put_diag(ctx, before);
	/* After -EIO nothing is mapped there any more. */
	if (error >= 0 || error == -EIO)
		return 0;
	vioci_log(ctx, VIOC_LOG_ERROR,
		  "%llu bytes of cached memory at 0x%llx can't be unmapped from IOVA 0x%llx (error "
		  "%d): devices may still reach them",
		  (unsigned long long)length, (unsigned long long)registration->start,
		  (unsigned long long)registration->iova, -error);
	return error;
}

void vioci_cache_drain(struct vioc_cache *cache)
{
	struct vioc_registration *registration;
	while ((registration = cache->stages[VIOCI_IDLE].first)) {
		vioci_stage_move(cache, registration, VIOCI_UNMAPPING);
		pthread_mutex_unlock(&cache->lock);
		int error = unmap(cache, registration);
		pthread_mutex_lock(&cache->lock);
		if (error < 0) {
			registration->error = (int16_t)error;
			vioci_stage_move(cache, registration, VIOCI_REFUSED);
		} else {
			vioci_registration_free(cache, registration);
			cache->n_unmapped++;
		}
		pthread_cond_broadcast(&cache->changed);
	}
}

void vioci_cache_retry(struct vioc_cache *cache, struct vioci_span span)
{
	struct vioc_registration *registration;
	while ((registration = vioci_stage_meet(cache, VIOCI_REFUSED, span)))
		vioci_stage_move(cache, registration, VIOCI_IDLE);
}

/* A clock: who was hit since the last look is spared once. NULL: not found by that many looks. */
static struct vioc_registration *evict_one(struct vioc_cache *cache, size_t looks)
{
	struct vioci_stage_list *cached = &cache->stages[VIOCI_CACHED];
	for (; looks && cached->first; looks--) {
		struct vioc_registration *registration = cached->first;
		uint32_t hits =
			(uint32_t)atomic_load_explicit(&registration->hits, memory_order_relaxed);
		bool spared = hits != registration->seen;
		registration->seen = hits;
		if (!spared && vioci_registration_evict(cache, registration)) {
			cache->n_evictions++;
			VIOCI_PROBE(cache_evict, cache, registration->start, registration->last);
			return registration;
		}
		vioci_stage_move(cache, registration, VIOCI_CACHED);
	}
	return NULL;
}

static bool is_over(const struct vioc_cache *cache)
{
	return cache->n_kept > cache->opts.max_entries || cache->kept_bytes > cache->opts.max_bytes;
}

/* Readers look at it all the time: it is written only when it changes. */
static void note_over(struct vioc_cache *cache)
{
	bool over = is_over(cache);
	if (over != atomic_load_explicit(&cache->over, memory_order_relaxed))
		atomic_store_explicit(&cache->over, over, memory_order_relaxed);
}

void vioci_cache_trim(struct vioc_cache *cache)
{
	if (is_over(cache))
		vioci_cache_retry(cache, everything);
	while (is_over(cache) && evict_one(cache, MAX_LOOKS))
		;
	note_over(cache);
	vioci_cache_drain(cache);
}

/* At least length bytes if memory is short; one where mappings or IOVAs are. */
static bool evict_enough(struct vioc_cache *cache, uint64_t length, int error)
{
	uint64_t evicted = 0;
	do {
		/* All of them: the first time around, each may be spared. */
		struct vioc_registration *registration =
			evict_one(cache, 2 * cache->index.count + 1);
		if (!registration)
			break;
		evicted += vioci_registration_length(registration);
	} while (error == -ENOMEM && evicted < length);
	return evicted;
}

bool vioci_cache_make_room(struct vioc_cache *cache, uint64_t length, int error)
{
	pthread_mutex_lock(&cache->lock);
	uint64_t before = cache->n_unmapped;
	vioci_cache_retry(cache, everything);
	bool evicted = evict_enough(cache, length, error);
	note_over(cache);
	vioci_cache_drain(cache);
	/* What others are at makes room as well. */
	while (!evicted && cache->n_unmapped == before && cache->stages[VIOCI_UNMAPPING].first)
		pthread_cond_wait(&cache->changed, &cache->lock);
	bool room = evicted || cache->n_unmapped != before;
	pthread_mutex_unlock(&cache->lock);
	return room;
}
