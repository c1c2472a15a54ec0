// SPDX-License-Identifier: MIT
/* Config space as no emulated device shows it. The fake's can be written everywhere. */
#include <string.h>

#include "unit.h"

struct rig {
	struct fake *fake;
	struct vioc_ctx *ctx;
	struct vioc_ioas *ioas;
	struct vioc_device *device;
};

static void rig_open(struct rig *rig)
{
	struct vioc_container *container = NULL;
	rig->fake = unit_fake((struct fake_config){ 0 });
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(rig->fake), &rig->ctx), 0);
	assert_int_equal(vioc_container_new(rig->ctx, NULL, &container), 0);
	assert_int_equal(vioc_ioas_new(container, NULL, &rig->ioas), 0);
	assert_int_equal(vioc_device_open(rig->ioas, FIRST, NULL, &rig->device), 0);
	vioc_container_unref(container);
}

static void rig_close(struct rig *rig)
{
	vioc_device_unref(rig->device);
	vioc_ioas_unref(rig->ioas);
	vioc_ctx_unref(rig->ctx);
	fake_free(rig->fake);
}

static void write_config(const struct rig *rig, uint32_t offset, uint32_t width, uint32_t value)
{
	assert_int_equal(vioc_pci_config_write(rig->device, offset, width, value), 0);
}

static void never_done(void **state)
{
	struct vioc_diag *diag = NULL;
	struct rig rig;
	(void)state;
	rig_open(&rig);
	int express = vioc_pci_find_cap(rig.device, VIOC_PCI_CAP_EXP, 0);
	assert_true(express > 0);
	write_config(&rig, (uint32_t)express + 0x0a, 2, 0x20);
	assert_int_equal(vioc_pci_stop_dma(rig.device), -ETIMEDOUT);
	assert_int_equal(vioc_ctx_get_diag(rig.ctx, &diag), 0);
	assert_non_null(strstr(vioc_diag_get_obstacle(diag), "Device Status is 0x0020"));
	vioc_diag_unref(diag);
	rig_close(&rig);
}

static void chains_in_circles(void **state)
{
	struct rig rig;
	(void)state;
	rig_open(&rig);
	write_config(&rig, 0x61, 1, 0x40);
	assert_int_equal(vioc_pci_find_cap(rig.device, 0xfe, 0), 0);
	write_config(&rig, 0x140, 4, 0x10000003);
	assert_int_equal(vioc_pci_find_cap(rig.device, VIOC_PCI_EXT_CAP(0xfe), 0), 0);
	rig_close(&rig);
}

/* Into the header, which is none of theirs; and a device that answers nothing. */
static void broken_chains(void **state)
{
	struct rig rig;
	(void)state;
	rig_open(&rig);
	write_config(&rig, 0x41, 1, 0x04);
	assert_int_equal(vioc_pci_find_cap(rig.device, VIOC_PCI_CAP_EXP, 0), 0);
	write_config(&rig, 0x100, 4, UINT32_MAX);
	assert_int_equal(vioc_pci_find_cap(rig.device, VIOC_PCI_EXT_CAP(0xffff), 0), 0);
	write_config(&rig, 6, 2, 0);
	assert_int_equal(vioc_pci_find_cap(rig.device, VIOC_PCI_CAP_MSI, 0), 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_done),
		cmocka_unit_test(chains_in_circles),
		cmocka_unit_test(broken_chains),
	};
	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
