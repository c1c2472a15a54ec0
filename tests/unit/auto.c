// SPDX-License-Identifier: MIT
/* The "auto" backend: what it chooses, when it falls back, and that it says why. */
#include <string.h>

#include "unit.h"

struct rig {
	struct fake *fake;
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
};

static void rig_open(struct rig *rig, struct fake_config config)
{
	rig->fake = unit_fake(config);
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(rig->fake), &rig->ctx), 0);
	assert_int_equal(vioc_container_new(rig->ctx, NULL, &rig->container), 0);
	assert_int_equal(vioc_ioas_new(rig->container, NULL, &rig->ioas), 0);
}

static void rig_close(struct rig *rig)
{
	vioc_ioas_unref(rig->ioas);
	vioc_container_unref(rig->container);
	vioc_ctx_unref(rig->ctx);
	assert_int_equal(fake_count_open(rig->fake), 0);
	fake_free(rig->fake);
}

static uint32_t backend_of(struct vioc_ioas *ioas)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	assert_int_equal(vioc_ioas_get_info(ioas, &info), 0);
	return info.backend;
}

/* The thread's diag is a note of a fallback, and behind it is this reason. */
static void expect_fallback(struct vioc_ctx *ctx, uint32_t because)
{
	struct vioc_diag *diag;
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_FALLBACK);
	assert_string_equal(vioc_diag_get_fact(diag, "backend"), "legacy");
	assert_non_null(vioc_diag_get_other(diag));
	assert_int_equal(vioc_diag_get_reason(vioc_diag_get_other(diag)), because);
	vioc_diag_unref(diag);
}

static void prefers_iommufd(void **state)
{
	(void)state;
	struct rig rig;
	struct vioc_device *device;
	struct vioc_diag *diag;
	rig_open(&rig, (struct fake_config){ 0 });
	assert_int_equal(backend_of(rig.ioas), VIOC_BACKEND_AUTO);
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), 0);
	assert_int_equal(vioc_device_get_backend(device), VIOC_BACKEND_IOMMUFD);
	assert_int_equal(backend_of(rig.ioas), VIOC_BACKEND_IOMMUFD);
	assert_int_equal(vioc_ctx_get_diag(rig.ctx, &diag), -ENOENT);
	vioc_device_unref(device);
	assert_int_equal(backend_of(rig.ioas), VIOC_BACKEND_AUTO);
	rig_close(&rig);
}

static void without_iommufd(void **state)
{
	(void)state;
	struct rig rig;
	struct vioc_device *device;
	rig_open(&rig, (struct fake_config){ .no_iommufd = true, .no_cdev = true });
	expect_fallback(rig.ctx, VIOC_REASON_NO_INTERFACE);
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), 0);
	assert_int_equal(vioc_device_get_backend(device), VIOC_BACKEND_LEGACY);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void without_cdev(void **state)
{
	(void)state;
	struct rig rig;
	struct vioc_device *device;
	rig_open(&rig, (struct fake_config){ .no_cdev = true });
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), 0);
	expect_fallback(rig.ctx, VIOC_REASON_NO_CDEV);
	assert_int_equal(vioc_device_get_backend(device), VIOC_BACKEND_LEGACY);
	vioc_device_unref(device);
	rig_close(&rig);
}

/* The character device is root's, the group is ours: how many systems are set up. */
static void without_rights_to_cdev(void **state)
{
	(void)state;
	struct rig rig;
	struct vioc_device *device, *second;
	rig_open(&rig, (struct fake_config){ 0 });
	fake_forbid(rig.fake, "/dev/vfio/devices/vfio0", true);
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), 0);
	expect_fallback(rig.ctx, VIOC_REASON_PERMISSION);
	assert_int_equal(vioc_device_get_backend(device), VIOC_BACKEND_LEGACY);
	/* What comes to the same address space later takes the same way. */
	assert_int_equal(vioc_device_open(rig.ioas, SECOND, NULL, &second), 0);
	assert_int_equal(vioc_device_get_backend(second), VIOC_BACKEND_LEGACY);
	vioc_device_unref(device);
	vioc_device_unref(second);
	/* Once it is empty it starts anew. */
	fake_forbid(rig.fake, "/dev/vfio/devices/vfio0", false);
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), 0);
	assert_int_equal(vioc_device_get_backend(device), VIOC_BACKEND_IOMMUFD);
	vioc_device_unref(device);
	rig_close(&rig);
}

/* A device that is taken is taken by every backend: no second attempt, one clear answer. */
static void busy_is_no_reason_to_fall_back(void **state)
{
	(void)state;
	struct rig rig;
	struct vioc_device *device;
	struct vioc_diag *diag;
	rig_open(&rig, (struct fake_config){ 0 });
	fake_hold(rig.fake, "/dev/vfio/devices/vfio0", 99, "qemu");
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), -EBUSY);
	assert_int_equal(vioc_ctx_get_diag(rig.ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_BUSY);
	assert_string_equal(vioc_diag_get_fact(diag, "pid"), "99");
	assert_string_equal(vioc_diag_get_fact(diag, "process"), "qemu");
	assert_null(vioc_diag_get_other(diag));
	vioc_diag_unref(diag);
	rig_close(&rig);
}

static void all_ways_fail(void **state)
{
	(void)state;
	struct rig rig;
	struct vioc_device *device;
	struct vioc_diag *diag;
	rig_open(&rig, (struct fake_config){ .no_isolation = true });
	assert_int_equal(vioc_device_open(rig.ioas, FIRST, NULL, &device), -EPERM);
	assert_int_equal(vioc_ctx_get_diag(rig.ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_NO_ISOLATION);
	assert_non_null(strstr(vioc_diag_get_fact(diag, "path"), "vfio_iommu_type1"));
	assert_non_null(vioc_diag_get_other(diag));
	assert_non_null(strstr(vioc_diag_get_fact(vioc_diag_get_other(diag), "path"), "iommufd"));
	vioc_diag_unref(diag);
	rig_close(&rig);
}

static void nothing_there(void **state)
{
	(void)state;
	struct fake *fake = unit_fake((struct fake_config){ .no_iommufd = true, .no_type1 = true });
	struct vioc_container *container = NULL;
	struct vioc_diag *diag;
	struct vioc_ctx *ctx;
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(fake), &ctx), 0);
	assert_int_equal(vioc_container_new(ctx, NULL, &container), -EOPNOTSUPP);
	assert_null(container);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_string_equal(vioc_diag_get_fact(diag, "path"), "/dev/vfio/vfio");
	assert_string_equal(vioc_diag_get_fact(vioc_diag_get_other(diag), "path"), "/dev/iommu");
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
	fake_free(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefers_iommufd),
		cmocka_unit_test(without_iommufd),
		cmocka_unit_test(without_cdev),
		cmocka_unit_test(without_rights_to_cdev),
		cmocka_unit_test(busy_is_no_reason_to_fall_back),
		cmocka_unit_test(all_ways_fail),
		cmocka_unit_test(nothing_there),
	};
	return cmocka_run_group_tests_name("auto", tests, NULL, NULL);
}
