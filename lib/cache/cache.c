// SPDX-License-Identifier: MIT
/* Getting and putting: the ways that hit are at the top of vioc_cache_get() and vioc_cache_put(). */
#include <errno.h>
#include <stdlib.h>

#include "cache/cache.h"
#include "core/diag.h"
#include "core/log.h"
#include "core/probe.h"
#include "core/sized.h"

#define DEFAULT_ENTRIES 16384 /* a quarter of what a legacy container takes */
#define DEFAULT_BYTES	(UINT64_C(4) << 30)
#define MAX_LENGTH	(UINT64_C(1) << 57) /* of a process' addresses */

static struct vioc_ctx *ctx_of(const struct vioc_cache *cache)
{
	return vioc_ioas_get_ctx(cache->ioas);
}

VIOC_API int vioc_cache_new(struct vioc_ioas *ioas, const struct vioc_cache_opts *given,
			    struct vioc_cache **ret_cache)
{
	if (!ioas)
		return -EINVAL;
	struct vioc_cache_opts opts;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error == 0 && (opts.flags || opts.map_flags & ~(VIOC_MAP_READ | VIOC_MAP_WRITE)))
		error = -EINVAL;
	if (error == 0 && !ret_cache)
		error = -EINVAL;
	if (error < 0)
		return vioci_fail(
			vioc_ioas_get_ctx(ioas), error, VIOC_REASON_BAD_ARGUMENT, "make a cache",
			"the options have unknown flags, a bad size or unknown fields, or "
			"no place for it is given");

	struct vioc_cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return vioci_fail_memory(vioc_ioas_get_ctx(ioas));
	if (!opts.map_flags)
		opts.map_flags = VIOC_MAP_READ | VIOC_MAP_WRITE;
	if (!opts.max_entries)
		opts.max_entries = DEFAULT_ENTRIES;
	if (!opts.max_bytes)
		opts.max_bytes = DEFAULT_BYTES;
	cache->refs = 1;
	cache->ioas = vioc_ioas_ref(ioas);
	cache->opts = opts;
	vioci_tree_init(&cache->index, false);
	vioci_pool_init(&cache->registrations, sizeof(struct vioc_registration));
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->changed, NULL);
	*ret_cache = cache;
	return 0;
}

VIOC_API struct vioc_cache *vioc_cache_ref(struct vioc_cache *cache)
{
	if (cache)
		vioci_ref_get(&cache->refs);
	return cache;
}

/* Unmaps all; returns how many are still in use. Nobody else has the cache any more. */
static size_t unmap_all(struct vioc_cache *cache)
{
	struct vioc_registration *registration;
	size_t n_used = 0;
	pthread_mutex_lock(&cache->lock);
	while ((registration = cache->stages[VIOCI_CACHED].first))
		vioci_registration_retire(cache, registration);
	for (; (registration = cache->stages[VIOCI_LEFT].first); n_used++)
		vioci_stage_move(cache, registration, VIOCI_IDLE);
	vioci_cache_retry(cache, (struct vioci_span){ 0, UINT64_MAX });
	vioci_cache_drain(cache);
	pthread_mutex_unlock(&cache->lock);
	return n_used;
}

static void cache_free(struct vioc_cache *cache)
{
	size_t n_used = unmap_all(cache);
	if (n_used)
		vioci_log(ctx_of(cache), VIOC_LOG_ERROR,
			  "a cache is gone while %zu of its registrations are in use: "
			  "vioc_cache_put() "
			  "was not called for them",
			  n_used);
	vioci_tree_destroy(&cache->index);
	vioci_pool_destroy(&cache->registrations);
	pthread_cond_destroy(&cache->changed);
	pthread_mutex_destroy(&cache->lock);
	vioc_ioas_unref(cache->ioas);
	free(cache);
}

VIOC_API struct vioc_cache *vioc_cache_unref(struct vioc_cache *cache)
{
	if (cache && vioci_ref_put(&cache->refs))
		cache_free(cache);
	return NULL;
}

static bool is_pressure(int error)
{
	return error == -ENOMEM || error == -ENOSPC;
}

static int map(struct vioc_cache *cache, struct vioc_registration *registration)
{
	void *va = (void *)(uintptr_t)registration->start;
	uint64_t length = vioci_registration_length(registration);
	for (bool again = false;; again = true) {
		int error = vioc_ioas_map(cache->ioas, va, length, cache->opts.map_flags,
					  &registration->iova);
		/* The diag of an attempt before is none of a call that succeeds. */
		if (error == 0 && again)
			vioci_ctx_put_diag(ctx_of(cache), NULL);
		if (!is_pressure(error) || !vioci_cache_make_room(cache, length, error))
			return error;
	}
}

static bool will_be_covered(const struct vioc_cache *cache, struct vioci_span span)
{
	const struct vioc_registration *pending = cache->stages[VIOCI_PENDING].first;
	while (pending && !vioci_registration_covers(pending, span))
		pending = pending->next;
	return pending;
}

/* Looks again, with the lock, and if another thread is about to map it, waits for that. */
static struct vioc_registration *look_or_wait(struct vioc_cache *cache, struct vioci_span span)
{
	for (;;) {
		struct vioc_registration *registration = vioci_index_look(cache, span);
		if (registration || !will_be_covered(cache, span))
			return registration;
		pthread_cond_wait(&cache->changed, &cache->lock);
	}
}

/* The pages around the span. */
static struct vioci_span pages_of(const struct vioc_cache *cache, struct vioci_span span)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	(void)vioc_ioas_get_info(cache->ioas, &info);
	span.start &= ~(info.page_size - 1);
	span.last |= info.page_size - 1;
	return span;
}

static int miss(struct vioc_cache *cache, struct vioci_span span,
		struct vioc_registration **ret_registration)
{
	span = pages_of(cache, span);
	pthread_mutex_lock(&cache->lock);
	struct vioc_registration *registration = look_or_wait(cache, span);
	bool hit = registration;
	if (!hit) {
		cache->n_misses++;
		registration = vioci_registration_new(cache, span);
	}
	pthread_mutex_unlock(&cache->lock);
	if (!registration)
		return vioci_fail_memory(ctx_of(cache));
	*ret_registration = registration;
	if (hit)
		return 0;

	int error = map(cache, registration);
	VIOCI_PROBE(cache_miss, cache, span.start, span.last, error);
	pthread_mutex_lock(&cache->lock);
	if (error < 0)
		vioci_registration_free(cache, registration);
	else
		vioci_registration_publish(cache, registration);
	pthread_cond_broadcast(&cache->changed);
	vioci_cache_trim(cache);
	pthread_mutex_unlock(&cache->lock);
	return error;
}

static int refuse_get(struct vioc_cache *cache, const char *mistake)
{
	return vioci_fail(ctx_of(cache), -EINVAL, VIOC_REASON_BAD_ARGUMENT, "get a registration",
			  "%s", mistake);
}

VIOC_API int vioc_cache_get(struct vioc_cache *cache, const void *va, uint64_t length,
			    uint64_t *ret_iova, struct vioc_registration **ret_registration)
{
	if (!cache)
		return -EINVAL;
	if (length - 1 >= MAX_LENGTH)
		return refuse_get(cache, length ? "the length is more than a process has addresses"
						: "the length is 0");
	struct vioci_span span = { (uintptr_t)va, (uintptr_t)va + (length - 1) };
	if (span.last < span.start)
		return refuse_get(cache, "the range wraps");
	if (!ret_iova || !ret_registration)
		return refuse_get(cache, "no place for the IOVA or the registration is given");
	struct vioc_registration *registration = vioci_index_look(cache, span);
	int error = registration ? 0 : miss(cache, span, &registration);
	if (error < 0)
		return error;
	*ret_iova = registration->iova + (span.start - registration->start);
	*ret_registration = registration;
	return 0;
}

/* What there is to do after some last put. */
static void put_last(struct vioc_cache *cache, struct vioc_registration *registration,
		     uint64_t before)
{
	if (before < VIOCI_USER) {
		atomic_fetch_add_explicit(&registration->state, VIOCI_USER, memory_order_relaxed);
		vioci_log(ctx_of(cache), VIOC_LOG_ERROR,
			  "a registration was put more often than it was got");
		return;
	}
	pthread_mutex_lock(&cache->lock);
	if (before & VIOCI_GONE)
		vioci_registration_reap(cache, registration);
	vioci_cache_trim(cache);
	pthread_mutex_unlock(&cache->lock);
}

VIOC_API void vioc_cache_put(struct vioc_cache *cache, struct vioc_registration *registration)
{
	if (!cache || !registration)
		return;
	uint64_t before =
		atomic_fetch_sub_explicit(&registration->state, VIOCI_USER, memory_order_acq_rel);
	if (before >= 2 * VIOCI_USER)
		return;
	if (before == VIOCI_USER && !atomic_load_explicit(&cache->over, memory_order_relaxed))
		return;
	put_last(cache, registration, before);
}
