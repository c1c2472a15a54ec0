// SPDX-License-Identifier: MIT
/* What an enumerator finds, and what it says of devices that can and can't be opened. */
#include <stdio.h>
#include <string.h>

#include "contract.h"

struct look {
	struct vioc_ctx *ctx;
	struct vioc_enumerator *enumerator;
	struct vioc_found_device device;
};

/* The device must be found, and found once. */
static struct look look_at(struct world *world, const char *name, uint64_t flags)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct look look = { .ctx = world_new_ctx(world), .device = VIOC_SIZED(vioc_found_device) };
	opts.flags = flags;
	opts.slot = name;
	assert_int_equal(vioc_enumerator_new(look.ctx, &opts, &look.enumerator), 0);
	assert_int_equal(vioc_enumerator_get_device(look.enumerator, 0, &look.device), 1);
	assert_string_equal(look.device.name, name);
	struct vioc_found_device other = VIOC_SIZED(vioc_found_device);
	assert_int_equal(vioc_enumerator_get_device(look.enumerator, 1, &other), 0);
	return look;
}

static void look_away(struct look *look)
{
	vioc_enumerator_unref(look->enumerator);
	vioc_ctx_unref(look->ctx);
}

static void expect_reason(struct world *world, const char *name, uint32_t reason)
{
	struct look look = look_at(world, name, 0);
	assert_int_equal(look.device.reason, reason);
	look_away(&look);
}

static void ready(struct world *world)
{
	struct look look = look_at(world, world->first, 0);
	struct vioc_found_group group = VIOC_SIZED(vioc_found_group);
	assert_int_equal(look.device.reason, VIOC_REASON_NONE);
	assert_true(look.device.flags & VIOC_FOUND_VFIO);
	assert_true(look.device.flags & VIOC_FOUND_GROUP);
	assert_string_equal(look.device.driver, "vfio-pci");
	assert_non_null(look.device.group_node);
	assert_int_equal(!look.device.cdev, !!(look.device.flags & VIOC_FOUND_NO_NODE));
	assert_int_equal(vioc_enumerator_get_group(look.enumerator, 0, &group), 1);
	assert_int_equal(group.number, look.device.group);
	assert_true(group.n_devices >= 1);
	assert_true(group.n_ranges >= 1);
	look_away(&look);
}

/* What is found opens, by the address that was found. */
static void found_opens(struct world *world)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(vioc_enumerator_new(rig.ctx, NULL, &enumerator), 0);
	size_t i = 0;
	do
		assert_int_equal(vioc_enumerator_get_device(enumerator, i++, &device), 1);
	while (device.reason != VIOC_REASON_NONE);
	struct vioc_device *open = rig_device(&rig, device.name);
	assert_string_equal(vioc_device_get_name(open), device.name);
	vioc_enumerator_unref(enumerator);
	vioc_device_unref(open);
	rig_close(&rig);
}

static void ordered(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator;
	char last[32] = "";
	opts.flags = VIOC_ENUMERATE_BRIDGES | VIOC_ENUMERATE_NAMES;
	assert_int_equal(vioc_enumerator_new(ctx, &opts, &enumerator), 0);
	for (size_t i = 0; vioc_enumerator_get_device(enumerator, i, &device) > 0; i++) {
		assert_true(strcmp(last, device.name) < 0);
		snprintf(last, sizeof(last), "%s", device.name);
	}
	assert_true(last[0]);
	vioc_enumerator_unref(enumerator);
	vioc_ctx_unref(ctx);
}

static void kernel_bound(struct world *world)
{
	expect_reason(world, world->kernel_bound, VIOC_REASON_OTHER_DRIVER);
}

static void unbound(struct world *world)
{
	expect_reason(world, world->unbound, VIOC_REASON_NOT_BOUND);
}

static void bypassing(struct world *world)
{
	expect_reason(world, world->no_group, VIOC_REASON_BYPASS);
}

static void blocked(struct world *world)
{
	struct look look = look_at(world, world->blocked, 0);
	assert_int_equal(look.device.reason, VIOC_REASON_SIBLING_BOUND);
	assert_non_null(look.device.blocker);
	assert_non_null(look.device.blocker_driver);
	assert_string_not_equal(look.device.blocker, world->blocked);
	look_away(&look);
}

static void held(struct world *world)
{
	int pid = world_hold_group(world, world->first);
	struct look look = look_at(world, world->first, VIOC_ENUMERATE_HOLDERS);
	assert_int_equal(look.device.n_holders, 1);
	assert_int_equal(look.device.holders[0].pid, pid);
	assert_string_equal(look.device.holders[0].node, look.device.group_node);
	assert_non_null(look.device.holders[0].command);
	look_away(&look);
	world_release_group(world, world->first, pid);
	look = look_at(world, world->first, VIOC_ENUMERATE_HOLDERS);
	assert_int_equal(look.device.n_holders, 0);
	look_away(&look);
}

/* What a ready device is behind is among the units. */
static void units(struct world *world)
{
	struct vioc_found_unit unit = VIOC_SIZED(vioc_found_unit), unsized = { 0 };
	struct look look = look_at(world, world->first, 0);
	bool found = false;
	size_t n = 0;
	for (; vioc_enumerator_get_unit(look.enumerator, n, &unit) > 0; n++) {
		assert_true(unit.n_registers <= VIOC_UNIT_REGISTERS);
		found |= look.device.unit && strcmp(look.device.unit, unit.name) == 0;
	}
	assert_true(n > 0);
	assert_int_equal(found, look.device.unit != NULL);
	assert_int_equal(vioc_enumerator_get_unit(look.enumerator, 0, &unsized), -EINVAL);
	look_away(&look);
}

/* What iommufd says of an open device's IOMMU is what sysfs says of it. */
static void hw_info(struct world *world)
{
	struct vioc_hw_info info = VIOC_SIZED(vioc_hw_info), unsized = { 0 };
	struct vioc_found_unit unit = VIOC_SIZED(vioc_found_unit);
	struct vioc_unit_field field;
	struct look look = look_at(world, world->first, 0);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	int result = vioc_device_get_hw_info(device, &info);
	if (world->backend == VIOC_BACKEND_IOMMUFD) {
		assert_int_equal(result, 0);
		expect_failure(rig.ctx, vioc_device_get_hw_info(device, &unsized), -EINVAL,
			       VIOC_REASON_BAD_ARGUMENT);
	} else {
		expect_failure(rig.ctx, result, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	}
	for (size_t i = 0;
	     look.device.unit && vioc_enumerator_get_unit(look.enumerator, i, &unit) > 0; i++) {
		if (strcmp(unit.name, look.device.unit) != 0 || unit.kind != VIOC_UNIT_VTD ||
		    result < 0)
			continue;
		assert_int_equal(info.kind, unit.kind);
		assert_int_equal(info.n_registers, unit.n_registers);
		assert_memory_equal(info.registers, unit.registers, sizeof(info.registers));
		assert_true(info.type == 1 && info.n_data == 24);
		assert_int_equal(
			vioc_unit_decode(info.kind, info.registers, info.n_registers, 0, &field),
			1);
	}
	vioc_device_close(device);
	expect_failure(rig.ctx, vioc_device_get_hw_info(device, &info), -ENODEV,
		       VIOC_REASON_CLOSED);
	vioc_device_unref(device);
	rig_close(&rig);
	look_away(&look);
}

/* Everything that the backend needs is there, by the word of the kernel. */
static void features(struct world *world)
{
	struct vioc_system_feature feature = VIOC_SIZED(vioc_system_feature), unsized = { 0 };
	const char *needed = world->backend == VIOC_BACKEND_LEGACY    ? "type1-v2"
			     : world->backend == VIOC_BACKEND_IOMMUFD ? "iommufd"
								      : "compat";
	struct vioc_ctx *ctx = world_new_ctx(world);
	size_t n = 0, n_needed = 0;
	for (; vioc_system_get_feature(ctx, n, &feature) > 0; n++) {
		assert_true(feature.state <= VIOC_SYSTEM_UNKNOWN);
		assert_non_null(feature.about);
		if (strcmp(feature.name, "map-file") == 0 && world->backend == VIOC_BACKEND_IOMMUFD)
			assert_int_equal(feature.state == VIOC_SYSTEM_YES, world_maps_files(world));
		if (strcmp(feature.name, needed) != 0 && strcmp(feature.name, "iommu") != 0)
			continue;
		assert_int_equal(feature.state, VIOC_SYSTEM_YES);
		n_needed++;
	}
	assert_int_equal(n_needed, 2);
	assert_int_equal(vioc_system_get_feature(ctx, 0, &unsized), -EINVAL);
	world_hide_node(world);
	for (n = 0; vioc_system_get_feature(ctx, n, &feature) > 0; n++)
		if (strcmp(feature.name, needed) == 0)
			assert_int_equal(feature.state, VIOC_SYSTEM_NO);
	world_show_node(world);
	vioc_ctx_unref(ctx);
}

static void bad_options(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *enumerator = NULL;
	opts.slot = "what";
	expect_failure(ctx, vioc_enumerator_new(ctx, &opts, &enumerator), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	opts.slot = NULL;
	opts.flags = UINT64_C(1) << 63;
	expect_failure(ctx, vioc_enumerator_new(ctx, &opts, &enumerator), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	opts = (struct vioc_enumerator_opts){ 0 };
	expect_failure(ctx, vioc_enumerator_new(ctx, &opts, &enumerator), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(enumerator);
	vioc_ctx_unref(ctx);
}

const struct contract_case found_cases[] = {
	{ "found: a device that can be opened, and its group", ready, 0 },
	{ "found: what is ready opens", found_opens, 0 },
	{ "found: devices in order", ordered, 0 },
	{ "found: held by a kernel driver", kernel_bound, NEEDS_KERNEL_BOUND },
	{ "found: without a driver", unbound, NEEDS_UNBOUND },
	{ "found: not behind the IOMMU", bypassing, NEEDS_NO_GROUP },
	{ "found: sibling held by a kernel driver", blocked, NEEDS_BLOCKED },
	{ "found: who holds it", held, 0 },
	{ "found: IOMMU units", units, 0 },
	{ "found: the IOMMU of an open device", hw_info, 0 },
	{ "found: what the kernel can do", features, 0 },
	{ "found: bad options: EINVAL", bad_options, 0 },
	{ 0 },
};
