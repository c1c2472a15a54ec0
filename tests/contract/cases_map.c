// SPDX-License-Identifier: MIT
/* Mapping and unmapping: the table "one behaviour on all backends". */
#include <string.h>
#include <sys/mman.h>

#include "contract.h"

#define RW   (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define BASE ((uint64_t)0x1000000)

/* A rig with its first device open: mappings go to the kernel at once. */
struct attached {
	struct rig rig;
	struct vioc_device *device;
	char *memory; /* 64 pages */
};

static void attached_open(struct world *world, struct attached *a)
{
	rig_open(world, &a->rig);
	a->device = rig_device(&a->rig, world->first);
	a->memory = pages_new(64);
}

static void attached_close(struct attached *a)
{
	vioc_device_unref(a->device);
	rig_close(&a->rig);
	pages_free(a->memory, 64);
}

static int map_at(struct attached *a, uint64_t iova, size_t page, size_t count)
{
	return vioc_ioas_map_fixed(a->rig.ioas, iova, a->memory + page * PAGE, count * PAGE, RW);
}

static void expect_unmapped(struct vioc_ioas *ioas, uint64_t iova, uint64_t length, uint64_t bytes)
{
	uint64_t removed = 12345;
	assert_int_equal(vioc_ioas_unmap(ioas, iova, length, 0, &removed), 0);
	assert_int_equal(removed, bytes);
}

static void map_and_unmap(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	assert_int_equal(map_at(&a, BASE, 0, 4), 0);
	expect_maps(a.rig.ioas, 1, 4 * PAGE);
	expect_unmapped(a.rig.ioas, BASE, 4 * PAGE, 4 * PAGE);
	expect_maps(a.rig.ioas, 0, 0);
	attached_close(&a);
}

static void map_where_library_chooses(struct world *world)
{
	struct attached a;
	uint64_t iova[8];
	attached_open(world, &a);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(
			vioc_ioas_map(a.rig.ioas, a.memory + i * 8 * PAGE, 8 * PAGE, RW, &iova[i]),
			0);
		assert_int_not_equal(iova[i], 0);
		assert_int_equal(iova[i] % PAGE, 0);
		for (size_t j = 0; j < i; j++)
			assert_true(iova[i] + 8 * PAGE <= iova[j] || iova[j] + 8 * PAGE <= iova[i]);
	}
	expect_maps(a.rig.ioas, 8, 64 * PAGE);
	for (size_t i = 0; i < 8; i++)
		expect_unmapped(a.rig.ioas, iova[i], 8 * PAGE, 8 * PAGE);
	attached_close(&a);
}

/* Identical, at either end, inside, around: each meets [BASE + 4 pages, BASE + 8 pages). */
static void map_over_existing(struct world *world)
{
	static const struct {
		size_t page, count;
	} shapes[] = { { 4, 4 }, { 2, 4 }, { 6, 4 }, { 5, 1 }, { 2, 8 }, { 4, 1 }, { 7, 1 } };
	struct attached a;
	attached_open(world, &a);
	assert_int_equal(map_at(&a, BASE + 4 * PAGE, 4, 4), 0);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		uint64_t iova = BASE + shapes[i].page * PAGE;
		expect_failure(a.rig.ctx, map_at(&a, iova, shapes[i].page, shapes[i].count),
			       -EEXIST, VIOC_REASON_OVERLAP);
		expect_fact(a.rig.ctx, "conflict-start", "0x1004000");
		expect_fact(a.rig.ctx, "conflict-last", "0x1007fff");
		expect_maps(a.rig.ioas, 1, 4 * PAGE);
	}
	assert_int_equal(map_at(&a, BASE, 0, 4), 0);
	assert_int_equal(map_at(&a, BASE + 8 * PAGE, 8, 4), 0);
	expect_unmapped(a.rig.ioas, BASE, 12 * PAGE, 12 * PAGE);
	attached_close(&a);
}

static void expect_out_of_range(struct attached *a, uint64_t iova, size_t count)
{
	expect_failure(a->rig.ctx, map_at(a, iova, 0, count), -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	expect_maps(a->rig.ioas, 0, 0);
}

static void map_outside_ranges(struct world *world)
{
	struct vioc_iova_range ranges[64];
	struct attached a;
	attached_open(world, &a);
	int count = vioc_ioas_get_ranges(a.rig.ioas, ranges, 64);
	assert_in_range(count, 1, 64);
	for (int i = 0; i < count; i++) {
		assert_true(ranges[i].start <= ranges[i].last);
		if (ranges[i].last == UINT64_MAX)
			continue;
		uint64_t end = ranges[i].last + 1;
		/* Across the end, just behind it; and up to it is fine. */
		expect_out_of_range(&a, end - PAGE, 2);
		if (i + 1 == count || ranges[i + 1].start > end)
			expect_out_of_range(&a, end, 1);
		assert_int_equal(map_at(&a, end - PAGE, 0, 1), 0);
		expect_unmapped(a.rig.ioas, end - PAGE, PAGE, PAGE);
	}
	attached_close(&a);
}

/* x86 keeps 0xfee00000 for interrupts; no machine of this suite may let it be mapped. */
static void map_into_reserved(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	expect_out_of_range(&a, 0xfee00000, 1);
	expect_out_of_range(&a, 0xfee00000 - PAGE, 2);
	attached_close(&a);
}

static void expect_bad_map(struct attached *a, uint64_t iova, void *va, uint64_t length,
			   uint64_t flags)
{
	uint64_t chosen = 77;
	expect_failure(a->rig.ctx, vioc_ioas_map_fixed(a->rig.ioas, iova, va, length, flags),
		       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	if (iova == BASE) {
		expect_failure(a->rig.ctx, vioc_ioas_map(a->rig.ioas, va, length, flags, &chosen),
			       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
		assert_int_equal(chosen, 77);
	}
	expect_maps(a->rig.ioas, 0, 0);
}

static void map_bad_numbers(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	expect_bad_map(&a, BASE, a.memory, 0, RW);
	expect_bad_map(&a, BASE, a.memory, 100, RW);
	expect_bad_map(&a, BASE, a.memory + 1, PAGE, RW);
	expect_bad_map(&a, BASE + 8, a.memory, PAGE, RW);
	expect_bad_map(&a, UINT64_MAX - PAGE + 1, a.memory, 2 * PAGE, RW);
	expect_bad_map(&a, BASE, (void *)(uintptr_t)(UINTPTR_MAX - PAGE + 1), 2 * PAGE, RW);
	expect_bad_map(&a, BASE, a.memory, UINT64_MAX - PAGE + 1, RW);
	attached_close(&a);
}

static void map_bad_flags(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	expect_bad_map(&a, BASE, a.memory, PAGE, 0);
	expect_bad_map(&a, BASE, a.memory, PAGE, RW | 4);
	expect_bad_map(&a, BASE, a.memory, PAGE, RW | UINT64_C(1) << 63);
	attached_close(&a);
}

static void map_bad_memory(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	void *gone = pages_new(1);
	pages_free(gone, 1);
	expect_failure(a.rig.ctx, vioc_ioas_map_fixed(a.rig.ioas, BASE, gone, PAGE, RW), -EFAULT,
		       VIOC_REASON_BAD_MEMORY);
	assert_int_equal(mprotect(a.memory, PAGE, PROT_READ), 0);
	expect_failure(a.rig.ctx, map_at(&a, BASE, 0, 2), -EFAULT, VIOC_REASON_BAD_MEMORY);
	expect_maps(a.rig.ioas, 0, 0);
	/* Nothing is left of it in the kernel either. */
	assert_int_equal(mprotect(a.memory, PAGE, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(map_at(&a, BASE, 0, 2), 0);
	attached_close(&a);
}

static void map_without_room(struct world *world)
{
	struct attached a;
	uint64_t iova = 77;
	attached_open(world, &a);
	/* Longer than any IOMMU's address space, and not wrapping. */
	void *low = (void *)(uintptr_t)PAGE;
	expect_failure(a.rig.ctx,
		       vioc_ioas_map(a.rig.ioas, low, UINT64_MAX - 4 * PAGE + 1, RW, &iova),
		       -ENOSPC, VIOC_REASON_NO_SPACE);
	assert_int_equal(iova, 77);
	attached_close(&a);
}

static void map_beyond_entry_limit(struct world *world)
{
	struct attached a;
	if (world->backend != VIOC_BACKEND_LEGACY) {
		print_message("skipped: this backend has no limit of mappings\n");
		skip();
	}
	world_limit_entries(world, 8);
	attached_open(world, &a);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(map_at(&a, BASE + 2 * i * PAGE, i, 1), 0);
	expect_failure(a.rig.ctx, map_at(&a, BASE + 16 * PAGE, 8, 1), -ENOSPC,
		       VIOC_REASON_NO_SPACE);
	expect_maps(a.rig.ioas, 8, 8 * PAGE);
	expect_unmapped(a.rig.ioas, BASE, PAGE, PAGE);
	assert_int_equal(map_at(&a, BASE + 16 * PAGE, 8, 1), 0);
	attached_close(&a);
	world_limit_entries(world, 0);
}

static void map_beyond_memlock(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	world_limit_memlock(world, 16 * PAGE);
	int small = map_at(&a, BASE, 0, 4);
	int large = map_at(&a, BASE + 8 * PAGE, 8, 32);
	world_limit_memlock(world, UINT64_MAX);

	assert_int_equal(small, 0);
	expect_failure(a.rig.ctx, large, -ENOMEM, VIOC_REASON_MEMLOCK);
	expect_fact(a.rig.ctx, "limit", "65536");
	expect_fact(a.rig.ctx, "needed", "131072");
	expect_fact(a.rig.ctx, "used", NULL);
	expect_maps(a.rig.ioas, 1, 4 * PAGE);
	assert_int_equal(map_at(&a, BASE + 8 * PAGE, 8, 32), 0);
	attached_close(&a);
}

static void unmap_mappings_and_holes(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	assert_int_equal(map_at(&a, BASE + 2 * PAGE, 0, 1), 0);
	assert_int_equal(map_at(&a, BASE + 3 * PAGE, 1, 2), 0);
	assert_int_equal(map_at(&a, BASE + 8 * PAGE, 3, 4), 0);
	assert_int_equal(map_at(&a, BASE + 32 * PAGE, 8, 1), 0);
	expect_unmapped(a.rig.ioas, BASE, 16 * PAGE, 7 * PAGE);
	expect_maps(a.rig.ioas, 1, PAGE);
	assert_int_equal(map_at(&a, BASE, 0, 16), 0);
	attached_close(&a);
}

static void unmap_that_cuts(struct world *world)
{
	static const struct {
		size_t page, count;
	} cuts[] = { { 0, 5 }, { 0, 11 }, { 5, 11 }, { 11, 5 }, { 5, 2 }, { 4, 3 }, { 6, 2 } };
	struct attached a;
	attached_open(world, &a);
	assert_int_equal(map_at(&a, BASE, 0, 2), 0);
	assert_int_equal(map_at(&a, BASE + 4 * PAGE, 4, 4), 0);
	assert_int_equal(map_at(&a, BASE + 10 * PAGE, 10, 4), 0);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		uint64_t removed = 77;
		expect_failure(a.rig.ctx,
			       vioc_ioas_unmap(a.rig.ioas, BASE + cuts[i].page * PAGE,
					       cuts[i].count * PAGE, 0, &removed),
			       -EINVAL, VIOC_REASON_CUTS_MAPPING);
		assert_int_equal(removed, 77);
		expect_maps(a.rig.ioas, 3, 10 * PAGE);
	}
	/* The kernel still has every one of them, whole. */
	expect_unmapped(a.rig.ioas, BASE, 2 * PAGE, 2 * PAGE);
	expect_unmapped(a.rig.ioas, BASE + 4 * PAGE, 4 * PAGE, 4 * PAGE);
	expect_unmapped(a.rig.ioas, BASE + 10 * PAGE, 4 * PAGE, 4 * PAGE);
	attached_close(&a);
}

static void unmap_holes_only(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	expect_unmapped(a.rig.ioas, BASE, 16 * PAGE, 0);
	assert_int_equal(map_at(&a, BASE + 4 * PAGE, 0, 1), 0);
	expect_unmapped(a.rig.ioas, BASE, 4 * PAGE, 0);
	expect_unmapped(a.rig.ioas, BASE + 5 * PAGE, 4 * PAGE, 0);
	expect_maps(a.rig.ioas, 1, PAGE);
	attached_close(&a);
}

static void expect_bad_unmap(struct attached *a, uint64_t iova, uint64_t length)
{
	uint64_t removed = 77;
	expect_failure(a->rig.ctx, vioc_ioas_unmap(a->rig.ioas, iova, length, 0, &removed), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(removed, 77);
}

static void unmap_bad_numbers(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	assert_int_equal(map_at(&a, BASE, 0, 4), 0);
	expect_bad_unmap(&a, BASE, 0);
	expect_bad_unmap(&a, BASE + 1, PAGE);
	expect_bad_unmap(&a, BASE, 100);
	expect_bad_unmap(&a, UINT64_MAX - PAGE + 1, 2 * PAGE);
	expect_bad_unmap(&a, BASE, UINT64_MAX - PAGE + 1);
	expect_failure(a.rig.ctx,
		       vioc_ioas_unmap(a.rig.ioas, BASE, 4 * PAGE, UINT64_C(1) << 63, NULL),
		       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	expect_maps(a.rig.ioas, 1, 4 * PAGE);
	attached_close(&a);
}

static void unmap_everything(struct world *world)
{
	struct attached a;
	uint64_t removed = 77;
	attached_open(world, &a);
	assert_int_equal(vioc_ioas_unmap_all(a.rig.ioas, &removed), 0);
	assert_int_equal(removed, 0);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(map_at(&a, BASE + i * i * PAGE, i, 1), 0);
	assert_int_equal(vioc_ioas_unmap_all(a.rig.ioas, &removed), 0);
	assert_int_equal(removed, 16 * PAGE);
	expect_maps(a.rig.ioas, 0, 0);
	assert_int_equal(map_at(&a, BASE, 0, 64), 0);
	attached_close(&a);
}

static void same_memory_mapped_twice(struct world *world)
{
	struct attached a;
	attached_open(world, &a);
	assert_int_equal(map_at(&a, BASE, 0, 4), 0);
	assert_int_equal(map_at(&a, BASE + 16 * PAGE, 0, 4), 0);
	assert_int_equal(map_at(&a, BASE + 32 * PAGE, 1, 2), 0);
	expect_unmapped(a.rig.ioas, BASE, 4 * PAGE, 4 * PAGE);
	expect_maps(a.rig.ioas, 2, 6 * PAGE);
	attached_close(&a);
}

const struct contract_case map_cases[] = {
	{ "map and unmap", map_and_unmap, 0 },
	{ "map where the library chooses", map_where_library_chooses, 0 },
	{ "map over an existing mapping: EEXIST", map_over_existing, 0 },
	{ "map outside the usable ranges: ERANGE", map_outside_ranges, 0 },
	{ "map into a reserved range: ERANGE", map_into_reserved, 0 },
	{ "map misaligned, empty, wrapping: EINVAL", map_bad_numbers, 0 },
	{ "map with unknown or no permission bits: EINVAL", map_bad_flags, 0 },
	{ "map memory that is not there: EFAULT", map_bad_memory, 0 },
	{ "map more than fits: ENOSPC", map_without_room, 0 },
	{ "map beyond the entry limit: ENOSPC", map_beyond_entry_limit, 0 },
	{ "map beyond memlock: ENOMEM", map_beyond_memlock, 0 },
	{ "unmap whole mappings and holes", unmap_mappings_and_holes, 0 },
	{ "unmap that cuts a mapping: EINVAL", unmap_that_cuts, 0 },
	{ "unmap holes only: 0 bytes", unmap_holes_only, 0 },
	{ "unmap misaligned, empty, wrapping: EINVAL", unmap_bad_numbers, 0 },
	{ "unmap everything", unmap_everything, 0 },
	{ "same memory mapped twice", same_memory_mapped_twice, 0 },
	{ 0 },
};
