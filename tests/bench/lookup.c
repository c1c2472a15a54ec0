// SPDX-License-Identifier: MIT
/* Looking up what is mapped where, against a binary search in a sorted array of the same size. */
#include <stdlib.h>

#include "rig.h"
#include "second.h"

#define N_LOOKUPS 100000
#define STRIDE	  (2 * PAGE)
#define FIRST_VA  (UINT64_C(1) << 45)
#define WANTED	  64 /* bytes, inside of one mapping */

struct item {
	uint64_t start;
	uint64_t length;
	uint64_t value;
};

struct world {
	struct rig rig;
	uint64_t n;
	uint64_t n_lookups;
	uint32_t *places;    /* iova place -> va place */
	uint64_t *iova_keys; /* random, inside mappings */
	uint64_t *va_keys;
	struct item *by_iova;
	struct item *by_va;
	bool by_memory; /* looks for VAs */
	struct second second;
};

static _Thread_local volatile uint64_t sink; /* for what would be optimized away */

static uint64_t search(const struct item *items, uint64_t n, uint64_t key)
{
	uint64_t low = 0, high = n;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (items[middle].start + items[middle].length <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return items[low].value + (key - items[low].start);
}

static void run_array(void *arg)
{
	struct world *world = arg;
	const struct item *items = world->by_memory ? world->by_va : world->by_iova;
	const uint64_t *keys = world->by_memory ? world->va_keys : world->iova_keys;
	uint64_t sum = 0;
	for (uint64_t i = 0; i < world->n_lookups; i++)
		sum += search(items, world->n, keys[i]);
	sink = sum;
}

static uint64_t get_iova(struct world *world, uint64_t va)
{
	uint64_t iova, length;
	rig_check(&world->rig, vioc_ioas_get_iova(world->rig.ioas, (void *)(uintptr_t)va, WANTED,
						  &iova, &length));
	return iova + length;
}

static uint64_t get_va(struct world *world, uint64_t iova)
{
	void *va;
	uint64_t length;
	rig_check(&world->rig, vioc_ioas_get_va(world->rig.ioas, iova, WANTED, &va, &length));
	return (uintptr_t)va + length;
}

static void run_ours(void *arg)
{
	struct world *world = arg;
	uint64_t sum = 0;
	for (uint64_t i = 0; i < world->n_lookups; i++)
		sum += world->by_memory ? get_iova(world, world->va_keys[i])
					: get_va(world, world->iova_keys[i]);
	sink = sum;
}

static void run_both(void *arg)
{
	struct world *world = arg;
	second_beside(&world->second, run_ours, world);
}

static void fill(struct world *world)
{
	uint32_t *order = bench_shuffled(world->n);
	for (uint64_t i = 0; i < world->n; i++) {
		uint64_t place = order[i];
		uint64_t iova = OUR_IOVA + place * STRIDE;
		uint64_t va = FIRST_VA + world->places[place] * STRIDE;
		rig_map(&world->rig, iova, (void *)(uintptr_t)va, PAGE);
		world->by_iova[place] = (struct item){ iova, PAGE, va };
		world->by_va[world->places[place]] = (struct item){ va, PAGE, iova };
	}
	for (uint64_t i = 0; i < world->n_lookups; i++) {
		uint64_t offset = bench_random_below(PAGE - WANTED);
		uint64_t place = bench_random_below(world->n);
		world->iova_keys[i] = OUR_IOVA + place * STRIDE + offset;
		world->va_keys[i] = FIRST_VA + place * STRIDE + offset;
	}
	free(order);
}

static void world_open(struct world *world, const struct bench_args *args, uint64_t n)
{
	*world = (struct world){ .n = n, .n_lookups = bench_size(args, N_LOOKUPS, 100) };
	rig_open_stubbed(&world->rig, VIOC_BACKEND_IOMMUFD);
	world->places = bench_shuffled(n);
	world->iova_keys = bench_alloc(world->n_lookups, sizeof(uint64_t));
	world->va_keys = bench_alloc(world->n_lookups, sizeof(uint64_t));
	world->by_iova = bench_alloc(n, sizeof(struct item));
	world->by_va = bench_alloc(n, sizeof(struct item));
	fill(world);
}

static void world_close(struct world *world)
{
	rig_close(&world->rig);
	free(world->places);
	free(world->iova_keys);
	free(world->va_keys);
	free(world->by_iova);
	free(world->by_va);
}

static void compare(const struct bench_args *args, uint64_t n)
{
	struct world world;
	world_open(&world, args, n);
	struct bench_side own = { "get", NULL, run_ours, NULL, &world, world.n_lookups };
	struct bench_side array = { "array", NULL, run_array, NULL, &world, world.n_lookups };
	struct bench_side two = {
		"two threads", NULL, run_both, NULL, &world, 2 * world.n_lookups
	};
	struct bench_case about = {
		.bench = "lookup",
		.variant = "get_va",
		.backend = rig_backend_name(&world.rig),
		.n = n,
	};
	bench_compare(args, &about, BENCH_COST, &own, &array);
	world.by_memory = true;
	about.variant = "get_iova";
	bench_compare(args, &about, BENCH_COST, &own, &array);

	second_start(&world.second, run_ours, &world);
	about.variant = "threads";
	bench_compare(args, &about, BENCH_SPEEDUP, &two, &own);
	second_stop(&world.second);
	world_close(&world);
}

void bench_lookup(const struct bench_args *args)
{
	uint64_t most = bench_size(args, 1000000, 1000);
	for (uint64_t n = 1000; n <= most; n *= 10)
		compare(args, n);
}
