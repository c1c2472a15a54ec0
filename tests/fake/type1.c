// SPDX-License-Identifier: MIT
/* VFIO containers and groups, on type1 v2 or on an iommufd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "uapi/vfio.h"

#define PAGE_MASK UINT64_C(0xfff)

/* [0, MSI) and (MSI, end]. */
void fake_type1_ranges(const struct fake *fake, uint64_t ranges[4])
{
	ranges[0] = 0;
	ranges[1] = MSI_START - 1;
	ranges[2] = MSI_LAST + 1;
	ranges[3] = fake->config.last_iova;
}

/* The space that VFIO ioctls act on, or NULL. */
static struct fake_space *active_space(struct fake_container *container)
{
	if (container->is_iommufd)
		return container->compat;
	return container->iommu_set ? container->spaces : NULL;
}

/* Packed, and with the ranges last, as kernels before 6.6 have it: then they are misaligned. */
struct full_info {
	struct vioci_vfio_iommu_info info;
	struct vioci_vfio_iommu_cap_dma_avail avail;
	struct vioci_vfio_iommu_cap_iova_range ranges_cap;
	uint64_t ranges[4];
} __attribute__((packed));

static int get_info(struct fake *fake, struct fake_space *space, bool is_iommufd, void *arg)
{
	struct full_info full = { 0 };
	uint64_t ranges[4];
	uint32_t argsz;

	memcpy(&argsz, arg, sizeof(argsz));
	full.info.argsz = sizeof(full);
	full.info.flags = VIOCI_VFIO_IOMMU_INFO_PGSIZES | VIOCI_VFIO_IOMMU_INFO_CAPS;
	full.info.iova_pgsizes = 0x40201000;
	if (argsz < sizeof(full)) {
		/* As the kernel does: success, the size needed, and no capabilities. */
		memcpy(arg, &full.info, sizeof(full.info));
		return 0;
	}
	fake_type1_ranges(fake, ranges);
	full.info.cap_offset = offsetof(struct full_info, avail);
	full.avail.header.id = VIOCI_VFIO_IOMMU_CAP_DMA_AVAIL;
	full.avail.header.version = 1;
	full.avail.header.next = offsetof(struct full_info, ranges_cap);
	full.avail.avail = is_iommufd ? UINT32_MAX : fake->config.entry_limit - space->n_maps;
	full.ranges_cap.header.id = VIOCI_VFIO_IOMMU_CAP_IOVA_RANGE;
	full.ranges_cap.header.version = 1;
	full.ranges_cap.nr_iovas = 2;
	memcpy(full.ranges, ranges, sizeof(ranges));
	memcpy(arg, &full, sizeof(full));
	return 0;
}

static int map_dma(struct fake_container *container, struct fake_space *space,
		   const struct vioci_vfio_dma_map *map)
{
	bool readable = map->flags & VIOCI_VFIO_DMA_MAP_READ;
	bool writable = map->flags & VIOCI_VFIO_DMA_MAP_WRITE;
	uint64_t last = map->iova + (map->size - 1);
	if (!map->size || ((map->iova | map->size | map->vaddr) & PAGE_MASK) ||
	    (!readable && !writable) || last < map->iova)
		return -EINVAL;
	int injected = fake_injected(space->fake, FAKE_MAP);
	if (injected)
		return injected;
	if (!fake_space_is_free(space, map->iova, last))
		return -EEXIST;
	if (!container->is_iommufd && space->n_maps >= space->fake->config.entry_limit)
		return -ENOSPC;
	if (!fake_space_is_usable(space, map->iova, last))
		return -EINVAL;
	return fake_space_map(space, map->iova, map->vaddr, map->size, readable, writable);
}

static bool is_cut(struct fake_space *space, uint64_t iova, uint64_t last)
{
	struct fake_map *first = fake_space_first(space, iova, iova);
	struct fake_map *end = fake_space_first(space, last, last);
	return (first && first->iova < iova) || (end && end->last > last);
}

static int unmap_dma(struct fake *fake, struct fake_container *container, struct fake_space *space,
		     struct vioci_vfio_dma_unmap *unmap)
{
	uint64_t last = unmap->iova + (unmap->size - 1), bytes = 0;

	if (unmap->flags & VIOCI_VFIO_DMA_UNMAP_ALL) {
		if (unmap->iova || unmap->size)
			return -EINVAL;
		last = UINT64_MAX;
	} else if (!unmap->size || ((unmap->iova | unmap->size) & PAGE_MASK)) {
		return -EINVAL;
	}
	int injected = fake_injected(fake, FAKE_UNMAP);
	if (injected)
		return injected;
	if (is_cut(space, unmap->iova, last))
		return container->is_iommufd ? -ENOENT : -EINVAL;

	struct fake_map *map = fake_space_first(space, unmap->iova, last);
	if (map && map->last < last && fake->fail_unmap_many)
		return -EBUSY;
	while ((map = fake_space_first(space, unmap->iova, last))) {
		if (map->iova == fake->fail_unmap_iova)
			return -EBUSY;
		bytes += map->last - map->iova + 1;
		fake_space_remove(space, map);
	}
	unmap->size = bytes;
	return 0;
}

static int set_iommu(struct fake *fake, struct fake_container *container, uintptr_t type)
{
	if (type != VIOCI_VFIO_TYPE1v2_IOMMU)
		return -ENODEV;
	if (container->is_iommufd)
		return container->compat ? 0 : -ENODEV;
	if (container->iommu_set || !container->spaces->n_devices)
		return -EINVAL;
	if (fake->config.no_isolation)
		return -EPERM;
	container->iommu_set = true;
	return 0;
}

int fake_container_ioctl(struct fake *fake, struct fake_container *container, unsigned long request,
			 void *arg)
{
	switch (request) {
	case VIOCI_VFIO_GET_API_VERSION:
		return VIOCI_VFIO_API_VERSION;
	case VIOCI_VFIO_CHECK_EXTENSION:
		return (uintptr_t)arg == VIOCI_VFIO_TYPE1v2_IOMMU ||
		       (uintptr_t)arg == VIOCI_VFIO_UNMAP_ALL;
	case VIOCI_VFIO_SET_IOMMU:
		return set_iommu(fake, container, (uintptr_t)arg);
	}

	struct fake_space *space = active_space(container);
	if (!space)
		return container->is_iommufd ? -ENODEV : -EINVAL;
	switch (request) {
	case VIOCI_VFIO_IOMMU_GET_INFO:
		return get_info(fake, space, container->is_iommufd, arg);
	case VIOCI_VFIO_IOMMU_MAP_DMA:
		return map_dma(container, space, arg);
	case VIOCI_VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(fake, container, space, arg);
	}
	return -ENOTTY;
}

static int set_container(struct fake *fake, struct fake_group *group, int fd)
{
	struct fake_fd *target = fake_fd(fake, fd);
	if (!target)
		return -EBADF;
	if (target->kind != FD_CONTAINER)
		return -EBADFD;
	if (group->container)
		return -EINVAL;
	struct fake_container *container = target->container;

	if (container->is_iommufd) {
		if (!container->compat)
			container->compat = fake_iommufd_alloc(fake, container);
	} else {
		if (!fake_group_is_viable(fake, group->number))
			return -EPERM;
		if (container->iommu_set && fake->config.no_isolation)
			return -EPERM;
		if (!fake_space_is_free(container->spaces, MSI_START, MSI_LAST))
			return -EINVAL;
		container->spaces->n_devices++;
	}
	container->refs++;
	group->container = container;
	return 0;
}

static bool group_has_open_device(const struct fake *fake, int group)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.group == group && fake->devices[i].n_open)
			return true;
	return false;
}

static void leave_container(struct fake_group *group)
{
	struct fake_container *container = group->container;
	group->container = NULL;
	if (!container->is_iommufd && --container->spaces->n_devices == 0) {
		/* The last group takes the IOMMU and all mappings with it. */
		fake_space_clear(container->spaces);
		container->iommu_set = false;
	}
	fake_container_put(container);
}

static int unset_container(struct fake *fake, struct fake_group *group)
{
	if (!group->container)
		return -EINVAL;
	if (group_has_open_device(fake, group->number))
		return -EBUSY;
	leave_container(group);
	return 0;
}

static struct fake_device *find_device(struct fake *fake, int group, const char *name)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.group == group &&
		    strcmp(fake->devices[i].spec.name, name) == 0)
			return &fake->devices[i];
	return NULL;
}

/* text is a name, or "NAME vf_token=UUID". */
static int get_device_fd(struct fake *fake, struct fake_group *group, const char *text)
{
	char name[64] = "", token[40] = "";
	bool has_token = sscanf(text, "%63s vf_token=%39s", name, token) == 2;
	struct fake_device *device = find_device(fake, group->number, name);
	if (!device)
		return -ENODEV;
	int error = fake_check_token(fake, device, has_token ? token : NULL);
	if (error < 0)
		return error;
	struct fake_space *space = group->container ? active_space(group->container) : NULL;
	if (!space)
		return -EINVAL;
	if (group->container->is_iommufd) {
		if (!fake_group_is_viable(fake, group->number) || fake->config.no_isolation)
			return -EPERM;
		if (!fake_space_is_free(space, MSI_START, MSI_LAST))
			return -EADDRINUSE;
		if (!device->n_open)
			space->n_devices++;
	}
	struct fake_fd *made;
	int fd = fake_fd_new(fake, &made);
	if (fd < 0)
		return fd;
	made->kind = FD_DEVICE;
	made->device = device;
	made->group = group;
	fake_show_node(fake, fd, "anon_inode:[vfio-device]");
	made->container = group->container;
	made->container->refs++;
	device->n_open++;
	device->space = space;
	return fd;
}

int fake_group_ioctl(struct fake *fake, struct fake_group *group, unsigned long request, void *arg)
{
	struct vioci_vfio_group_status *status = arg;
	switch (request) {
	case VIOCI_VFIO_GROUP_GET_STATUS:
		status->flags =
			fake_group_is_viable(fake, group->number) ? VIOCI_VFIO_GROUP_VIABLE : 0;
		if (group->container)
			status->flags |= VIOCI_VFIO_GROUP_CONTAINER_SET;
		return 0;
	case VIOCI_VFIO_GROUP_SET_CONTAINER:
		return set_container(fake, group, *(int *)arg);
	case VIOCI_VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(fake, group);
	case VIOCI_VFIO_GROUP_GET_DEVICE_FD:
		return get_device_fd(fake, group, arg);
	}
	return -ENOTTY;
}

/* The group stays in its container as long as a device of it is open. */
void fake_group_close(struct fake *fake, struct fake_group *group)
{
	group->open = false;
	if (group->container && !group_has_open_device(fake, group->number))
		leave_container(group);
}
