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

/* What was asked for of a region. Length 0: up to its end; told when that is known. */
struct vioci_region_part {
	uint64_t offset;
	uint64_t length;
};

/* Finds the region, and checks that the part can be mapped. Leaves a diag on failure. */
int vioci_region_find_part(struct vioc_device *device, int fd, uint32_t index,
			   struct vioci_region_part *part, const char *tried,
			   const struct vioci_region **ret_region);

/* Maps it into the process. The device is kept open by the caller. Leaves a diag on failure. */
int vioci_region_map_part(struct vioc_device *device, int fd, uint32_t index,
			  struct vioci_region_part *part, const char *tried, void **ret_address);

#endif
