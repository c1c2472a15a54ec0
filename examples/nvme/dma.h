/* SPDX-License-Identifier: MIT */
/* Memory that the device may reach. */
#ifndef NVME_DMA_H
#define NVME_DMA_H

#include <libvioc/ioas.h>

struct nvme_dma {
	struct vioc_ioas *ioas; /* borrowed */
	void *va;		/* where the program sees it */
	uint64_t iova;		/* where the device sees it */
	size_t length;
};

/*
 * Allocates zeroed memory of at least length bytes and maps it for the device to do what flags
 * (VIOC_MAP_*) allow. Give each area the least that works: the IOMMU then stops a device, or a
 * driver, that goes astray. Leaves a diag on failure of the mapping.
 */
int nvme_dma_alloc(struct vioc_ioas *ioas, size_t length, uint64_t flags, struct nvme_dma *ret_dma);

/* The device must have stopped using it. All zeroes is fine: an area that was never allocated. */
void nvme_dma_free(struct nvme_dma *dma);

#endif
