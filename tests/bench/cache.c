// SPDX-License-Identifier: MIT
/* A hit of the registration cache, against mapping and unmapping the same buffer for each use. */
#include <stdlib.h>

#include "rig.h"
#include "second.h"

#define N_BUFFERS 1024
#define LENGTH	  3000 /* of a buffer, anywhere in memory: one or two pages */
#define N_HITS	  100000
#define N_MAPS	  256

struct world {
	struct rig rig;
	struct vioc_cache *cache;
	char *memory;
	uint64_t n_hits;
	uint64_t n_maps;
	uint32_t *order;
	struct second second;
};

static char *buffer_of(const struct world *world, uint64_t i)
{
	return world->memory + (uint64_t)world->order[i] * 2 * PAGE + i * 64 % PAGE;
}

/* In turns those of the range; each thread has its own, as threads with queues of their own do. */
static void use_range(struct world *world, uint64_t first, uint64_t n_buffers)
{
	uint64_t i = first;
	for (uint64_t n = 0; n < world->n_hits; n++) {
		struct vioc_registration *registration;
		uint64_t iova;
		rig_check(&world->rig, vioc_cache_get(world->cache, buffer_of(world, i), LENGTH,
						      &iova, &registration));
		vioc_cache_put(world->cache, registration);
		i = i + 1 < first + n_buffers ? i + 1 : first;
	}
}

static void hit(void *arg)
{
	struct world *world = arg;
	use_range(world, 0, N_BUFFERS);
}

static void hit_half(void *arg)
{
	struct world *world = arg;
	use_range(world, 0, N_BUFFERS / 2);
}

static void map_each(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_maps; i++) {
		uint64_t start = (uintptr_t)buffer_of(world, i % N_BUFFERS) & ~(PAGE - 1), iova;
		rig_check(&world->rig, vioc_ioas_map(world->rig.ioas, (void *)(uintptr_t)start,
						     2 * PAGE, RW, &iova));
		rig_unmap(&world->rig, iova, 2 * PAGE);
	}
}

static void hit_other_half(void *arg)
{
	struct world *world = arg;
	use_range(world, N_BUFFERS / 2, N_BUFFERS / 2);
}

static void hit_by_two(void *arg)
{
	struct world *world = arg;
	second_beside(&world->second, hit_half, world);
}

/* The rig is open. All buffers are registered, each with the two pages around it. */
static void world_open(struct world *world, const struct bench_args *args)
{
	world->n_hits = bench_size(args, N_HITS, 100);
	world->n_maps = bench_size(args, N_MAPS, 16);
	world->memory = bench_memory((2 * N_BUFFERS + 1) * PAGE, true);
	world->order = bench_shuffled(N_BUFFERS);
	rig_check(&world->rig, vioc_cache_new(world->rig.ioas, NULL, &world->cache));
	for (uint64_t i = 0; i < N_BUFFERS; i++) {
		struct vioc_registration *registration;
		uint64_t iova;
		rig_check(&world->rig, vioc_cache_get(world->cache, world->memory + 2 * i * PAGE,
						      2 * PAGE, &iova, &registration));
		vioc_cache_put(world->cache, registration);
	}
}

static void world_close(struct world *world)
{
	vioc_cache_unref(world->cache);
	rig_close(&world->rig);
	bench_memory_free(world->memory, (2 * N_BUFFERS + 1) * PAGE);
	free(world->order);
}

static void compare(const struct bench_args *args, struct world *world, struct bench_case *about)
{
	struct bench_side own = { "get, put", NULL, hit, NULL, world, world->n_hits };
	struct bench_side base = { "map, unmap", NULL, map_each, NULL, world, world->n_maps };
	about->backend = rig_backend_name(&world->rig);
	about->n = N_BUFFERS;
	bench_compare(args, about, BENCH_SPEEDUP, &own, &base);
}

void bench_cache(const struct bench_args *args)
{
	struct world world = { 0 };
	struct bench_case about = { .bench = "cache", .variant = "hit" };
	rig_open(&world.rig, args);
	world_open(&world, args);
	compare(args, &world, &about);
	about.variant = "ioctls";
	rig_count_begin(&world.rig);
	hit(&world);
	bench_tell(&about, "ioctls", (double)rig_count_end(&world.rig));
	world_close(&world);
}

/* Against the library's own part of a map and an unmap; and by two threads against one. */
void bench_cache_native(const struct bench_args *args)
{
	struct world world = { 0 };
	struct bench_case about = { .bench = "cache-native", .variant = "hit" };
	rig_open_stubbed(&world.rig, VIOC_BACKEND_IOMMUFD);
	world_open(&world, args);
	compare(args, &world, &about);

	second_start(&world.second, hit_other_half, &world);
	struct bench_side one = { "get, put", NULL, hit_half, NULL, &world, world.n_hits };
	struct bench_side two = { "two threads", NULL, hit_by_two, NULL, &world, 2 * world.n_hits };
	about.variant = "threads";
	bench_compare(args, &about, BENCH_SPEEDUP, &two, &one);
	second_stop(&world.second);
	world_close(&world);
}
