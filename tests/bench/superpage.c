// SPDX-License-Identifier: MIT
/*
 * How many of the 2 MiB pages that memory consists of the IOMMU's page table has as such, by the
 * driver's own account in debugfs; and how many when the kernel chooses the IOVA.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rig.h"

#define HUGE	 (2 * MIB)
#define IS_HUGE	 (UINT64_C(1) << 7) /* in an entry above the last level */
#define N_LEVELS 5

struct leaves {
	uint64_t small;
	uint64_t huge; /* in units of 2 MiB */
};

/* "IOVA_PFN |", then the entries of each level, from the fifth down to the leaf's. */
static void count_leaf(const char *line, struct leaves *leaves)
{
	uint64_t pfn, entry[N_LEVELS];
	int n = sscanf(line,
		       "%" SCNx64 " | %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		       &pfn, &entry[0], &entry[1], &entry[2], &entry[3], &entry[4]);
	if (n == 6)
		leaves->small++;
	else if (n == 5 && (entry[3] & IS_HUGE))
		leaves->huge++;
	else if (n == 4 && (entry[2] & IS_HUGE))
		leaves->huge += GIB / HUGE;
}

static bool count_leaves(const char *device, struct leaves *leaves)
{
	char path[128], *line = NULL;
	size_t size = 0;
	snprintf(path, sizeof(path), "/sys/kernel/debug/iommu/intel/%s/domain_translation_struct",
		 device);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	*leaves = (struct leaves){ 0 };
	while (getline(&line, &size, file) >= 0)
		count_leaf(line, leaves);
	free(line);
	fclose(file);
	return true;
}

static void reserve_huge_pages(uint64_t count)
{
	FILE *file = fopen("/proc/sys/vm/nr_hugepages", "we");
	if (!file)
		return;
	fprintf(file, "%" PRIu64 "\n", count);
	fclose(file);
}

/* Memory of huge pages. NULL: there aren't that many. */
static char *huge_memory(uint64_t length)
{
	reserve_huge_pages(length / HUGE);
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* The percentage of those there could be. */
static void tell(const struct bench_case *about, const char *device, uint64_t possible)
{
	struct leaves leaves;
	if (!count_leaves(device, &leaves))
		bench_tell_missing(about, "the kernel has no debugfs of the Intel IOMMU");
	else
		bench_tell(about, "% of 2 MiB pages",
			   100.0 * (double)leaves.huge / (double)possible);
}

/* Maps [va, va + length) both ways; `possible` huge pages lie in it as a whole. */
static void measure(struct rig *rig, struct bench_case *about, const char *device, char *va,
		    uint64_t length)
{
	uint64_t iova;
	uintptr_t start = ((uintptr_t)va + HUGE - 1) / HUGE, end = ((uintptr_t)va + length) / HUGE;
	uint64_t possible = end - start;
	char variant[64];
	const char *name = about->variant;

	rig_check(rig, vioc_ioas_map(rig->ioas, va, length, RW, &iova));
	tell(about, device, possible);
	rig_unmap(rig, iova, length);
	if (!rig->raw.iommufd)
		return;
	snprintf(variant, sizeof(variant), "%s-kernel", name);
	about->variant = variant;
	iova = raw_map_anywhere(&rig->raw, va, length);
	tell(about, device, possible);
	raw_unmap(&rig->raw, iova, length);
	about->variant = name;
}

static void measure_hugetlb(struct rig *rig, struct bench_case about, const char *device,
			    uint64_t length)
{
	char *memory = huge_memory(length);
	if (!memory) {
		bench_tell_missing(&about, "there is no 1 GiB of huge pages");
		return;
	}
	measure(rig, &about, device, memory, length);
	/* A head and a tail of small pages may not cost the huge ones between them. */
	about.variant = "odd-start";
	measure(rig, &about, device, memory + 3 * PAGE, length - HUGE + 5 * PAGE);
	munmap(memory, length);
	reserve_huge_pages(0);
}

/* How much of [memory, memory + length) is of huge pages. */
static uint64_t count_thp(const char *memory)
{
	char *line = NULL;
	size_t size = 0;
	uint64_t start = 0, kib = 0;
	FILE *file = fopen("/proc/self/smaps", "re");
	while (file && getline(&line, &size, file) >= 0) {
		uint64_t first, end;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &first, &end) == 2)
			start = (uintptr_t)memory >= first && (uintptr_t)memory < end;
		else if (start && sscanf(line, "AnonHugePages: %" SCNu64, &kib) == 1)
			break;
	}
	free(line);
	if (file)
		fclose(file);
	return kib * 1024 / HUGE;
}

static void measure_thp(struct rig *rig, struct bench_case about, const char *device,
			uint64_t length)
{
	char *memory = bench_memory(length, false);
	madvise(memory, length, MADV_HUGEPAGE);
	for (uint64_t i = 0; i < length; i += PAGE)
		memory[i] = 1;
	if (count_thp(memory) < length / HUGE)
		bench_tell_missing(&about, "the kernel did not give 1 GiB of huge pages");
	else
		measure(rig, &about, device, memory, length);
	bench_memory_free(memory, length);
}

void bench_superpage(const struct bench_args *args)
{
	struct rig rig;
	const uint64_t length = GIB;
	struct bench_case about = { .bench = "superpage", .variant = "-", .n = length / HUGE };
	rig_open(&rig, args);
	about.backend = rig_backend_name(&rig);
	if (args->fake) {
		bench_tell_missing(&about, "the fake kernel has no page table");
	} else {
		about.variant = "hugetlb";
		measure_hugetlb(&rig, about, args->device, length);
		about.variant = "thp";
		measure_thp(&rig, about, args->device, length);
	}
	rig_close(&rig);
}
