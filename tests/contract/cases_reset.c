// SPDX-License-Identifier: MIT
/* Resets of a function and of a bus. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"

static void reset(struct world *world)
{
	struct vioc_device_info info = VIOC_SIZED(vioc_device_info);
	uint32_t command;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_device_get_info(device, &info), 0);
	assert_true(info.flags & VIOC_DEVICE_RESET);
	assert_int_equal(vioc_pci_set_bus_master(device, 1), 0);
	assert_int_equal(vioc_device_reset(device), 0);
	assert_int_equal(vioc_pci_config_read(device, 4, 2, &command), 0);
	vioc_device_unref(device);
	rig_close(&rig);
}

/* The device forgets what it was doing. What the process has of it stays, and works. */
static void reset_in_use(struct world *world)
{
	static const uint32_t indexes[] = { VIOC_PCI_MSIX, VIOC_PCI_REQ };
	uint32_t before, after;
	uint64_t count;
	void *memory = pages_new(1), *bar;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, 0x100000, memory, PAGE, VIOC_MAP_WRITE), 0);
	assert_int_equal(vioc_region_map(device, VIOC_PCI_BAR(0), 0, 0, &bar), 0);
	assert_int_equal(vioc_pci_set_bus_master(device, 1), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(vioc_irq_enable(device, indexes[i], 1, NULL), 0);
	before = vioc_mmio_read32(bar);

	assert_int_equal(vioc_device_reset(device), 0);
	assert_int_equal(vioc_mmio_read32(bar), before);
	assert_int_equal(vioc_region_read(device, VIOC_PCI_BAR(0), 0, &after, 4), 0);
	assert_int_equal(after, before);
	for (size_t i = 0; i < 2; i++) {
		int fd = vioc_irq_get_fd(device, indexes[i], 0);
		assert_int_equal(vioc_irq_trigger(device, indexes[i], 0, 1), 0);
		assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	}
	expect_maps(rig.ioas, 1, PAGE);
	vioc_device_unref(device);
	rig_close(&rig);
	pages_free(memory, 1);
}

static void reset_without_support(struct world *world)
{
	struct vioc_device_info info = VIOC_SIZED(vioc_device_info);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_device_get_info(edu, &info), 0);
	assert_false(info.flags & VIOC_DEVICE_RESET);
	expect_failure(rig.ctx, vioc_device_reset(edu), -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* A bus with two devices of one group, both open; the reset loses nothing that the library has. */
static void hot_reset(struct world *world)
{
	struct vioc_affected_device affected[4];
	uint32_t value;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *first = rig_device(&rig, world->pair[0]);
	struct vioc_device *second = rig_device(&rig, world->pair[1]);
	assert_int_equal(vioc_device_get_affected(first, NULL, 0), 2);
	assert_int_equal(vioc_device_get_affected(second, affected, 4), 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(affected[i].name, world->pair[i]);
		assert_true(affected[i].flags & VIOC_AFFECTED_OWNED);
		assert_int_equal(affected[i].group, affected[0].group);
	}
	assert_int_equal(vioc_irq_enable(first, VIOC_PCI_REQ, 1, NULL), 0);
	assert_int_equal(vioc_device_hot_reset(first), 0);
	assert_int_equal(vioc_irq_trigger(first, VIOC_PCI_REQ, 0, 1), 0);
	assert_int_equal(vioc_pci_config_read(second, 0, 4, &value), 0);
	assert_true(value != UINT32_MAX);

	/* The other is in the group, so nobody else can have it. */
	vioc_device_close(second);
	assert_int_equal(vioc_device_get_affected(first, affected, 1), 2);
	assert_true(affected[0].flags & VIOC_AFFECTED_OWNED);
	assert_int_equal(vioc_device_hot_reset(first), 0);
	expect_failure(rig.ctx, vioc_device_hot_reset(second), -ENODEV, VIOC_REASON_CLOSED);
	vioc_device_unref(second);
	vioc_device_unref(first);
	rig_close(&rig);
}

/* A root bus has no bridge that could reset it. The fake has no other. */
static bool is_on_root_bus(const struct world *world, const char *device)
{
	char link[128], path[PATH_MAX];
	if (world->fake)
		return true;
	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/..", device);
	assert_non_null(realpath(link, path));
	return strncmp(strrchr(path, '/'), "/pci", 4) == 0;
}

static void hot_reset_alone(struct world *world)
{
	struct vioc_affected_device affected[4];
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	if (!is_on_root_bus(world, world->first)) {
		assert_int_equal(vioc_device_get_affected(device, affected, 4), 1);
		assert_string_equal(affected[0].name, world->first);
		assert_int_equal(vioc_device_hot_reset(device), 0);
		vioc_device_unref(device);
		rig_close(&rig);
		return;
	}
	expect_failure(rig.ctx, vioc_device_get_affected(device, affected, 4), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	expect_failure(rig.ctx, vioc_device_get_affected(device, NULL, 4), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_device_hot_reset(device), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	vioc_device_unref(device);
	rig_close(&rig);
}

const struct contract_case reset_cases[] = {
	{ "reset", reset, 0 },
	{ "reset while in use", reset_in_use, 0 },
	{ "reset without support: EOPNOTSUPP", reset_without_support, NEEDS_EDU },
	{ "hot reset", hot_reset, NEEDS_PAIR },
	{ "hot reset alone; on the root bus: EOPNOTSUPP", hot_reset_alone, 0 },
	{ 0 },
};
