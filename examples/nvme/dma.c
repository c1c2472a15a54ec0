// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/mman.h>

#include "dma.h"

static int round_up(const struct vioc_ioas_info *info, size_t *length)
{
	size_t mask = (size_t)info->page_size - 1;
	if (!*length || *length > SIZE_MAX - mask)
		return -EINVAL;
	*length = (*length + mask) & ~mask;
	return 0;
}

int nvme_dma_alloc(struct vioc_ioas *ioas, size_t length, uint64_t flags, struct nvme_dma *ret_dma)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	int error = vioc_ioas_get_info(ioas, &info);
	if (error == 0)
		error = round_up(&info, &length);
	if (error < 0)
		return error;

	/*
	 * Shared, because private memory may be replaced behind the device's back: by fork(), or,
	 * mapped for reading only, by the first write to it.
	 */
	void *va = mmap(NULL, length, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (va == MAP_FAILED)
		return -errno;
	struct nvme_dma dma = { .ioas = ioas, .va = va, .length = length };
	error = vioc_ioas_map(ioas, va, length, flags, &dma.iova);
	if (error < 0) {
		munmap(va, length);
		return error;
	}
	*ret_dma = dma;
	return 0;
}

void nvme_dma_free(struct nvme_dma *dma)
{
	if (!dma->va)
		return;
	/* First from the device, then from the process. Memory still mapped must not be reused. */
	if (vioc_ioas_unmap(dma->ioas, dma->iova, dma->length, 0, NULL) == 0)
		munmap(dma->va, dma->length);
	*dma = (struct nvme_dma){ 0 };
}
