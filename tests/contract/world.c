// SPDX-License-Identifier: MIT
/* The two kinds of world, and what a case can do to them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/ctx.h"
#include "fake.h"
#include "uapi/iommufd.h"
#include "world.h"

#define MDEV "83b8f4f2-509f-482f-8c1e-e6bfe0fa1001"

static const struct fake_device_spec fake_devices[] = {
	{ .name = "0000:00:02.0", .driver = "vfio-pci", .group = 2, .has_reset = true },
	{ .name = "0000:00:03.0", .driver = "vfio-pci", .group = 3, .kind = FAKE_EDU },
	{ .name = "0000:00:04.0", .driver = "vfio-pci", .group = 4, .sparse = true },
	{ .name = "0000:00:05.0", .driver = "e1000e", .group = 5 },
	{ .name = "0000:00:06.0", .group = 6 },
	{ .name = "0000:01:01.0", .driver = "vfio-pci", .group = 7 },
	{ .name = "0000:01:02.0", .driver = "vfio-pci", .group = 7 },
	{ .name = "0000:02:01.0", .driver = "vfio-pci", .group = 8 },
	{ .name = "0000:02:02.0", .driver = "e1000e", .group = 8 },
	{ .name = "0000:03:00.0", .driver = "e1000e", .group = -1 },
	{ .name = "0000:04:00.0", .driver = "vfio-pci", .group = 9, .has_vfs = true },
	{ .name = "0000:04:00.1", .driver = "vfio-pci", .group = 10, .pf = "0000:04:00.0" },
	{ .name = "0000:05:00.0",
	  .driver = "vfio-pci",
	  .group = 12,
	  .kind = FAKE_EDU,
	  .in_slot = true },
	{ .name = MDEV, .bus = "mdev", .driver = "vfio_mtty", .group = 11 },
	{ 0 },
};

#define FAKE_PID 4711

void world_use_fake(struct world *world)
{
	world->kernel = "fake";
	world->first = "0000:00:02.0";
	world->edu = "0000:00:03.0";
	world->second = "0000:00:04.0";
	world->kernel_bound = "0000:00:05.0";
	world->unbound = "0000:00:06.0";
	world->pair[0] = "0000:01:01.0";
	world->pair[1] = "0000:01:02.0";
	world->blocked = "0000:02:01.0";
	world->no_group = "0000:03:00.0";
	world->pf = "0000:04:00.0";
	world->vf = "0000:04:00.1";
	world->mdev = MDEV;
	world->slot = "0000:05:00.0";
	world->large = "0000:00:02.0";
}

static bool is_fake(const struct world *world)
{
	return strcmp(world->kernel, "fake") == 0;
}

/* Calls fn for each open fd of this process. */
static void for_each_fd(void (*fn)(struct world *world, int fd), struct world *world)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd != dirfd(dir))
			fn(world, fd);
	}
	closedir(dir);
}

static void note_fd(struct world *world, int fd)
{
	world->was_open[fd] = true;
}

/* Also closes it, so that one failed case doesn't take the next ones with it. */
static void count_new_fd(struct world *world, int fd)
{
	if (world->was_open[fd])
		return;
	world->n_left++;
	close(fd);
}

void world_set_up(struct world *world)
{
	memset(world->was_open, 0, sizeof(world->was_open));
	for_each_fd(note_fd, world);
	if (is_fake(world))
		world->fake = fake_new(&(struct fake_config){ .devices = fake_devices });
}

int world_tear_down(struct world *world)
{
	unsigned int mappings = 0, open = 0;
	if (world->fake) {
		mappings = fake_count_mappings(world->fake);
		open = fake_count_open(world->fake);
		fake_free(world->fake);
		world->fake = NULL;
	}
	world->n_left = 0;
	for_each_fd(count_new_fd, world);
	if (world->n_left || open || mappings) {
		print_error("left behind: %u fds, %u things open and %u mappings in the kernel\n",
			    world->n_left, open, mappings);
		return -1;
	}
	return 0;
}

const char *world_missing(const struct world *world, uint32_t needs)
{
	if ((needs & NEEDS_EDU) && !world->edu)
		return "edu device";
	if ((needs & NEEDS_SECOND) && !world->second)
		return "second device";
	if ((needs & NEEDS_PAIR) && !world->pair[1])
		return "two devices in one group";
	if ((needs & NEEDS_KERNEL_BOUND) && !world->kernel_bound)
		return "device bound to a kernel driver";
	if ((needs & NEEDS_UNBOUND) && !world->unbound)
		return "device without a driver";
	if ((needs & NEEDS_NO_GROUP) && !world->no_group)
		return "device that bypasses the IOMMU";
	if ((needs & NEEDS_BLOCKED) && !world->blocked)
		return "device whose sibling a kernel driver holds";
	if ((needs & NEEDS_MDEV) && !world->mdev)
		return "mediated device";
	if ((needs & NEEDS_LARGE) && !world->large)
		return "device with a large BAR";
	if ((needs & NEEDS_EVENTS) && is_fake(world))
		return "kernel that tells of changes";
	if ((needs & NEEDS_VF_NETDEV) && !world->vf_netdev)
		return "network interface with virtual functions";
	if ((needs & NEEDS_VF) && (!world->pf || !world->vf))
		return "virtual function";
	if ((needs & NEEDS_SLOT) && !world->slot)
		return "slot";
	return NULL;
}

const struct vioci_sys *world_sys(const struct world *world)
{
	return world->fake ? fake_sys(world->fake) : &vioci_sys_real;
}

struct vioc_ctx *world_new_ctx_with(struct world *world, const struct vioc_ctx_opts *opts)
{
	struct vioc_ctx *ctx = NULL;
	assert_int_equal(vioci_ctx_new_with_sys(opts, world_sys(world), &ctx), 0);
	return ctx;
}

struct vioc_ctx *world_new_ctx(struct world *world)
{
	return world_new_ctx_with(world, NULL);
}

struct vioc_container *world_new_container(struct world *world, struct vioc_ctx *ctx)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container = NULL;
	opts.backend = world->backend;
	assert_int_equal(vioc_container_new(ctx, &opts, &container), 0);
	return container;
}

void world_close(struct world *world, int fd)
{
	vioci_sys_close(world->fake ? fake_sys(world->fake) : &vioci_sys_real, &fd);
}

/* The number behind the last slash of a link in sysfs. */
static int link_number(const char *device, const char *link)
{
	char path[256], target[256];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, link);
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	assert_true(length > 0);
	target[length] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static void fake_nodes(const char *device, char group[32], char cdev[32])
{
	for (int i = 0; fake_devices[i].name; i++) {
		if (strcmp(fake_devices[i].name, device) != 0)
			continue;
		snprintf(group, 32, "/dev/vfio/%d", fake_devices[i].group);
		snprintf(cdev, 32, "/dev/vfio/devices/vfio%d", i);
	}
}

/* A child that opens the node, says so, and keeps it until it is killed. */
static int fork_holder(const char *path)
{
	int ready[2];
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDWR);
		char answer = fd >= 0 ? 'y' : 'n';
		if (write(ready[1], &answer, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	char answer = 0;
	assert_int_equal(read(ready[0], &answer, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(answer, 'y');
	return pid;
}

int world_hold_group(struct world *world, const char *device)
{
	char group[32], cdev[32];
	if (world->fake) {
		fake_nodes(device, group, cdev);
		fake_hold(world->fake, group, FAKE_PID, "holder");
		return FAKE_PID;
	}
	snprintf(group, sizeof(group), "/dev/vfio/%d", link_number(device, "iommu_group"));
	return fork_holder(group);
}

/* In a child: opens the device, maps a BAR, closes every fd but the one to say so with. */
static void leave_mapped(struct world *world, const char *device, int ready)
{
	struct rig rig;
	void *bar;
	rig_open(world, &rig);
	if (vioc_region_map(rig_device(&rig, device), VIOC_PCI_BAR(0), 0, 0, &bar) < 0)
		_exit(1);
	if (dup2(ready, 3) < 0 || close_range(4, UINT_MAX, 0) < 0 || write(3, "y", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

int world_leave_mapped(struct world *world, const char *device)
{
	char group[32], cdev[32], answer;
	int ready[2];
	if (world->fake) {
		fake_nodes(device, group, cdev);
		fake_hold_mapped(world->fake, world->backend == VIOC_BACKEND_IOMMUFD ? cdev : group,
				 FAKE_PID, "holder");
		return FAKE_PID;
	}
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		leave_mapped(world, device, ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

void world_release_group(struct world *world, const char *device, int pid)
{
	char group[32], cdev[32];
	if (world->fake) {
		fake_nodes(device, group, cdev);
		fake_release(world->fake, group, pid);
		fake_release(world->fake, cdev, pid);
		return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void set_forbidden(struct world *world, const char *device, bool forbidden)
{
	char group[32], cdev[32];
	fake_nodes(device, group, cdev);
	fake_forbid(world->fake, group, forbidden);
	fake_forbid(world->fake, cdev, forbidden);
}

void world_drop_rights(struct world *world, const char *device)
{
	if (world->fake) {
		set_forbidden(world, device, true);
		fake_drop_capabilities(world->fake, true);
	} else {
		assert_int_equal(seteuid(65534), 0);
	}
}

void world_regain_rights(struct world *world, const char *device)
{
	if (world->fake) {
		set_forbidden(world, device, false);
		fake_drop_capabilities(world->fake, false);
	} else {
		assert_int_equal(seteuid(0), 0);
	}
}

static const char *backend_node(const struct world *world)
{
	return world->backend == VIOC_BACKEND_LEGACY ? "/dev/vfio/vfio" : "/dev/iommu";
}

void world_hide_node(struct world *world)
{
	char away[64];
	snprintf(away, sizeof(away), "%s.away", backend_node(world));
	if (world->fake)
		fake_hide(world->fake, backend_node(world), true);
	else
		assert_int_equal(rename(backend_node(world), away), 0);
}

void world_show_node(struct world *world)
{
	char away[64];
	snprintf(away, sizeof(away), "%s.away", backend_node(world));
	if (world->fake)
		fake_hide(world->fake, backend_node(world), false);
	else
		assert_int_equal(rename(away, backend_node(world)), 0);
}

bool world_maps_files(const struct world *world)
{
	struct vioci_iommu_ioas_map_file none = { .size = sizeof(none) };
	if (world->backend != VIOC_BACKEND_IOMMUFD || world->fake)
		return world->backend == VIOC_BACKEND_IOMMUFD;
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, VIOCI_IOMMU_IOAS_MAP_FILE, &none), -1);
	bool known = errno != ENOTTY;
	close(fd);
	return known;
}

static void set_vfs(struct world *world, int count)
{
	char path[128];
	if (world->fake)
		return;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", world->pf);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%d\n", count);
	assert_int_equal(fclose(file), 0);
}

void world_make_vf(struct world *world)
{
	set_vfs(world, 1);
}

void world_drop_vf(struct world *world)
{
	set_vfs(world, 0);
}

/* A program of its own, as a forked child would keep the device open by its mapped BARs. */
static int spawn_writer(const char *file, const char *text)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "echo \"$1\" >\"$0\"", file, text, NULL);
		_exit(127);
	}
	return pid;
}

static void expect_success(int pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int world_take_away(struct world *world, const char *device)
{
	if (!world->fake)
		return spawn_writer("/sys/bus/pci/drivers/vfio-pci/unbind", device);
	fake_request(world->fake, device);
	return FAKE_PID;
}

void world_give_back(struct world *world, const char *device, int pid)
{
	if (world->fake)
		return;
	expect_success(pid);
	expect_success(spawn_writer("/sys/bus/pci/drivers_probe", device));
}

/* tests/lab/guest/slot, which lab-run has in the PATH */
static int spawn_slot(const char *order, const char *argument)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execlp("slot", "slot", order, argument, NULL);
		_exit(127);
	}
	return pid;
}

void world_plug(struct world *world)
{
	if (world->fake)
		fake_plug(world->fake, world->slot);
	else
		expect_success(spawn_slot("plug", "edu"));
}

int world_unplug(struct world *world)
{
	if (!world->fake)
		return spawn_slot("unplug", NULL);
	fake_unplug(world->fake, world->slot);
	return FAKE_PID;
}

void world_wait_unplugged(struct world *world, int pid)
{
	if (!world->fake)
		expect_success(pid);
}

void world_pull(struct world *world)
{
	if (world->fake)
		fake_pull(world->fake, world->slot);
	else
		expect_success(spawn_slot("pull", NULL));
}

void world_tell_change(struct world *world, const char *device)
{
	char path[128];
	assert_null(world->fake);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/uevent", device);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs("change\n", file);
	assert_int_equal(fclose(file), 0);
}

void world_limit_entries(struct world *world, uint32_t count)
{
	if (!count)
		count = 65535;
	if (world->fake) {
		fake_set_entry_limit(world->fake, count);
		return;
	}
	FILE *file = fopen("/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", "we");
	assert_non_null(file);
	fprintf(file, "%u\n", count);
	assert_int_equal(fclose(file), 0);
}
