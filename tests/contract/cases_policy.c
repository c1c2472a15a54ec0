// SPDX-License-Identifier: MIT
/* What becomes of mappings inside extents and of deferred ones; looking on; who limits IOVAs. */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract.h"

#define RW   (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define BASE ((uint64_t)0x1000000)
#define N    4

/* A rig with a device open and an extent of N pages at BASE, each a mapping. */
struct extent {
	struct rig rig;
	struct vioc_device *device;
	char *memory;
};

static void extent_open(struct world *world, struct extent *e, const char *device)
{
	struct vioc_map_request requests[N];
	struct vioc_batch_opts opts = VIOC_SIZED(vioc_batch_opts);
	rig_open(world, &e->rig);
	e->device = rig_device(&e->rig, device);
	e->memory = pages_new(N);
	for (size_t i = 0; i < N; i++)
		requests[i] = (struct vioc_map_request){ BASE + i * PAGE, e->memory + i * PAGE,
							 PAGE, RW };
	opts.flags = VIOC_BATCH_MERGE;
	assert_int_equal(vioc_ioas_map_batch(e->rig.ioas, requests, N, &opts, NULL), 0);
}

static void extent_close(struct extent *e)
{
	vioc_device_unref(e->device);
	rig_close(&e->rig);
	pages_free(e->memory, N);
}

static struct vioc_ioas_stats stats_of(struct vioc_ioas *ioas)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	assert_int_equal(vioc_ioas_get_stats(ioas, &stats), 0);
	return stats;
}

static void give_up(struct extent *e, size_t page, size_t count, uint64_t policy)
{
	uint64_t bytes = 77;
	assert_int_equal(
		vioc_ioas_unmap(e->rig.ioas, BASE + page * PAGE, count * PAGE, policy, &bytes), 0);
	assert_int_equal(bytes, count * PAGE);
}

static void part_of_an_extent(struct world *world)
{
	struct extent e;
	extent_open(world, &e, world->first);
	expect_failure(e.rig.ctx, vioc_ioas_unmap(e.rig.ioas, BASE + PAGE, PAGE, 0, NULL), -EBUSY,
		       VIOC_REASON_IN_EXTENT);
	expect_fact(e.rig.ctx, "extent-start", "0x1000000");
	expect_fact(e.rig.ctx, "extent-last", "0x1003fff");
	expect_maps(e.rig.ioas, N, N * PAGE);
	expect_failure(e.rig.ctx,
		       vioc_ioas_unmap(e.rig.ioas, BASE, PAGE,
				       VIOC_UNMAP_SPLIT | VIOC_UNMAP_RELEASE, NULL),
		       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	extent_close(&e);
}

static void release_and_flush(struct world *world)
{
	struct extent e;
	extent_open(world, &e, world->first);
	give_up(&e, 1, 2, VIOC_UNMAP_RELEASE);
	expect_maps(e.rig.ioas, 2, 2 * PAGE);
	assert_int_equal(stats_of(e.rig.ioas).released_bytes, 2 * PAGE);
	assert_int_equal(vioc_ioas_get_va(e.rig.ioas, BASE + PAGE, 1, NULL, NULL), -ENOENT);
	expect_failure(e.rig.ctx, vioc_ioas_map_fixed(e.rig.ioas, BASE + PAGE, e.memory, PAGE, RW),
		       -EBUSY, VIOC_REASON_IN_EXTENT);
	assert_int_equal(vioc_ioas_flush(e.rig.ioas), 0);
	assert_int_equal(stats_of(e.rig.ioas).released_bytes, 0);
	assert_int_equal(stats_of(e.rig.ioas).n_extents, 2);
	assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, BASE + PAGE, e.memory, PAGE, RW), 0);
	extent_close(&e);
}

/* The last part that is given up takes the extent with it. */
static void release_all_of_it(struct world *world)
{
	struct extent e;
	extent_open(world, &e, world->first);
	for (size_t i = 0; i < N; i++)
		give_up(&e, i, 1, VIOC_UNMAP_RELEASE);
	assert_int_equal(stats_of(e.rig.ioas).n_extents, 0);
	assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, BASE, e.memory, N * PAGE, RW), 0);
	extent_close(&e);
}

static void expect_reach(struct extent *e, size_t page, int reached)
{
	assert_int_equal(
		edu_reaches(e->device, e->rig.ioas, BASE + page * PAGE, e->memory + page * PAGE),
		reached);
}

static void split_is_what_the_device_sees(struct world *world)
{
	struct extent e;
	extent_open(world, &e, world->edu);
	edu_start(e.device);
	expect_reach(&e, 1, 1);
	give_up(&e, 1, 1, VIOC_UNMAP_SPLIT);
	expect_reach(&e, 0, 1);
	expect_reach(&e, 1, 0);
	expect_reach(&e, 2, 1);
	give_up(&e, 2, 1, VIOC_UNMAP_RELEASE);
	assert_int_equal(vioc_ioas_flush(e.rig.ioas), 0);
	expect_reach(&e, 2, 0);
	expect_reach(&e, 3, 1);
	extent_close(&e);
}

static void flush_is_a_barrier(struct world *world)
{
	struct extent e;
	extent_open(world, &e, world->edu);
	edu_start(e.device);
	give_up(&e, 0, N, VIOC_UNMAP_DEFER);
	expect_maps(e.rig.ioas, 0, 0);
	assert_int_equal(vioc_ioas_flush(e.rig.ioas), 0);
	expect_reach(&e, 0, 0);
	assert_int_equal(stats_of(e.rig.ioas).deferred_count, 0);
	extent_close(&e);
}

static void deferred_is_taken_up_again(struct world *world)
{
	struct rig rig;
	uint64_t first, second;
	char *memory = pages_new(1);
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_ioas_map(rig.ioas, memory, PAGE, RW, &first), 0);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, first, PAGE, VIOC_UNMAP_DEFER, NULL), 0);
	assert_int_equal(stats_of(rig.ioas).deferred_bytes, PAGE);
	uint64_t calls = stats_of(rig.ioas).n_map_calls;
	assert_int_equal(vioc_ioas_map(rig.ioas, memory, PAGE, RW, &second), 0);
	assert_int_equal(second, first);
	assert_int_equal(stats_of(rig.ioas).n_map_calls, calls);
	assert_int_equal(stats_of(rig.ioas).n_revived, 1);
	/* Other rights are another mapping. */
	assert_int_equal(vioc_ioas_unmap(rig.ioas, first, PAGE, VIOC_UNMAP_DEFER, NULL), 0);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, first, memory, PAGE, VIOC_MAP_READ), 0);
	assert_int_equal(stats_of(rig.ioas).n_revived, 1);
	assert_int_equal(stats_of(rig.ioas).deferred_count, 0);
	vioc_device_unref(device);
	rig_close(&rig);
	pages_free(memory, 1);
}

static void look_up_both_ways(struct world *world)
{
	struct extent e;
	uint64_t iova, length;
	void *va;
	extent_open(world, &e, world->first);
	assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, BASE + 8 * PAGE, e.memory, PAGE, RW), 0);
	assert_int_equal(vioc_ioas_get_va(e.rig.ioas, BASE + 5, UINT64_MAX, &va, &length), 0);
	assert_ptr_equal(va, e.memory + 5);
	assert_int_equal(length, N * PAGE - 5);
	assert_int_equal(vioc_ioas_get_iova(e.rig.ioas, e.memory + PAGE + 1, PAGE, &iova, &length),
			 0);
	assert_int_equal(iova, BASE + PAGE + 1);
	assert_int_equal(length, PAGE);
	assert_int_equal(vioc_ioas_get_va(e.rig.ioas, BASE + N * PAGE, 1, NULL, NULL), -ENOENT);
	expect_failure(e.rig.ctx, vioc_ioas_get_va(e.rig.ioas, BASE, 0, NULL, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	extent_close(&e);
}

static int add_mapping(void *arg, const struct vioc_mapping *mapping)
{
	uint64_t *next = arg;
	assert_int_equal(mapping->iova, *next);
	assert_int_equal(mapping->length, PAGE);
	assert_int_equal(mapping->flags, RW);
	assert_int_equal(mapping->extent_iova, BASE);
	assert_int_equal(mapping->extent_length, N * PAGE);
	*next += PAGE;
	return *next == BASE + 3 * PAGE ? 42 : 0;
}

static void walk_the_mappings(struct world *world)
{
	struct extent e;
	uint64_t next = BASE + PAGE;
	extent_open(world, &e, world->first);
	assert_int_equal(vioc_ioas_walk(e.rig.ioas, BASE + 1, UINT64_MAX, add_mapping, &next), 42);
	assert_int_equal(next, BASE + 3 * PAGE);
	expect_failure(e.rig.ctx, vioc_ioas_walk(e.rig.ioas, 1, 0, add_mapping, &next), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	extent_close(&e);
}

static void only_allowed_ranges(struct world *world)
{
	const struct vioc_iova_range allowed = { BASE, BASE + 8 * PAGE - 1 };
	struct extent e;
	uint64_t iova;
	extent_open(world, &e, world->first);
	const struct vioc_iova_range elsewhere = { 0, BASE + PAGE - 1 };
	expect_failure(e.rig.ctx, vioc_ioas_set_allowed(e.rig.ioas, &elsewhere, 1), -EADDRINUSE,
		       VIOC_REASON_ADDRESS_CONFLICT);
	assert_int_equal(vioc_ioas_set_allowed(e.rig.ioas, &allowed, 1), 0);
	assert_int_equal(vioc_ioas_map(e.rig.ioas, e.memory, N * PAGE, RW, &iova), 0);
	assert_int_equal(iova, BASE + N * PAGE);
	expect_failure(e.rig.ctx, vioc_ioas_map(e.rig.ioas, e.memory, PAGE, RW, &iova), -ENOSPC,
		       VIOC_REASON_NO_SPACE);
	vioc_device_close(e.device);
	expect_failure(e.rig.ctx, vioc_ioas_map_fixed(e.rig.ioas, BASE - PAGE, e.memory, PAGE, RW),
		       -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	assert_int_equal(vioc_ioas_set_allowed(e.rig.ioas, NULL, 0), 0);
	assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, BASE - PAGE, e.memory, PAGE, RW), 0);
	extent_close(&e);
}

static void device_with_few_address_bits(struct world *world)
{
	struct vioc_device_opts opts = VIOC_SIZED(vioc_device_opts);
	const uint64_t end = UINT64_C(1) << 28;
	char *memory = pages_new(2);
	struct vioc_device *device;
	struct rig rig;
	uint64_t iova;
	rig_open(world, &rig);
	opts.address_bits = 28;
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, end, memory, PAGE, RW), 0);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, &opts, &device),
		       -EADDRINUSE, VIOC_REASON_ADDRESS_CONFLICT);
	expect_maps(rig.ioas, 1, PAGE);
	assert_int_equal(vioc_ioas_unmap_all(rig.ioas, NULL), 0);
	assert_int_equal(vioc_device_open(rig.ioas, world->first, &opts, &device), 0);
	assert_int_equal(vioc_ioas_map(rig.ioas, memory, PAGE, RW, &iova), 0);
	assert_true(iova < end);
	expect_failure(rig.ctx, vioc_ioas_map_fixed(rig.ioas, end - PAGE, memory, 2 * PAGE, RW),
		       -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	vioc_device_unref(device);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, end - PAGE, memory, 2 * PAGE, RW), 0);
	opts.address_bits = 65;
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, &opts, &device), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	rig_close(&rig);
	pages_free(memory, 2);
}

static void limits_are_told(struct world *world)
{
	struct vioc_ioas_limits before = VIOC_SIZED(vioc_ioas_limits);
	struct vioc_ioas_limits after = VIOC_SIZED(vioc_ioas_limits);
	struct extent e;
	extent_open(world, &e, world->first);
	assert_int_equal(vioc_ioas_get_limits(e.rig.ioas, &before), 0);
	assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, BASE + 8 * PAGE, e.memory, PAGE, RW), 0);
	assert_int_equal(vioc_ioas_get_limits(e.rig.ioas, &after), 0);
	if (world->backend == VIOC_BACKEND_LEGACY)
		assert_int_equal(after.entries_left, before.entries_left - 1);
	else
		assert_true(after.entries_left == VIOC_UNLIMITED);
	vioc_device_close(e.device);
	expect_failure(e.rig.ctx, vioc_ioas_get_limits(e.rig.ioas, &after), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	extent_close(&e);
}

/* What a limit says is used of it, after so many pages more; how it is counted. */
static void expect_used(struct vioc_ioas *ioas, uint64_t used, uint32_t mode, uint64_t limit)
{
	struct vioc_ioas_limits limits = VIOC_SIZED(vioc_ioas_limits);
	assert_int_equal(vioc_ioas_get_limits(ioas, &limits), 0);
	assert_int_equal(limits.memlock_used, used);
	assert_int_equal(limits.memlock_mode, mode);
	assert_int_equal(limits.memlock_limit, limit);
}

static void locked_memory_is_told(struct world *world)
{
	struct vioc_ioas_limits limits = VIOC_SIZED(vioc_ioas_limits);
	bool legacy = world->backend == VIOC_BACKEND_LEGACY;
	uint32_t mode = legacy ? VIOC_MEMLOCK_PROCESS : VIOC_MEMLOCK_USER;
	struct extent e;
	extent_open(world, &e, world->first);
	char *more = pages_new(8);
	assert_int_equal(vioc_ioas_get_limits(e.rig.ioas, &limits), 0);
	uint64_t used = limits.memlock_used;
	assert_true(used >= N * PAGE);

	for (int limited = 0; limited < 2; limited++) {
		uint64_t limit = limited ? 256 * PAGE : VIOC_UNLIMITED;
		uint32_t now = limited ? mode : VIOC_MEMLOCK_NONE;
		world_limit_memlock(world, limit);
		/* The same memory twice counts twice. */
		assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, 2 * BASE, more, 8 * PAGE, RW), 0);
		expect_used(e.rig.ioas, used + 8 * PAGE, now, limit);
		assert_int_equal(vioc_ioas_map_fixed(e.rig.ioas, 3 * BASE, more, 8 * PAGE, RW), 0);
		expect_used(e.rig.ioas, used + 16 * PAGE, now, limit);
		/* What else is locked counts where the process is what counts. Sanitizers void mlock(). */
		assert_int_equal(syscall(SYS_mlock, e.memory, N * PAGE), 0);
		expect_used(e.rig.ioas, used + (legacy ? 16 + N : 16) * PAGE, now, limit);
		assert_int_equal(syscall(SYS_munlock, e.memory, N * PAGE), 0);
		assert_int_equal(vioc_ioas_unmap(e.rig.ioas, 2 * BASE, 2 * BASE, 0, NULL), 0);
		expect_used(e.rig.ioas, used, now, limit);
	}
	world_limit_memlock(world, UINT64_MAX);
	pages_free(more, 8);
	extent_close(&e);
}

const struct contract_case policy_cases[] = {
	{ "unmap a part of an extent: EBUSY", part_of_an_extent, 0 },
	{ "release parts, then flush", release_and_flush, 0 },
	{ "release all of an extent", release_all_of_it, 0 },
	{ "split: what the device sees", split_is_what_the_device_sees, NEEDS_EDU },
	{ "flush is a barrier", flush_is_a_barrier, NEEDS_EDU },
	{ "deferred is taken up again", deferred_is_taken_up_again, 0 },
	{ "look up both ways", look_up_both_ways, 0 },
	{ "walk the mappings", walk_the_mappings, 0 },
	{ "only allowed ranges", only_allowed_ranges, 0 },
	{ "device with few address bits", device_with_few_address_bits, 0 },
	{ "limits are told", limits_are_told, 0 },
	{ "locked memory is told", locked_memory_is_told, 0 },
	{ 0 },
};
