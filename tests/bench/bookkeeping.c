// SPDX-License-Identifier: MIT
/*
 * What the library itself costs: unmap and map again of a random live mapping, with ioctls that
 * return at once, against finding, removing and inserting in a red-black tree of the same size.
 */
#include <stdlib.h>

#include "rb.h"
#include "rig.h"

#define N_PAIRS 20000
#define STRIDE	(2 * PAGE)

struct world {
	struct rig rig;
	uint64_t n;
	uint64_t n_pairs;
	uint32_t *victims;
	struct rb rb;
	struct node *nodes; /* in the order in which they were inserted: a random one */
};

static void *va_of(uint64_t place)
{
	return (void *)(uintptr_t)((UINT64_C(1) << 45) + place * STRIDE);
}

static uint64_t iova_of(uint64_t place)
{
	return OUR_IOVA + place * STRIDE;
}

static void ours(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		uint32_t place = world->victims[i];
		rig_unmap(&world->rig, iova_of(place), PAGE);
		rig_map(&world->rig, iova_of(place), va_of(place), PAGE);
	}
}

static void red_black(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		struct node key = { .iova = iova_of(world->victims[i]) };
		struct node *node = RB_FIND(rb, &world->rb, &key);
		RB_REMOVE(rb, &world->rb, node);
		RB_INSERT(rb, &world->rb, node);
	}
}

static void world_open(struct world *world, const struct bench_args *args, uint32_t backend,
		       uint64_t n)
{
	*world = (struct world){ .n = n, .n_pairs = bench_size(args, N_PAIRS, 64) };
	rig_open_stubbed(&world->rig, backend);
	world->nodes = bench_alloc(n, sizeof(*world->nodes));
	world->victims = bench_alloc(world->n_pairs, sizeof(*world->victims));
	uint32_t *order = bench_shuffled(n);
	for (uint64_t i = 0; i < n; i++) {
		world->nodes[i] = (struct node){ .iova = iova_of(order[i]), .length = PAGE };
		RB_INSERT(rb, &world->rb, &world->nodes[i]);
		rig_map(&world->rig, iova_of(order[i]), va_of(order[i]), PAGE);
	}
	for (uint64_t i = 0; i < world->n_pairs; i++)
		world->victims[i] = (uint32_t)bench_random_below(n);
	free(order);
}

static void world_close(struct world *world)
{
	rig_close(&world->rig);
	free(world->nodes);
	free(world->victims);
}

static void compare(const struct bench_args *args, uint32_t backend, uint64_t n)
{
	struct world world;
	world_open(&world, args, backend, n);
	struct bench_side own = { "unmap+map", NULL, ours, NULL, &world, world.n_pairs };
	struct bench_side tree = { "RB tree", NULL, red_black, NULL, &world, world.n_pairs };
	struct bench_case about = {
		.bench = "bookkeeping",
		.variant = "rb-tree",
		.backend = rig_backend_name(&world.rig),
		.n = n,
	};
	bench_compare(args, &about, BENCH_COST, &own, &tree);
	world_close(&world);
}

void bench_bookkeeping(const struct bench_args *args)
{
	static const uint32_t backends[] = { VIOC_BACKEND_LEGACY, VIOC_BACKEND_IOMMUFD };
	uint64_t most = bench_size(args, 1000000, 1000);
	for (size_t i = 0; i < 2; i++)
		for (uint64_t n = 1000; n <= most; n *= 10)
			compare(args, backends[i], n);
}
