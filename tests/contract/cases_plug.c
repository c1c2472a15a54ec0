// SPDX-License-Identifier: MIT
/* A device that is unplugged, pulled out, and plugged in again. */
#include <poll.h>
#include <string.h>

#include "contract.h"

#define IOVA	  0x100000u
#define RW	  (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define EDU_ID	  0x010000ed
#define PCI_CLASS 0x08

/* A device in use: mapped memory, a mapped BAR, interrupts, and DMA on its way. */
struct use {
	struct vioc_device *device;
	unsigned char *memory;
	unsigned char *bar;
};

static void use_device(struct rig *rig, const char *name, struct use *use)
{
	void *bar;
	use->device = rig_device(rig, name);
	use->memory = pages_new(1);
	assert_int_equal(vioc_ioas_map_fixed(rig->ioas, IOVA, use->memory, PAGE, VIOC_MAP_WRITE),
			 0);
	assert_int_equal(vioc_region_map(use->device, VIOC_PCI_BAR(0), 0, 0, &bar), 0);
	use->bar = bar;
	assert_int_equal(vioc_mmio_read32(use->bar), EDU_ID);
	assert_int_equal(vioc_irq_enable(use->device, VIOC_PCI_MSI, 1, NULL), 0);
	assert_int_equal(vioc_irq_enable(use->device, VIOC_PCI_REQ, 1, NULL), 0);
	edu_start(use->device);
	edu_write_start(use->device, IOVA, 64);
}

static void drop(struct rig *rig, struct use *use)
{
	assert_int_equal(vioc_ioas_unmap(rig->ioas, IOVA, PAGE, 0, NULL), 0);
	pages_free(use->memory, 1);
	vioc_device_unref(use->device);
}

/* Nobody can use it any more, and that is said in one way. */
static void expect_closed(struct rig *rig, struct vioc_device *device)
{
	uint32_t value = 77;
	void *bar;
	expect_failure(rig->ctx, vioc_pci_config_read(device, 0, 4, &value), -ENODEV,
		       VIOC_REASON_CLOSED);
	expect_failure(rig->ctx, vioc_region_map(device, VIOC_PCI_BAR(0), 0, 0, &bar), -ENODEV,
		       VIOC_REASON_CLOSED);
	expect_failure(rig->ctx, vioc_irq_enable(device, VIOC_PCI_MSI, 1, NULL), -ENODEV,
		       VIOC_REASON_CLOSED);
	assert_int_equal(value, 77);
}

static void expect_absent(struct rig *rig, const char *name)
{
	struct vioc_device *device = NULL;
	expect_failure(rig->ctx, vioc_device_open(rig->ioas, name, NULL, &device), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	assert_null(device);
}

static void expect_dma(struct rig *rig, struct vioc_device *device)
{
	unsigned char *memory = pages_new(1);
	edu_start(device);
	assert_int_equal(vioc_ioas_map_fixed(rig->ioas, IOVA, memory, PAGE, RW), 0);
	assert_true(edu_reaches(device, rig->ioas, IOVA, memory));
	assert_int_equal(vioc_ioas_unmap(rig->ioas, IOVA, PAGE, 0, NULL), 0);
	pages_free(memory, 1);
}

/* Another is plugged in, which works, and goes when nobody has it open. */
static void plug_again(struct world *world, struct rig *rig)
{
	world_plug(world);
	struct vioc_device *device = rig_device(rig, world->slot);
	expect_dma(rig, device);
	vioc_device_unref(device);
	world_wait_unplugged(world, world_unplug(world));
}

/* Unplugging waits for us, so everything goes on until we close the device. */
static void unplug(struct world *world)
{
	struct pollfd wanted = { .events = POLLIN };
	struct use use;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *other = rig_device(&rig, world->edu);
	world_plug(world);
	use_device(&rig, world->slot, &use);

	int pid = world_unplug(world);
	wanted.fd = vioc_irq_get_fd(use.device, VIOC_PCI_REQ, 0);
	assert_int_equal(poll(&wanted, 1, 60000), 1);
	assert_int_equal(vioc_mmio_read32(use.bar), EDU_ID);
	assert_int_equal(vioc_pci_stop_dma(use.device), 0);
	vioc_device_close(use.device);
	world_wait_unplugged(world, pid);
	expect_closed(&rig, use.device);
	expect_absent(&rig, world->slot);
	drop(&rig, &use);

	expect_dma(&rig, other);
	vioc_device_unref(other);
	plug_again(world, &rig);
	rig_close(&rig);
}

static void expect_gone(struct rig *rig, const char *name)
{
	struct vioc_diag *diag = NULL;
	assert_int_equal(vioc_device_explain(rig->ctx, name, NULL, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_GONE);
	vioc_diag_unref(diag);
}

/* Nothing tells of this. What is read is not what the device would say, and everything can be undone. */
static void pull(struct world *world)
{
	uint32_t value = 0;
	struct use use;
	struct rig rig;
	rig_open(world, &rig);
	world_plug(world);
	use_device(&rig, world->slot, &use);

	world_pull(world);
	assert_int_not_equal(vioc_mmio_read32(use.bar), EDU_ID);
	vioc_mmio_write32(use.bar + 4, 1);
	assert_int_equal(vioc_region_read(use.device, VIOC_PCI_BAR(0), 0, &value, 4), 0);
	assert_int_not_equal(value, EDU_ID);
	assert_int_equal(vioc_pci_config_read(use.device, PCI_CLASS, 4, &value), 0);
	assert_int_equal(value, UINT32_MAX);
	expect_gone(&rig, world->slot);
	assert_int_equal(vioc_irq_trigger(use.device, VIOC_PCI_MSI, 0, 1), 0);
	assert_int_equal(vioc_irq_disable(use.device, VIOC_PCI_MSI), 0);
	assert_int_equal(vioc_pci_stop_dma(use.device), 0);
	vioc_device_close(use.device);
	expect_closed(&rig, use.device);
	drop(&rig, &use);

	world_wait_unplugged(world, world_unplug(world));
	expect_absent(&rig, world->slot);
	plug_again(world, &rig);
	rig_close(&rig);
}

const struct contract_case plug_cases[] = {
	{ "unplugged, and plugged in again", unplug, NEEDS_EDU | NEEDS_SLOT },
	{ "pulled out", pull, NEEDS_SLOT },
	{ 0 },
};
