/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_REGION_H
#define VIOCI_REGION_H

#include "device/device.h"

/*
 * The region's properties, good until the device is freed. The device is kept open by the caller.
 * Leaves a diag on failure.
 */
int vioci_region_find(struct vioc_device *device, int fd, uint32_t index, const char *tried,
		      const struct vioci_region **ret_region);

#endif
