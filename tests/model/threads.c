// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "threads.h"

/* What the threads share. */
struct crew {
	struct test
		whole; /* devices; for what the side threads need to say that something is wrong */
	struct test *tests;
	unsigned int count;
	pthread_rwlock_t quiet;
	_Atomic bool stop;
};

static void *work(void *arg)
{
	struct test *test = arg;
	while (test->step < test->n_steps) {
		pthread_rwlock_rdlock(test->quiet);
		test_step(test);
		pthread_rwlock_unlock(test->quiet);
	}
	return NULL;
}

static void toggle(struct test *test, size_t index)
{
	if (test->devices[index]) {
		test->devices[index] = vioc_device_unref(test->devices[index]);
		return;
	}
	int error = vioc_device_open(test->ioas, test->world->names[index], NULL,
				     &test->devices[index]);
	if (error < 0)
		wrong(test, "attach of %zu returned %d", index, error);
}

static void *come_and_go(void *arg)
{
	struct crew *crew = arg;
	while (!crew->stop) {
		pthread_rwlock_rdlock(&crew->quiet);
		toggle(&crew->whole, (size_t)below(&crew->whole, N_DEVICES));
		pthread_rwlock_unlock(&crew->quiet);
	}
	return NULL;
}

static void look(struct test *test)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	struct vioc_iova_range ranges[MAX_RANGES];
	if (vioc_ioas_get_info(test->ioas, &info) < 0)
		wrong(test, "get_info failed");
	if (info.n_bytes < info.n_mappings * PAGE || info.n_devices > N_DEVICES)
		wrong(test, "get_info: %" PRIu64 " mappings of %" PRIu64 " bytes, %u devices",
		      info.n_mappings, info.n_bytes, info.n_devices);
	if (vioc_ioas_get_ranges(test->ioas, ranges, MAX_RANGES) < 1)
		wrong(test, "no ranges");
}

/* The piece of any thread at this IOVA, or NULL. */
static const struct piece *find_piece(struct crew *crew, uint64_t iova)
{
	for (unsigned int i = 0; i < crew->count; i++) {
		const struct piece *piece = model_meet(&crew->tests[i].model, iova, iova);
		if (piece)
			return piece;
	}
	return NULL;
}

/* Nothing waits behind a flush, and extents may have been split by it. */
static void settle(struct crew *crew)
{
	if (vioc_ioas_flush(crew->whole.ioas) < 0)
		wrong(&crew->whole, "flush failed");
	for (unsigned int i = 0; i < crew->count; i++) {
		model_flush(&crew->tests[i].model);
		check_kernel(&crew->tests[i]);
	}
}

/* What all threads together did is what the library and the kernel have; nobody else is at work. */
static uint64_t check_together(struct crew *crew)
{
	static struct kernel_view view;
	struct test *whole = &crew->whole;
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	uint64_t bytes = 0, mappings = 0, kernel_bytes = 0;
	settle(crew);
	for (unsigned int i = 0; i < crew->count; i++) {
		bytes += model_bytes(&crew->tests[i].model);
		mappings += model_count(&crew->tests[i].model);
	}
	if (vioc_ioas_get_info(whole->ioas, &info) < 0 || info.n_mappings != mappings ||
	    info.n_bytes != bytes)
		wrong(whole, "get_info: %" PRIu64 " mappings, should be %" PRIu64, info.n_mappings,
		      mappings);
	look_at_kernel(whole, &view);
	for (size_t i = 0; i < view.count; i++) {
		const struct fake_mapping *mapping = &view.mappings[i];
		const struct piece *piece = find_piece(crew, mapping->iova);
		if (!piece || piece->iova != mapping->iova || piece->va != mapping->va)
			wrong(whole, "the kernel has 0x%" PRIx64, mapping->iova);
		kernel_bytes += mapping->last - mapping->iova + 1;
	}
	if (kernel_bytes != (is_attached(whole) ? bytes : 0))
		wrong(whole, "the kernel has %" PRIu64 " bytes, should be %" PRIu64, kernel_bytes,
		      is_attached(whole) ? bytes : 0);
	return bytes;
}

static void *look_around(void *arg)
{
	struct crew *crew = arg;
	for (unsigned int i = 0; !crew->stop; i++) {
		look(&crew->whole);
		if (i % 256)
			continue;
		pthread_rwlock_wrlock(&crew->quiet);
		check_together(crew);
		pthread_rwlock_unlock(&crew->quiet);
	}
	return NULL;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, fn, arg))
		abort();
	return thread;
}

static void run_crew(struct crew *crew)
{
	pthread_t workers[MAX_THREADS];
	pthread_t visitor = start(come_and_go, crew), reader = start(look_around, crew);
	for (unsigned int i = 0; i < crew->count; i++)
		workers[i] = start(work, &crew->tests[i]);
	for (unsigned int i = 0; i < crew->count; i++)
		pthread_join(workers[i], NULL);
	crew->stop = true;
	pthread_join(visitor, NULL);
	pthread_join(reader, NULL);
}

static void finish(struct crew *crew)
{
	struct test *whole = &crew->whole;
	uint64_t removed = 0, bytes = check_together(crew);
	if (vioc_ioas_unmap_all(whole->ioas, &removed) < 0 || removed != bytes)
		wrong(whole, "removed %" PRIu64 " bytes, should be %" PRIu64, removed, bytes);
	for (size_t i = 0; i < N_DEVICES; i++)
		vioc_device_unref(whole->devices[i]);
	vioc_ioas_unref(whole->ioas);
}

/* Whoever wants to compare must not wait for a moment in which no thread works. */
static void init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
}

void run_threads(struct world *world, unsigned int count, uint64_t seed, uint64_t steps)
{
	static struct crew crew;
	crew.tests = calloc(count, sizeof(crew.tests[0]));
	crew.count = count;
	if (!crew.tests)
		abort();
	init_lock(&crew.quiet);
	test_open(&crew.whole, world, seed);
	world_learn(world, &crew.whole);
	for (unsigned int i = 0; i < count; i++) {
		crew.tests[i] = crew.whole;
		crew.tests[i].shared = true;
		crew.tests[i].slice = SLICES_START + i * SLICE_LENGTH;
		crew.tests[i].random = seed + i;
		crew.tests[i].n_steps = steps;
		crew.tests[i].quiet = &crew.quiet;
	}
	run_crew(&crew);
	finish(&crew);
	free(crew.tests);
	pthread_rwlock_destroy(&crew.quiet);
}
