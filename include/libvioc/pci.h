/* SPDX-License-Identifier: MIT */
/*
 * PCI devices: names for their regions and interrupts, config space, bus mastering.
 * Every function here may be called from any thread at any time.
 */
#ifndef LIBVIOC_PCI_H
#define LIBVIOC_PCI_H

#include <libvioc/base.h>
#include <libvioc/device.h>

VIOC_BEGIN_DECLS

/* Region indexes of a PCI device, for <libvioc/region.h>. */
#define VIOC_PCI_BAR(n) ((uint32_t)(n)) /* BAR n, 0 to 5 */
#define VIOC_PCI_ROM	6u
#define VIOC_PCI_CONFIG 7u
#define VIOC_PCI_VGA	8u

/* Interrupt indexes of a PCI device, for <libvioc/irq.h>. One of the first three at a time. */
#define VIOC_PCI_INTX 0u
#define VIOC_PCI_MSI  1u
#define VIOC_PCI_MSIX 2u
#define VIOC_PCI_ERR  3u /* an uncorrectable error was reported; the device needs a reset */
#define VIOC_PCI_REQ  4u /* somebody wants the device back, as unplugging does: close it */

/*
 * Reads or writes a config register of 1, 2 or 4 bytes, in the caller's byte order. The kernel
 * filters writes: BARs and interrupt capabilities are its own.
 * -EINVAL: width not 1, 2 or 4, or misaligned. -ERANGE: past the end of config space, or a value
 * that doesn't fit the width. -EOPNOTSUPP: not a PCI device. -ENODEV: closed. -EIO.
 */
VIOC_API VIOC_MUST_CHECK int vioc_pci_config_read(struct vioc_device *device, uint32_t offset,
						  uint32_t width, uint32_t *ret_value);
VIOC_API VIOC_MUST_CHECK int vioc_pci_config_write(struct vioc_device *device, uint32_t offset,
						   uint32_t width, uint32_t value);

/*
 * The offset in config space of the next capability with this id behind the one at offset after; 0
 * as after begins with the first. Of an extended capability the id is VIOC_PCI_EXT_CAP(id).
 *
 *	for (int at = 0; (at = vioc_pci_find_cap(device, VIOC_PCI_CAP_VENDOR, at)) > 0;)
 *
 * 0: there is none. -EOPNOTSUPP: not a PCI device. -ENODEV: closed. -EIO. -ENOMEM.
 */
VIOC_API int vioc_pci_find_cap(struct vioc_device *device, uint32_t id, uint32_t after);

#define VIOC_PCI_EXT_CAP(id) ((uint32_t)0x10000 | (uint32_t)(id))

/* Some ids. Others are in the PCI specifications, and in <linux/pci_regs.h>. */
#define VIOC_PCI_CAP_PM	    0x01u
#define VIOC_PCI_CAP_MSI    0x05u
#define VIOC_PCI_CAP_VENDOR 0x09u
#define VIOC_PCI_CAP_EXP    0x10u
#define VIOC_PCI_CAP_MSIX   0x11u

/* Where MSI-X has its table, and the bits of what is pending. */
struct vioc_pci_msix {
	size_t size;
	uint32_t n_vectors;
	uint32_t table_bar;    /* VIOC_PCI_BAR() */
	uint64_t table_offset; /* in it; 16 bytes for each vector */
	uint64_t pba_offset;
	uint32_t pba_bar;
	uint32_t reserved;
};

/*
 * Fills *ret_msix, made with VIOC_SIZED(vioc_pci_msix). The table belongs to the kernel: a driver reads
 * it at most. -EINVAL: no size. -EOPNOTSUPP: the device has no MSI-X, or is not PCI. Others as above.
 */
VIOC_API int vioc_pci_get_msix(struct vioc_device *device, struct vioc_pci_msix *ret_msix);

/*
 * Lets the device start DMA (enable 1) or forbids it (0). Switch it on after the mappings exist;
 * switch it off, after the device was told to stop, before they go. Errors as above.
 */
VIOC_API VIOC_MUST_CHECK int vioc_pci_set_bus_master(struct vioc_device *device, int enable);

/*
 * Takes DMA away from the device: switches bus mastering off and waits until it says that nothing of
 * what it sent is pending, at most a second. Then its memory can be unmapped, or put to other use. The
 * order: tell the device to stop, by its own registers; vioc_pci_stop_dma(); unmap.
 * -ETIMEDOUT: something is still pending; reset it. A device that is not PCI Express doesn't tell: what
 * it sent is on its way for no longer than the call takes. Errors as above.
 */
VIOC_API VIOC_MUST_CHECK int vioc_pci_stop_dma(struct vioc_device *device);

VIOC_END_DECLS

#endif
