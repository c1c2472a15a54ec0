// SPDX-License-Identifier: MIT
/* Maps and unmaps of two threads in ranges of their own, against those of one. */
#include "rig.h"
#include "second.h"

#define N_PAIRS	  4000
#define N_THREADS 2

struct world;

struct worker {
	struct world *world;
	uint64_t iova;
	char *page;
};

struct world {
	struct rig rig;
	uint64_t n_pairs;
	bool raw;
	struct second second;
	struct worker workers[N_THREADS];
};

static void work(void *arg)
{
	struct worker *worker = arg;
	struct rig *rig = &worker->world->rig;
	for (uint64_t i = 0; i < worker->world->n_pairs; i++) {
		uint64_t iova = worker->iova + i * PAGE;
		if (worker->world->raw) {
			raw_map(&rig->raw, iova, worker->page, PAGE);
			raw_unmap(&rig->raw, iova, PAGE);
		} else {
			rig_map(rig, iova, worker->page, PAGE);
			rig_unmap(rig, iova, PAGE);
		}
	}
}

static void run_one(void *arg)
{
	struct world *world = arg;
	work(&world->workers[0]);
}

static void run_both(void *arg)
{
	struct world *world = arg;
	second_beside(&world->second, work, &world->workers[0]);
}

static void world_open(struct world *world, const struct bench_args *args)
{
	world->n_pairs = bench_size(args, N_PAIRS, 4);
	rig_open(&world->rig, args);
	for (unsigned int i = 0; i < N_THREADS; i++)
		world->workers[i] = (struct worker){
			.world = world,
			.iova = OUR_IOVA + i * GIB,
			.page = bench_memory(PAGE, true),
		};
	second_start(&world->second, work, &world->workers[1]);
}

static void world_close(struct world *world)
{
	second_stop(&world->second);
	rig_close(&world->rig);
	for (unsigned int i = 0; i < N_THREADS; i++)
		bench_memory_free(world->workers[i].page, PAGE);
}

void bench_parallel(const struct bench_args *args)
{
	struct world world = { 0 };
	world_open(&world, args);
	struct bench_side one = { "one thread", NULL, run_one, NULL, &world, world.n_pairs };
	struct bench_side two = { "two threads", NULL,	 run_both,
				  NULL,		 &world, N_THREADS * world.n_pairs };
	struct bench_case about = {
		.bench = "parallel",
		.variant = "map+unmap",
		.backend = rig_backend_name(&world.rig),
		.n = world.n_pairs,
	};
	bench_compare(args, &about, BENCH_SPEEDUP, &two, &one);
	world.raw = true;
	about.variant = "raw";
	bench_compare(args, &about, BENCH_SPEEDUP, &two, &one);
	world_close(&world);
}
