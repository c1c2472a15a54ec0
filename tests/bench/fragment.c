// SPDX-License-Identifier: MIT
/*
 * Map and unmap where the library chooses the IOVA, among as many live mappings with a free page
 * between any two, and without; ioctls return at once.
 */
#include "rig.h"

#define N_PAIRS 2000

struct world {
	struct rig rig;
	uint64_t n_pairs;
	uint64_t length; /* of what is mapped and unmapped */
};

static void *va_of(uint64_t place)
{
	return (void *)(uintptr_t)((UINT64_C(1) << 45) + place * 4 * PAGE);
}

static void run(void *arg)
{
	struct world *world = arg;
	for (uint64_t i = 0; i < world->n_pairs; i++) {
		uint64_t iova;
		rig_check(&world->rig,
			  vioc_ioas_map(world->rig.ioas, va_of(1 << 24), world->length, RW, &iova));
		rig_unmap(&world->rig, iova, world->length);
	}
}

/* From the lowest addresses on, where a first fit would look first. */
static void world_open(struct world *world, uint64_t n, uint64_t stride, uint64_t n_pairs)
{
	*world = (struct world){ .n_pairs = n_pairs };
	rig_open_stubbed(&world->rig, VIOC_BACKEND_IOMMUFD);
	for (uint64_t i = 0; i < n; i++)
		rig_map(&world->rig, PAGE + i * stride, va_of(i), PAGE);
}

void bench_fragment(const struct bench_args *args)
{
	static const struct {
		const char *name;
		uint64_t length;
	} variants[] = {
		{ "fits-holes", PAGE },
		{ "fits-no-hole", 2 * PAGE },
	};
	struct world holes, dense;
	uint64_t n = bench_size(args, 100000, 100), n_pairs = bench_size(args, N_PAIRS, 8);
	world_open(&holes, n, 2 * PAGE, n_pairs);
	world_open(&dense, n, PAGE, n_pairs);
	struct bench_side ours = { "fragmented", NULL, run, NULL, &holes, n_pairs };
	struct bench_side base = { "unfragmented", NULL, run, NULL, &dense, n_pairs };
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		struct bench_case about = {
			.bench = "fragment",
			.variant = variants[i].name,
			.backend = rig_backend_name(&holes.rig),
			.n = n,
		};
		holes.length = dense.length = variants[i].length;
		bench_compare(args, &about, BENCH_COST, &ours, &base);
	}
	rig_close(&holes.rig);
	rig_close(&dense.rig);
}
