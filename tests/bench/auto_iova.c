// SPDX-License-Identifier: MIT
/* Mapping pages one by one at IOVAs that the library chooses, or that the kernel chooses. */
#include <stdlib.h>

#include "rig.h"

struct world {
	struct rig rig;
	uint64_t n;
	char *memory;
};

static void ours(void *arg)
{
	struct world *world = arg;
	uint64_t iova;
	for (uint64_t i = 0; i < world->n; i++)
		rig_check(&world->rig, vioc_ioas_map(world->rig.ioas, world->memory + i * PAGE,
						     PAGE, RW, &iova));
}

static void ours_after(void *arg)
{
	struct world *world = arg;
	rig_check(&world->rig, vioc_ioas_unmap_all(world->rig.ioas, NULL));
}

static void raw_chosen(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n; i++)
		raw_map_anywhere(&world->rig.raw, world->memory + i * PAGE, PAGE);
}

static void raw_after(void *arg)
{
	struct world *world = arg;
	raw_unmap_all(&world->rig.raw);
}

static void raw_fixed(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n; i++)
		raw_map(&world->rig.raw, RAW_IOVA + i * PAGE, world->memory + i * PAGE, PAGE);
}

void bench_auto_iova(const struct bench_args *args)
{
	struct world world = { .n = bench_size(args, 16384, 64) };
	if (args->backend != VIOC_BACKEND_IOMMUFD)
		return; /* only there can the kernel choose */
	rig_open(&world.rig, args);
	world.memory = bench_memory(world.n * PAGE, true);
	struct bench_side own = { "map", NULL, ours, ours_after, &world, world.n };
	struct bench_side kernel = {
		"raw, kernel chooses", NULL, raw_chosen, raw_after, &world, world.n
	};
	struct bench_side fixed = { "raw, fixed", NULL, raw_fixed, raw_after, &world, world.n };
	struct bench_case about = {
		.bench = "auto-iova",
		.variant = "map",
		.backend = rig_backend_name(&world.rig),
		.n = world.n,
	};
	if (!args->fake) /* which can't choose */
		bench_compare(args, &about, BENCH_SPEEDUP, &own, &kernel);
	about.variant = "against-fixed";
	bench_compare(args, &about, BENCH_COST, &own, &fixed);
	rig_close(&world.rig);
	bench_memory_free(world.memory, world.n * PAGE);
}
