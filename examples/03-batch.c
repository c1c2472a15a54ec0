// SPDX-License-Identifier: MIT
/*
 * 03-batch - many maps in one call, and what merging saves
 *
 * The kernel has no call for several mappings. A batch makes one extent of neighbours if it may:
 * with VIOC_BATCH_MERGE, a thousand pages cost one system call. What was mapped as one extent can only
 * go as one, or by a policy: that is the price.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/mman.h>

#include <libvioc/vioc.h>

#include "course.h"

#define COUNT 1024
#define PAGE  UINT64_C(4096)
#define IOVA  UINT64_C(0x10000000)

static int batch(struct course *course)
{
	static struct vioc_map_request requests[COUNT];
	struct vioc_batch_opts opts = VIOC_SIZED(vioc_batch_opts);
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	size_t done;
	char *va =
		mmap(NULL, COUNT * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (va == MAP_FAILED)
		return EXIT_FAILURE;

	for (uint64_t i = 0; i < COUNT; i++)
		requests[i] = (struct vioc_map_request){
			.iova = IOVA + i * PAGE,
			.va = va + i * PAGE,
			.length = PAGE,
			.flags = VIOC_MAP_READ | VIOC_MAP_WRITE,
		};
	/* All or nothing: on failure everything is as it was. */
	opts.flags = VIOC_BATCH_ATOMIC | VIOC_BATCH_MERGE;
	CHECK(course, vioc_ioas_map_batch(course->ioas, requests, COUNT, &opts, &done));
	CHECK(course, vioc_ioas_get_stats(course->ioas, &stats));
	printf("mappings: %zu, extents: %" PRIu64 ", system calls saved: %" PRIu64 "\n", done,
	       stats.n_extents, stats.n_map_saved);
	if (done != COUNT || stats.n_extents != 1)
		return EXIT_FAILURE;

	/* A page in the middle: not without a policy, if a device can reach it. Released, it waits. */
	if (course->device)
		EXPECT(course, -EBUSY, vioc_ioas_unmap(course->ioas, IOVA + PAGE, PAGE, 0, NULL));
	CHECK(course, vioc_ioas_unmap(course->ioas, IOVA + PAGE, PAGE, VIOC_UNMAP_RELEASE, NULL));
	CHECK(course, vioc_ioas_get_stats(course->ioas, &stats));
	printf("released: %" PRIu64 " bytes wait\n", stats.released_bytes);

	/* The barrier: now no device reaches that page any more. */
	CHECK(course, vioc_ioas_flush(course->ioas));
	CHECK(course, vioc_ioas_get_stats(course->ioas, &stats));
	printf("flushed: %" PRIu64 " bytes wait, extents: %" PRIu64 "\n", stats.released_bytes,
	       stats.n_extents);
	CHECK(course, vioc_ioas_unmap_all(course->ioas, NULL));
	munmap(va, COUNT * PAGE);
	return stats.released_bytes ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, batch);
}
