// SPDX-License-Identifier: MIT
/* The capabilities in config space, which devices chain up in any order they like. */
#include <errno.h>

#include <libvioc/pci.h>

#include "core/sized.h"
#include "device/device.h"

#define PCI_STATUS	       0x06u
#define PCI_STATUS_CAP_LIST    0x10u
#define PCI_CAP_POINTER	       0x34u
#define PCI_FIRST_EXT_CAP      0x100u
#define PCI_MSIX_CONTROL       2u
#define PCI_MSIX_COUNT	       0x7ffu
#define PCI_MSIX_TABLE	       4u
#define PCI_MSIX_PBA	       8u
#define PCI_MSIX_BAR	       7u
#define PCI_EXP_DEVSTA	       0x0au
#define PCI_EXP_DEVSTA_PENDING 0x20u

/* More than fit into config space: a longer chain goes in circles. */
#define MAX_CAPS 1024

#define STOP_TIMEOUT_MS 1000

/* An entry of a chain, which begins with one at offset 0. */
struct cap {
	uint32_t offset;
	uint32_t id;
	uint32_t next; /* 0: the end */
};

/* Offsets below 0x40 are the header's, and the two lowest bits mean nothing. */
static uint32_t clean_offset(uint32_t offset)
{
	offset &= 0xfcu;
	return offset < 0x40 ? 0 : offset;
}

static int find_first(struct vioc_device *device, uint32_t *ret_offset)
{
	uint32_t status, pointer = 0;
	int error = vioc_pci_config_read(device, PCI_STATUS, 2, &status);
	if (error == 0 && (status & PCI_STATUS_CAP_LIST))
		error = vioc_pci_config_read(device, PCI_CAP_POINTER, 1, &pointer);
	*ret_offset = clean_offset(pointer);
	return error;
}

/* Conventional devices have no room for them. */
static int find_first_ext(struct vioc_device *device, uint32_t *ret_offset)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	int error = vioc_region_get_info(device, VIOC_PCI_CONFIG, &info);
	*ret_offset = info.length > PCI_FIRST_EXT_CAP ? PCI_FIRST_EXT_CAP : 0;
	return error;
}

static int read_cap(struct vioc_device *device, struct cap *cap)
{
	uint32_t header;
	int error = vioc_pci_config_read(device, cap->offset, 2, &header);
	if (error < 0)
		return error;
	cap->id = header & 0xff;
	cap->next = clean_offset(header >> 8);
	return 0;
}

static int read_ext_cap(struct vioc_device *device, struct cap *cap)
{
	uint32_t header;
	int error = vioc_pci_config_read(device, cap->offset, 4, &header);
	if (error < 0)
		return error;
	/* Without any, the first reads as nothing, or as all ones. */
	cap->id = header == UINT32_MAX ? 0 : header & 0xffff;
	cap->next = cap->id ? (header >> 20) & ~3u : 0;
	return 0;
}

VIOC_API int vioc_pci_find_cap(struct vioc_device *device, uint32_t id, uint32_t after)
{
	bool is_ext = id >= VIOC_PCI_EXT_CAP(0), is_behind = after == 0;
	struct cap cap = { 0 };
	int error = is_ext ? find_first_ext(device, &cap.next) : find_first(device, &cap.next);

	for (int i = 0; error == 0 && cap.next && i < MAX_CAPS; i++) {
		cap.offset = cap.next;
		error = is_ext ? read_ext_cap(device, &cap) : read_cap(device, &cap);
		if (error == 0 && is_behind && cap.id == (id & 0xffff))
			return (int)cap.offset;
		is_behind |= cap.offset == after;
	}
	return error;
}

static int read_msix(struct vioc_device *device, uint32_t offset, struct vioc_pci_msix *msix)
{
	uint32_t control, table, pba;
	int error = vioc_pci_config_read(device, offset + PCI_MSIX_CONTROL, 2, &control);
	if (error == 0)
		error = vioc_pci_config_read(device, offset + PCI_MSIX_TABLE, 4, &table);
	if (error == 0)
		error = vioc_pci_config_read(device, offset + PCI_MSIX_PBA, 4, &pba);
	if (error < 0)
		return error;
	*msix = (struct vioc_pci_msix){
		.n_vectors = (control & PCI_MSIX_COUNT) + 1,
		.table_bar = VIOC_PCI_BAR(table & PCI_MSIX_BAR),
		.table_offset = table & ~PCI_MSIX_BAR,
		.pba_bar = VIOC_PCI_BAR(pba & PCI_MSIX_BAR),
		.pba_offset = pba & ~PCI_MSIX_BAR,
	};
	return 0;
}

VIOC_API int vioc_pci_get_msix(struct vioc_device *device, struct vioc_pci_msix *ret_msix)
{
	struct vioc_pci_msix msix;
	int offset = vioc_pci_find_cap(device, VIOC_PCI_CAP_MSIX, 0);
	if (offset < 0)
		return offset;
	if (!offset)
		return vioci_fail(vioci_device_ctx(device), -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
				  "find the MSI-X table", "%s has no MSI-X", device->identity.name);
	int error = read_msix(device, (uint32_t)offset, &msix);
	if (error < 0)
		return error;
	return vioci_ctx_give_sized(vioci_device_ctx(device), ret_msix, &msix, sizeof(msix));
}

VIOC_API int vioc_pci_stop_dma(struct vioc_device *device)
{
	uint32_t status = 0;
	int error = vioc_pci_set_bus_master(device, 0);
	if (error < 0)
		return error;
	int offset = vioc_pci_find_cap(device, VIOC_PCI_CAP_EXP, 0);
	if (offset <= 0)
		return offset;

	uint64_t start = vioci_now_ms();
	do {
		error = vioc_pci_config_read(device, (uint32_t)offset + PCI_EXP_DEVSTA, 2, &status);
		if (error < 0 || !(status & PCI_EXP_DEVSTA_PENDING))
			return error;
	} while (vioci_now_ms() - start < STOP_TIMEOUT_MS);
	return vioci_fail(
		vioci_device_ctx(device), -ETIMEDOUT, VIOC_REASON_KERNEL, "stop its DMA",
		"%s still has transactions pending: its Device Status is 0x%04x; reset it",
		device->identity.name, status);
}
