// SPDX-License-Identifier: MIT
/*
 * What another process, a broker or a launcher, does to nodes before it passes them on: without the
 * library.
 */
#include <fcntl.h>
#include <stdio.h>

#include "core/identity.h"
#include "raw.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"
#include "world.h"

static int must(int result)
{
	assert_true(result >= 0);
	return result;
}

int raw_ioctl(struct world *world, int fd, unsigned long request, void *arg)
{
	return vioci_sys_ioctl(world_sys(world), fd, request, arg);
}

void raw_close(struct world *world, int fd)
{
	vioci_sys_close(world_sys(world), &fd);
}

int raw_open_path(struct world *world, const char *path)
{
	return vioci_sys_open(world_sys(world), path, O_RDWR);
}

uint32_t raw_group_of(struct world *world, const char *device)
{
	struct vioci_identity identity;
	assert_int_equal(vioci_identity_read(world_sys(world), device, &identity), 0);
	return identity.group;
}

int raw_open(struct world *world, uint32_t kind, const char *device)
{
	struct vioci_identity identity = { 0 };
	char path[64];
	if (device)
		assert_int_equal(vioci_identity_read(world_sys(world), device, &identity), 0);
	if (kind == VIOC_FD_GROUP)
		snprintf(path, sizeof(path), "/dev/vfio/%u", identity.group);
	else if (kind == VIOC_FD_CDEV)
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", identity.cdev);
	else
		snprintf(path, sizeof(path), "%s",
			 kind == VIOC_FD_IOMMUFD ? "/dev/iommu" : "/dev/vfio/vfio");
	return must(raw_open_path(world, path));
}

struct vioc_fd_info raw_identify(struct vioc_ctx *ctx, int fd)
{
	struct vioc_fd_info info = VIOC_SIZED(vioc_fd_info);
	assert_int_equal(vioc_fd_identify(ctx, fd, &info), 0);
	assert_true(info.what[0] != '\0');
	return info;
}

uint32_t raw_container_kind(const struct world *world)
{
	return world->backend == VIOC_BACKEND_LEGACY ? VIOC_FD_CONTAINER : VIOC_FD_IOMMUFD;
}

uint32_t raw_device_kind(const struct world *world)
{
	return world->backend == VIOC_BACKEND_IOMMUFD ? VIOC_FD_CDEV : VIOC_FD_GROUP;
}

static void start_iommufd(struct world *world, struct raw_device *raw)
{
	struct vioci_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vioci_vfio_bind_iommufd bind = {
		.argsz = offsetof(struct vioci_vfio_bind_iommufd, token_uuid_ptr),
		.iommufd = raw->container,
	};
	must(raw_ioctl(world, raw->container, VIOCI_IOMMU_IOAS_ALLOC, &alloc));
	must(raw_ioctl(world, raw->node, VIOCI_VFIO_DEVICE_BIND_IOMMUFD, &bind));
	struct vioci_vfio_attach_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = alloc.out_ioas_id,
	};
	must(raw_ioctl(world, raw->node, VIOCI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
	raw->ioas_id = alloc.out_ioas_id;
	raw->device = raw->node;
}

static void start_group(struct world *world, struct raw_device *raw, const char *device)
{
	char name[64];
	snprintf(name, sizeof(name), "%s", device);
	must(raw_ioctl(world, raw->node, VIOCI_VFIO_GROUP_SET_CONTAINER, &raw->container));
	must(raw_ioctl(world, raw->container, VIOCI_VFIO_SET_IOMMU,
		       (void *)(uintptr_t)VIOCI_VFIO_TYPE1v2_IOMMU));
	raw->device = must(raw_ioctl(world, raw->node, VIOCI_VFIO_GROUP_GET_DEVICE_FD, name));
}

void raw_start(struct world *world, struct raw_device *raw, const char *device)
{
	*raw = (struct raw_device){
		.container = raw_open(world, raw_container_kind(world), NULL),
		.node = raw_open(world, raw_device_kind(world), device),
	};
	if (world->backend == VIOC_BACKEND_IOMMUFD)
		start_iommufd(world, raw);
	else
		start_group(world, raw, device);
}

void raw_stop(struct world *world, struct raw_device *raw)
{
	if (raw->device != raw->node)
		raw_close(world, raw->device);
	raw_close(world, raw->node);
	raw_close(world, raw->container);
}
