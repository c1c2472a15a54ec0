// SPDX-License-Identifier: MIT
/* iommufd's own ioctls, and binding and attaching of character devices. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

/* Nothing tells devices apart by it. */
#define DEVICE_ID 1

struct fake_space *fake_iommufd_find(struct fake_container *container, uint32_t id)
{
	struct fake_space *space = container->spaces;
	while (space && space->id != id)
		space = space->next;
	return space;
}

struct fake_space *fake_iommufd_alloc(struct fake *fake, struct fake_container *container)
{
	struct fake_space *space = fake_space_new(fake);
	space->id = ++container->next_id;
	space->per_process = container->per_process;
	space->next = container->spaces;
	container->spaces = space;
	return space;
}

static int destroy(struct fake_container *container, uint32_t id)
{
	for (struct fake_space **link = &container->spaces; *link; link = &(*link)->next) {
		struct fake_space *space = *link;
		if (space->id != id)
			continue;
		if (space->n_devices)
			return -EBUSY;
		*link = space->next;
		if (container->compat == space)
			container->compat = NULL;
		fake_space_free(space);
		return 0;
	}
	return -ENOENT;
}

static int iova_ranges(struct fake *fake, struct fake_container *container,
		       struct vioci_iommu_ioas_iova_ranges *cmd)
{
	struct fake_space *space = fake_iommufd_find(container, cmd->ioas_id);
	if (!space)
		return -ENOENT;
	uint64_t all[4] = { 0, UINT64_MAX };
	uint32_t count = 1, room = cmd->num_iovas;
	if (space->n_devices) {
		fake_type1_ranges(fake, all);
		count = 2;
	}
	uint64_t *out = (uint64_t *)(uintptr_t)cmd->allowed_iovas;
	if (room)
		memcpy(out, all, (room < count ? room : count) * 2 * sizeof(uint64_t));
	cmd->num_iovas = count;
	cmd->out_iova_alignment = space->n_devices ? 4096 : 1;
	return room < count ? -EMSGSIZE : 0;
}

/* What maps by VA and by file are refused for; user_va is the VA, or the place in the file. */
static int check_map(struct fake_space *space, const struct vioci_iommu_ioas_map *cmd)
{
	bool readable = cmd->flags & VIOCI_IOMMU_MAP_READABLE;
	bool writable = cmd->flags & VIOCI_IOMMU_MAP_WRITEABLE;
	uint64_t last = cmd->iova + (cmd->length - 1);

	if (!space)
		return -ENOENT;
	if (!(cmd->flags & VIOCI_IOMMU_MAP_FIXED_IOVA) || cmd->flags > 7)
		return -EOPNOTSUPP;
	if (cmd->length == UINT64_MAX || cmd->iova == UINT64_MAX || last < cmd->iova)
		return -EOVERFLOW;
	if (!cmd->length || (!readable && !writable))
		return -EINVAL;
	if (space->n_devices && ((cmd->iova | cmd->length | cmd->user_va) & 0xfff))
		return -EINVAL;
	if (space->n_devices && !fake_space_is_usable(space, cmd->iova, last))
		return -EINVAL;
	return fake_injected(space->fake, FAKE_MAP);
}

static int map(struct fake_container *container, const struct vioci_iommu_ioas_map *cmd)
{
	struct fake_space *space = fake_iommufd_find(container, cmd->ioas_id);
	int error = check_map(space, cmd);
	if (error < 0)
		return error;
	return fake_space_map(space, cmd->iova, cmd->user_va, cmd->length,
			      cmd->flags & VIOCI_IOMMU_MAP_READABLE,
			      cmd->flags & VIOCI_IOMMU_MAP_WRITEABLE);
}

static int map_file(struct fake *fake, struct fake_container *container,
		    const struct vioci_iommu_ioas_map_file *cmd)
{
	const struct vioci_iommu_ioas_map as = {
		.flags = cmd->flags,
		.user_va = cmd->start,
		.length = cmd->length,
		.iova = cmd->iova,
	};
	if (fake->config.no_map_file)
		return -ENOTTY;
	struct fake_space *space = fake_iommufd_find(container, cmd->ioas_id);
	int error = check_map(space, &as);
	if (error < 0)
		return error;
	return fake_space_map_file(space, cmd->iova, cmd->fd, cmd->start, cmd->length,
				   cmd->flags & VIOCI_IOMMU_MAP_READABLE,
				   cmd->flags & VIOCI_IOMMU_MAP_WRITEABLE);
}

/* Ascending, and what came before a mapping that would be cut is already gone. */
static int unmap(struct fake *fake, struct fake_container *container,
		 struct vioci_iommu_ioas_unmap *cmd)
{
	struct fake_space *space = fake_iommufd_find(container, cmd->ioas_id);
	bool all = cmd->iova == 0 && cmd->length == UINT64_MAX;
	uint64_t last = all ? UINT64_MAX : cmd->iova + (cmd->length - 1), bytes = 0;
	struct fake_map *first;

	if (!space)
		return -ENOENT;
	if (!cmd->length)
		return -EINVAL;
	if (!all && (cmd->length == UINT64_MAX || cmd->iova == UINT64_MAX || last < cmd->iova))
		return -EOVERFLOW;
	int injected = fake_injected(fake, FAKE_UNMAP);
	if (injected)
		return injected;
	first = fake_space_first(space, cmd->iova, last);
	bool many = first && first->last < last && fake->fail_unmap_many;
	while ((first = fake_space_first(space, cmd->iova, last))) {
		if (first->iova < cmd->iova || first->last > last)
			return -ENOENT;
		if (first->iova == fake->fail_unmap_iova)
			return -EBUSY;
		bytes += first->last - first->iova + 1;
		fake_space_remove(space, first);
		/* The first one is gone when the second is refused. */
		if (many)
			return -EBUSY;
	}
	if (!bytes && !all)
		return -ENOENT;
	cmd->length = bytes;
	return 0;
}

/* The unit that is in its sysfs. */
static int get_hw_info(struct vioci_iommu_hw_info *cmd)
{
	const struct vioci_iommu_hw_vtd vtd = { .cap_reg = FAKE_CAP, .ecap_reg = FAKE_ECAP };
	if (cmd->flags)
		return -EOPNOTSUPP;
	if (cmd->dev_id != DEVICE_ID)
		return -ENOENT;
	memcpy((void *)(uintptr_t)cmd->data_uptr, &vtd,
	       cmd->data_len < sizeof(vtd) ? cmd->data_len : sizeof(vtd));
	cmd->data_len = sizeof(vtd);
	cmd->out_data_type = VIOCI_IOMMU_HW_INTEL_VTD;
	return 0;
}

static bool has_objects(const struct fake *fake, const struct fake_container *container)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].owner == container)
			return true;
	return container->spaces;
}

static int rlimit_mode(const struct fake *fake, struct fake_container *container,
		       struct vioci_iommu_option *cmd)
{
	if (cmd->option_id != VIOCI_IOMMU_RLIMIT_MODE || cmd->object_id)
		return -EOPNOTSUPP;
	if (cmd->op == VIOCI_IOMMU_OPTION_GET) {
		cmd->val64 = container->per_process;
		return 0;
	}
	if (fake->unprivileged)
		return -EPERM;
	if (has_objects(fake, container))
		return -EBUSY;
	if (cmd->val64 > 1)
		return -EINVAL;
	container->per_process = cmd->val64;
	return 0;
}

int fake_iommufd_ioctl(struct fake *fake, struct fake_container *container, unsigned long request,
		       void *arg)
{
	struct vioci_iommu_ioas_alloc *alloc = arg;
	switch (request) {
	case VIOCI_IOMMU_DESTROY:
		return destroy(container, ((struct vioci_iommu_destroy *)arg)->id);
	case VIOCI_IOMMU_IOAS_ALLOC:
		alloc->out_ioas_id = fake_iommufd_alloc(fake, container)->id;
		return 0;
	case VIOCI_IOMMU_GET_HW_INFO:
		return get_hw_info(arg);
	case VIOCI_IOMMU_OPTION:
		return rlimit_mode(fake, container, arg);
	case VIOCI_IOMMU_IOAS_IOVA_RANGES:
		return iova_ranges(fake, container, arg);
	case VIOCI_IOMMU_IOAS_MAP:
		return map(container, arg);
	case VIOCI_IOMMU_IOAS_MAP_FILE:
		return map_file(fake, container, arg);
	case VIOCI_IOMMU_IOAS_UNMAP:
		return unmap(fake, container, arg);
	}
	return fake_container_ioctl(fake, container, request, arg);
}

/* Whether somebody else owns the group: its group fd, or another iommufd. */
static int check_owner(struct fake *fake, const struct fake_device *device,
		       const struct fake_container *container)
{
	for (unsigned int i = 0; i < fake->n_groups; i++)
		if (fake->groups[i].number == device->spec.group && fake->groups[i].open)
			return -EBUSY;
	for (unsigned int i = 0; i < fake->n_devices; i++) {
		const struct fake_device *other = &fake->devices[i];
		if (other->spec.group == device->spec.group && other->owner &&
		    other->owner != container)
			return -EPERM;
	}
	return fake_group_is_viable(fake, device->spec.group) ? 0 : -EPERM;
}

int fake_device_bind(struct fake *fake, struct fake_fd *fd, void *arg)
{
	struct vioci_vfio_bind_iommufd *bind = arg;
	struct fake_fd *iommufd = fake_fd(fake, bind->iommufd);
	if (!fd->from_cdev || fd->device->bound || bind->flags)
		return -EINVAL;
	if (!iommufd)
		return -EBADF;
	if (iommufd->kind != FD_CONTAINER || !iommufd->container->is_iommufd)
		return -EBADFD;
	int error = check_owner(fake, fd->device, iommufd->container);
	if (error < 0)
		return error;
	if (fake->config.no_isolation)
		return -EPERM;

	fd->container = iommufd->container;
	fd->container->refs++;
	fd->device->bound = true;
	fd->device->owner = iommufd->container;
	bind->out_devid = DEVICE_ID;
	return 0;
}

static bool sibling_is_elsewhere(struct fake *fake, const struct fake_device *device,
				 const struct fake_space *space)
{
	for (unsigned int i = 0; i < fake->n_devices; i++) {
		const struct fake_device *other = &fake->devices[i];
		if (other != device && other->spec.group == device->spec.group && other->space &&
		    other->space != space)
			return true;
	}
	return false;
}

int fake_device_attach(struct fake_fd *fd, void *arg)
{
	struct vioci_vfio_attach_pt *attach = arg;
	struct fake_device *device = fd->device;
	struct fake_space *space = fake_iommufd_find(fd->container, attach->pt_id);
	if (!space)
		return -ENOENT;
	if (sibling_is_elsewhere(space->fake, device, space))
		return -EINVAL;
	if (!fake_space_is_free(space, MSI_START, MSI_LAST))
		return -EADDRINUSE;
	if (device->space)
		device->space->n_devices--;
	device->space = space;
	space->n_devices++;
	return 0;
}

int fake_device_detach(struct fake_device *device)
{
	if (device->space)
		device->space->n_devices--;
	device->space = NULL;
	return 0;
}
