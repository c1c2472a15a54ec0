// SPDX-License-Identifier: MIT
/*
 * Several threads get and put while others invalidate and devices come and go, with little room. What
 * is held must stay where it is. Meant for ThreadSanitizer too.
 */
#include <pthread.h>

#include "cache_rig.h"

#define N_THREADS 4
#define N_STEPS	  8000
#define N_ROUNDS  200

struct shared {
	struct rig rig;
	_Atomic int unexpected; /* the first error nobody could explain */
	_Atomic bool stop;
	_Atomic uint64_t n_gets;
	pthread_barrier_t barrier;
};

struct worker {
	struct shared *shared;
	pthread_t thread;
	uint64_t state;
};

static uint64_t below(struct worker *worker, uint64_t bound)
{
	worker->state ^= worker->state << 13;
	worker->state ^= worker->state >> 7;
	worker->state ^= worker->state << 17;
	return (worker->state >> 33) % bound;
}

static void note(struct shared *shared, int error)
{
	int none = 0;
	__atomic_compare_exchange_n((int *)&shared->unexpected, &none, error, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void check_held(struct shared *shared, const char *memory, uint64_t length, uint64_t iova)
{
	void *va;
	uint64_t there;
	int error = vioc_ioas_get_va(shared->rig.ioas, iova, length, &va, &there);
	if (error < 0 || va != memory || there != length)
		note(shared, error < 0 ? error : -EPROTO);
}

/* Mostly a few buffers, so that there are hits; else anything. */
static void get_and_put(struct worker *worker)
{
	struct shared *shared = worker->shared;
	struct vioc_registration *registration;
	uint64_t iova, offset, length;
	if (below(worker, 4)) {
		offset = below(worker, 12) * 5000;
		length = 4900;
	} else {
		offset = below(worker, (N_PAGES - 8) * PAGE);
		length = 1 + below(worker, 8 * PAGE);
	}
	const char *memory = shared->rig.memory + offset;
	int error = vioc_cache_get(shared->rig.cache, memory, length, &iova, &registration);
	if (error < 0) {
		note(shared, error);
		return;
	}
	shared->n_gets++;
	check_held(shared, memory, length, iova);
	if (below(worker, 64) == 0)
		get_and_put(worker);
	check_held(shared, memory, length, iova);
	vioc_cache_put(shared->rig.cache, registration);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	for (size_t i = 0; i < N_STEPS; i++)
		get_and_put(worker);
	return NULL;
}

static void *invalidate(void *arg)
{
	struct worker *worker = arg;
	struct shared *shared = worker->shared;
	while (!shared->stop) {
		struct vioc_cache_stats stats = VIOC_SIZED(vioc_cache_stats);
		uint64_t offset = below(worker, N_PAGES * PAGE);
		int error = vioc_cache_invalidate(shared->rig.cache, shared->rig.memory + offset,
						  1 + below(worker, 4 * PAGE));
		if (error < 0 && error != -EBUSY)
			note(shared, error);
		error = vioc_cache_get_stats(shared->rig.cache, &stats);
		if (error < 0 || stats.n_refused)
			note(shared, -EPROTO);
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct worker *worker = arg;
	struct shared *shared = worker->shared;
	while (!shared->stop) {
		struct vioc_device *device;
		int error = vioc_device_open(shared->rig.ioas, SECOND, NULL, &device);
		if (error < 0)
			note(shared, error);
		else
			vioc_device_unref(device);
	}
	return NULL;
}

static void start(struct worker *worker, struct shared *shared, uint64_t seed, void *(*fn)(void *))
{
	*worker = (struct worker){ .shared = shared, .state = 88172645463325252u + seed };
	assert_int_equal(pthread_create(&worker->thread, NULL, fn, worker), 0);
}

static void run(uint32_t backend)
{
	static struct shared shared;
	struct worker workers[N_THREADS], invalidator, visitor;
	memset(&shared, 0, sizeof(shared));
	rig_open(&shared.rig, backend, (struct fake_config){ .entry_limit = 64 }, 20, 100 * PAGE);
	start(&invalidator, &shared, 100, invalidate);
	start(&visitor, &shared, 101, come_and_go);
	for (uint64_t i = 0; i < N_THREADS; i++)
		start(&workers[i], &shared, i, work);
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	shared.stop = true;
	pthread_join(invalidator.thread, NULL);
	pthread_join(visitor.thread, NULL);

	assert_int_equal(shared.unexpected, 0);
	struct vioc_cache_stats stats = rig_stats(&shared.rig);
	assert_int_equal(stats.n_used, 0);
	assert_int_equal(stats.n_hits + stats.n_misses, shared.n_gets);
	assert_int_equal(stats.n_entries, fake_count_mappings(shared.rig.fake));
	assert_true(stats.n_entries <= 20 && stats.n_bytes <= 100 * PAGE);
	assert_true(stats.n_evictions > 0);
	rig_close(&shared.rig);
	assert_int_equal(shared.rig.n_errors, 0);
}

static void legacy(void **state)
{
	(void)state;
	run(VIOC_BACKEND_LEGACY);
}

static void iommufd(void **state)
{
	(void)state;
	run(VIOC_BACKEND_IOMMUFD);
}

/* All threads at once; the last of them takes it out again. */
static void *get_together(void *arg)
{
	struct worker *worker = arg;
	struct shared *shared = worker->shared;
	for (size_t i = 0; i < N_ROUNDS; i++) {
		struct vioc_registration *registration;
		uint64_t iova;
		pthread_barrier_wait(&shared->barrier);
		if (vioc_cache_get(shared->rig.cache, shared->rig.memory + 100, 8 * PAGE, &iova,
				   &registration) < 0)
			note(shared, -EPROTO);
		else
			vioc_cache_put(shared->rig.cache, registration);
		if (pthread_barrier_wait(&shared->barrier) == PTHREAD_BARRIER_SERIAL_THREAD &&
		    vioc_cache_invalidate(shared->rig.cache, NULL, UINT64_MAX) < 0)
			note(shared, -EPROTO);
	}
	return NULL;
}

static void misses_map_once(void **state)
{
	(void)state;
	static struct shared shared;
	struct worker workers[N_THREADS];
	rig_open(&shared.rig, VIOC_BACKEND_IOMMUFD, (struct fake_config){ 0 }, 0, 0);
	pthread_barrier_init(&shared.barrier, NULL, N_THREADS);
	unsigned int before = rig_ioctls;
	for (uint64_t i = 0; i < N_THREADS; i++)
		start(&workers[i], &shared, i, get_together);
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	assert_int_equal(shared.unexpected, 0);
	assert_int_equal(rig_stats(&shared.rig).n_misses, N_ROUNDS);
	assert_int_equal(rig_ioctls - before, 2 * N_ROUNDS);
	pthread_barrier_destroy(&shared.barrier);
	rig_close(&shared.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legacy),
		cmocka_unit_test(iommufd),
		cmocka_unit_test(misses_map_once),
	};
	return cmocka_run_group_tests_name("cache_threads", tests, NULL, NULL);
}
