// SPDX-License-Identifier: MIT
/* The seam's operations: fds and nodes here, what is behind them in the other files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "uapi/vfio.h"

struct fake_device *fake_find(struct fake *fake, const char *name)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (strcmp(fake->devices[i].spec.name, name) == 0)
			return &fake->devices[i];
	return NULL;
}

void fake_container_put(struct fake_container *container)
{
	if (--container->refs)
		return;
	for (struct fake_space *space = container->spaces, *next; space; space = next) {
		next = space->next;
		fake_space_free(space);
	}
	free(container);
}

static bool leaves_dma_alone(const char *driver)
{
	return !driver || strstr(driver, "vfio") || strcmp(driver, "pcieport") == 0;
}

bool fake_group_is_viable(const struct fake *fake, int group)
{
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.group == group &&
		    !leaves_dma_alone(fake->devices[i].spec.driver))
			return false;
	return true;
}

struct fake_node_rule *fake_rule(struct fake *fake, const char *path)
{
	struct fake_node_rule *unused = NULL;
	for (size_t i = 0; i < MAX_NODES; i++) {
		if (strcmp(fake->rules[i].path, path) == 0)
			return &fake->rules[i];
		if (!unused && !fake->rules[i].path[0])
			unused = &fake->rules[i];
	}
	if (!unused)
		abort();
	snprintf(unused->path, sizeof(unused->path), "%s", path);
	return unused;
}

static int open_container(struct fake *fake, bool is_iommufd)
{
	if (is_iommufd ? fake->config.no_iommufd : fake->config.no_type1)
		return -ENOENT;
	struct fake_container *container = calloc(1, sizeof(*container));
	if (!container)
		abort();
	container->refs = 1;
	container->is_iommufd = is_iommufd;
	if (!is_iommufd)
		container->spaces = fake_space_new(fake);
	struct fake_fd *made = NULL;
	int fd = fake_fd_new(fake, &made);
	if (fd < 0) {
		fake_container_put(container);
		return fd;
	}
	made->kind = FD_CONTAINER;
	made->container = container;
	return fd;
}

/* A region still mapped keeps its device, and so its group, in use. */
static bool is_mapped(const struct fake *fake, int group)
{
	for (size_t i = 0; i < MAX_MMAPS; i++)
		if (fake->mmaps[i].device && fake->mmaps[i].device->spec.group == group)
			return true;
	return false;
}

static bool is_busy(const struct fake *fake, const struct fake_group *group)
{
	if (group->open || group->container || is_mapped(fake, group->number))
		return true;
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.group == group->number && fake->devices[i].bound)
			return true;
	return false;
}

static int open_group(struct fake *fake, int number)
{
	struct fake_group *group = NULL;
	for (unsigned int i = 0; i < fake->n_groups; i++)
		if (fake->groups[i].number == number)
			group = &fake->groups[i];
	if (!group)
		return -ENOENT;
	if (is_busy(fake, group))
		return -EBUSY;
	struct fake_fd *made = NULL;
	int fd = fake_fd_new(fake, &made);
	if (fd < 0)
		return fd;
	made->kind = FD_GROUP;
	made->group = group;
	group->open = true;
	return fd;
}

static int open_cdev(struct fake *fake, int number)
{
	for (unsigned int i = 0; i < fake->n_devices; i++) {
		struct fake_device *device = &fake->devices[i];
		if (device->cdev != number || fake->config.no_cdev || !device->spec.driver ||
		    !strstr(device->spec.driver, "vfio"))
			continue;
		struct fake_fd *made = NULL;
		int fd = fake_fd_new(fake, &made);
		if (fd < 0)
			return fd;
		made->kind = FD_DEVICE;
		made->device = device;
		made->from_cdev = true;
		return fd;
	}
	return -ENOENT;
}

static int open_node(struct fake *fake, const char *path)
{
	const struct fake_node_rule *rule = fake_rule(fake, path);
	int number;
	if (rule->hidden)
		return -ENOENT;
	if (rule->forbidden)
		return -EACCES;
	if (rule->held_by && strncmp(path, "/dev/vfio/devices/", 18) != 0)
		return -EBUSY;
	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return open_container(fake, false);
	if (strcmp(path, "/dev/iommu") == 0)
		return open_container(fake, true);
	if (sscanf(path, "/dev/vfio/devices/vfio%d", &number) == 1)
		return open_cdev(fake, number);
	if (sscanf(path, "/dev/vfio/%d", &number) == 1)
		return open_group(fake, number);
	return -ENOENT;
}

/* A path without a leading slash stays below its folder. */
static const char *find_file(struct fake *fake, const char *path, char full[VIOCI_PATH_MAX])
{
	if (*path != '/')
		return path;
	fake_path(fake, path, full, VIOCI_PATH_MAX);
	return full;
}

static int open_file(struct fake *fake, int dir, const char *path, int flags)
{
	char full[VIOCI_PATH_MAX];
	if (strcmp(path, "/proc/self/status") == 0)
		fake_file_status(fake);
	int fd = openat(dir, find_file(fake, path, full), flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct fake_fd *file = fake_fd_set(fake, fd, FD_FILE);
	if ((flags & O_ACCMODE) != O_RDONLY)
		snprintf(file->path, sizeof(file->path), "%s", path);
	return fd;
}

static int sys_open(void *data, int dir, const char *path, int flags)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	bool is_node = strncmp(path, "/dev/", 5) == 0;
	int fd = is_node ? open_node(fake, path) : open_file(fake, dir, path, flags);
	if (is_node && fd >= 0)
		fake_show_node(fake, fd, path);
	pthread_mutex_unlock(&fake->lock);
	return fd;
}

static int sys_close(void *data, int number)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	if (!fd)
		abort();
	fake->fds[number] = NULL;
	if (fd->kind != FD_FILE)
		fake_file_close(fake, number);
	fake_fd_put(fake, fd);
	close(number);
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static int device_ioctl(struct fake *fake, struct fake_fd *fd, unsigned long request, void *arg)
{
	if (request == VIOCI_VFIO_DEVICE_BIND_IOMMUFD) {
		char path[64];
		snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%d", fd->device->cdev);
		if (fake_rule(fake, path)->held_by)
			return -EINVAL;
		snprintf(path, sizeof(path), "/dev/vfio/%d", fd->device->spec.group);
		if (fake_rule(fake, path)->held_by)
			return -EBUSY;
		return fake_device_bind(fake, fd, arg);
	}
	/* A character device answers nothing before it is bound. */
	if (fd->from_cdev && !fd->container)
		return -EINVAL;
	if (request == VIOCI_VFIO_DEVICE_ATTACH_IOMMUFD_PT && fd->from_cdev)
		return fake_device_attach(fd, arg);
	if (request == VIOCI_VFIO_DEVICE_DETACH_IOMMUFD_PT && fd->from_cdev)
		return fake_device_detach(fd->device);
	if (request == VIOCI_VFIO_DEVICE_GET_HOT_RESET_INFO)
		return fake_hot_reset_info(fake, fd, arg);
	if (request == VIOCI_VFIO_DEVICE_HOT_RESET)
		return fake_hot_reset(fake, fd, arg);
	const struct vioci_vfio_device_feature *feature = arg;
	if (request == VIOCI_VFIO_DEVICE_FEATURE &&
	    (feature->flags & VIOCI_VFIO_FEATURE_MASK) == VIOCI_VFIO_FEATURE_DMA_BUF)
		return fake_export_dma_buf(fake, fd->device, arg);
	return fake_device_ioctl(fd->device, request, arg);
}

static int sys_ioctl(void *data, int number, unsigned long request, void *arg)
{
	struct fake *fake = data;
	int result = -ENOTTY;
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	if (!fd)
		result = -EBADF;
	else if (fd->kind == FD_DEVICE)
		result = device_ioctl(fake, fd, request, arg);
	else if (fd->kind == FD_GROUP)
		result = fake_group_ioctl(fake, fd->group, request, arg);
	else if (fd->kind == FD_CONTAINER && fd->container->is_iommufd)
		result = fake_iommufd_ioctl(fake, fd->container, request, arg);
	else if (fd->kind == FD_CONTAINER)
		result = fake_container_ioctl(fake, fd->container, request, arg);
	pthread_mutex_unlock(&fake->lock);
	return result;
}

static ssize_t sys_pread(void *data, int number, void *buf, size_t count, uint64_t offset)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	ssize_t done = -EBADF;
	if (fd && fd->kind == FD_DEVICE) {
		done = fake_device_access(fd->device, buf, count, offset, false);
	} else if (fd) {
		done = pread(number, buf, count, (off_t)offset);
		done = done < 0 ? -errno : done;
	}
	pthread_mutex_unlock(&fake->lock);
	return done;
}

static ssize_t write_attribute(struct fake *fake, const char *path, const void *buf, size_t count)
{
	char text[80];
	snprintf(text, sizeof(text), "%.*s", (int)count, (const char *)buf);
	int error = fake_write_attribute(fake, path, text);
	return error < 0 ? error : (ssize_t)count;
}

static ssize_t sys_pwrite(void *data, int number, const void *buf, size_t count, uint64_t offset)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	ssize_t done = -EBADF;
	if (fd && fd->kind == FD_DEVICE)
		done = fake_device_access(fd->device, (void *)(uintptr_t)buf, count, offset, true);
	else if (fd && fd->path[0])
		done = write_attribute(fake, fd->path, buf, count);
	pthread_mutex_unlock(&fake->lock);
	return done;
}

bool fake_note_mmap(struct fake *fake, const void *address, struct fake_mmap noted)
{
	for (size_t i = 0; i < MAX_MMAPS; i++) {
		if (fake->mmaps[i].address != address)
			continue;
		fake->mmaps[i] = noted;
		return true;
	}
	return false;
}

const struct fake_device *fake_mapped_device(const struct fake *fake, uint64_t va)
{
	for (size_t i = 0; i < MAX_MMAPS; i++) {
		const struct fake_mmap *noted = &fake->mmaps[i];
		uint64_t start = (uintptr_t)noted->address;
		if (noted->device && start <= va && va - start < noted->length)
			return noted->device;
	}
	return NULL;
}

static int sys_mmap(void *data, int number, size_t length, int prot, uint64_t offset,
		    void **ret_address)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	int error = -EBADF;
	*ret_address = NULL;
	if (fd && fd->kind == FD_DEVICE)
		error = fake_device_mmap(fd->device, length, prot, offset, ret_address);
	if (error == 0 &&
	    !fake_note_mmap(fake, NULL, (struct fake_mmap){ *ret_address, fd->device, length }))
		abort();
	pthread_mutex_unlock(&fake->lock);
	return error;
}

static int sys_munmap(void *data, void *address, size_t length)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	if (!fake_note_mmap(fake, address, (struct fake_mmap){ 0 }))
		fake_memory_unmapped(fake, length);
	pthread_mutex_unlock(&fake->lock);
	return munmap(address, length) < 0 ? -errno : 0;
}

/* Whether there is such a node, for whoever. */
static bool has_node(struct fake *fake, const char *path)
{
	if (fake_rule(fake, path)->hidden)
		return false;
	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return !fake->config.no_type1;
	if (strcmp(path, "/dev/iommu") == 0)
		return !fake->config.no_iommufd;
	return true;
}

static int sys_check_access(void *data, const char *path)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	int error = !has_node(fake, path)	       ? -ENOENT
		    : fake_rule(fake, path)->forbidden ? -EACCES
						       : 0;
	pthread_mutex_unlock(&fake->lock);
	return error;
}

static int sys_get_rights(void *data, int dir, const char *path,
			  struct vioci_file_rights *ret_rights)
{
	struct vioci_sys real = vioci_sys_at(&vioci_sys_real, dir);
	if (strncmp(path, "/dev/", 5) == 0) {
		if (!has_node(data, path))
			return -ENOENT;
		*ret_rights = (struct vioci_file_rights){ .mode = 0600, .uid = 0, .gid = 0 };
		return 0;
	}
	char full[VIOCI_PATH_MAX];
	return vioci_sys_get_rights(&real, find_file(data, path, full), ret_rights);
}

static int sys_readlink(void *data, int dir, const char *path, char *buf, size_t size)
{
	struct vioci_sys real = vioci_sys_at(&vioci_sys_real, dir);
	char full[VIOCI_PATH_MAX];
	return vioci_sys_readlink(&real, find_file(data, path, full), buf, size);
}

static int sys_list(void *data, int dir, const char *path, vioci_list_fn fn, void *arg)
{
	struct vioci_sys real = vioci_sys_at(&vioci_sys_real, dir);
	char full[VIOCI_PATH_MAX];
	return vioci_sys_list(&real, find_file(data, path, full), fn, arg);
}

static int sys_get_memlock_limit(void *data, uint64_t *ret_bytes)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	*ret_bytes = fake->memlock;
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static int sys_wait(void *data, int fd, bool to_write, int timeout_ms)
{
	(void)data;
	return vioci_sys_wait(&vioci_sys_real, fd, to_write, timeout_ms);
}

static const struct vioci_sys_ops fake_ops = {
	.open = sys_open,
	.close = sys_close,
	.ioctl = sys_ioctl,
	.pread = sys_pread,
	.pwrite = sys_pwrite,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
	.make_eventfd = fake_make_eventfd,
	.make_memory = fake_make_memory,
	.dup = fake_dup,
	.get_file = fake_get_file,
	.get_stat = fake_get_stat,
	.reserve = fake_reserve,
	.mmap_fixed = fake_mmap_fixed,
	.advise_huge = fake_advise_huge,
	.bind_memory = fake_bind_memory,
	.populate = fake_populate,
	.get_rights = sys_get_rights,
	.check_access = sys_check_access,
	.readlink = sys_readlink,
	.list = sys_list,
	.get_memlock_limit = sys_get_memlock_limit,
	.send = fake_send,
	.receive = fake_receive,
	.get_peer = fake_get_peer,
	.wait = sys_wait,
};

static void add_group(struct fake *fake, int number)
{
	for (unsigned int i = 0; i < fake->n_groups; i++)
		if (fake->groups[i].number == number)
			return;
	fake->groups[fake->n_groups++].number = number;
}

struct fake *fake_new(const struct fake_config *config)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	if (!fake)
		abort();
	fake->sys = (struct vioci_sys){ .ops = &fake_ops, .data = fake };
	fake->config = *config;
	if (!fake->config.last_iova)
		fake->config.last_iova = (UINT64_C(1) << 48) - 1;
	if (!fake->config.entry_limit)
		fake->config.entry_limit = 65535;
	fake->memlock = UINT64_MAX;
	fake->fail_unmap_iova = UINT64_MAX;
	pthread_mutex_init(&fake->lock, NULL);

	for (const struct fake_device_spec *spec = config->devices; spec && spec->name; spec++) {
		struct fake_device *device = &fake->devices[fake->n_devices];
		device->spec = *spec;
		device->cdev = (int)fake->n_devices++;
		fake_device_init(fake, device);
		if (spec->group >= 0)
			add_group(fake, spec->group);
	}
	fake_make_files(fake);
	fake_set_huge_pages(fake, FAKE_2M, 0);
	fake_set_huge_pages(fake, FAKE_1G, 0);
	fake_set_thp(fake, "always within_size [advise] never deny force");
	return fake;
}

void fake_free(struct fake *fake)
{
	fake_forget_sent(fake);
	fake_remove_files(fake);
	for (unsigned int i = 0; i < fake->n_devices; i++)
		fake_device_free(&fake->devices[i]);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

const struct vioci_sys *fake_sys(struct fake *fake)
{
	return &fake->sys;
}
