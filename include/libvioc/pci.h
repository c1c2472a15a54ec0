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
 * Lets the device start DMA (enable 1) or forbids it (0). Switch it on after the mappings exist;
 * switch it off, after the device was told to stop, before they go. Errors as above.
 */
VIOC_API VIOC_MUST_CHECK int vioc_pci_set_bus_master(struct vioc_device *device, int enable);

VIOC_END_DECLS

#endif
