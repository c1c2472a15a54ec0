// SPDX-License-Identifier: MIT
/* One unmap over many mappings with holes between them, against one raw unmap for each. */
#include "rig.h"

#define STRIDE (2 * PAGE)

struct world {
	struct rig rig;
	uint64_t n;
	char *memory;
};

static void map_ours(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n; i++)
		rig_map(&world->rig, OUR_IOVA + i * STRIDE, world->memory + i * PAGE, PAGE);
}

static void unmap_ours(void *arg)
{
	struct world *world = arg;
	rig_unmap(&world->rig, OUR_IOVA, world->n * STRIDE);
}

static void map_raw(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n; i++)
		raw_map(&world->rig.raw, RAW_IOVA + i * STRIDE, world->memory + i * PAGE, PAGE);
}

static void unmap_raw(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n; i++)
		raw_unmap(&world->rig.raw, RAW_IOVA + i * STRIDE, PAGE);
}

/* The most that one call could gain. */
static void unmap_raw_whole(void *arg)
{
	struct world *world = arg;
	raw_unmap(&world->rig.raw, RAW_IOVA, world->n * STRIDE);
}

void bench_unmap_many(const struct bench_args *args)
{
	struct world world = { .n = bench_size(args, 16384, 64) };
	rig_open(&world.rig, args);
	world.memory = bench_memory(world.n * PAGE, true);
	struct bench_side ours = { "unmap", map_ours, unmap_ours, NULL, &world, world.n };
	struct bench_side raw = { "raw one by one", map_raw, unmap_raw, NULL, &world, world.n };
	struct bench_case about = {
		.bench = "unmap-many",
		.variant = "time",
		.backend = rig_backend_name(&world.rig),
		.n = world.n,
	};
	struct bench_side whole = {
		"raw at once", map_raw, unmap_raw_whole, NULL, &world, world.n
	};
	bench_compare(args, &about, BENCH_SPEEDUP, &ours, &raw);
	about.variant = "raw";
	bench_compare(args, &about, BENCH_SPEEDUP, &whole, &raw);

	map_ours(&world);
	rig_count_begin(&world.rig);
	unmap_ours(&world);
	about.variant = "ioctls";
	bench_tell(&about, "ioctls", (double)rig_count_end(&world.rig));
	rig_close(&world.rig);
	bench_memory_free(world.memory, world.n * PAGE);
}
