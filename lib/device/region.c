// SPDX-License-Identifier: MIT
/* Regions: what they are, and register access by system call. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/sized.h"
#include "device/region.h"
#include "sys/vfio_info.h"
#include "uapi/vfio.h"

/* The mappable areas: those of the sparse capability, or the whole region. */
static int read_areas(const struct vioci_vfio_region_info *info, struct vioci_region *region)
{
	struct vioci_vfio_sparse_mmap_area area = { .offset = 0, .size = info->size };
	struct vioci_vfio_region_cap_sparse_mmap cap = { .nr_areas = 1 };
	struct vioci_vfio_tail tail = { (const unsigned char *)&area, sizeof(area) };

	if (!(info->flags & VIOCI_VFIO_REGION_MMAP) || !info->size)
		return 0;
	if (info->flags & VIOCI_VFIO_REGION_CAPS)
		vioci_vfio_find_cap(info, info->cap_offset, VIOCI_VFIO_REGION_CAP_SPARSE_MMAP, &cap,
				    sizeof(cap), &tail);
	if (cap.nr_areas > tail.size / sizeof(area))
		return -EPROTO;
	region->areas = calloc(cap.nr_areas ? cap.nr_areas : 1, sizeof(*region->areas));
	if (!region->areas)
		return -ENOMEM;
	for (uint32_t i = 0; i < cap.nr_areas; i++) {
		memcpy(&area, tail.data + i * sizeof(area), sizeof(area));
		region->areas[i] = (struct vioc_region_area){
			.offset = area.offset,
			.length = area.size,
		};
	}
	region->n_areas = cap.nr_areas;
	return 0;
}

/* What the capabilities say besides the areas. */
static void read_caps(const struct vioci_vfio_region_info *info, struct vioci_region *region)
{
	struct vioci_vfio_cap_header msix;
	struct vioci_vfio_region_cap_type type = { 0 };
	struct vioci_vfio_tail tail;

	if (!(info->flags & VIOCI_VFIO_REGION_CAPS))
		return;
	vioci_vfio_find_cap(info, info->cap_offset, VIOCI_VFIO_REGION_CAP_TYPE, &type, sizeof(type),
			    &tail);
	region->type = type.type;
	region->subtype = type.subtype;
	if (vioci_vfio_find_cap(info, info->cap_offset, VIOCI_VFIO_REGION_CAP_MSIX_MAPPABLE, &msix,
				sizeof(msix), &tail))
		region->flags |= VIOC_REGION_MSIX;
}

static int read_region(struct vioc_device *device, int fd, uint32_t index,
		       struct vioci_region *ret_region)
{
	const struct vioci_vfio_region_info request = { .index = index };
	void *memory;
	int error = vioci_vfio_read_info(&vioci_device_ctx(device)->sys, fd,
					 VIOCI_VFIO_DEVICE_GET_REGION_INFO, &request,
					 sizeof(request), &memory);
	/* How vfio-pci says that it has no such BAR, VGA region or ROM. */
	if (error == -EINVAL) {
		*ret_region = (struct vioci_region){ .known = true };
		return 0;
	}
	if (error < 0)
		return error;

	const struct vioci_vfio_region_info *info = memory;
	struct vioci_region region = {
		.known = true,
		.length = info->size,
		.offset = info->offset,
	};
	if (info->flags & VIOCI_VFIO_REGION_READ)
		region.flags |= VIOC_REGION_READ;
	if (info->flags & VIOCI_VFIO_REGION_WRITE)
		region.flags |= VIOC_REGION_WRITE;
	read_caps(info, &region);
	error = read_areas(info, &region);
	free(memory);
	if (error < 0)
		return error;
	if (region.n_areas)
		region.flags |= VIOC_REGION_MMAP;
	*ret_region = region;
	return 0;
}

int vioci_region_find(struct vioc_device *device, int fd, uint32_t index, const char *tried,
		      const struct vioci_region **ret_region)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	if (index >= device->n_regions)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, tried,
				  "there is no region %u; %s has %u", index, device->identity.name,
				  device->n_regions);

	pthread_mutex_lock(&device->regions_lock);
	struct vioci_region *region = &device->regions[index];
	int error = region->known ? 0 : read_region(device, fd, index, region);
	pthread_mutex_unlock(&device->regions_lock);
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (error == -EPROTO)
		return vioci_fail(ctx, error, VIOC_REASON_KERNEL, tried,
				  "what the kernel says of region %u makes no sense", index);
	if (error < 0)
		return vioci_fail(ctx, error, vioci_reason_for(error), tried,
				  "VFIO_DEVICE_GET_REGION_INFO of region %u was refused", index);
	*ret_region = region;
	return 0;
}

void vioci_device_free_regions(struct vioc_device *device)
{
	for (uint32_t i = 0; device->regions && i < device->n_regions; i++)
		free(device->regions[i].areas);
	free(device->regions);
}

/* The same for callers that need no fd. */
static int find_region(struct vioc_device *device, uint32_t index, const char *tried,
		       const struct vioci_region **ret_region)
{
	int fd = vioci_device_get(device, tried);
	if (fd < 0)
		return fd;
	int error = vioci_region_find(device, fd, index, tried, ret_region);
	vioci_device_put(device);
	return error;
}

VIOC_API int vioc_region_get_info(struct vioc_device *device, uint32_t index,
				  struct vioc_region_info *ret_info)
{
	const struct vioci_region *region;
	int error = find_region(device, index, "get a region's info", &region);
	if (error < 0)
		return error;
	const struct vioc_region_info info = {
		.flags = region->flags,
		.length = region->length,
		.n_areas = region->n_areas,
		.type = region->type,
		.subtype = region->subtype,
	};
	return vioci_ctx_give_sized(vioci_device_ctx(device), ret_info, &info, sizeof(info));
}

VIOC_API int vioc_region_get_areas(struct vioc_device *device, uint32_t index,
				   struct vioc_region_area *areas, size_t capacity)
{
	static const char tried[] = "get a region's areas";
	const struct vioci_region *region;
	int error = find_region(device, index, tried, &region);
	if (error < 0)
		return error;
	if (capacity && !areas)
		return vioci_fail(vioci_device_ctx(device), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  tried, "no place for them is given");
	for (uint32_t i = 0; i < region->n_areas && i < capacity; i++)
		areas[i] = region->areas[i];
	return (int)region->n_areas;
}

static bool is_width(uint32_t width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* Whether the access is one that the region can take. */
static int check_access(struct vioc_device *device, const struct vioci_region *region,
			uint64_t offset, uint32_t width, uint64_t needed_flag, const char *tried)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	if (!is_width(width))
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, tried,
				  "a register access has a width of 1, 2, 4 or 8 bytes, not %u",
				  width);
	if (offset % width)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, tried,
				  "the offset 0x%" PRIx64 " is not a multiple of the width %u",
				  offset, width);
	if (!(region->flags & needed_flag))
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, tried,
				  region->length ? "the region does not allow it"
						 : "the device does not have this region");
	if (offset >= region->length || width > region->length - offset)
		return vioci_fail(ctx, -ERANGE, VIOC_REASON_OUT_OF_RANGE, tried,
				  "the offset 0x%" PRIx64 " is past its end, 0x%" PRIx64, offset,
				  region->length);
	return 0;
}

static int fail_access(struct vioc_device *device, const char *tried, uint32_t index,
		       uint64_t offset)
{
	return vioci_fail(vioci_device_ctx(device), -EIO, VIOC_REASON_KERNEL, tried,
			  "%s did not answer at offset 0x%" PRIx64
			  " of region %u: it may be asleep, gone, or its memory space off",
			  device->identity.name, offset, index);
}

/* One access of a region that exists, by the open device's fd; value holds up to 8 bytes. */
static int access_register(struct vioc_device *device, int fd, uint32_t index, uint64_t offset,
			   void *value, uint32_t width, uint64_t flag)
{
	const char *tried = flag == VIOC_REGION_READ ? "read a register" : "write a register";
	const struct vioci_sys *sys = &vioci_device_ctx(device)->sys;
	const struct vioci_region *region;
	int error = vioci_region_find(device, fd, index, tried, &region);
	if (error == 0)
		error = check_access(device, region, offset, width, flag, tried);
	if (error < 0)
		return error;
	ssize_t done = flag == VIOC_REGION_READ
			       ? vioci_sys_pread(sys, fd, value, width, region->offset + offset)
			       : vioci_sys_pwrite(sys, fd, value, width, region->offset + offset);
	return done == (ssize_t)width ? 0 : fail_access(device, tried, index, offset);
}

VIOC_API int vioc_region_read(struct vioc_device *device, uint32_t index, uint64_t offset,
			      void *buf, uint32_t width)
{
	int fd = vioci_device_get(device, "read a register");
	if (fd < 0)
		return fd;
	uint64_t value = 0;
	int error = access_register(device, fd, index, offset, &value, width, VIOC_REGION_READ);
	vioci_device_put(device);
	if (error == 0)
		memcpy(buf, &value, width);
	return error;
}

VIOC_API int vioc_region_write(struct vioc_device *device, uint32_t index, uint64_t offset,
			       const void *buf, uint32_t width)
{
	int fd = vioci_device_get(device, "write a register");
	if (fd < 0)
		return fd;
	uint64_t value = 0;
	/* Wider ones are refused below. */
	memcpy(&value, buf, width < sizeof(value) ? width : sizeof(value));
	int error = access_register(device, fd, index, offset, &value, width, VIOC_REGION_WRITE);
	vioci_device_put(device);
	return error;
}
