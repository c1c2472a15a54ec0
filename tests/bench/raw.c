// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "rig.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

static void call(const struct raw *raw, unsigned long request, void *arg)
{
	int error = vioci_sys_ioctl(&raw->sys, raw->fd, request, arg);
	if (error < 0)
		bench_die("raw ioctl 0x%lx: error %d", request, -error);
}

static uint64_t map_ioas(const struct raw *raw, uint64_t iova, void *va, uint64_t length,
			 uint32_t flags)
{
	struct vioci_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = flags | VIOCI_IOMMU_MAP_READABLE | VIOCI_IOMMU_MAP_WRITEABLE,
		.ioas_id = raw->ioas_id,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = iova,
	};
	call(raw, VIOCI_IOMMU_IOAS_MAP, &map);
	return map.iova;
}

void raw_map(const struct raw *raw, uint64_t iova, void *va, uint64_t length)
{
	if (raw->iommufd) {
		map_ioas(raw, iova, va, length, VIOCI_IOMMU_MAP_FIXED_IOVA);
		return;
	}
	struct vioci_vfio_dma_map map = {
		.argsz = sizeof(map),
		.flags = VIOCI_VFIO_DMA_MAP_READ | VIOCI_VFIO_DMA_MAP_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = length,
	};
	call(raw, VIOCI_VFIO_IOMMU_MAP_DMA, &map);
}

uint64_t raw_map_anywhere(const struct raw *raw, void *va, uint64_t length)
{
	return map_ioas(raw, 0, va, length, 0);
}

void raw_unmap(const struct raw *raw, uint64_t iova, uint64_t length)
{
	if (raw->iommufd) {
		struct vioci_iommu_ioas_unmap unmap = {
			.size = sizeof(unmap),
			.ioas_id = raw->ioas_id,
			.iova = iova,
			.length = length,
		};
		call(raw, VIOCI_IOMMU_IOAS_UNMAP, &unmap);
		return;
	}
	struct vioci_vfio_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};
	call(raw, VIOCI_VFIO_IOMMU_UNMAP_DMA, &unmap);
}

void raw_unmap_all(const struct raw *raw)
{
	if (raw->iommufd) {
		raw_unmap(raw, 0, UINT64_MAX);
		return;
	}
	struct vioci_vfio_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = VIOCI_VFIO_DMA_UNMAP_ALL,
	};
	call(raw, VIOCI_VFIO_IOMMU_UNMAP_DMA, &unmap);
}
