// SPDX-License-Identifier: MIT
/* Arrays of maps and unmaps: exact counts, extents, all or nothing. */
#include <stdlib.h>
#include <sys/mman.h>

#include "contract.h"

#define RW   (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define BASE ((uint64_t)0x1000000)
#define N    8

/* A rig with a device open, and N neighbouring pages to map at BASE. */
struct batch {
	struct rig rig;
	struct vioc_device *device;
	char *memory;
	struct vioc_map_request requests[N];
	struct vioc_batch_opts opts;
};

static void batch_open(struct world *world, struct batch *b)
{
	rig_open(world, &b->rig);
	b->device = rig_device(&b->rig, world->first);
	b->memory = pages_new(N);
	b->opts = (struct vioc_batch_opts)VIOC_SIZED(vioc_batch_opts);
	for (size_t i = 0; i < N; i++)
		b->requests[i] = (struct vioc_map_request){
			.iova = BASE + i * PAGE,
			.va = b->memory + i * PAGE,
			.length = PAGE,
			.flags = RW,
		};
}

static void batch_close(struct batch *b)
{
	vioc_device_unref(b->device);
	rig_close(&b->rig);
	pages_free(b->memory, N);
}

static int map_all(struct batch *b, size_t *ret_done)
{
	return vioc_ioas_map_batch(b->rig.ioas, b->requests, N, &b->opts, ret_done);
}

static uint64_t count_extents(struct vioc_ioas *ioas)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	assert_int_equal(vioc_ioas_get_stats(ioas, &stats), 0);
	return stats.n_extents;
}

static void expect_stops_at(struct batch *b, size_t done, int error, uint32_t reason)
{
	size_t n = 77;
	expect_failure(b->rig.ctx, map_all(b, &n), error, reason);
	assert_int_equal(n, done);
	expect_maps(b->rig.ioas, done, done * PAGE);
	assert_int_equal(vioc_ioas_unmap_all(b->rig.ioas, NULL), 0);
}

static void neighbours_become_one_extent(struct world *world)
{
	struct batch b;
	size_t done = 77;
	batch_open(world, &b);
	assert_int_equal(map_all(&b, &done), 0);
	assert_int_equal(done, N);
	assert_int_equal(count_extents(b.rig.ioas), N);
	assert_int_equal(vioc_ioas_unmap(b.rig.ioas, BASE, N * PAGE, 0, NULL), 0);

	b.opts.flags = VIOC_BATCH_MERGE;
	assert_int_equal(map_all(&b, &done), 0);
	assert_int_equal(done, N);
	assert_int_equal(count_extents(b.rig.ioas), 1);
	expect_maps(b.rig.ioas, N, N * PAGE);
	assert_int_equal(vioc_ioas_unmap(b.rig.ioas, BASE, N * PAGE, 0, NULL), 0);
	expect_maps(b.rig.ioas, 0, 0);
	batch_close(&b);
}

/* A page that nobody may touch; one that was unmapped could be another thread's stack by now. */
static void *locked_new(void)
{
	void *page = pages_new(1);
	assert_int_equal(mprotect(page, PAGE, PROT_NONE), 0);
	return page;
}

static void stops_at_the_first_failure(struct world *world)
{
	void *locked = locked_new();
	struct batch b;
	batch_open(world, &b);
	b.requests[5].iova = BASE + 2 * PAGE;
	expect_stops_at(&b, 5, -EEXIST, VIOC_REASON_OVERLAP);
	b.requests[5].iova = BASE + 5 * PAGE + 1;
	expect_stops_at(&b, 5, -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	b.requests[5].iova = 0xfee00000;
	expect_stops_at(&b, 5, -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	b.requests[5].iova = BASE + 5 * PAGE;
	b.requests[5].va = locked;
	expect_stops_at(&b, 5, -EFAULT, VIOC_REASON_BAD_MEMORY);
	b.opts.n_threads = 2;
	expect_stops_at(&b, 5, -EFAULT, VIOC_REASON_BAD_MEMORY);
	batch_close(&b);
	pages_free(locked, 1);
}

static void atomic_does_all_or_nothing(struct world *world)
{
	void *locked = locked_new();
	struct batch b;
	batch_open(world, &b);
	b.opts.flags = VIOC_BATCH_ATOMIC;
	b.requests[5].iova = BASE + 2 * PAGE;
	expect_stops_at(&b, 0, -EEXIST, VIOC_REASON_OVERLAP);
	b.requests[5].iova = BASE + 5 * PAGE;
	b.requests[5].va = locked;
	expect_stops_at(&b, 0, -EFAULT, VIOC_REASON_BAD_MEMORY);
	/* The kernel has nothing left of it. */
	b.requests[5].va = b.memory;
	assert_int_equal(map_all(&b, NULL), 0);
	expect_maps(b.rig.ioas, N, N * PAGE);
	batch_close(&b);
	pages_free(locked, 1);
}

static void memlock_in_the_middle(struct world *world)
{
	struct batch b;
	size_t done = 77;
	batch_open(world, &b);
	world_limit_memlock(world, 4 * PAGE);
	int error = map_all(&b, &done);
	world_limit_memlock(world, UINT64_MAX);
	expect_failure(b.rig.ctx, error, -ENOMEM, VIOC_REASON_MEMLOCK);
	assert_in_range(done, 0, 4);
	expect_maps(b.rig.ioas, done, done * PAGE);
	assert_int_equal(vioc_ioas_unmap_all(b.rig.ioas, NULL), 0);
	assert_int_equal(map_all(&b, &done), 0);
	batch_close(&b);
}

static void library_chooses_neighbours(struct world *world)
{
	struct batch b;
	size_t done;
	batch_open(world, &b);
	b.opts.flags = VIOC_BATCH_ANY_IOVA | VIOC_BATCH_MERGE | VIOC_BATCH_PREFAULT;
	b.opts.n_threads = 2;
	assert_int_equal(map_all(&b, &done), 0);
	for (size_t i = 1; i < N; i++)
		assert_int_equal(b.requests[i].iova, b.requests[0].iova + i * PAGE);
	assert_int_equal(count_extents(b.rig.ioas), 1);
	batch_close(&b);
}

static void bad_batch_options(struct world *world)
{
	struct batch b;
	size_t done = 77;
	batch_open(world, &b);
	assert_int_equal(vioc_ioas_map_batch(b.rig.ioas, NULL, 0, NULL, &done), 0);
	assert_int_equal(done, 0);
	b.opts.flags = UINT64_C(1) << 40;
	expect_failure(b.rig.ctx, map_all(&b, &done), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	b.opts.flags = 0;
	b.opts.reserved = 1;
	expect_failure(b.rig.ctx, map_all(&b, &done), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	b.opts.reserved = 0;
	b.opts.flags = VIOC_BATCH_MERGE;
	const struct vioc_unmap_request request = { BASE, PAGE };
	expect_failure(b.rig.ctx, vioc_ioas_unmap_batch(b.rig.ioas, &request, 1, 0, &b.opts, &done),
		       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	expect_maps(b.rig.ioas, 0, 0);
	batch_close(&b);
}

static void unmap_several_ranges(struct world *world)
{
	const struct vioc_unmap_request good[] = { { BASE, PAGE },
						   { BASE + 2 * PAGE, 2 * PAGE },
						   { BASE + 6 * PAGE, PAGE } };
	struct batch b;
	size_t done = 77;
	batch_open(world, &b);
	for (size_t i = 0; i < N; i++)
		b.requests[i].length = i == 4 ? 2 * PAGE : PAGE;
	b.requests[5] = b.requests[7];
	assert_int_equal(vioc_ioas_map_batch(b.rig.ioas, b.requests, 6, NULL, NULL), 0);
	assert_int_equal(vioc_ioas_unmap_batch(b.rig.ioas, good, 3, 0, NULL, &done), 0);
	assert_int_equal(done, 3);
	expect_maps(b.rig.ioas, 3, 4 * PAGE);

	/* The second cuts the mapping of two pages. */
	const struct vioc_unmap_request bad[] = { { BASE + PAGE, PAGE },
						  { BASE + 4 * PAGE, PAGE } };
	b.opts.flags = VIOC_BATCH_ATOMIC;
	expect_failure(b.rig.ctx, vioc_ioas_unmap_batch(b.rig.ioas, bad, 2, 0, &b.opts, &done),
		       -EINVAL, VIOC_REASON_CUTS_MAPPING);
	assert_int_equal(done, 0);
	expect_maps(b.rig.ioas, 3, 4 * PAGE);
	expect_failure(b.rig.ctx, vioc_ioas_unmap_batch(b.rig.ioas, bad, 2, 0, NULL, &done),
		       -EINVAL, VIOC_REASON_CUTS_MAPPING);
	assert_int_equal(done, 1);
	expect_maps(b.rig.ioas, 2, 3 * PAGE);
	batch_close(&b);
}

/* One page of memory, mapped again and again: what counts is the number. */
static void many_at_once(struct world *world)
{
	const size_t count = 20000;
	struct vioc_map_request *requests = calloc(count, sizeof(*requests));
	char *memory = pages_new(count);
	struct batch b;
	size_t done;
	batch_open(world, &b);
	assert_non_null(requests);
	for (size_t i = 0; i < count; i++)
		requests[i] =
			(struct vioc_map_request){ BASE + i * PAGE, memory + i * PAGE, PAGE, RW };
	b.opts.flags = VIOC_BATCH_MERGE;
	assert_int_equal(vioc_ioas_map_batch(b.rig.ioas, requests, count, &b.opts, &done), 0);
	assert_int_equal(done, count);
	assert_int_equal(count_extents(b.rig.ioas), 1);
	expect_maps(b.rig.ioas, count, count * PAGE);
	uint64_t bytes;
	assert_int_equal(vioc_ioas_unmap(b.rig.ioas, BASE, count * PAGE, 0, &bytes), 0);
	assert_int_equal(bytes, count * PAGE);
	batch_close(&b);
	pages_free(memory, count);
	free(requests);
}

const struct contract_case batch_cases[] = {
	{ "batch: neighbours become one extent", neighbours_become_one_extent, 0 },
	{ "batch: stops at the first failure", stops_at_the_first_failure, 0 },
	{ "batch: atomic does all or nothing", atomic_does_all_or_nothing, 0 },
	{ "batch: memlock in the middle", memlock_in_the_middle, 0 },
	{ "batch: the library chooses neighbours", library_chooses_neighbours, 0 },
	{ "batch: bad options", bad_batch_options, 0 },
	{ "batch: unmap several ranges", unmap_several_ranges, 0 },
	{ "batch: many at once", many_at_once, 0 },
	{ 0 },
};
