// SPDX-License-Identifier: MIT
/* Groups and the devices opened through them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/legacy/legacy.h"
#include "uapi/vfio.h"

static const struct vioci_sys *sys_of(const struct legacy_kioas *kioas)
{
	return &kioas->base.backend->ctx->sys;
}

static struct legacy_backend *backend_of(const struct legacy_kioas *kioas)
{
	return (struct legacy_backend *)kioas->base.backend;
}

/* In the whole backend; its lock is held. */
static struct legacy_group *find_group(const struct legacy_backend *backend, uint32_t number)
{
	struct legacy_group *group = backend->groups;
	while (group && group->number != number)
		group = group->next;
	return group;
}

/* A group stays while its kioas wants it, so it is good without the lock. */
static struct legacy_group *find_own_group(struct legacy_kioas *kioas, uint32_t number)
{
	struct legacy_backend *backend = backend_of(kioas);
	pthread_mutex_lock(&backend->lock);
	struct legacy_group *group = find_group(backend, number);
	pthread_mutex_unlock(&backend->lock);
	return group && group->kioas == kioas ? group : NULL;
}

static void add_group(struct legacy_kioas *kioas, struct legacy_group *group)
{
	struct legacy_backend *backend = backend_of(kioas);
	group->kioas = kioas;
	kioas->n_groups++;
	pthread_mutex_lock(&backend->lock);
	group->next = backend->groups;
	backend->groups = group;
	pthread_mutex_unlock(&backend->lock);
}

static void remove_group(struct legacy_kioas *kioas, struct legacy_group *group)
{
	struct legacy_backend *backend = backend_of(kioas);
	pthread_mutex_lock(&backend->lock);
	struct legacy_group **link = &backend->groups;
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	pthread_mutex_unlock(&backend->lock);
	kioas->n_groups--;
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

/*
 * Puts the group into the container, unless it is in there already, as a group that was adopted may
 * be; on failure the refusal says at which step.
 */
static int join_container(struct legacy_kioas *kioas, const struct legacy_group *group, bool joined,
			  struct vioci_refusal *refusal)
{
	const struct vioci_sys *sys = sys_of(kioas);
	struct vioci_vfio_group_status status = { .argsz = sizeof(status) };

	refusal->step = "VFIO_GROUP_GET_STATUS";
	refusal->eperm = VIOCI_EPERM_OWNER;
	int error = vioci_sys_ioctl(sys, group->fd, VIOCI_VFIO_GROUP_GET_STATUS, &status);
	if (error < 0)
		return error;
	if (!(status.flags & VIOCI_VFIO_GROUP_VIABLE))
		return -EPERM;
	if (joined && kioas->iommu_set)
		return 0;

	refusal->step = "VFIO_GROUP_SET_CONTAINER";
	error = vioci_sys_ioctl(sys, group->fd, VIOCI_VFIO_GROUP_SET_CONTAINER, &kioas->fd);
	if (!kioas->iommu_set)
		return error < 0 ? error : set_iommu(kioas, refusal);
	/* With an IOMMU set this attaches the group too, and type1 calls an address conflict EINVAL. */
	refusal->eperm = VIOCI_EPERM_EITHER;
	return error == -EINVAL ? -EADDRINUSE : error;
}

static void close_group_fd(struct legacy_kioas *kioas, struct legacy_group *group)
{
	const struct vioci_sys *sys = sys_of(kioas);
	/* A group without an open device leaves its container when its last fd is closed. */
	if (group->stays_open && !kioas->base.forgotten)
		(void)vioci_sys_ioctl(sys, group->fd, VIOCI_VFIO_GROUP_UNSET_CONTAINER, NULL);
	vioci_sys_close(sys, &group->fd);
	free(group);
}

static int open_group(struct legacy_kioas *kioas, const struct vioci_identity *identity,
		      struct legacy_group **ret_group)
{
	struct vioci_node node = { .kind = VIOC_FD_GROUP, .identity = identity };
	struct legacy_group *group = calloc(1, sizeof(*group));
	if (!group)
		return vioci_fail_memory(kioas->base.backend->ctx);
	vioci_identity_node(identity, false, node.path);
	group->number = identity->group;
	group->fd = vioci_attach_open_node(&kioas->base, &node);
	if (group->fd < 0) {
		int error = group->fd;
		free(group);
		return error;
	}

	struct vioci_refusal refusal = { 0 };
	group->stays_open = node.adopted && !node.in_use;
	refusal.error = join_container(kioas, group, node.in_use, &refusal);
	if (refusal.error < 0) {
		close_group_fd(kioas, group);
		return vioci_attach_refused(&kioas->base, identity, &refusal);
	}
	add_group(kioas, group);
	*ret_group = group;
	return 0;
}

/* No device of the group is open any more. */
static void close_group(struct legacy_kioas *kioas, struct legacy_group *group)
{
	remove_group(kioas, group);
	bool last = !kioas->n_groups;
	close_group_fd(kioas, group);
	/* The last group to leave takes the IOMMU with it; others may have one in there. */
	if (last)
		kioas->iommu_set = kioas->base.shared && vioci_legacy_is_in_use(kioas);
}

struct legacy_attachment {
	struct vioci_attachment base;
	struct legacy_group *group; /* NULL: others have it */
};

static int get_device_fd(const struct legacy_kioas *kioas, int group_fd,
			 const struct vioci_newcomer *newcomer)
{
	char text[128];
	snprintf(text, sizeof(text), "%s%s%s", newcomer->identity->name,
		 newcomer->token ? " vf_token=" : "", newcomer->token ? newcomer->token->text : "");
	int fd = vioci_sys_ioctl(sys_of(kioas), group_fd, VIOCI_VFIO_GROUP_GET_DEVICE_FD, text);
	return vioci_sys_keep(sys_of(kioas), fd);
}

static int refuse_lone_device(struct legacy_kioas *kioas, const struct vioci_identity *identity)
{
	struct vioci_diag_draft draft =
		vioci_attach_draft(&kioas->base, identity, -EINVAL, VIOC_REASON_WRONG_FD);
	vioci_diag_obstacle(&draft, "its fd was adopted, but not the container that it is in");
	vioci_diag_advice(&draft, "adopt the container that its group is in too");
	return vioci_ctx_leave(kioas->base.backend->ctx, &draft);
}

/* Takes a device that others opened, whose group they have. -ENOENT: none was adopted. */
static int take_device(struct legacy_kioas *kioas, const struct vioci_newcomer *newcomer,
		       struct legacy_attachment *attachment)
{
	const struct vioci_identity *identity = newcomer->identity;
	struct vioci_node node = { .kind = VIOC_FD_DEVICE, .identity = identity };
	int fd = vioci_node_take(kioas->base.backend->ctx, &node);
	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return vioci_fail(kioas->base.backend->ctx, fd, VIOC_REASON_KERNEL, "open a device",
				  "the adopted fd can't be duplicated");
	if (!kioas->iommu_set) {
		vioci_sys_close(sys_of(kioas), &fd);
		return refuse_lone_device(kioas, identity);
	}
	attachment->base.device_fd = fd;
	return 0;
}

/* Finds or opens the device's group and opens the device. */
static int open_device(struct legacy_kioas *kioas, const struct vioci_newcomer *newcomer,
		       struct legacy_attachment *attachment)
{
	const struct vioci_identity *identity = newcomer->identity;
	int error = take_device(kioas, newcomer, attachment);
	if (error != -ENOENT)
		return error;
	struct legacy_group *group = find_own_group(kioas, identity->group);
	error = group ? 0 : open_group(kioas, identity, &group);
	if (error < 0)
		return error;

	int fd = get_device_fd(kioas, group->fd, newcomer);
	if (fd < 0) {
		if (!group->n_devices)
			close_group(kioas, group);
		const struct vioci_refusal refusal = {
			.step = "VFIO_GROUP_GET_DEVICE_FD",
			.error = fd,
			.eperm = VIOCI_EPERM_EITHER,
			.had_token = newcomer->token != NULL,
		};
		return vioci_attach_refused(&kioas->base, identity, &refusal);
	}
	group->n_devices++;
	attachment->group = group;
	attachment->base.device_fd = fd;
	return 0;
}

int vioci_legacy_attach(struct vioci_kioas *kioas, const struct vioci_newcomer *newcomer,
			struct vioci_attachment **ret_attachment)
{
	struct legacy_attachment *attachment = calloc(1, sizeof(*attachment));
	if (!attachment)
		return vioci_fail_memory(kioas->backend->ctx);
	attachment->base.kioas = kioas;
	int error = open_device((struct legacy_kioas *)kioas, newcomer, attachment);
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
	if (group && --group->n_devices == 0)
		close_group(kioas, group);
}

bool vioci_legacy_has_group(struct vioci_backend *base, uint32_t number)
{
	struct legacy_backend *backend = (struct legacy_backend *)base;
	pthread_mutex_lock(&backend->lock);
	bool found = find_group(backend, number) != NULL;
	pthread_mutex_unlock(&backend->lock);
	return found;
}

/* The fd of each group once; the kernel takes no more fds than there are devices. */
static int collect_fds(const struct legacy_backend *backend, const uint32_t *numbers, size_t count,
		       struct vioci_vfio_hot_reset *reset)
{
	for (size_t i = 0; i < count; i++) {
		const struct legacy_group *group = find_group(backend, numbers[i]);
		if (!group)
			return -EPERM;
		uint32_t known = 0;
		while (known < reset->count && reset->group_fds[known] != group->fd)
			known++;
		if (known == reset->count)
			reset->group_fds[reset->count++] = group->fd;
	}
	return 0;
}

int vioci_legacy_hot_reset(struct vioci_attachment *attachment, const uint32_t *numbers,
			   size_t count)
{
	struct legacy_backend *backend = (struct legacy_backend *)attachment->kioas->backend;
	size_t size = sizeof(struct vioci_vfio_hot_reset) + count * sizeof(int32_t);
	struct vioci_vfio_hot_reset *reset = calloc(1, size);
	if (!reset)
		return -ENOMEM;
	reset->argsz = (uint32_t)size;
	/* Held until the end, so that no other kioas closes its group meanwhile. */
	pthread_mutex_lock(&backend->lock);
	int error = collect_fds(backend, numbers, count, reset);
	if (error == 0)
		error = vioci_sys_ioctl(&backend->base.ctx->sys, attachment->device_fd,
					VIOCI_VFIO_DEVICE_HOT_RESET, reset);
	pthread_mutex_unlock(&backend->lock);
	free(reset);
	return error;
}
