// SPDX-License-Identifier: MIT
/* Mappings and limits of an IOAS. */
#include <errno.h>
#include <stdlib.h>

#include "backend/iommufd/iommufd.h"
#include "uapi/iommufd.h"

/* Reads up to count ranges; the kernel says in .num_iovas how many there are. */
static int read_ranges(const struct vioci_kioas *kioas, struct vioci_iommu_iova_range *ranges,
		       uint32_t count, struct vioci_iommu_ioas_iova_ranges *ret_cmd)
{
	*ret_cmd = (struct vioci_iommu_ioas_iova_ranges){
		.size = sizeof(*ret_cmd),
		.ioas_id = kioas->id,
		.num_iovas = count,
		.allowed_iovas = (uintptr_t)ranges,
	};
	return vioci_iommufd_call(kioas, VIOCI_IOMMU_IOAS_IOVA_RANGES, ret_cmd);
}

static int convert_ranges(const struct vioci_iommu_iova_range *ranges,
			  const struct vioci_iommu_ioas_iova_ranges *cmd,
			  struct vioci_limits *ret_limits)
{
	uint64_t page = vioci_page_size();
	struct vioci_limits limits = {
		.ranges = calloc(cmd->num_iovas ? cmd->num_iovas : 1, sizeof(*limits.ranges)),
		.n_ranges = cmd->num_iovas,
		.page_size = cmd->out_iova_alignment > page ? cmd->out_iova_alignment : page,
		.entries_left = UINT64_MAX,
	};
	if (!limits.ranges)
		return -ENOMEM;
	for (size_t i = 0; i < limits.n_ranges; i++)
		limits.ranges[i] = (struct vioc_iova_range){
			.start = ranges[i].start,
			.last = ranges[i].last,
		};
	*ret_limits = limits;
	return 0;
}

int vioci_iommufd_query(struct vioci_kioas *kioas, struct vioci_limits *ret_limits)
{
	uint32_t count = 16;
	for (;;) {
		struct vioci_iommu_iova_range *ranges = calloc(count, sizeof(*ranges));
		if (!ranges)
			return -ENOMEM;
		struct vioci_iommu_ioas_iova_ranges cmd;
		int error = read_ranges(kioas, ranges, count, &cmd);
		if (error == 0)
			error = convert_ranges(ranges, &cmd, ret_limits);
		free(ranges);
		if (error != -EMSGSIZE || cmd.num_iovas <= count)
			return error;
		count = cmd.num_iovas;
	}
}

/* Without one, the alignment is that of bytes. */
bool vioci_iommufd_has_device(const struct vioci_kioas *kioas)
{
	struct vioci_iommu_ioas_iova_ranges cmd;
	int error = read_ranges(kioas, NULL, 0, &cmd);
	return (error == 0 || error == -EMSGSIZE) && cmd.out_iova_alignment > 1;
}

static uint32_t map_flags(uint64_t flags)
{
	return VIOCI_IOMMU_MAP_FIXED_IOVA | (flags & VIOC_MAP_READ ? VIOCI_IOMMU_MAP_READABLE : 0) |
	       (flags & VIOC_MAP_WRITE ? VIOCI_IOMMU_MAP_WRITEABLE : 0);
}

int vioci_iommufd_map(struct vioci_kioas *kioas, uint64_t iova, const void *va, uint64_t length,
		      uint64_t flags)
{
	struct vioci_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = map_flags(flags),
		.ioas_id = kioas->id,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = iova,
	};
	return vioci_iommufd_call(kioas, VIOCI_IOMMU_IOAS_MAP, &map);
}

static int map_by_fd(struct vioci_kioas *kioas, uint64_t iova, int fd, uint64_t offset,
		     uint64_t length, uint64_t flags)
{
	struct vioci_iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = map_flags(flags),
		.ioas_id = kioas->id,
		.fd = fd,
		.start = offset,
		.length = length,
		.iova = iova,
	};
	return vioci_iommufd_call(kioas, VIOCI_IOMMU_IOAS_MAP_FILE, &map);
}

/* Kernels that map files, but no dma-bufs, call one the wrong kind of file. */
int vioci_iommufd_map_device(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			     uint64_t length, uint64_t flags)
{
	(void)va;
	int error = map_by_fd(kioas, iova, fd, 0, length, flags);
	if (error == -ENOTTY || error == -EINVAL)
		return -EOPNOTSUPP;
	if (error == -ENODEV)
		return -EIO;
	return error < 0 ? error : 1;
}

/*
 * Where the kernel maps no files (before 6.13), or not this one, the memory at va decides. So errors
 * are those of the other backends, too: of a file that was shortened, for one.
 */
int vioci_iommufd_map_file(struct vioci_kioas *kioas, uint64_t iova, int fd, uint64_t offset,
			   const void *va, uint64_t length, uint64_t flags)
{
	bool *no_map_file = &((struct iommufd_backend *)kioas->backend)->no_map_file;
	if (__atomic_load_n(no_map_file, __ATOMIC_RELAXED))
		return vioci_iommufd_map(kioas, iova, va, length, flags);
	int error = map_by_fd(kioas, iova, fd, offset, length, flags);
	if (error == -ENOTTY)
		__atomic_store_n(no_map_file, true, __ATOMIC_RELAXED);
	if (error == -ENOTTY || error == -EOPNOTSUPP || error == -EINVAL)
		return vioci_iommufd_map(kioas, iova, va, length, flags);
	return error < 0 ? error : 1;
}

int vioci_iommufd_unmap(struct vioci_kioas *kioas, uint64_t iova, uint64_t length,
			uint64_t *ret_bytes)
{
	struct vioci_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = kioas->id,
		.iova = iova,
		.length = length,
	};
	int error = vioci_iommufd_call(kioas, VIOCI_IOMMU_IOAS_UNMAP, &unmap);
	if (error == -ENOENT) {
		/* Nothing is there, which type1 calls a success. */
		unmap.length = 0;
		error = 0;
	}
	if (error == 0)
		*ret_bytes = unmap.length;
	return error;
}
