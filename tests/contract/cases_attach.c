// SPDX-License-Identifier: MIT
/* Attach and detach: the address space is the library's, not the kernel's. */
#include <string.h>

#include "contract.h"

#define RW   (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define BASE ((uint64_t)0x1000000)

static uint32_t count_devices(struct vioc_ioas *ioas)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	assert_int_equal(vioc_ioas_get_info(ioas, &info), 0);
	return info.n_devices;
}

static void maps_before_attach_are_in_force(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(1);
	assert_int_equal(count_devices(rig.ioas), 0);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(count_devices(rig.ioas), 1);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig.ioas, BASE, memory));
	vioc_device_unref(edu);
	rig_close(&rig);
	pages_free(memory, 1);
}

static void maps_survive_last_detach(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(2);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	vioc_device_unref(edu);
	assert_int_equal(count_devices(rig.ioas), 0);
	expect_maps(rig.ioas, 1, PAGE);
	/* Changes made meanwhile count too. */
	assert_int_equal(
		vioc_ioas_map_fixed(rig.ioas, BASE + 4 * PAGE, (char *)memory + PAGE, PAGE, RW), 0);
	edu = rig_device(&rig, world->edu);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig.ioas, BASE, memory));
	assert_true(edu_reaches(edu, rig.ioas, BASE + 4 * PAGE, (char *)memory + PAGE));
	vioc_device_unref(edu);
	rig_close(&rig);
	pages_free(memory, 2);
}

static void unmapped_memory_is_out_of_reach(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(1);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	assert_true(edu_reaches(edu, rig.ioas, BASE, memory));
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, PAGE, 0, NULL), 0);
	assert_false(edu_reaches(edu, rig.ioas, BASE, memory));
	vioc_device_unref(edu);
	rig_close(&rig);
	pages_free(memory, 1);
}

static void read_only_memory_is_not_written(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	unsigned char *memory = pages_new(2);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	memset(memory, 0xaa, PAGE);
	memset(memory + PAGE, 0x55, PAGE);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, VIOC_MAP_READ), 0);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE + PAGE, memory + PAGE, PAGE, RW), 0);
	edu_read(edu, BASE, 256);
	edu_write(edu, BASE + PAGE, 256);
	assert_int_equal(memory[PAGE], 0xaa);
	memset(memory, 0xbb, PAGE);
	edu_write(edu, BASE, 256);
	assert_int_equal(memory[0], 0xbb);
	vioc_device_unref(edu);
	rig_close(&rig);
	pages_free(memory, 2);
}

static void second_device_shares_and_leaves(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(1);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	struct vioc_device *first = rig_device(&rig, world->first);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(count_devices(rig.ioas), 2);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig.ioas, BASE, memory));
	vioc_device_unref(first);
	assert_int_equal(count_devices(rig.ioas), 1);
	assert_true(edu_reaches(edu, rig.ioas, BASE, memory));
	vioc_device_unref(edu);
	rig_close(&rig);
	pages_free(memory, 1);
}

static void two_address_spaces_are_apart(struct world *world)
{
	struct rig rig;
	struct vioc_ioas *other;
	rig_open(world, &rig);
	void *memory = pages_new(2);
	assert_int_equal(vioc_ioas_new(rig.container, NULL, &other), 0);
	struct vioc_device *edu = rig_device(&rig, world->edu), *second;
	assert_int_equal(vioc_device_open(other, world->second, NULL, &second), 0);
	edu_start(edu);
	assert_int_equal(vioc_ioas_map_fixed(other, BASE, memory, PAGE, RW), 0);
	assert_false(edu_reaches(edu, rig.ioas, BASE, memory));
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, (char *)memory + PAGE, PAGE, RW), 0);
	assert_true(edu_reaches(edu, rig.ioas, BASE, (char *)memory + PAGE));
	vioc_device_unref(edu);
	vioc_device_unref(second);
	vioc_ioas_unref(other);
	rig_close(&rig);
	pages_free(memory, 2);
}

/* As the first device: mappings meet what it reserves. */
static void conflict_at_first_attach(struct world *world)
{
	struct vioc_device *device = NULL;
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(2);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, 0xfee01000, memory, PAGE, RW), 0);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &device),
		       -EADDRINUSE, VIOC_REASON_ADDRESS_CONFLICT);
	assert_null(device);
	expect_fact(rig.ctx, "device", world->first);
	expect_fact(rig.ctx, "iova", "0xfee01000");
	expect_fact(rig.ctx, "conflict-start", "0xfee00000");
	expect_maps(rig.ioas, 2, 2 * PAGE);
	assert_int_equal(count_devices(rig.ioas), 0);

	assert_int_equal(vioc_ioas_unmap(rig.ioas, 0xfee01000, PAGE, 0, NULL), 0);
	device = rig_device(&rig, world->first);
	vioc_device_unref(device);
	rig_close(&rig);
	pages_free(memory, 2);
}

static bool is_usable(struct rig *rig, const char *name, uint64_t iova)
{
	struct vioc_iova_range ranges[64];
	struct vioc_device *device = rig_device(rig, name);
	int count = vioc_ioas_get_ranges(rig->ioas, ranges, 64);
	bool found = false;
	for (int i = 0; i < count && i < 64; i++)
		found |= ranges[i].start <= iova && iova <= ranges[i].last;
	vioc_device_unref(device);
	return found;
}

/* Beyond what the IOMMU can translate: no reserved region tells. */
static void conflict_with_aperture(struct world *world)
{
	struct vioc_device *device = NULL;
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(1);
	uint64_t high = UINT64_C(1) << 60;
	if (is_usable(&rig, world->first, high)) {
		rig_close(&rig);
		pages_free(memory, 1);
		print_message("skipped: this IOMMU translates every address\n");
		skip();
	}
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, high, memory, PAGE, RW), 0);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &device),
		       -EADDRINUSE, VIOC_REASON_ADDRESS_CONFLICT);
	expect_fact(rig.ctx, "iova", "0x1000000000000000");
	expect_maps(rig.ioas, 1, PAGE);
	assert_int_equal(vioc_ioas_unmap_all(rig.ioas, NULL), 0);
	device = rig_device(&rig, world->first);
	vioc_device_unref(device);
	rig_close(&rig);
	pages_free(memory, 1);
}

/* A mapping that can't be replayed is the attach's failure, and the ioas stays as it was. */
static void replay_of_lost_memory(struct world *world)
{
	struct vioc_device *device = NULL;
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(1), *lost = pages_new(1);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE + PAGE, lost, PAGE, RW), 0);
	pages_free(lost, 1);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &device), -EFAULT,
		       VIOC_REASON_BAD_MEMORY);
	expect_fact(rig.ctx, "iova", "0x1001000");
	expect_maps(rig.ioas, 2, 2 * PAGE);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE + PAGE, PAGE, 0, NULL), 0);
	device = rig_device(&rig, world->first);
	vioc_device_unref(device);
	rig_close(&rig);
	pages_free(memory, 1);
}

static void pair_shares_one_ioas(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *one = rig_device(&rig, world->pair[0]);
	struct vioc_device *two = rig_device(&rig, world->pair[1]);
	struct vioc_device_info info[2] = { VIOC_SIZED(vioc_device_info),
					    VIOC_SIZED(vioc_device_info) };
	assert_int_equal(vioc_device_get_info(one, &info[0]), 0);
	assert_int_equal(vioc_device_get_info(two, &info[1]), 0);
	assert_int_equal(info[0].group, info[1].group);
	vioc_device_unref(one);
	one = rig_device(&rig, world->pair[0]);
	vioc_device_unref(two);
	vioc_device_unref(one);
	rig_close(&rig);
}

static void pair_in_two_ioas(struct world *world)
{
	struct vioc_device *two = NULL;
	struct vioc_ioas *other;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(vioc_ioas_new(rig.container, NULL, &other), 0);
	struct vioc_device *one = rig_device(&rig, world->pair[0]);
	expect_failure(rig.ctx, vioc_device_open(other, world->pair[1], NULL, &two), -EBUSY,
		       VIOC_REASON_OTHER_IOAS);
	assert_null(two);
	vioc_device_unref(one);
	/* The group is free again. */
	assert_int_equal(vioc_device_open(other, world->pair[1], NULL, &two), 0);
	vioc_device_unref(two);
	vioc_ioas_unref(other);
	rig_close(&rig);
}

/* The same across containers, where the kernel is the one to refuse. */
static void pair_in_two_containers(struct world *world)
{
	struct vioc_device *two = NULL;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_container *container = world_new_container(world, rig.ctx);
	struct vioc_ioas *other;
	assert_int_equal(vioc_ioas_new(container, NULL, &other), 0);
	struct vioc_device *one = rig_device(&rig, world->pair[0]);
	int error = vioc_device_open(other, world->pair[1], NULL, &two);
	expect_failure(rig.ctx, error, -EBUSY, VIOC_REASON_BUSY);
	vioc_device_unref(one);
	vioc_ioas_unref(other);
	vioc_container_unref(container);
	rig_close(&rig);
}

static void close_in_any_order(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	void *memory = pages_new(1);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, BASE, memory, PAGE, RW), 0);
	struct vioc_device *first = rig_device(&rig, world->first);
	struct vioc_device *second = rig_device(&rig, world->second);
	rig_close(&rig);
	uint32_t id;
	assert_int_equal(vioc_pci_config_read(second, 0, 4, &id), 0);
	assert_int_equal(vioc_ioas_unmap(vioc_device_get_ioas(first), BASE, PAGE, 0, NULL), 0);
	vioc_device_unref(first);
	assert_int_equal(vioc_pci_config_read(second, 0, 4, &id), 0);
	vioc_device_unref(second);
	pages_free(memory, 1);
}

static void ranges_before_and_after(struct world *world)
{
	struct vioc_iova_range ranges[1] = { 0 };
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(vioc_ioas_get_ranges(rig.ioas, ranges, 1), 1);
	assert_int_equal(ranges[0].start, 0);
	assert_true(ranges[0].last == UINT64_MAX);
	struct vioc_device *device = rig_device(&rig, world->first);
	/* The MSI window splits what was one. */
	int count = vioc_ioas_get_ranges(rig.ioas, NULL, 0);
	assert_in_range(count, 2, 64);
	assert_int_equal(vioc_ioas_get_ranges(rig.ioas, ranges, 1), count);
	assert_true(ranges[0].last < 0xfee00000);
	vioc_device_unref(device);
	assert_int_equal(vioc_ioas_get_ranges(rig.ioas, ranges, 1), 1);
	assert_true(ranges[0].last == UINT64_MAX);
	rig_close(&rig);
}

const struct contract_case attach_cases[] = {
	{ "maps before attach are in force", maps_before_attach_are_in_force, NEEDS_EDU },
	{ "maps survive the last detach", maps_survive_last_detach, NEEDS_EDU },
	{ "unmapped memory is out of reach", unmapped_memory_is_out_of_reach, NEEDS_EDU },
	{ "read-only memory is not written", read_only_memory_is_not_written, NEEDS_EDU },
	{ "a second device shares and leaves", second_device_shares_and_leaves, NEEDS_EDU },
	{ "two address spaces are apart", two_address_spaces_are_apart, NEEDS_EDU | NEEDS_SECOND },
	{ "attach against mappings it reserves: EADDRINUSE", conflict_at_first_attach, 0 },
	{ "attach against mappings it can't reach: EADDRINUSE", conflict_with_aperture, 0 },
	{ "attach with memory that is gone: EFAULT", replay_of_lost_memory, 0 },
	{ "two devices of a group in one ioas", pair_shares_one_ioas, NEEDS_PAIR },
	{ "two devices of a group in two ioas: EBUSY", pair_in_two_ioas, NEEDS_PAIR },
	{ "two devices of a group in two containers: EBUSY", pair_in_two_containers, NEEDS_PAIR },
	{ "close in any order", close_in_any_order, NEEDS_SECOND },
	{ "usable ranges before and after attach", ranges_before_and_after, 0 },
	{ 0 },
};
