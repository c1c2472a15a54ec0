// SPDX-License-Identifier: MIT
/*
 * Several threads map and unmap in the same window while devices come and go. Afterwards the library
 * and the fake kernel must agree to the byte. Meant for ThreadSanitizer too.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "unit.h"

#define N_THREADS 4
#define N_PAGES	  32
#define N_STEPS	  5000
#define BASE	  ((uint64_t)0x100000)

struct shared {
	struct fake *fake;
	struct vioc_ioas *ioas;
	char *memory;
	_Atomic int unexpected; /* the first error nobody could explain */
	_Atomic uint64_t mapped;
	_Atomic uint64_t unmapped;
	_Atomic bool stop;
};

struct worker {
	struct shared *shared;
	pthread_t thread;
	unsigned int seed;
};

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void note(struct shared *shared, int error)
{
	int none = 0;
	__atomic_compare_exchange_n((int *)&shared->unexpected, &none, error, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void map_somewhere(struct shared *shared, unsigned int *seed)
{
	uint64_t page = next(seed) % N_PAGES, count = 1 + next(seed) % 4;
	if (page + count > N_PAGES)
		count = N_PAGES - page;
	int error = vioc_ioas_map_fixed(shared->ioas, BASE + page * PAGE,
					shared->memory + page * PAGE, count * PAGE, RW);
	if (error == 0)
		shared->mapped += count * PAGE;
	else if (error != -EEXIST)
		note(shared, error);
}

static void unmap_somewhere(struct shared *shared, unsigned int *seed)
{
	uint64_t page = next(seed) % N_PAGES, count = 1 + next(seed) % 12, bytes = 0;
	int error = vioc_ioas_unmap(shared->ioas, BASE + page * PAGE, count * PAGE, 0, &bytes);
	if (error == 0)
		shared->unmapped += bytes;
	else if (error != -EINVAL)
		note(shared, error);
}

static void map_anywhere(struct shared *shared)
{
	uint64_t iova, bytes = 0;
	int error = vioc_ioas_map(shared->ioas, shared->memory, 2 * PAGE, RW, &iova);
	/* Below the window, at the bottom of the ranges, or above it: nobody else unmaps there. */
	if (error == 0 && (iova < BASE || iova >= BASE + 64 * PAGE))
		error = vioc_ioas_unmap(shared->ioas, iova, 2 * PAGE, 0, &bytes);
	else if (error == 0)
		shared->mapped += 2 * PAGE;
	if (error < 0)
		note(shared, error);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	for (size_t i = 0; i < N_STEPS; i++) {
		unsigned int choice = next(&worker->seed) % 16;
		if (choice < 8)
			map_somewhere(worker->shared, &worker->seed);
		else if (choice < 15)
			unmap_somewhere(worker->shared, &worker->seed);
		else
			map_anywhere(worker->shared);
	}
	return NULL;
}

/* Attaches and detaches, first one then two devices, so that the last one goes too. */
static void *come_and_go(void *arg)
{
	struct shared *shared = arg;
	while (!shared->stop) {
		struct vioc_device *first, *second;
		int error = vioc_device_open(shared->ioas, FIRST, NULL, &first);
		if (error < 0) {
			note(shared, error);
			return NULL;
		}
		error = vioc_device_open(shared->ioas, SECOND, NULL, &second);
		if (error < 0)
			note(shared, error);
		else
			vioc_device_unref(second);
		vioc_device_unref(first);
	}
	return NULL;
}

static void *look(void *arg)
{
	struct shared *shared = arg;
	while (!shared->stop) {
		struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
		struct vioc_iova_range ranges[4];
		vioc_ioas_get_info(shared->ioas, &info);
		if (info.n_bytes < info.n_mappings * PAGE)
			note(shared, -EPROTO);
		if (vioc_ioas_get_ranges(shared->ioas, ranges, 4) < 1)
			note(shared, -EPROTO);
	}
	return NULL;
}

static void run_workers(struct shared *shared)
{
	struct worker workers[N_THREADS];
	pthread_t visitor, reader;
	assert_int_equal(pthread_create(&visitor, NULL, come_and_go, shared), 0);
	assert_int_equal(pthread_create(&reader, NULL, look, shared), 0);
	for (unsigned int i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){ .shared = shared, .seed = i + 1 };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < N_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	shared->stop = true;
	pthread_join(visitor, NULL);
	pthread_join(reader, NULL);
}

static void run(uint32_t backend)
{
	struct shared shared = { .fake = unit_fake((struct fake_config){ 0 }) };
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container;
	struct vioc_device *device;
	struct vioc_ctx *ctx;
	uint64_t bytes = 0;

	opts.backend = backend;
	shared.memory = mmap(NULL, N_PAGES * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(shared.memory != MAP_FAILED);
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(shared.fake), &ctx), 0);
	assert_int_equal(vioc_container_new(ctx, &opts, &container), 0);
	assert_int_equal(vioc_ioas_new(container, NULL, &shared.ioas), 0);
	run_workers(&shared);

	assert_int_equal(shared.unexpected, 0);
	assert_int_equal(vioc_device_open(shared.ioas, FIRST, NULL, &device), 0);
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	assert_int_equal(vioc_ioas_get_info(shared.ioas, &info), 0);
	assert_int_equal(info.n_bytes, shared.mapped - shared.unmapped);
	assert_int_equal(info.n_bytes, fake_count_mapped_bytes(shared.fake));
	assert_int_equal(info.n_mappings, fake_count_mappings(shared.fake));
	assert_int_equal(vioc_ioas_unmap_all(shared.ioas, &bytes), 0);
	assert_int_equal(bytes, info.n_bytes);
	assert_int_equal(fake_count_mappings(shared.fake), 0);

	vioc_device_unref(device);
	vioc_ioas_unref(shared.ioas);
	vioc_container_unref(container);
	vioc_ctx_unref(ctx);
	assert_int_equal(fake_count_open(shared.fake), 0);
	fake_free(shared.fake);
	munmap(shared.memory, N_PAGES * PAGE);
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

static void compat(void **state)
{
	(void)state;
	run(VIOC_BACKEND_COMPAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legacy),
		cmocka_unit_test(iommufd),
		cmocka_unit_test(compat),
	};
	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
