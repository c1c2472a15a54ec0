// SPDX-License-Identifier: MIT
/* A device's regions, config space and close. */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "contract.h"

#define SIZE_2M (UINT64_C(2) << 20)

static void device_info(struct world *world)
{
	struct vioc_device_info info = VIOC_SIZED(vioc_device_info);
	struct vioc_device_info unsized_info = { 0 };
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_device_get_info(device, &info), 0);
	assert_true(info.flags & VIOC_DEVICE_PCI);
	assert_true(info.n_regions > VIOC_PCI_CONFIG);
	assert_int_equal(vioc_device_get_info(device, &unsized_info), -EINVAL);
	assert_int_equal(vioc_device_get_backend(device), world->backend);
	assert_ptr_equal(vioc_device_get_ioas(device), rig.ioas);
	assert_true(vioc_device_get_fd(device) > 2);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void config_space(struct world *world)
{
	uint32_t id, vendor, command, byte = 77;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_pci_config_read(edu, 0, 4, &id), 0);
	assert_int_equal(id, 0x11e81234);
	assert_int_equal(vioc_pci_config_read(edu, 0, 2, &vendor), 0);
	assert_int_equal(vendor, 0x1234);
	assert_int_equal(vioc_pci_set_bus_master(edu, 1), 0);
	assert_int_equal(vioc_pci_config_read(edu, 4, 2, &command), 0);
	assert_true(command & 4);
	assert_int_equal(vioc_pci_set_bus_master(edu, 0), 0);
	assert_int_equal(vioc_pci_config_read(edu, 4, 2, &command), 0);
	assert_false(command & 4);

	expect_failure(rig.ctx, vioc_pci_config_read(edu, 0, 3, &byte), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_pci_config_read(edu, 0, 8, &byte), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_pci_config_read(edu, 1, 2, &byte), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_pci_config_read(edu, 1 << 20, 4, &byte), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_pci_config_write(edu, 4, 2, 0x10000), -ERANGE,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(byte, 77);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void register_access(struct world *world)
{
	uint32_t id = 0, value = 0x12345678, inverse = 0;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &id, 4), 0);
	assert_int_equal(id, 0x010000ed);
	assert_int_equal(vioc_region_write(edu, VIOC_PCI_BAR(0), 4, &value, 4), 0);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 4, &inverse, 4), 0);
	assert_int_equal(inverse, ~value);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* Edu takes 32 bits at a time there; who asks for 64 learns of it by what comes, if at all. */
static void too_wide_access(struct world *world)
{
	uint32_t low = 0, high = 0;
	uint64_t value = 77;
	void *bar;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &low, 4), 0);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 4, &high, 4), 0);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &value, 8), 0);
	assert_true(value == UINT64_MAX || value == ((uint64_t)high << 32 | low));
	assert_int_equal(vioc_region_map(edu, VIOC_PCI_BAR(0), 0, 0, &bar), 0);
	assert_int_equal(vioc_mmio_read64_low_high(bar), (uint64_t)high << 32 | low);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void bad_register_access(struct world *world)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	uint64_t value = 77;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	uint32_t bar = VIOC_PCI_BAR(0);
	assert_int_equal(vioc_region_get_info(edu, bar, &info), 0);
	assert_true(info.length >= PAGE);
	assert_int_equal(info.flags & (VIOC_REGION_READ | VIOC_REGION_WRITE),
			 VIOC_REGION_READ | VIOC_REGION_WRITE);

	expect_failure(rig.ctx, vioc_region_read(edu, bar, 0, &value, 3), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_read(edu, bar, 0, &value, 0), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_read(edu, bar, 0, &value, 16), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_read(edu, bar, 2, &value, 4), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_read(edu, bar, info.length, &value, 4), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_region_write(edu, bar, info.length, &value, 4), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_region_read(edu, bar, UINT64_MAX - 3, &value, 4), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_region_read(edu, 1000, 0, &value, 4), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_read(edu, VIOC_PCI_BAR(5), 0, &value, 4), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	assert_int_equal(value, 77);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void absent_regions(struct world *world)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_region_get_info(edu, VIOC_PCI_BAR(5), &info), 0);
	assert_int_equal(info.length, 0);
	assert_int_equal(vioc_region_get_info(edu, VIOC_PCI_VGA, &info), 0);
	assert_int_equal(info.length, 0);
	assert_int_equal(vioc_region_get_areas(edu, VIOC_PCI_VGA, NULL, 0), 0);
	expect_failure(rig.ctx, vioc_region_get_info(edu, 1000, &info), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* What is seen through the mapping is what a register access sees. */
static void region_map(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	uint32_t value = 0;
	void *address;
	assert_int_equal(vioc_region_map(edu, VIOC_PCI_BAR(0), 0, 0, &address), 0);
	char *registers = address;
	assert_int_equal(vioc_mmio_read32(registers), 0x010000ed);
	uint32_t written = 0xc0ffee;
	assert_int_equal(vioc_region_write(edu, VIOC_PCI_BAR(0), 4, &written, 4), 0);
	assert_int_equal(vioc_mmio_read32(registers + 4), ~written);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 4, &value, 4), 0);
	assert_int_equal(vioc_mmio_read32(registers + 4), value);
	vioc_mmio_write64(registers + 0x80, 0x1122334455667788);
	assert_int_equal(vioc_mmio_read64(registers + 0x80), 0x1122334455667788);
	assert_int_equal(vioc_mmio_read64_low_high(registers),
			 0x010000ed | (uint64_t)~written << 32);
	assert_int_equal(vioc_region_unmap(edu, address), 0);
	expect_failure(rig.ctx, vioc_region_unmap(edu, address), -ENOENT, VIOC_REASON_BAD_ARGUMENT);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void bad_region_map(struct world *world)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	void *address = NULL;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	uint32_t bar = VIOC_PCI_BAR(0);
	assert_int_equal(vioc_region_get_info(edu, bar, &info), 0);
	expect_failure(rig.ctx, vioc_region_map(edu, bar, 0, info.length + PAGE, &address), -ERANGE,
		       VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_region_map(edu, bar, UINT64_MAX - PAGE + 1, PAGE, &address),
		       -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_region_map(edu, bar, 16, PAGE, &address), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_map(edu, bar, 0, 100, &address), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_map(edu, VIOC_PCI_CONFIG, 0, 0, &address), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	expect_failure(rig.ctx, vioc_region_map(edu, VIOC_PCI_BAR(5), 0, 0, &address), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	assert_null(address);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* Each area can be mapped, and nothing that is not inside one. */
static void region_areas(struct world *world)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	struct vioc_region_area areas[16];
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	uint32_t bar = VIOC_PCI_BAR(0);
	assert_int_equal(vioc_region_get_info(device, bar, &info), 0);
	int count = vioc_region_get_areas(device, bar, areas, 16);
	assert_in_range(count, 1, 16);
	assert_int_equal(count, info.n_areas);
	uint64_t covered = 0;
	for (int i = 0; i < count; i++) {
		void *address;
		assert_int_equal(
			vioc_region_map(device, bar, areas[i].offset, areas[i].length, &address),
			0);
		covered += areas[i].length;
	}
	if (covered < info.length) {
		void *address;
		expect_failure(rig.ctx, vioc_region_map(device, bar, 0, 0, &address), -EOPNOTSUPP,
			       VIOC_REASON_UNSUPPORTED);
	}
	vioc_device_unref(device);
	rig_close(&rig);
}

static uint32_t find_large(struct vioc_device *device, uint64_t *ret_length)
{
	for (uint32_t bar = VIOC_PCI_BAR(0); bar <= VIOC_PCI_BAR(5); bar++) {
		struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
		assert_int_equal(vioc_region_get_info(device, bar, &info), 0);
		*ret_length = info.length;
		if (info.length >= 2 * SIZE_2M)
			return bar;
	}
	fail_msg("no BAR has 4 MiB");
	return 0;
}

/* Page table entries can be large only where address and place in the BAR are alike. */
static void large_region(struct world *world)
{
	struct rig rig;
	uint64_t length;
	void *address[8];
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->large);
	uint32_t bar = find_large(device, &length);
	/* One by one they would hardly be aligned by chance. */
	for (size_t i = 0; i < 8; i++) {
		uint64_t offset = i * 3 * PAGE;
		assert_int_equal(
			vioc_region_map(device, bar, offset, SIZE_2M + i * PAGE, &address[i]), 0);
		assert_int_equal((uintptr_t)address[i] % SIZE_2M, offset);
		uint32_t first = vioc_mmio_read32(address[i]), value;
		assert_int_equal(vioc_region_read(device, bar, offset, &value, 4), 0);
		assert_int_equal(first, value);
	}
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(vioc_region_unmap(device, address[i]), 0);
	assert_int_equal(vioc_region_map(device, bar, 0, 0, &address[0]), 0);
	assert_int_equal((uintptr_t)address[0] % SIZE_2M, 0);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void capabilities(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	uint32_t header;
	int express = vioc_pci_find_cap(device, VIOC_PCI_CAP_EXP, 0);
	assert_in_range(express, 0x40, 0xfc);
	assert_int_equal(vioc_pci_config_read(device, (uint32_t)express, 1, &header), 0);
	assert_int_equal(header, VIOC_PCI_CAP_EXP);
	assert_int_equal(vioc_pci_find_cap(device, VIOC_PCI_CAP_EXP, (uint32_t)express), 0);
	assert_int_equal(vioc_pci_find_cap(device, 0xfe, 0), 0);
	assert_int_equal(vioc_pci_find_cap(device, VIOC_PCI_EXT_CAP(1), 0), 0x100);
	assert_in_range(vioc_pci_find_cap(device, VIOC_PCI_EXT_CAP(3), 0x100), 0x104, 0xffc);
	assert_int_equal(vioc_pci_find_cap(device, VIOC_PCI_EXT_CAP(1), 0x100), 0);

	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_in_range(vioc_pci_find_cap(edu, VIOC_PCI_CAP_MSI, 0), 0x40, 0xfc);
	assert_int_equal(vioc_pci_find_cap(edu, VIOC_PCI_CAP_EXP, 0), 0);
	assert_int_equal(vioc_pci_find_cap(edu, VIOC_PCI_EXT_CAP(1), 0), 0);
	assert_int_equal(vioc_pci_find_cap(NULL, VIOC_PCI_CAP_EXP, 0), -EINVAL);
	vioc_device_unref(edu);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void msix_table(struct world *world)
{
	struct vioc_pci_msix msix = VIOC_SIZED(vioc_pci_msix), unsized_msix = { 0 };
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	struct vioc_irq_info irq = VIOC_SIZED(vioc_irq_info);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_pci_get_msix(device, &msix), 0);
	assert_int_equal(vioc_irq_get_info(device, VIOC_PCI_MSIX, &irq), 0);
	assert_int_equal(msix.n_vectors, irq.n_vectors);
	assert_int_equal(vioc_region_get_info(device, msix.table_bar, &info), 0);
	assert_true(info.flags & VIOC_REGION_MSIX);
	assert_true(msix.table_offset + msix.n_vectors * 16 <= info.length);
	assert_true(msix.pba_offset < info.length);
	assert_int_equal(info.type, 0);
	expect_failure(rig.ctx, vioc_pci_get_msix(device, &unsized_msix), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);

	struct vioc_device *edu = rig_device(&rig, world->edu);
	expect_failure(rig.ctx, vioc_pci_get_msix(edu, &msix), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	vioc_device_unref(edu);
	vioc_device_unref(device);
	rig_close(&rig);
}

/* On a device that tells what is pending, and on one that doesn't. */
static void stop_dma(struct world *world)
{
	const char *names[] = { world->first, world->edu };
	uint32_t command;
	struct rig rig;
	rig_open(world, &rig);
	for (size_t i = 0; i < 2; i++) {
		struct vioc_device *device = rig_device(&rig, names[i]);
		assert_int_equal(vioc_pci_set_bus_master(device, 1), 0);
		assert_int_equal(vioc_pci_stop_dma(device), 0);
		assert_int_equal(vioc_pci_config_read(device, 4, 2, &command), 0);
		assert_false(command & 4);
		vioc_device_unref(device);
	}
	rig_close(&rig);
}

/* With memory space off, registers are not there: an error, and no machine check. */
static void memory_space_off(struct world *world)
{
	uint32_t command, value = 77;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_pci_config_read(edu, 4, 2, &command), 0);
	assert_int_equal(vioc_pci_config_write(edu, 4, 2, command & ~2u), 0);
	expect_failure(rig.ctx, vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &value, 4), -EIO,
		       VIOC_REASON_KERNEL);
	expect_failure(rig.ctx, vioc_region_write(edu, VIOC_PCI_BAR(0), 4, &value, 4), -EIO,
		       VIOC_REASON_KERNEL);
	assert_int_equal(value, 77);
	assert_int_equal(vioc_pci_config_write(edu, 4, 2, command | 2), 0);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &value, 4), 0);
	assert_int_equal(value, 0x010000ed);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void features(struct world *world)
{
	uint32_t value = 77;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_device_probe_feature(edu, 0xfff0), 0);
	assert_int_equal(vioc_device_probe_feature(edu, VIOC_FEATURE_WAKE), VIOC_FEATURE_SET);
	expect_failure(rig.ctx, vioc_device_probe_feature(edu, 0x10000), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_device_get_feature(edu, 0xfff0, &value, 4), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	expect_failure(rig.ctx, vioc_device_set_feature(edu, VIOC_FEATURE_WAKE, NULL, 4), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(value, 77);

	assert_int_equal(vioc_device_set_feature(edu, VIOC_FEATURE_SLEEP, NULL, 0), 0);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 4, &value, 4), 0);
	expect_failure(rig.ctx, vioc_device_set_feature(edu, VIOC_FEATURE_SLEEP, NULL, 0), -EINVAL,
		       VIOC_REASON_KERNEL);
	assert_int_equal(vioc_device_set_feature(edu, VIOC_FEATURE_WAKE, NULL, 0), 0);
	assert_int_equal(vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &value, 4), 0);
	assert_int_equal(value, 0x010000ed);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* Accesses until the eventfd says that one of them woke the device; it takes a while to fall asleep. */
static bool access_wakes(struct vioc_device *device, int fd)
{
	struct pollfd woken = { .fd = fd, .events = POLLIN };
	uint32_t value;
	for (int tries = 0; tries < 3000; tries++) {
		assert_int_equal(vioc_region_read(device, VIOC_PCI_BAR(0), 0, &value, 4), 0);
		if (poll(&woken, 1, 10) == 1)
			return true;
	}
	return false;
}

static void sleep_until_wakeup(struct world *world)
{
	struct {
		int32_t fd;
		uint32_t zero;
	} wakeup = { .fd = -1 };
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	const uint32_t feature = VIOC_FEATURE_SLEEP_UNTIL_WAKEUP;
	assert_int_equal(vioc_device_probe_feature(edu, feature), VIOC_FEATURE_SET);
	expect_failure(rig.ctx, vioc_device_set_feature(edu, feature, &wakeup, sizeof(wakeup)),
		       -EINVAL, VIOC_REASON_KERNEL);
	expect_failure(rig.ctx, vioc_device_set_feature(edu, feature, NULL, 0), -EINVAL,
		       VIOC_REASON_KERNEL);

	wakeup.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(wakeup.fd >= 0);
	assert_int_equal(vioc_device_set_feature(edu, feature, &wakeup, sizeof(wakeup)), 0);
	assert_true(access_wakes(edu, wakeup.fd));
	/* The sleep is over. */
	assert_int_equal(vioc_device_set_feature(edu, VIOC_FEATURE_SLEEP, NULL, 0), 0);
	assert_int_equal(vioc_device_set_feature(edu, VIOC_FEATURE_WAKE, NULL, 0), 0);
	close(wakeup.fd);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* After close nothing works and nothing breaks; the group is free although a BAR was mapped. */
static void close_before_unref(struct world *world)
{
	struct vioc_device_info info = VIOC_SIZED(vioc_device_info);
	uint32_t value;
	void *address;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_region_map(edu, VIOC_PCI_BAR(0), 0, 0, &address), 0);
	vioc_device_close(edu);
	vioc_device_close(edu);
	expect_failure(rig.ctx, vioc_region_read(edu, VIOC_PCI_BAR(0), 0, &value, 4), -ENODEV,
		       VIOC_REASON_CLOSED);
	expect_failure(rig.ctx, vioc_region_map(edu, VIOC_PCI_BAR(0), 0, 0, &address), -ENODEV,
		       VIOC_REASON_CLOSED);
	expect_failure(rig.ctx, vioc_device_reset(edu), -ENODEV, VIOC_REASON_CLOSED);
	expect_failure(rig.ctx, vioc_device_get_fd(edu), -ENODEV, VIOC_REASON_CLOSED);
	assert_int_equal(vioc_device_get_info(edu, &info), 0);
	struct vioc_device *again = rig_device(&rig, world->edu);
	assert_int_equal(vioc_region_read(again, VIOC_PCI_BAR(0), 0, &value, 4), 0);
	assert_int_equal(value, 0x010000ed);
	vioc_device_unref(again);
	vioc_device_unref(edu);
	rig_close(&rig);
}

const struct contract_case device_cases[] = {
	{ "device info", device_info, 0 },
	{ "config space", config_space, NEEDS_EDU },
	{ "register access", register_access, NEEDS_EDU },
	{ "64 bits of a device that takes 32", too_wide_access, NEEDS_EDU },
	{ "bad register access: EINVAL, ERANGE", bad_register_access, NEEDS_EDU },
	{ "regions that are not there", absent_regions, NEEDS_EDU },
	{ "map a region", region_map, NEEDS_EDU },
	{ "bad region maps: EINVAL, ERANGE, EOPNOTSUPP", bad_region_map, NEEDS_EDU },
	{ "mappable areas of a region", region_areas, NEEDS_SECOND },
	{ "map a large region", large_region, NEEDS_LARGE },
	{ "capabilities", capabilities, NEEDS_EDU | NEEDS_SECOND },
	{ "the MSI-X table", msix_table, NEEDS_EDU },
	{ "stop DMA", stop_dma, NEEDS_EDU },
	{ "registers while memory space is off: EIO", memory_space_off, NEEDS_EDU },
	{ "features, and sleep", features, NEEDS_EDU },
	{ "sleep until something wakes it", sleep_until_wakeup, NEEDS_EDU },
	{ "close before unref: ENODEV", close_before_unref, NEEDS_EDU },
	{ 0 },
};
