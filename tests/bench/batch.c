// SPDX-License-Identifier: MIT
/* Neighbouring pages in one batch, against one raw ioctl over the whole and one for each. */
#include <stdlib.h>

#include <libvioc/batch.h>

#include "rig.h"

struct world {
	struct rig rig;
	uint64_t n;
	char *memory;
	struct vioc_map_request *requests;
};

static void map_batch(void *arg)
{
	struct world *world = arg;
	struct vioc_batch_opts opts = VIOC_SIZED(vioc_batch_opts);
	opts.flags = VIOC_BATCH_MERGE;
	rig_check(&world->rig,
		  vioc_ioas_map_batch(world->rig.ioas, world->requests, world->n, &opts, NULL));
}

static void unmap_batch(void *arg)
{
	struct world *world = arg;
	rig_unmap(&world->rig, OUR_IOVA, world->n * PAGE);
}

static void map_whole(void *arg)
{
	struct world *world = arg;
	raw_map(&world->rig.raw, RAW_IOVA, world->memory, world->n * PAGE);
}

static void map_each(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n; i++)
		raw_map(&world->rig.raw, RAW_IOVA + i * PAGE, world->memory + i * PAGE, PAGE);
}

static void unmap_raw(void *arg)
{
	struct world *world = arg;
	raw_unmap(&world->rig.raw, RAW_IOVA, world->n * PAGE);
}

static void world_open(struct world *world, const struct bench_args *args)
{
	world->n = bench_size(args, 16384, 64);
	rig_open(&world->rig, args);
	world->memory = bench_memory(world->n * PAGE, true);
	world->requests = bench_alloc(world->n, sizeof(*world->requests));
	for (uint64_t i = 0; i < world->n; i++)
		world->requests[i] = (struct vioc_map_request){
			.iova = OUR_IOVA + i * PAGE,
			.va = world->memory + i * PAGE,
			.length = PAGE,
			.flags = RW,
		};
}

void bench_batch(const struct bench_args *args)
{
	struct world world = { 0 };
	world_open(&world, args);
	uint64_t n = world.n;
	struct bench_side ours = { "map_batch", NULL, map_batch, unmap_batch, &world, n };
	struct bench_side whole = { "raw whole", NULL, map_whole, unmap_raw, &world, n };
	struct bench_side each = { "raw one by one", NULL, map_each, unmap_raw, &world, n };
	struct bench_case about = {
		.bench = "batch",
		.variant = "against-whole",
		.backend = rig_backend_name(&world.rig),
		.n = n,
	};
	bench_compare(args, &about, BENCH_COST, &ours, &whole);
	about.variant = "against-each";
	bench_compare(args, &about, BENCH_SPEEDUP, &ours, &each);
	/* The most there is to gain. */
	about.variant = "raw";
	bench_compare(args, &about, BENCH_SPEEDUP, &whole, &each);

	about.variant = "ioctls";
	rig_count_begin(&world.rig);
	map_batch(&world);
	bench_tell(&about, "ioctls", (double)rig_count_end(&world.rig));
	rig_close(&world.rig);
	free(world.requests);
	bench_memory_free(world.memory, n * PAGE);
}
