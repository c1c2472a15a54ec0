// SPDX-License-Identifier: MIT
/* Drivers given to devices and taken from them; what devices are used for; settings of virtual functions. */
#include <string.h>

#include "contract.h"

static struct vioc_binding binding_of(struct vioc_ctx *ctx, const char *device)
{
	struct vioc_binding binding = VIOC_SIZED(vioc_binding);
	assert_int_equal(vioc_device_get_binding(ctx, device, &binding), 0);
	return binding;
}

static struct vioc_binding to_driver(const char *driver)
{
	struct vioc_binding binding = VIOC_SIZED(vioc_binding);
	strcpy(binding.driver, driver);
	strcpy(binding.driver_override, driver);
	return binding;
}

static void expect_binding(struct vioc_ctx *ctx, const char *device,
			   const struct vioc_binding *wanted)
{
	struct vioc_binding now = binding_of(ctx, device);
	assert_string_equal(now.driver, wanted->driver);
	assert_string_equal(now.driver_override, wanted->driver_override);
}

/* From the kernel's driver to vfio-pci, by which it opens, and back. */
static void to_vfio_and_back(struct world *world)
{
	const struct vioc_binding vfio = to_driver("vfio-pci");
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_binding before = binding_of(rig.ctx, world->kernel_bound);
	assert_string_not_equal(before.driver, "");
	assert_int_equal(vioc_device_set_binding(rig.ctx, world->kernel_bound, &vfio), 0);
	expect_binding(rig.ctx, world->kernel_bound, &vfio);
	vioc_device_unref(rig_device(&rig, world->kernel_bound));
	assert_int_equal(vioc_device_set_binding(rig.ctx, world->kernel_bound, &vfio), 0);
	assert_int_equal(vioc_device_set_binding(rig.ctx, world->kernel_bound, &before), 0);
	expect_binding(rig.ctx, world->kernel_bound, &before);
	rig_close(&rig);
}

static void to_none_and_back(struct world *world)
{
	struct vioc_binding none = VIOC_SIZED(vioc_binding);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_binding before = binding_of(ctx, world->first);
	assert_int_equal(vioc_device_set_binding(ctx, world->first, &none), 0);
	expect_binding(ctx, world->first, &none);
	assert_int_equal(vioc_device_set_binding(ctx, world->first, &before), 0);
	expect_binding(ctx, world->first, &before);
	vioc_ctx_unref(ctx);
}

/* The kernel's choice is never vfio-pci, which knows no device by its ID. */
static void to_any_and_back(struct world *world)
{
	struct vioc_binding any = VIOC_SIZED(vioc_binding);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_binding before = binding_of(ctx, world->second);
	any.flags = VIOC_BINDING_ANY_DRIVER;
	assert_int_equal(vioc_device_set_binding(ctx, world->second, &any), 0);
	struct vioc_binding now = binding_of(ctx, world->second);
	assert_string_not_equal(now.driver, "");
	assert_string_not_equal(now.driver, before.driver);
	assert_string_equal(now.driver_override, "");
	/* What the kernel has chosen stays. */
	assert_int_equal(vioc_device_set_binding(ctx, world->second, &any), 0);
	expect_binding(ctx, world->second, &now);
	assert_int_equal(vioc_device_set_binding(ctx, world->second, &before), 0);
	expect_binding(ctx, world->second, &before);
	vioc_ctx_unref(ctx);
}

/* An override that names another driver than is bound is kept, and brought back. */
static void stale_override(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_binding before = binding_of(ctx, world->kernel_bound), stale = before;
	const struct vioc_binding vfio = to_driver("vfio-pci");
	strcpy(stale.driver_override, "vfio-pci");
	assert_int_equal(vioc_device_set_binding(ctx, world->kernel_bound, &stale), 0);
	expect_binding(ctx, world->kernel_bound, &stale);
	assert_int_equal(vioc_device_set_binding(ctx, world->kernel_bound, &vfio), 0);
	assert_int_equal(vioc_device_set_binding(ctx, world->kernel_bound, &stale), 0);
	expect_binding(ctx, world->kernel_bound, &stale);
	assert_int_equal(vioc_device_set_binding(ctx, world->kernel_bound, &before), 0);
	vioc_ctx_unref(ctx);
}

/* The device does not get that driver, and has what it had before. */
static void expect_refused(struct world *world, const char *device, const char *driver, int error,
			   uint32_t reason)
{
	const struct vioc_binding wanted = to_driver(driver);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_binding before = binding_of(ctx, device);
	expect_failure(ctx, vioc_device_set_binding(ctx, device, &wanted), error, reason);
	expect_binding(ctx, device, &before);
	vioc_ctx_unref(ctx);
}

/* pcieport wants bridges only. */
static void refused_by_driver(struct world *world)
{
	expect_refused(world, world->first, "pcieport", -ENXIO, VIOC_REASON_DRIVER_REFUSED);
}

static void no_iommu_no_vfio(struct world *world)
{
	expect_refused(world, world->no_group, "vfio-pci", -ENXIO, VIOC_REASON_DRIVER_REFUSED);
}

static void no_such_driver(struct world *world)
{
	expect_refused(world, world->first, "no-such-driver", -EOPNOTSUPP,
		       VIOC_REASON_NO_INTERFACE);
}

/* The kernel would wait for the holder, and so would whoever asked for it. */
static void held(struct world *world)
{
	struct vioc_binding none = VIOC_SIZED(vioc_binding);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_binding before = binding_of(ctx, world->first);
	struct vioc_diag *diag = NULL;
	int pid = world_hold_group(world, world->first);
	int error = vioc_device_set_binding(ctx, world->first, &none);
	int used = vioc_device_get_uses(ctx, world->first, &diag);
	world_release_group(world, world->first, pid);
	expect_failure(ctx, error, -EBUSY, VIOC_REASON_BUSY);
	expect_fact(ctx, "pid", NULL);
	expect_binding(ctx, world->first, &before);
	assert_int_equal(used, 1);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_BUSY);
	assert_non_null(vioc_diag_get_fact(diag, "pid"));
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void unused(struct world *world)
{
	struct vioc_diag *diag = NULL;
	struct vioc_ctx *ctx = world_new_ctx(world);
	assert_int_equal(vioc_device_get_uses(ctx, world->first, &diag), 0);
	assert_null(diag);
	vioc_ctx_unref(ctx);
}

static void bad_arguments(struct world *world)
{
	struct vioc_binding binding = VIOC_SIZED(vioc_binding), unsized = { 0 };
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_diag *diag = NULL;
	expect_failure(ctx, vioc_device_get_binding(ctx, "../x", &binding), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_device_get_binding(ctx, "ffff:ff:1f.7", &binding), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	expect_failure(ctx, vioc_device_get_binding(ctx, world->first, &unsized), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_device_set_binding(ctx, world->first, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	strcpy(binding.driver, "../vfio-pci");
	expect_failure(ctx, vioc_device_set_binding(ctx, world->first, &binding), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	strcpy(binding.driver, "vfio-pci");
	binding.flags = VIOC_BINDING_ANY_DRIVER;
	expect_failure(ctx, vioc_device_set_binding(ctx, world->first, &binding), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	binding.flags = UINT64_C(1) << 63;
	expect_failure(ctx, vioc_device_set_binding(ctx, world->first, &binding), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	memset(binding.driver, 'x', sizeof(binding.driver));
	binding.flags = 0;
	expect_failure(ctx, vioc_device_set_binding(ctx, world->first, &binding), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_device_get_uses(ctx, "../x", &diag), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_device_get_uses(ctx, "ffff:ff:1f.7", &diag), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	expect_failure(ctx, vioc_group_set_type(ctx, 1, "no type"), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_group_set_type(ctx, 77777, "DMA"), -ENODEV, VIOC_REASON_NO_DEVICE);
	assert_null(diag);
	vioc_ctx_unref(ctx);
}

static struct vioc_vf_config vf_config(struct vioc_ctx *ctx, struct world *world, uint32_t vf)
{
	struct vioc_vf_config config = VIOC_SIZED(vioc_vf_config);
	assert_int_equal(vioc_vf_get_config(ctx, world->vf_netdev, vf, &config), 0);
	return config;
}

static void vf_settings(struct world *world)
{
	static const uint8_t mac[6] = { 0x02, 0x00, 0x5e, 0x10, 0x20, 0x30 };
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_vf_config before = vf_config(ctx, world, 0), config = before, now;
	memcpy(config.mac, mac, sizeof(mac));
	config.vlan = 42;
	config.vlan_priority = 3;
	config.trust = 1;
	config.spoof_check = 1;
	config.link_state = VIOC_VF_LINK_UP;
	config.fields = VIOC_VF_MAC | VIOC_VF_VLAN | VIOC_VF_TRUST | VIOC_VF_SPOOF_CHECK |
			VIOC_VF_LINK_STATE;
	assert_int_equal(vioc_vf_set_config(ctx, world->vf_netdev, 0, &config), 0);
	now = vf_config(ctx, world, 0);
	assert_int_equal(now.fields & config.fields, config.fields);
	assert_memory_equal(now.mac, mac, sizeof(mac));
	assert_int_equal(now.vlan, 42);
	assert_int_equal(now.vlan_priority, 3);
	assert_int_equal(now.vlan_protocol, 0x8100);
	assert_int_equal(now.trust, 1);
	assert_int_equal(now.spoof_check, 1);
	assert_int_equal(now.link_state, VIOC_VF_LINK_UP);
	/* The other keeps what it had; and so does what is not named. */
	assert_int_equal(vf_config(ctx, world, 1).vlan, 0);
	config = now;
	config.fields = VIOC_VF_LINK_STATE;
	config.link_state = VIOC_VF_LINK_DOWN;
	config.vlan = 7;
	assert_int_equal(vioc_vf_set_config(ctx, world->vf_netdev, 0, &config), 0);
	now = vf_config(ctx, world, 0);
	assert_int_equal(now.vlan, 42);
	assert_int_equal(now.link_state, VIOC_VF_LINK_DOWN);
	before.fields = VIOC_VF_VLAN | VIOC_VF_TRUST | VIOC_VF_SPOOF_CHECK | VIOC_VF_LINK_STATE;
	assert_int_equal(vioc_vf_set_config(ctx, world->vf_netdev, 0, &before), 0);
	assert_int_equal(vf_config(ctx, world, 0).vlan, 0);
	vioc_ctx_unref(ctx);
}

static void vf_missing(struct world *world)
{
	struct vioc_vf_config config = VIOC_SIZED(vioc_vf_config);
	struct vioc_ctx *ctx = world_new_ctx(world);
	expect_failure(ctx, vioc_vf_get_config(ctx, world->vf_netdev, 2, &config), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	expect_failure(ctx, vioc_vf_get_config(ctx, "no-such", 0, &config), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	expect_failure(ctx, vioc_vf_set_config(ctx, "lo", 0, &config), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	vioc_ctx_unref(ctx);
}

static void bad_vf_settings(struct world *world)
{
	struct vioc_vf_config configs[8];
	struct vioc_ctx *ctx = world_new_ctx(world);
	for (size_t i = 0; i < 8; i++)
		configs[i] = (struct vioc_vf_config)VIOC_SIZED(vioc_vf_config);
	configs[0].size = 0;
	configs[1].vlan = 4095;
	configs[2].vlan_priority = 8;
	configs[3].vlan_protocol = 0x0800;
	configs[4].trust = 2;
	configs[5].spoof_check = 2;
	configs[6].link_state = 3;
	configs[7].fields = UINT64_C(1) << 63;
	for (size_t i = 0; i < 8; i++)
		expect_failure(ctx, vioc_vf_set_config(ctx, "lo", 0, &configs[i]), -EINVAL,
			       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_vf_set_config(ctx, "lo", 0, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	vioc_ctx_unref(ctx);
}

const struct contract_case bind_cases[] = {
	{ "bind: to vfio-pci and back", to_vfio_and_back, NEEDS_KERNEL_BOUND },
	{ "bind: to no driver and back", to_none_and_back, 0 },
	{ "bind: to the kernel's choice and back", to_any_and_back, NEEDS_SECOND },
	{ "bind: an override that names another driver", stale_override, NEEDS_KERNEL_BOUND },
	{ "bind: driver doesn't want it: ENXIO, as before", refused_by_driver, 0 },
	{ "bind: not behind the IOMMU: ENXIO, as before", no_iommu_no_vfio, NEEDS_NO_GROUP },
	{ "bind: no such driver: EOPNOTSUPP", no_such_driver, 0 },
	{ "bind: held by a process: EBUSY", held, 0 },
	{ "bind: a device that is not used", unused, 0 },
	{ "bind: bad arguments", bad_arguments, 0 },
	{ "vf: settings", vf_settings, NEEDS_VF_NETDEV },
	{ "vf: no such function: ENODEV", vf_missing, NEEDS_VF_NETDEV },
	{ "vf: bad settings: EINVAL", bad_vf_settings, 0 },
	{ 0 },
};
