// SPDX-License-Identifier: MIT
/* Resets: of the function, and of the bus or slot with all that is on it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/device.h"
#include "uapi/vfio.h"

VIOC_API int vioc_device_reset(struct vioc_device *device)
{
	int fd = vioci_device_get(device, "reset it");
	if (fd < 0)
		return fd;
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	int error = -EOPNOTSUPP;
	if (device->flags & VIOC_DEVICE_RESET)
		error = vioci_sys_ioctl(&ctx->sys, fd, VIOCI_VFIO_DEVICE_RESET, NULL);
	vioci_device_put(device);
	if (error == 0)
		return 0;
	if (error == -EOPNOTSUPP || error == -EINVAL || error == -ENOTTY)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, "reset the device",
				  "%s has no function reset", device->identity.name);
	return vioci_fail(ctx, error, vioci_reason_for(error), "reset the device",
			  "the kernel refused to reset %s", device->identity.name);
}

/* What a hot reset of the device hits, as the kernel has it; malloc'ed. Without a diag. */
static int read_info(const struct vioci_sys *sys, int fd,
		     struct vioci_vfio_hot_reset_info **ret_info)
{
	uint32_t count = 1;
	for (;;) {
		size_t size = sizeof(struct vioci_vfio_hot_reset_info) +
			      count * sizeof(struct vioci_vfio_dependent_device);
		struct vioci_vfio_hot_reset_info *info = calloc(1, size);
		if (!info)
			return -ENOMEM;
		info->argsz = (uint32_t)size;
		int error = vioci_sys_ioctl(sys, fd, VIOCI_VFIO_DEVICE_GET_HOT_RESET_INFO, info);
		if (error == 0 && info->count <= count) {
			*ret_info = info;
			return 0;
		}
		bool is_short = error == -ENOSPC && info->count > count;
		count = info->count;
		free(info);
		if (!is_short)
			return error == 0 ? -EPROTO : error;
	}
}

/* The group of a device that was named by its devid. UINT32_MAX: it has none. */
static uint32_t find_group(const struct vioci_sys *sys, const char *name)
{
	struct vioci_identity identity;
	if (vioci_identity_read(sys, name, &identity) < 0 || !identity.has_group)
		return UINT32_MAX;
	return identity.group;
}

static struct vioc_affected_device describe(struct vioc_device *device, bool has_devid,
					    const struct vioci_vfio_dependent_device *found)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	struct vioci_kioas *kioas = device->attachment->kioas;
	const struct vioci_backend_ops *ops = kioas->backend->ops;
	struct vioc_affected_device affected = { .group = found->id };
	snprintf(affected.name, sizeof(affected.name), "%04x:%02x:%02x.%x", found->segment,
		 found->bus, found->devfn >> 3, found->devfn & 7);
	bool is_owned = found->id != VIOCI_VFIO_DEVID_NOT_OWNED;
	if (has_devid)
		affected.group = find_group(&ctx->sys, affected.name);
	else
		is_owned = ops->has_group && ops->has_group(kioas->backend, found->id);
	affected.flags = is_owned ? VIOC_AFFECTED_OWNED : 0;
	return affected;
}

/* All that a hot reset hits; malloc'ed. Leaves a diag. */
static int list_affected(struct vioc_device *device, int fd, const char *tried,
			 struct vioc_affected_device **ret_devices, uint32_t *ret_count)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	struct vioci_vfio_hot_reset_info *info = NULL;
	int error = device->flags & VIOC_DEVICE_PCI ? read_info(&ctx->sys, fd, &info) : -ENODEV;
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (error == -ENODEV || error == -ENOTTY)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, tried,
				  "neither the bus nor the slot of %s can be reset",
				  device->identity.name);
	if (error < 0)
		return vioci_fail(
			ctx, error, vioci_reason_for(error), tried,
			"VFIO_DEVICE_GET_PCI_HOT_RESET_INFO was refused, or makes no sense");

	struct vioc_affected_device *devices = calloc(info->count + 1, sizeof(*devices));
	for (uint32_t i = 0; devices && i < info->count; i++)
		devices[i] = describe(device, info->flags & VIOCI_VFIO_HOT_RESET_DEV_ID,
				      &info->devices[i]);
	*ret_devices = devices;
	*ret_count = info->count;
	free(info);
	return devices ? 0 : vioci_fail_memory(ctx);
}

VIOC_API int vioc_device_get_affected(struct vioc_device *device,
				      struct vioc_affected_device *devices, size_t capacity)
{
	static const char tried[] = "list what a hot reset affects";
	int fd = vioci_device_get(device, tried);
	if (fd < 0)
		return fd;
	struct vioc_affected_device *found = NULL;
	uint32_t count;
	int error = !capacity || devices ? list_affected(device, fd, tried, &found, &count)
					 : vioci_fail(vioci_device_ctx(device), -EINVAL,
						      VIOC_REASON_BAD_ARGUMENT, tried,
						      "no place for them is given");
	vioci_device_put(device);
	if (error < 0)
		return error;
	for (uint32_t i = 0; i < count && i < capacity; i++)
		devices[i] = found[i];
	free(found);
	return (int)count;
}

/* Adds a device that keeps the reset from happening, and who has it. */
static void explain_affected(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			     const struct vioc_affected_device *device)
{
	struct vioci_identity identity = { 0 };
	(void)vioci_identity_read(&ctx->sys, device->name, &identity);
	vioci_diag_obstacle(draft, "; %s, in group %u, with %s%s", device->name, device->group,
			    identity.driver[0] ? "driver " : "no driver", identity.driver);
	vioci_diag_fact(draft, "affected", "%s", device->name);
	vioci_diag_fact(draft, "group", "%u", device->group);
	if (identity.driver[0])
		vioci_diag_fact(draft, "driver", "%s", identity.driver);
}

/* The kernel wants them all with a vfio driver, and in the hands of this container. */
static bool is_in_the_way(struct vioc_ctx *ctx, const struct vioc_affected_device *device)
{
	struct vioci_identity identity;
	if (!(device->flags & VIOC_AFFECTED_OWNED))
		return true;
	return vioci_identity_read(&ctx->sys, device->name, &identity) == 0 && !identity.vfio_bound;
}

static int fail_hot_reset(struct vioc_device *device, int error, const char *tried,
			  const struct vioc_affected_device *devices, uint32_t count)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	if (error == -EBUSY)
		return vioci_fail(ctx, -EAGAIN, VIOC_REASON_BUSY, tried,
				  "a device that it affects is in use at this moment");
	if (error != -EINVAL && error != -EPERM)
		return vioci_fail(ctx, error, vioci_reason_for(error), tried,
				  "VFIO_DEVICE_PCI_HOT_RESET was refused");
	struct vioci_diag_draft draft = vioci_diag_draft(-EBUSY, VIOC_REASON_NOT_OWNED);
	vioci_diag_tried(&draft, "%s", tried);
	vioci_diag_obstacle(&draft, "it would reset devices that this container does not have");
	vioci_diag_advice(&draft, "bind them to a vfio driver and open them in this container");
	vioci_diag_fact(&draft, "device", "%s", device->identity.name);
	for (uint32_t i = 0; i < count; i++)
		if (is_in_the_way(ctx, &devices[i]))
			explain_affected(ctx, &draft, &devices[i]);
	return vioci_ctx_leave(ctx, &draft);
}

static int hot_reset(struct vioc_device *device, int fd, const char *tried)
{
	struct vioc_affected_device *devices;
	uint32_t count;
	int error = list_affected(device, fd, tried, &devices, &count);
	if (error < 0)
		return error;
	uint32_t *groups = calloc(count + 1, sizeof(*groups));
	for (uint32_t i = 0; groups && i < count; i++)
		groups[i] = devices[i].group;
	struct vioci_kioas *kioas = device->attachment->kioas;
	error = groups ? kioas->backend->ops->hot_reset(device->attachment, groups, count)
		       : -ENOMEM;
	if (error == -ENOMEM)
		error = vioci_fail_memory(vioci_device_ctx(device));
	else if (error < 0)
		error = fail_hot_reset(device, error, tried, devices, count);
	free(groups);
	free(devices);
	return error;
}

VIOC_API int vioc_device_hot_reset(struct vioc_device *device)
{
	static const char tried[] = "reset the bus or slot";
	int fd = vioci_device_get(device, tried);
	if (fd < 0)
		return fd;
	int error = hot_reset(device, fd, tried);
	vioci_device_put(device);
	return error;
}
