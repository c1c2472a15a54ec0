/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_IRQ_H
#define VIOCI_IRQ_H

#include <libvioc/irq.h>

#include "device/device.h"

/* An operation on vectors of one index. */
struct vioci_irq_call {
	struct vioc_device *device;
	const char *tried;
	uint32_t index;
	uint32_t first;
	uint32_t count;
	int fd;		       /* of the device */
	struct vioci_irq *irq; /* set by vioci_irq_begin() */
};

static inline struct vioci_irq_call vioci_irq_call(struct vioc_device *device, const char *tried,
						   uint32_t index, uint32_t first, uint32_t count)
{
	return (struct vioci_irq_call){
		.device = device,
		.tried = tried,
		.index = index,
		.first = first,
		.count = count,
	};
}

/*
 * Keeps the device open and its interrupts locked until vioci_irq_end(), and sees that the index and
 * its vectors exist. Leaves a diag on failure; then nothing is kept.
 */
int vioci_irq_begin(struct vioci_irq_call *call);
void vioci_irq_end(const struct vioci_irq_call *call);

/* What a person calls the index. */
const char *vioci_irq_name(const struct vioci_irq_call *call);

/* The diag of an index that had to be enabled; -ENOENT. */
int vioci_irq_fail_disabled(const struct vioci_irq_call *call);

/* Whether the index is enabled, and has the flag VIOC_IRQ_*, or 0; leaves a diag. */
int vioci_irq_check(const struct vioci_irq_call *call, uint64_t flag);

/* VFIO_DEVICE_SET_IRQS without eventfds; the action is a VIOCI_VFIO_IRQ_ACTION_*. */
int vioci_irq_act(const struct vioci_irq_call *call, uint32_t action);

#endif
