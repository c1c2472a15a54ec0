// SPDX-License-Identifier: MIT
/*
 * A stream of pages, each mapped, used and unmapped, 256 of them mapped at any time; unmaps wait to be
 * done together. Against the same stream by raw ioctls.
 */
#include <stdio.h>

#include "rig.h"

#define DEPTH	    256
#define N_RECURRING 1024
/* Until a page comes again, its unmap has long been flushed. */
#define N_FRESH 32768
#define N_STEPS 2048

struct world {
	struct rig rig;
	uint64_t n_steps;
	uint64_t n_pages;
	char *memory;
	uint64_t iovas[DEPTH]; /* a ring: what is mapped by the library */
	uint64_t our_step, raw_step;
};

static char *page_of(const struct world *world, uint64_t step)
{
	return world->memory + step % world->n_pages * PAGE;
}

/* As a driver would: a byte is read where a device would have written. */
static void use(const char *page)
{
	(void)*(const volatile char *)page;
}

static void ours(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_steps; i++, world->our_step++) {
		uint64_t *iova = &world->iovas[world->our_step % DEPTH];
		char *page = page_of(world, world->our_step);
		if (world->our_step >= DEPTH)
			rig_check(&world->rig, vioc_ioas_unmap(world->rig.ioas, *iova, PAGE,
							       VIOC_UNMAP_DEFER, NULL));
		rig_check(&world->rig, vioc_ioas_map(world->rig.ioas, page, PAGE, RW, iova));
		use(page);
	}
}

static void raw(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_steps; i++, world->raw_step++) {
		uint64_t iova = RAW_IOVA + world->raw_step % DEPTH * PAGE;
		char *page = page_of(world, world->raw_step);
		if (world->raw_step >= DEPTH)
			raw_unmap(&world->rig.raw, iova, PAGE);
		raw_map(&world->rig.raw, iova, page, PAGE);
		use(page);
	}
}

static void compare(const struct bench_args *args, const char *variant, uint64_t n_pages)
{
	struct world world = { .n_pages = n_pages, .n_steps = bench_size(args, N_STEPS, 300) };
	rig_open(&world.rig, args);
	world.memory = bench_memory(n_pages * PAGE, true);
	struct bench_case about = {
		.bench = "deferred",
		.variant = variant,
		.backend = rig_backend_name(&world.rig),
		.n = DEPTH,
	};
	struct bench_side own = { "map, deferred unmap", NULL, ours, NULL, &world, world.n_steps };
	struct bench_side base = { "raw", NULL, raw, NULL, &world, world.n_steps };
	bench_compare(args, &about, BENCH_SPEEDUP, &own, &base);

	char counted[32];
	snprintf(counted, sizeof(counted), "%s-ioctls", variant);
	about.variant = counted;
	about.n = world.n_steps;
	rig_count_begin(&world.rig);
	ours(&world);
	bench_tell(&about, "ioctls", (double)rig_count_end(&world.rig));
	raw_unmap(&world.rig.raw, RAW_IOVA, DEPTH * PAGE);
	rig_close(&world.rig);
	bench_memory_free(world.memory, n_pages * PAGE);
}

void bench_deferred(const struct bench_args *args)
{
	compare(args, "recurring", N_RECURRING);
	compare(args, "fresh", bench_size(args, N_FRESH, 2 * N_RECURRING));
}
