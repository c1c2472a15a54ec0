// SPDX-License-Identifier: MIT
/* The numbers that the process under test has, and what they stand for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "sys/real.h"

struct fake_fd *fake_fd(struct fake *fake, int fd)
{
	return fd < 0 || fd >= MAX_FDS ? NULL : fake->fds[fd];
}

struct fake_fd *fake_fd_set(struct fake *fake, int fd, enum fake_fd_kind kind)
{
	struct fake_fd *made = calloc(1, sizeof(*made));
	if (fd >= MAX_FDS || !made)
		abort();
	*made = (struct fake_fd){ .refs = 1, .kind = kind };
	fake->fds[fd] = made;
	return made;
}

/* Nothing stands for it any more. */
static void end_file(struct fake *fake, struct fake_fd *fd)
{
	if (fd->huge)
		fake_huge_put(fake, fd->huge);
	if (fd->kind == FD_CONTAINER)
		fake_container_put(fd->container);
	else if (fd->kind == FD_GROUP)
		fake_group_close(fake, fd->group);
	else if (fd->kind == FD_DEVICE)
		fake_device_close(fake, fd);
	free(fd);
}

void fake_fd_put(struct fake *fake, struct fake_fd *fd)
{
	if (--fd->refs == 0)
		end_file(fake, fd);
}

void fake_fd_share(struct fake *fake, int fd, struct fake_fd *shared)
{
	if (fd >= MAX_FDS)
		abort();
	shared->refs++;
	fake->fds[fd] = shared;
	if (shared->kind != FD_FILE)
		fake_file_open(fake, fd, shared->node);
}

int fake_fd_new(struct fake *fake, struct fake_fd **ret_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd = null < 0 ? -errno : vioci_real_keep(null);
	if (fd < 0)
		return fd;
	*ret_fd = fake_fd_set(fake, fd, FD_FILE);
	return fd;
}

void fake_show_node(struct fake *fake, int fd, const char *node)
{
	snprintf(fake->fds[fd]->node, sizeof(fake->fds[fd]->node), "%s", node);
	fake_file_open(fake, fd, node);
}

static uint32_t minor_of(const struct fake_fd *fd)
{
	if (fd->kind == FD_CONTAINER)
		return fd->container->is_iommufd ? MINOR_IOMMU : MINOR_VFIO;
	return (uint32_t)(fd->kind == FD_GROUP ? fd->group->number : fd->device->cdev);
}

int fake_get_stat(void *data, int number, struct vioci_fd_stat *ret_stat)
{
	struct fake *fake = data;
	int error = 0;
	pthread_mutex_lock(&fake->lock);
	const struct fake_fd *fd = fake_fd(fake, number);
	if (!fd || fd->kind == FD_FILE)
		error = vioci_sys_get_stat(&vioci_sys_real, number, ret_stat);
	else if (fd->kind == FD_DEVICE && !fd->from_cdev)
		*ret_stat = (struct vioci_fd_stat){ .type = VIOCI_FD_ANONYMOUS };
	else
		*ret_stat = (struct vioci_fd_stat){
			.type = VIOCI_FD_CHARACTER,
			.major = fd->kind == FD_CONTAINER ? MAJOR_MISC
				 : fd->kind == FD_GROUP	  ? MAJOR_GROUP
							  : MAJOR_CDEV,
			.minor = minor_of(fd),
		};
	pthread_mutex_unlock(&fake->lock);
	return error;
}
