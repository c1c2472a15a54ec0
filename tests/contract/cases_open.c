// SPDX-License-Identifier: MIT
/* Opening what can't be opened: each has its errno, its reason and its facts. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"

static void expect_refused(struct rig *rig, const char *name, int error, uint32_t reason)
{
	struct vioc_device *device = NULL;
	expect_failure(rig->ctx, vioc_device_open(rig->ioas, name, NULL, &device), error, reason);
	assert_null(device);
}

static void malformed_address(struct world *world)
{
	static const char *const names[] = {
		"",
		"0000:00:02",
		"0000:00:02.8",
		"0000:00:20.0",
		"0000:00:02.0 ",
		"0000:00:02.0x",
		"0000:00:02.0/../x",
		"00000000000:1:1",
		"::.",
		"0000:000:02.0.1",
		"-1:00:02.0",
		".",
		"/",
		"/tmp/x",
		"/sys/",
		"/sys/bus/pci/devices/",
		"/sys/bus/pci/devices/..",
	};
	struct rig rig;
	rig_open(world, &rig);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_refused(&rig, names[i], -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_device_open(rig.ioas, NULL, NULL, NULL), -EINVAL);
	rig_close(&rig);
}

static void unknown_address(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	expect_refused(&rig, "0000:7f:1f.7", -ENODEV, VIOC_REASON_NO_DEVICE);
	expect_fact(rig.ctx, "device", "0000:7f:1f.7");
	expect_refused(&rig, "nvme0", -ENODEV, VIOC_REASON_NO_DEVICE);
	expect_refused(&rig, "/sys/bus/pci/devices/0000:7f:1f.7", -ENODEV, VIOC_REASON_NO_DEVICE);
	expect_refused(&rig, "/sys/bus/pci", -ENODEV, VIOC_REASON_NO_DEVICE);
	rig_close(&rig);
}

static void open_by_path(struct rig *rig, const char *bus, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", bus, name);
	struct vioc_device *device = rig_device(rig, path);
	assert_string_equal(vioc_device_get_name(device), name);
	vioc_device_unref(device);
}

static void sysfs_path(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	open_by_path(&rig, "pci", world->first);
	rig_close(&rig);
}

/* The device is the kernel's sample, mtty: serial ports as a PCI device would have them. */
static void mediated_device(struct world *world)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	uint8_t value;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->mdev);
	assert_string_equal(vioc_device_get_name(device), world->mdev);
	assert_int_equal(vioc_region_get_info(device, VIOC_PCI_BAR(0), &info), 0);
	assert_true(info.length >= 8);
	assert_int_equal(vioc_region_read(device, VIOC_PCI_BAR(0), 5, &value, 1), 0);
	void *memory = pages_new(1);
	uint64_t iova;
	assert_int_equal(vioc_ioas_map(rig.ioas, memory, PAGE, VIOC_MAP_READ, &iova), 0);
	expect_refused(&rig, world->mdev, -EBUSY, VIOC_REASON_BUSY);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, iova, PAGE, 0, NULL), 0);
	pages_free(memory, 1);
	vioc_device_unref(device);
	open_by_path(&rig, "mdev", world->mdev);
	rig_close(&rig);
}

static void short_address(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	assert_memory_equal(world->first, "0000:", 5);
	struct vioc_device *device = rig_device(&rig, world->first + 5);
	assert_string_equal(vioc_device_get_name(device), world->first);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void bad_options(struct world *world)
{
	struct {
		struct vioc_device_opts opts;
		uint64_t later;
	} grown = { { .size = sizeof(grown) }, 0 };
	struct vioc_device_opts opts = { 0 };
	struct vioc_device *device = NULL;
	struct rig rig;
	rig_open(world, &rig);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, &opts, &device), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	opts = (struct vioc_device_opts){ .size = sizeof(opts), .flags = 1 };
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, &opts, &device), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	grown.later = 1;
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, &grown.opts, &device),
		       -E2BIG, VIOC_REASON_BAD_ARGUMENT);
	assert_null(device);
	grown.later = 0;
	assert_int_equal(vioc_device_open(rig.ioas, world->first, &grown.opts, &device), 0);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void held_by_kernel_driver(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	expect_refused(&rig, world->kernel_bound, -EBUSY, VIOC_REASON_OTHER_DRIVER);
	expect_fact(rig.ctx, "driver", NULL);
	rig_close(&rig);
}

static void without_driver(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	expect_refused(&rig, world->unbound, -ENXIO, VIOC_REASON_NOT_BOUND);
	rig_close(&rig);
}

static void without_group(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	expect_refused(&rig, world->no_group, -EOPNOTSUPP, VIOC_REASON_BYPASS);
	rig_close(&rig);
}

static void sibling_held_by_kernel_driver(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	expect_refused(&rig, world->blocked, -EBUSY, VIOC_REASON_SIBLING_BOUND);
	expect_fact(rig.ctx, "sibling", NULL);
	expect_fact(rig.ctx, "driver", NULL);
	rig_close(&rig);
}

static void group_held_by_another_process(struct world *world)
{
	char pid[32];
	struct rig rig;
	rig_open(world, &rig);
	int holder = world_hold_group(world, world->first);
	struct vioc_device *device = NULL;
	int error = vioc_device_open(rig.ioas, world->first, NULL, &device);
	snprintf(pid, sizeof(pid), "%d", holder);
	world_release_group(world, world->first, holder);
	expect_failure(rig.ctx, error, -EBUSY, VIOC_REASON_BUSY);
	expect_fact(rig.ctx, "pid", pid);
	expect_fact(rig.ctx, "process", NULL);

	device = rig_device(&rig, world->first);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void opened_twice(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first), *again = NULL;
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &again), -EBUSY,
		       VIOC_REASON_BUSY);
	assert_null(again);
	vioc_device_unref(device);
	device = rig_device(&rig, world->first);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void opened_in_two_containers(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_container *container = world_new_container(world, rig.ctx);
	struct vioc_ioas *other;
	assert_int_equal(vioc_ioas_new(container, NULL, &other), 0);
	struct vioc_device *device = rig_device(&rig, world->first), *again = NULL;
	expect_failure(rig.ctx, vioc_device_open(other, world->first, NULL, &again), -EBUSY,
		       VIOC_REASON_BUSY);
	assert_null(again);
	vioc_device_unref(device);
	vioc_ioas_unref(other);
	vioc_container_unref(container);
	rig_close(&rig);
}

static void without_permission(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = NULL;
	world_drop_rights(world, world->first);
	int error = vioc_device_open(rig.ioas, world->first, NULL, &device);
	world_regain_rights(world, world->first);
	expect_failure(rig.ctx, error, -EACCES, VIOC_REASON_PERMISSION);
	assert_null(device);
	expect_fact(rig.ctx, "path", NULL);
	expect_fact(rig.ctx, "uid", "0");
	expect_fact(rig.ctx, "mode", NULL);
	rig_close(&rig);
}

static void node_missing(struct world *world)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container = NULL;
	struct vioc_ctx *ctx = world_new_ctx(world);
	opts.backend = world->backend;
	world_hide_node(world);
	int error = vioc_container_new(ctx, &opts, &container);
	world_show_node(world);
	expect_failure(ctx, error, -EOPNOTSUPP, VIOC_REASON_NO_INTERFACE);
	assert_null(container);
	expect_fact(ctx, "path",
		    world->backend == VIOC_BACKEND_LEGACY ? "/dev/vfio/vfio" : "/dev/iommu");
	vioc_ctx_unref(ctx);
}

static void bad_container_options(struct world *world)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container = NULL;
	struct vioc_ctx *ctx = world_new_ctx(world);
	opts.backend = 4;
	expect_failure(ctx, vioc_container_new(ctx, &opts, &container), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	opts.backend = world->backend;
	opts.flags = 1;
	expect_failure(ctx, vioc_container_new(ctx, &opts, &container), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(container);
	vioc_ctx_unref(ctx);
}

/* Programs that close their standard streams don't get devices in their place. */
static void device_keeps_off(struct world *world)
{
	struct vioc_device *device = NULL;
	struct rig rig;
	int kept[3];
	rig_open(world, &rig);
	for (int fd = 0; fd < 3; fd++)
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	int error = vioc_device_open(rig.ioas, world->first, NULL, &device);
	bool free[3];
	for (int fd = 0; fd < 3; fd++) {
		free[fd] = fcntl(fd, F_GETFD) < 0;
		dup2(kept[fd], fd);
		close(kept[fd]);
	}
	assert_int_equal(error, 0);
	assert_true(free[0] && free[1] && free[2]);
	assert_true(vioc_device_get_fd(device) > 2);
	assert_int_equal(fcntl(vioc_device_get_fd(device), F_GETFD), FD_CLOEXEC);
	vioc_device_unref(device);
	rig_close(&rig);
}

const struct contract_case open_cases[] = {
	{ "malformed address: EINVAL", malformed_address, 0 },
	{ "open by path in sysfs", sysfs_path, 0 },
	{ "open a mediated device", mediated_device, NEEDS_MDEV },
	{ "unknown address: ENODEV", unknown_address, 0 },
	{ "short address", short_address, 0 },
	{ "bad options: EINVAL, E2BIG", bad_options, 0 },
	{ "device held by a kernel driver: EBUSY", held_by_kernel_driver, NEEDS_KERNEL_BOUND },
	{ "device without a driver: ENXIO", without_driver, NEEDS_UNBOUND },
	{ "device that bypasses the IOMMU: EOPNOTSUPP", without_group, NEEDS_NO_GROUP },
	{ "sibling held by a kernel driver: EBUSY", sibling_held_by_kernel_driver, NEEDS_BLOCKED },
	{ "group held by another process: EBUSY", group_held_by_another_process, 0 },
	{ "device opened twice: EBUSY", opened_twice, 0 },
	{ "device opened in two containers: EBUSY", opened_in_two_containers, 0 },
	{ "no permission: EACCES", without_permission, 0 },
	{ "backend's node missing: EOPNOTSUPP", node_missing, 0 },
	{ "bad container options: EINVAL", bad_container_options, 0 },
	{ "devices keep off the standard streams", device_keeps_off, 0 },
	{ 0 },
};
