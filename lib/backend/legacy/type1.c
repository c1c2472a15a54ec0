// SPDX-License-Identifier: MIT
/* Mappings and limits of a type1 v2 container. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/legacy/legacy.h"
#include "sys/vfio_info.h"
#include "uapi/vfio.h"

static int call(struct vioci_kioas *kioas, unsigned long request, void *arg)
{
	return vioci_sys_ioctl(&kioas->backend->ctx->sys, ((struct legacy_kioas *)kioas)->fd,
			       request, arg);
}

bool vioci_legacy_is_in_use(struct legacy_kioas *kioas)
{
	struct vioci_vfio_iommu_info info = { .argsz = sizeof(info) };
	return call(&kioas->base, VIOCI_VFIO_IOMMU_GET_INFO, &info) == 0;
}

/* The ranges that the info lists; without a list, everything. */
static int read_ranges(const struct vioci_vfio_iommu_info *info, struct vioci_limits *limits)
{
	struct vioci_vfio_iova_range range = { .start = 0, .end = UINT64_MAX };
	struct vioci_vfio_iommu_cap_iova_range cap = { .nr_iovas = 1 };
	struct vioci_vfio_tail tail = { (const unsigned char *)&range, sizeof(range) };

	if (info->flags & VIOCI_VFIO_IOMMU_INFO_CAPS)
		vioci_vfio_find_cap(info, info->cap_offset, VIOCI_VFIO_IOMMU_CAP_IOVA_RANGE, &cap,
				    sizeof(cap), &tail);
	if (cap.nr_iovas > tail.size / sizeof(range))
		return -EPROTO;
	limits->ranges = calloc(cap.nr_iovas ? cap.nr_iovas : 1, sizeof(*limits->ranges));
	if (!limits->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < cap.nr_iovas; i++) {
		memcpy(&range, tail.data + i * sizeof(range), sizeof(range));
		limits->ranges[i] = (struct vioc_iova_range){
			.start = range.start,
			.last = range.end,
		};
	}
	limits->n_ranges = cap.nr_iovas;
	return 0;
}

/* Kernels before 5.10 don't tell, and an iommufd has no limit: it says so by the largest number. */
static uint64_t entries_left(const struct vioci_vfio_iommu_info *info)
{
	struct vioci_vfio_iommu_cap_dma_avail cap = { .avail = UINT32_MAX };
	struct vioci_vfio_tail tail;
	if (info->flags & VIOCI_VFIO_IOMMU_INFO_CAPS)
		vioci_vfio_find_cap(info, info->cap_offset, VIOCI_VFIO_IOMMU_CAP_DMA_AVAIL, &cap,
				    sizeof(cap), &tail);
	return cap.avail == UINT32_MAX ? UINT64_MAX : cap.avail;
}

int vioci_legacy_query(struct vioci_kioas *kioas, struct vioci_limits *ret_limits)
{
	const struct vioci_vfio_iommu_info request = { 0 };
	void *memory;
	int error =
		vioci_vfio_read_info(&kioas->backend->ctx->sys, ((struct legacy_kioas *)kioas)->fd,
				     VIOCI_VFIO_IOMMU_GET_INFO, &request, sizeof(request), &memory);
	if (error < 0)
		return error;

	const struct vioci_vfio_iommu_info *info = memory;
	uint64_t smallest = info->iova_pgsizes & -info->iova_pgsizes;
	uint64_t page = vioci_page_size();
	struct vioci_limits limits = {
		.page_size = smallest > page ? smallest : page,
		.entries_left = entries_left(info),
	};
	error = read_ranges(info, &limits);
	free(memory);
	if (error == 0)
		*ret_limits = limits;
	return error;
}

int vioci_legacy_map(struct vioci_kioas *kioas, uint64_t iova, const void *va, uint64_t length,
		     uint64_t flags)
{
	struct vioci_vfio_dma_map map = {
		.argsz = sizeof(map),
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = length,
	};
	if (flags & VIOC_MAP_READ)
		map.flags |= VIOCI_VFIO_DMA_MAP_READ;
	if (flags & VIOC_MAP_WRITE)
		map.flags |= VIOCI_VFIO_DMA_MAP_WRITE;
	return call(kioas, VIOCI_VFIO_IOMMU_MAP_DMA, &map);
}

/* What type1 can't take of a mapped BAR is a page that a fault doesn't make. */
int vioci_legacy_map_device(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			    uint64_t length, uint64_t flags)
{
	(void)fd;
	int error = vioci_legacy_map(kioas, iova, va, length, flags);
	return error == -EFAULT ? -EIO : error;
}

/* iommufd takes no memory of devices by address. */
int vioci_compat_map_device(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			    uint64_t length, uint64_t flags)
{
	(void)fd;
	int error = vioci_legacy_map(kioas, iova, va, length, flags);
	return error == -EFAULT ? -EOPNOTSUPP : error;
}

int vioci_legacy_unmap(struct vioci_kioas *kioas, uint64_t iova, uint64_t length,
		       uint64_t *ret_bytes)
{
	struct vioci_vfio_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};
	int error = call(kioas, VIOCI_VFIO_IOMMU_UNMAP_DMA, &unmap);
	if (error == 0)
		*ret_bytes = unmap.size;
	return error;
}
