/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of a device. Each is an eventfd that the kernel signals: poll(2) it, and read(2) eight
 * bytes from it, which give how often it was signalled since the last read.
 *
 * Interrupts are grouped by index (of a PCI device: VIOC_PCI_INTX and so on, <libvioc/pci.h>), and
 * numbered within it as vectors from 0.
 *
 * Every function here may be called from any thread at any time. On failure nothing has changed,
 * but where a function says otherwise. Common to all: -EINVAL: no such index, or vectors past its
 * count. -ENODEV: the device is closed. -ENOMEM. -EPROTO: the kernel's answer makes no sense.
 */
#ifndef LIBVIOC_IRQ_H
#define LIBVIOC_IRQ_H

#include <libvioc/base.h>
#include <libvioc/device.h>

VIOC_BEGIN_DECLS

#define VIOC_IRQ_MASKABLE (UINT64_C(1) << 0) /* vioc_irq_mask() and unmask work */
#define VIOC_IRQ_AUTOMASKED \
	(UINT64_C(1) << 1)		      /* masked by each interrupt; unmask to get the next */
#define VIOC_IRQ_RESIZABLE (UINT64_C(1) << 2) /* vioc_irq_set() may go past what was enabled */

struct vioc_irq_info {
	size_t size;
	uint64_t flags;	    /* VIOC_IRQ_* */
	uint32_t n_vectors; /* 0: the device has no such interrupt */
	uint32_t reserved;
};

/*
 * Fills *ret_info, made with VIOC_SIZED(vioc_irq_info).
 * Kernel: VFIO_DEVICE_GET_IRQ_INFO, asked once per index.
 */
VIOC_API int vioc_irq_get_info(struct vioc_device *device, uint32_t index,
			       struct vioc_irq_info *ret_info);

/*
 * Enables the vectors 0 to count - 1 of an index. fds has an eventfd for each, or -1 for one that
 * stays off; they remain the caller's, who may close them at once. NULL: the library makes one for
 * each, close-on-exec and nonblocking.
 *
 * -EINVAL: count is 0; an fd is not an eventfd. -EBADF: an fd is not open.
 * -EBUSY: the index is enabled already; or another of INTx, MSI and MSI-X is; or the line of INTx is
 *	taken by somebody who doesn't share it.
 * -EOPNOTSUPP: the device has no such interrupt. -ENOSPC: that many vectors can't be had.
 * -EMFILE, -ENFILE.
 * Kernel: VFIO_DEVICE_SET_IRQS.
 */
VIOC_API VIOC_MUST_CHECK int vioc_irq_enable(struct vioc_device *device, uint32_t index,
					     uint32_t count, const int *fds);

/*
 * Changes the vectors [first, first + count) of an enabled index: to fds as above, -1 switches one
 * off. Interrupts that come during the change may be lost. Past what was enabled only if the index
 * is VIOC_IRQ_RESIZABLE.
 *
 * -ENOENT: the index is not enabled. -EOPNOTSUPP: past what was enabled, and it is not resizable.
 * -EINVAL, -EBADF, -ENOSPC, -EMFILE, -ENFILE: as above. If what was set before can't be set again
 * either, the vectors are off.
 * Kernel: VFIO_DEVICE_SET_IRQS.
 */
VIOC_API VIOC_MUST_CHECK int vioc_irq_set(struct vioc_device *device, uint32_t index,
					  uint32_t first, uint32_t count, const int *fds);

/* Disables all vectors of an index and closes the library's eventfds of it. 0 if it is not enabled. */
VIOC_API int vioc_irq_disable(struct vioc_device *device, uint32_t index);

/*
 * The eventfd of a vector, borrowed: the library's, or its duplicate of the caller's. It is good until
 * the vector is set again, the index is disabled, or the device closes. -ENOENT: it is off.
 */
VIOC_API int vioc_irq_get_fd(struct vioc_device *device, uint32_t index, uint32_t vector);

/*
 * Signals the eventfds of [first, first + count) as an interrupt would, without the device: a test of
 * the way from kernel to program. Vectors that are off are passed over.
 * -ENOENT: the index is not enabled; it has one vector only, and that is off.
 */
VIOC_API VIOC_MUST_CHECK int vioc_irq_trigger(struct vioc_device *device, uint32_t index,
					      uint32_t first, uint32_t count);

/*
 * Masks vectors of an enabled index that is VIOC_IRQ_MASKABLE, or unmasks them. If the device still
 * asserts a level interrupt (INTx) when it is unmasked, the eventfd is signalled again.
 * -ENOENT: it is not enabled. -EOPNOTSUPP: it can't be masked; the device's own mask register may.
 * Kernel: VFIO_DEVICE_SET_IRQS.
 */
VIOC_API VIOC_MUST_CHECK int vioc_irq_mask(struct vioc_device *device, uint32_t index,
					   uint32_t first, uint32_t count);
VIOC_API VIOC_MUST_CHECK int vioc_irq_unmask(struct vioc_device *device, uint32_t index,
					     uint32_t first, uint32_t count);

/*
 * Lets the kernel unmask a vector whenever the eventfd fd is signalled, as a VMM's interrupt
 * controller does at its guest's end of interrupt. -1 ends that; so does disabling the index. The fd
 * remains the caller's, who may close it.
 * -EINVAL: not an eventfd. -EBADF. -EBUSY: it has one already. -ENOENT, -EOPNOTSUPP: as above.
 * Kernel: VFIO_DEVICE_SET_IRQS.
 */
VIOC_API VIOC_MUST_CHECK int vioc_irq_set_unmask_fd(struct vioc_device *device, uint32_t index,
						    uint32_t vector, int fd);

VIOC_END_DECLS

#endif
