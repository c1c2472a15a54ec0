// SPDX-License-Identifier: MIT
/* Hot reset: of a bus with all its devices, as vfio-pci does it. Root bus 0 has none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "uapi/vfio.h"

static unsigned int bus_of(const struct fake_device *device)
{
	unsigned int bus = 0;
	sscanf(device->spec.name, "%*x:%x", &bus);
	return bus;
}

static bool is_affected(const struct fake_device *device, const struct fake_device *other)
{
	return bus_of(device) == bus_of(other);
}

static bool has_vfio_driver(const struct fake_device *device)
{
	return device->spec.driver && strstr(device->spec.driver, "vfio");
}

/* Whether the device, or another of its group, is bound to the iommufd. */
static bool owns(const struct fake *fake, const struct fake_container *iommufd,
		 const struct fake_device *device)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.group == device->spec.group &&
		    fake->devices[i].owner == iommufd)
			return true;
	return false;
}

static struct vioci_vfio_dependent_device
describe(const struct fake *fake, const struct fake_fd *fd, const struct fake_device *device)
{
	struct vioci_vfio_dependent_device found = { 0 };
	unsigned int segment, bus, slot, function;
	sscanf(device->spec.name, "%x:%x:%x.%x", &segment, &bus, &slot, &function);
	found.segment = (uint16_t)segment;
	found.bus = (uint8_t)bus;
	found.devfn = (uint8_t)(slot << 3 | function);
	if (!fd->from_cdev)
		found.id = (uint32_t)device->spec.group;
	else if (!has_vfio_driver(device) || !owns(fake, fd->container, device))
		found.id = VIOCI_VFIO_DEVID_NOT_OWNED;
	else
		found.id = device->bound ? 1 : 0;
	return found;
}

int fake_hot_reset_info(const struct fake *fake, const struct fake_fd *fd, void *arg)
{
	struct vioci_vfio_hot_reset_info *info = arg;
	size_t room = (info->argsz - sizeof(*info)) / sizeof(info->devices[0]);
	if (bus_of(fd->device) == 0)
		return -ENODEV;
	info->count = 0;
	for (unsigned int i = 0; i < fake->n_devices; i++) {
		if (!is_affected(fd->device, &fake->devices[i]))
			continue;
		if (info->count < room)
			info->devices[info->count] = describe(fake, fd, &fake->devices[i]);
		info->count++;
	}
	info->flags = fd->from_cdev ? VIOCI_VFIO_HOT_RESET_DEV_ID : 0;
	return info->count > room ? -ENOSPC : 0;
}

static bool is_in_groups(struct fake *fake, const struct fake_device *device,
			 const struct vioci_vfio_hot_reset *reset)
{
	for (uint32_t i = 0; i < reset->count; i++) {
		const struct fake_fd *fd = fake_fd(fake, reset->group_fds[i]);
		if (fd && fd->kind == FD_GROUP && fd->group->number == device->spec.group)
			return true;
	}
	return false;
}

int fake_hot_reset(struct fake *fake, const struct fake_fd *fd, const void *arg)
{
	const struct vioci_vfio_hot_reset *reset = arg;
	if ((reset->count == 0) != fd->from_cdev)
		return -EINVAL;
	if (bus_of(fd->device) == 0)
		return -ENODEV;
	for (unsigned int i = 0; i < fake->n_devices; i++) {
		const struct fake_device *device = &fake->devices[i];
		if (!is_affected(fd->device, device))
			continue;
		if (!has_vfio_driver(device) ||
		    !(fd->from_cdev ? owns(fake, fd->container, device)
				    : is_in_groups(fake, device, reset)))
			return -EINVAL;
	}
	return 0;
}
