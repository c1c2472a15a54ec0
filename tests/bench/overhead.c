// SPDX-License-Identifier: MIT
/*
 * One 4 KiB map and unmap beside a number of live mappings, against the same two ioctls. And what any
 * library would add that keeps a truth of its own and holds no lock over an ioctl, without a check or a
 * lookup by memory: four pairs of a mutex and a red-black tree.
 */
#include <pthread.h>
#include <stdlib.h>

#include "rb.h"
#include "rig.h"

#define N_PAIRS 2000
/* One page of memory can't be pinned a million times: its reference counter would overflow. */
#define N_PAGES 256
#define STRIDE	(2 * PAGE)

struct world {
	struct rig rig;
	uint64_t n_live;
	uint64_t n_pairs;
	char *memory;
	uint32_t *places; /* of the pairs, among the live ones */
	pthread_mutex_t lock;
	struct rb rb;
	struct node *nodes;
};

static char *page_of(const struct world *world, uint64_t number)
{
	return world->memory + number % N_PAGES * PAGE;
}

/* In the gaps between the live mappings, so that trees and page tables are deep there. */
static void ours_fixed(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		uint64_t iova = OUR_IOVA + world->places[i] * STRIDE + PAGE;
		rig_map(&world->rig, iova, page_of(world, i), PAGE);
		rig_unmap(&world->rig, iova, PAGE);
	}
}

static void ours_auto(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		uint64_t iova;
		rig_check(&world->rig,
			  vioc_ioas_map(world->rig.ioas, page_of(world, i), PAGE, RW, &iova));
		rig_unmap(&world->rig, iova, PAGE);
	}
}

static void raw_pairs(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		uint64_t iova = OUR_IOVA + world->places[i] * STRIDE + PAGE;
		raw_map(&world->rig.raw, iova, page_of(world, i), PAGE);
		raw_unmap(&world->rig.raw, iova, PAGE);
	}
}

static void raw_pairs_and_truth(void *arg)
{
	struct world *world = arg;
	struct node node;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		node.iova = OUR_IOVA + world->places[i] * STRIDE + PAGE;
		pthread_mutex_lock(&world->lock);
		pthread_mutex_unlock(&world->lock);
		raw_map(&world->rig.raw, node.iova, page_of(world, i), PAGE);
		pthread_mutex_lock(&world->lock);
		RB_INSERT(rb, &world->rb, &node);
		pthread_mutex_unlock(&world->lock);
		pthread_mutex_lock(&world->lock);
		bool found = RB_FIND(rb, &world->rb, &node) == &node;
		pthread_mutex_unlock(&world->lock);
		if (!found)
			bench_die("the tree lost a node");
		raw_unmap(&world->rig.raw, node.iova, PAGE);
		pthread_mutex_lock(&world->lock);
		RB_REMOVE(rb, &world->rb, &node);
		pthread_mutex_unlock(&world->lock);
	}
}

static void world_open(struct world *world, const struct bench_args *args, uint64_t n_live)
{
	*world = (struct world){ .n_live = n_live, .n_pairs = bench_size(args, N_PAIRS, 4) };
	rig_open(&world->rig, args);
	world->memory = bench_memory(N_PAGES * PAGE, true);
	world->places = bench_alloc(world->n_pairs, sizeof(*world->places));
	for (uint64_t i = 0; i < world->n_pairs; i++)
		world->places[i] = (uint32_t)bench_random_below(n_live);
	pthread_mutex_init(&world->lock, NULL);
	world->nodes = bench_alloc(n_live, sizeof(*world->nodes));
	for (uint64_t i = 0; i < n_live; i++) {
		world->nodes[i].iova = OUR_IOVA + i * STRIDE;
		RB_INSERT(rb, &world->rb, &world->nodes[i]);
	}
	for (uint64_t i = 0; i < n_live; i++)
		rig_map(&world->rig, OUR_IOVA + i * STRIDE, page_of(world, i), PAGE);
}

static void world_close(struct world *world)
{
	rig_close(&world->rig);
	bench_memory_free(world->memory, N_PAGES * PAGE);
	free(world->places);
	free(world->nodes);
	pthread_mutex_destroy(&world->lock);
}

static void compare(const struct bench_args *args, const char *bench, uint64_t n_live)
{
	struct world world;
	world_open(&world, args, n_live);
	struct bench_case about = {
		.bench = bench,
		.variant = "fixed",
		.backend = rig_backend_name(&world.rig),
		.n = n_live,
	};
	struct bench_side raw = { "raw", NULL, raw_pairs, NULL, &world, world.n_pairs };
	struct bench_side fixed = { "map_fixed", NULL, ours_fixed, NULL, &world, world.n_pairs };
	struct bench_side any = { "map", NULL, ours_auto, NULL, &world, world.n_pairs };
	struct bench_side least = { "raw + truth", NULL,   raw_pairs_and_truth,
				    NULL,	   &world, world.n_pairs };
	bench_compare(args, &about, BENCH_COST, &fixed, &raw);
	about.variant = "auto";
	bench_compare(args, &about, BENCH_COST, &any, &raw);
	about.variant = "least";
	bench_compare(args, &about, BENCH_COST, &least, &raw);
	world_close(&world);
}

void bench_overhead(const struct bench_args *args)
{
	compare(args, "overhead", bench_size(args, 1000, 10));
}

/* type1 takes 65,535 mappings at most; iommufd as many as there is memory for. */
void bench_scale(const struct bench_args *args)
{
	uint64_t most = args->backend == VIOC_BACKEND_LEGACY ? 60000 : 1000000;
	compare(args, "scale", bench_size(args, most, 100));
}
