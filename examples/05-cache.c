// SPDX-License-Identifier: MIT
/*
 * 05-cache - buffers from elsewhere, mapped when they are used first
 *
 * Who can't choose where data is gets and puts: the first get maps, the next ones make no system call.
 * Whoever frees the memory tells the cache before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/mman.h>

#include <libvioc/vioc.h>

#include "course.h"

#define LENGTH (UINT64_C(1) << 20)
#define USES   1000

static int use(struct course *course, struct vioc_cache *cache, const char *buffer)
{
	struct vioc_registration *registration;
	uint64_t iova;

	CHECK(course, vioc_cache_get(cache, buffer + 123, 4567, &iova, &registration));
	/* Here a device would read or write [iova, iova + 4567). */
	vioc_cache_put(cache, registration);
	return EXIT_SUCCESS;
}

static int cache(struct course *course)
{
	__attribute__((cleanup(vioc_cache_unrefp))) struct vioc_cache *cache = NULL;
	struct vioc_cache_stats stats = VIOC_SIZED(vioc_cache_stats);
	char *buffer =
		mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED)
		return EXIT_FAILURE;

	CHECK(course, vioc_cache_new(course->ioas, NULL, &cache));
	for (int i = 0; i < USES; i++)
		if (use(course, cache, buffer) != EXIT_SUCCESS)
			return EXIT_FAILURE;
	CHECK(course, vioc_cache_get_stats(cache, &stats));
	printf("hits: %" PRIu64 ", misses: %" PRIu64 "\n", stats.n_hits, stats.n_misses);

	/* Before the memory goes: from here on devices can't reach it by this cache. */
	CHECK(course, vioc_cache_invalidate(cache, buffer, LENGTH));
	munmap(buffer, LENGTH);
	return stats.n_misses == 1 && stats.n_hits == USES - 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, cache);
}
