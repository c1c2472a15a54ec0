// SPDX-License-Identifier: MIT
/* Mapping memory that nobody has touched, with two threads that touch it first. */
#include <pthread.h>
#include <sys/mman.h>

#include <libvioc/batch.h>

#include "rig.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct world {
	struct rig rig;
	uint64_t length;
	int advice; /* for madvise(2) */
	char *memory;
};

static void get_memory(void *arg)
{
	struct world *world = arg;
	world->memory = bench_memory(world->length, false);
	if (madvise(world->memory, world->length, world->advice) < 0)
		bench_die("the kernel has no transparent huge pages");
}

static void map_ours(void *arg)
{
	struct world *world = arg;
	struct vioc_map_request request = {
		.iova = OUR_IOVA,
		.va = world->memory,
		.length = world->length,
		.flags = RW,
	};
	struct vioc_batch_opts opts = VIOC_SIZED(vioc_batch_opts);
	opts.flags = VIOC_BATCH_PREFAULT;
	opts.n_threads = 2;
	rig_check(&world->rig, vioc_ioas_map_batch(world->rig.ioas, &request, 1, &opts, NULL));
}

static void unmap_ours(void *arg)
{
	struct world *world = arg;
	rig_unmap(&world->rig, OUR_IOVA, world->length);
	bench_memory_free(world->memory, world->length);
}

static void map_raw(void *arg)
{
	struct world *world = arg;
	raw_map(&world->rig.raw, RAW_IOVA, world->memory, world->length);
}

static void *populate_second_half(void *arg)
{
	struct world *world = arg;
	uint64_t half = world->length / 2;
	if (madvise(world->memory + half, half, MADV_POPULATE_WRITE) < 0)
		bench_die("the kernel has no MADV_POPULATE_WRITE");
	return NULL;
}

/* The least that can be done by two threads: what this machine has to gain at the moment. */
static void map_populated(void *arg)
{
	struct world *world = arg;
	pthread_t thread;
	if (pthread_create(&thread, NULL, populate_second_half, world))
		bench_die("no second thread");
	madvise(world->memory, world->length / 2, MADV_POPULATE_WRITE);
	pthread_join(thread, NULL);
	map_raw(world);
}

static void unmap_raw(void *arg)
{
	struct world *world = arg;
	raw_unmap(&world->rig.raw, RAW_IOVA, world->length);
	bench_memory_free(world->memory, world->length);
}

static void compare(const struct bench_args *args, const char *variant, int advice)
{
	struct world world = { .length = bench_size(args, 512 * MIB, MIB), .advice = advice };
	rig_open(&world.rig, args);
	struct bench_side ours = { "map_batch", get_memory, map_ours, unmap_ours, &world, 1 };
	struct bench_side raw = { "raw", get_memory, map_raw, unmap_raw, &world, 1 };
	struct bench_case about = {
		.bench = "prefault",
		.variant = variant,
		.backend = rig_backend_name(&world.rig),
		.n = world.length / MIB,
	};
	bench_compare(args, &about, BENCH_SPEEDUP, &ours, &raw);
	struct bench_side bare = {
		"raw populated", get_memory, map_populated, unmap_raw, &world, 1
	};
	if (advice == MADV_NOHUGEPAGE) {
		about.variant = "raw";
		bench_compare(args, &about, BENCH_SPEEDUP, &bare, &raw);
	}
	rig_close(&world.rig);
}

void bench_prefault(const struct bench_args *args)
{
	compare(args, "4k", MADV_NOHUGEPAGE);
	compare(args, "thp", MADV_HUGEPAGE);
}
