// SPDX-License-Identifier: MIT
/* Groups and the devices opened through them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/legacy/legacy.h"
#include "uapi/vfio.h"

static const struct vioci_sys *sys_of(const struct legacy_kioas *kioas)
{
	return &kioas->base.backend->ctx->sys;
}

static struct legacy_group *find_group(struct legacy_kioas *kioas, uint32_t number)
{
	struct legacy_group *group = kioas->groups;
	while (group && group->number != number)
		group = group->next;
	return group;
}

static int open_group_fd(struct legacy_kioas *kioas, const struct vioci_identity *identity)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/dev/vfio/%u", identity->group);
	int fd = vioci_sys_open(sys_of(kioas), path, O_RDWR);
	return fd >= 0 ? fd : vioci_attach_fail_node(&kioas->base, identity, path, fd);
}

/* Sets the container's IOMMU, which its first group makes possible. */
static int set_iommu(struct legacy_kioas *kioas, struct vioci_refusal *refusal)
{
	refusal->step = "VFIO_SET_IOMMU";
	refusal->eperm = VIOCI_EPERM_ISOLATION;
	int error = vioci_sys_ioctl(sys_of(kioas), kioas->fd, VIOCI_VFIO_SET_IOMMU,
				    (void *)(uintptr_t)VIOCI_VFIO_TYPE1v2_IOMMU);
	kioas->iommu_set = error == 0;
	return error;
}

/* Puts the group into the container; on failure the refusal says at which step. */
static int join_container(struct legacy_kioas *kioas, int group_fd, struct vioci_refusal *refusal)
{
	const struct vioci_sys *sys = sys_of(kioas);
	struct vioci_vfio_group_status status = { .argsz = sizeof(status) };

	refusal->step = "VFIO_GROUP_GET_STATUS";
	refusal->eperm = VIOCI_EPERM_OWNER;
	int error = vioci_sys_ioctl(sys, group_fd, VIOCI_VFIO_GROUP_GET_STATUS, &status);
	if (error < 0)
		return error;
	if (!(status.flags & VIOCI_VFIO_GROUP_VIABLE))
		return -EPERM;

	refusal->step = "VFIO_GROUP_SET_CONTAINER";
	error = vioci_sys_ioctl(sys, group_fd, VIOCI_VFIO_GROUP_SET_CONTAINER, &kioas->fd);
	if (!kioas->iommu_set)
		return error < 0 ? error : set_iommu(kioas, refusal);
	/* With an IOMMU set this attaches the group too, and type1 calls an address conflict EINVAL. */
	refusal->eperm = VIOCI_EPERM_EITHER;
	return error == -EINVAL ? -EADDRINUSE : error;
}

static int open_group(struct legacy_kioas *kioas, const struct vioci_identity *identity,
		      struct legacy_group **ret_group)
{
	struct legacy_group *group = calloc(1, sizeof(*group));
	if (!group)
		return vioci_fail_memory(kioas->base.backend->ctx);
	group->number = identity->group;
	group->fd = open_group_fd(kioas, identity);
	if (group->fd < 0) {
		int error = group->fd;
		free(group);
		return error;
	}

	struct vioci_refusal refusal = { 0 };
	refusal.error = join_container(kioas, group->fd, &refusal);
	if (refusal.error < 0) {
		vioci_sys_close(sys_of(kioas), &group->fd);
		free(group);
		return vioci_attach_refused(&kioas->base, identity, &refusal);
	}
	group->next = kioas->groups;
	kioas->groups = group;
	*ret_group = group;
	return 0;
}

/* No device of the group is open any more. */
static void close_group(struct legacy_kioas *kioas, struct legacy_group *group)
{
	struct legacy_group **link = &kioas->groups;
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	/* The last group to leave takes the IOMMU with it. */
	if (!kioas->groups)
		kioas->iommu_set = false;

	/* A group without an open device leaves its container when its fd is closed. */
	vioci_sys_close(sys_of(kioas), &group->fd);
	free(group);
}

struct legacy_attachment {
	struct vioci_attachment base;
	struct legacy_group *group;
};

/* Finds or opens the device's group and opens the device. */
static int open_device(struct legacy_kioas *kioas, const struct vioci_identity *identity,
		       struct legacy_attachment *attachment)
{
	struct legacy_group *group = find_group(kioas, identity->group);
	int error = group ? 0 : open_group(kioas, identity, &group);
	if (error < 0)
		return error;

	int fd = vioci_sys_ioctl(sys_of(kioas), group->fd, VIOCI_VFIO_GROUP_GET_DEVICE_FD,
				 (void *)(uintptr_t)identity->name);
	if (fd < 0) {
		if (!group->n_devices)
			close_group(kioas, group);
		const struct vioci_refusal refusal = {
			.step = "VFIO_GROUP_GET_DEVICE_FD",
			.error = fd,
			.eperm = VIOCI_EPERM_EITHER,
		};
		return vioci_attach_refused(&kioas->base, identity, &refusal);
	}
	group->n_devices++;
	attachment->group = group;
	attachment->base.device_fd = fd;
	return 0;
}

int vioci_legacy_attach(struct vioci_kioas *kioas, const struct vioci_identity *identity,
			struct vioci_attachment **ret_attachment)
{
	struct legacy_attachment *attachment = calloc(1, sizeof(*attachment));
	if (!attachment)
		return vioci_fail_memory(kioas->backend->ctx);
	attachment->base.kioas = kioas;
	int error = open_device((struct legacy_kioas *)kioas, identity, attachment);
	if (error < 0) {
		free(attachment);
		return error;
	}
	*ret_attachment = &attachment->base;
	return 0;
}

void vioci_legacy_detach(struct vioci_attachment *base)
{
	struct legacy_attachment *attachment = (struct legacy_attachment *)base;
	struct legacy_kioas *kioas = (struct legacy_kioas *)base->kioas;
	struct legacy_group *group = attachment->group;

	vioci_sys_close(sys_of(kioas), &base->device_fd);
	free(attachment);
	if (--group->n_devices == 0)
		close_group(kioas, group);
}
