// SPDX-License-Identifier: MIT
/* The memory that the library takes for each mapping, as malloc and the kernel count it. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define STRIDE (2 * PAGE)

static void *va_of(uint64_t place)
{
	return (void *)(uintptr_t)((UINT64_C(1) << 45) + place * STRIDE);
}

/* malloc's own count doesn't have what the library gets from mmap(2) itself, so add those pages. */
static uint64_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static uint64_t resident(void)
{
	unsigned long total = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file || fscanf(file, "%lu %lu", &total, &pages) != 2)
		bench_die("can't read statm");
	fclose(file);
	return pages * PAGE;
}

static void measure(const struct bench_args *args, const char *variant, bool shuffled)
{
	struct rig rig;
	uint64_t n = bench_size(args, 1000000, 1000);
	rig_open_stubbed(&rig, VIOC_BACKEND_IOMMUFD);
	uint32_t *order = bench_shuffled(n);
	uint64_t heap = bytes_in_use(), pages = resident();
	for (uint64_t i = 0; i < n; i++) {
		uint64_t place = shuffled ? order[i] : i;
		rig_map(&rig, OUR_IOVA + place * STRIDE, va_of(place), PAGE);
	}
	uint64_t heap_grown = bytes_in_use() - heap, grown = resident() - pages;
	struct bench_case about = {
		.bench = "memory",
		.variant = variant,
		.backend = rig_backend_name(&rig),
		.n = n,
	};
	/* What was freed before may be used again without growth, so the larger one is the truth. */
	bench_tell(&about, "bytes per mapping",
		   (double)(heap_grown > grown ? heap_grown : grown) / (double)n);
	rig_close(&rig);
	free(order);
}

void bench_memory_use(const struct bench_args *args)
{
	measure(args, "ascending", false);
	measure(args, "random", true);
}
