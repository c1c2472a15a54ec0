// SPDX-License-Identifier: MIT
/* A binding that can't be brought back: what no real driver does when it is told to. */
#include <string.h>

#include "unit.h"

#define DEVICE "0000:00:02.0"

/* Without an IOMMU, as never was: vfio-pci would not take it again. */
static const struct fake_device_spec devices[] = {
	{ .name = DEVICE, .driver = "vfio-pci", .group = -1 },
	{ 0 },
};

static void what_is_lost_is_told(void **state)
{
	(void)state;
	struct fake *fake = fake_new(&(struct fake_config){ .devices = devices });
	struct vioc_binding wanted = VIOC_SIZED(vioc_binding), now = VIOC_SIZED(vioc_binding);
	struct vioc_ctx *ctx;
	struct vioc_diag *diag;
	strcpy(wanted.driver, "pcieport");
	strcpy(wanted.driver_override, "pcieport");
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(fake), &ctx), 0);
	assert_int_equal(vioc_device_set_binding(ctx, DEVICE, &wanted), -ENXIO);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_DRIVER_REFUSED);
	assert_string_equal(vioc_diag_get_fact(diag, "lost"), "vfio-pci");
	assert_non_null(strstr(vioc_diag_get_obstacle(diag), "driver vfio-pci does not take it"));
	vioc_diag_unref(diag);
	assert_int_equal(vioc_device_get_binding(ctx, DEVICE, &now), 0);
	assert_string_equal(now.driver, "");
	vioc_ctx_unref(ctx);
	assert_int_equal(fake_count_open(fake), 0);
	fake_free(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_lost_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
