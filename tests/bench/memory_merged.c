// SPDX-License-Identifier: MIT
/* The memory that the library takes for neighbours that a batch merged into one extent. */
#include <malloc.h>
#include <stdlib.h>

#include <libvioc/batch.h>
#include <libvioc/stats.h>

#include "rig.h"

/* What malloc gave out, whether it is used already or not. */
static uint64_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* What the library says itself. */
static uint64_t library_bytes(struct rig *rig)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	rig_check(rig, vioc_ioas_get_stats(rig->ioas, &stats));
	return stats.library_bytes;
}

/* How many bytes a run takes. */
static double map_run(struct rig *rig, struct vioc_map_request *requests, uint64_t n)
{
	struct vioc_batch_opts opts = VIOC_SIZED(vioc_batch_opts);
	opts.flags = VIOC_BATCH_MERGE;
	uint64_t heap = heap_bytes(), counted = library_bytes(rig);
	rig_check(rig, vioc_ioas_map_batch(rig->ioas, requests, n, &opts, NULL));
	uint64_t heap_grown = heap_bytes() - heap, grown = library_bytes(rig) - counted;
	return (double)(heap_grown > grown ? heap_grown : grown);
}

void bench_memory_merged(const struct bench_args *args)
{
	struct rig rig;
	uint64_t n = bench_size(args, 16384, 64);
	char *va = (char *)(uintptr_t)(UINT64_C(1) << 45);
	struct vioc_map_request *requests = bench_alloc(n, sizeof(*requests));
	for (uint64_t i = 0; i < n; i++)
		requests[i] = (struct vioc_map_request){
			.iova = OUR_IOVA + i * PAGE,
			.va = va + i * PAGE,
			.length = PAGE,
			.flags = RW,
		};

	rig_open_stubbed(&rig, VIOC_BACKEND_IOMMUFD);
	struct bench_case about = {
		.bench = "memory-merged",
		.variant = "first",
		.backend = rig_backend_name(&rig),
		.n = n,
	};
	/* The first run takes what any first mapping takes: nodes are made by the dozen. */
	bench_tell(&about, "bytes in all", map_run(&rig, requests, n));
	for (uint64_t i = 0; i < n; i++) {
		requests[i].iova += 2 * n * PAGE;
		requests[i].va = (char *)requests[i].va + 2 * n * PAGE;
	}
	about.variant = "heap";
	bench_tell(&about, "bytes in all", map_run(&rig, requests, n));
	rig_close(&rig);
	free(requests);
}
