// SPDX-License-Identifier: MIT
/* Regions mapped into the process. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "device/region.h"

#define SIZE_2M (UINT64_C(2) << 20)
#define SIZE_1G (UINT64_C(1) << 30)

static bool is_mappable(const struct vioci_region *region, const struct vioci_region_part *part)
{
	for (uint32_t i = 0; i < region->n_areas; i++) {
		const struct vioc_region_area *area = &region->areas[i];
		if (area->offset <= part->offset && part->offset - area->offset <= area->length &&
		    part->length <= area->length - (part->offset - area->offset))
			return true;
	}
	return false;
}

static int check_part(struct vioc_device *device, const struct vioci_region *region,
		      struct vioci_region_part *part, const char *tried)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	uint64_t mask = vioci_page_size() - 1;

	if (part->offset > region->length || part->length > region->length - part->offset)
		return vioci_fail(ctx, -ERANGE, VIOC_REASON_OUT_OF_RANGE, tried,
				  "it ends at 0x%" PRIx64, region->length);
	if (!part->length)
		part->length = region->length - part->offset;
	if (!part->length)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, tried,
				  "the device has nothing there");
	if ((part->offset & mask) ||
	    ((part->length & mask) && part->offset + part->length != region->length))
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, tried,
				  "offset or length is not a multiple of the page size");
	if (!is_mappable(region, part))
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, tried,
				  "[0x%" PRIx64 ", +0x%" PRIx64 ") can't be mapped as a whole; "
				  "see vioc_region_get_areas(), or use register accesses",
				  part->offset, part->length);
	return 0;
}

/* What the address must have in common with the offset for page table entries of that size. */
static uint64_t alignment_for(const struct vioci_region_part *part)
{
	if (part->length >= SIZE_1G)
		return SIZE_1G;
	return part->length >= SIZE_2M ? SIZE_2M : 0;
}

/* Reserves addresses, and gives back those in front of and behind the place for the part. */
static int reserve_aligned(const struct vioci_sys *sys, const struct vioci_region_part *part,
			   uint64_t alignment, char **ret_place)
{
	uint64_t page = vioci_page_size();
	size_t length = (size_t)((part->length + page - 1) & ~(page - 1));
	void *all;
	int error = vioci_sys_reserve(sys, length + (size_t)alignment, &all);
	if (error < 0)
		return error;
	size_t front = (size_t)((part->offset - (uintptr_t)all) & (alignment - 1));
	char *place = (char *)all + front;
	if (front)
		vioci_sys_munmap(sys, all, front);
	vioci_sys_munmap(sys, place + length, (size_t)alignment - front);
	*ret_place = place;
	return 0;
}

/* A BAR is aligned to its size, so with an address like the offset in it, pages can be large. */
static int map_aligned(const struct vioci_sys *sys, int fd, const struct vioci_region_part *part,
		       int prot, uint64_t file_offset, void **ret_address)
{
	uint64_t alignment = alignment_for(part);
	char *place;
	if (!alignment || reserve_aligned(sys, part, alignment, &place) < 0)
		return vioci_sys_mmap(sys, fd, (size_t)part->length, prot, file_offset,
				      ret_address);
	int error = vioci_sys_mmap_fixed(sys, fd, place, (size_t)part->length, prot, file_offset);
	if (error < 0) {
		vioci_sys_munmap(sys, place, (size_t)part->length);
		return error;
	}
	*ret_address = place;
	return 0;
}

static int map_part(struct vioc_device *device, int fd, const struct vioci_region *region,
		    const struct vioci_region_part *part, void **ret_address)
{
	int prot = 0;
	if (region->flags & VIOC_REGION_READ)
		prot |= PROT_READ;
	if (region->flags & VIOC_REGION_WRITE)
		prot |= PROT_WRITE;
	return map_aligned(&vioci_device_ctx(device)->sys, fd, part, prot,
			   region->offset + part->offset, ret_address);
}

int vioci_region_find_part(struct vioc_device *device, int fd, uint32_t index,
			   struct vioci_region_part *part, const char *tried,
			   const struct vioci_region **ret_region)
{
	int error = vioci_region_find(device, fd, index, tried, ret_region);
	return error < 0 ? error : check_part(device, *ret_region, part, tried);
}

int vioci_region_map_part(struct vioc_device *device, int fd, uint32_t index,
			  struct vioci_region_part *part, const char *tried, void **ret_address)
{
	const struct vioci_region *region;
	int error = vioci_region_find_part(device, fd, index, part, tried, &region);
	if (error < 0)
		return error;
	error = map_part(device, fd, region, part, ret_address);
	return error < 0 ? vioci_fail(vioci_device_ctx(device), error, vioci_reason_for(error),
				      tried, "mmap was refused")
			 : 0;
}

static int map_open(struct vioc_device *device, int fd, uint32_t index,
		    struct vioci_region_part *part, void **ret_address)
{
	struct vioci_region_map *map = calloc(1, sizeof(*map));
	if (!map)
		return vioci_fail_memory(vioci_device_ctx(device));
	int error = vioci_region_map_part(device, fd, index, part, "map a part of a region",
					  &map->address);
	if (error < 0) {
		free(map);
		return error;
	}
	map->length = (size_t)part->length;
	pthread_mutex_lock(&device->regions_lock);
	map->next = device->maps;
	device->maps = map;
	pthread_mutex_unlock(&device->regions_lock);
	*ret_address = map->address;
	return 0;
}

VIOC_API int vioc_region_map(struct vioc_device *device, uint32_t index, uint64_t offset,
			     uint64_t length, void **ret_address)
{
	static const char tried[] = "map a part of a region";
	int fd = vioci_device_get(device, tried);
	if (fd < 0)
		return fd;
	struct vioci_region_part part = { .offset = offset, .length = length };
	int error = ret_address ? map_open(device, fd, index, &part, ret_address)
				: vioci_fail(vioci_device_ctx(device), -EINVAL,
					     VIOC_REASON_BAD_ARGUMENT, tried,
					     "no place for the address is given");
	vioci_device_put(device);
	return error;
}

VIOC_API int vioc_region_unmap(struct vioc_device *device, void *address)
{
	if (!device)
		return -EINVAL;
	pthread_mutex_lock(&device->regions_lock);
	struct vioci_region_map **link = &device->maps;
	while (*link && (*link)->address != address)
		link = &(*link)->next;
	struct vioci_region_map *map = *link;
	if (map)
		*link = map->next;
	pthread_mutex_unlock(&device->regions_lock);
	if (!map)
		return vioci_fail(vioci_device_ctx(device), -ENOENT, VIOC_REASON_BAD_ARGUMENT,
				  "unmap a region", "%p is no mapped region of %s", address,
				  device->identity.name);

	vioci_sys_munmap(&vioci_device_ctx(device)->sys, map->address, map->length);
	free(map);
	return 0;
}

void vioci_device_unmap_regions(struct vioc_device *device)
{
	pthread_mutex_lock(&device->regions_lock);
	struct vioci_region_map *map = device->maps;
	device->maps = NULL;
	pthread_mutex_unlock(&device->regions_lock);
	while (map) {
		struct vioci_region_map *next = map->next;
		vioci_sys_munmap(&vioci_device_ctx(device)->sys, map->address, map->length);
		free(map);
		map = next;
	}
}
