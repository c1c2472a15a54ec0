// SPDX-License-Identifier: MIT
/* The parts of /sys and /proc that the library reads, as files below a temporary folder. */
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

void fake_path(const struct fake *fake, const char *path, char *ret_path, size_t size)
{
	if (snprintf(ret_path, size, "%s%s", fake->root, path) >= (int)size)
		abort();
}

#define PRINTF(index) __attribute__((format(printf, index, index + 1)))

/* The full path of a file that the format names. */
__attribute__((format(printf, 3, 0))) static void format_path(const struct fake *fake,
							      char ret_path[VIOCI_PATH_MAX],
							      const char *format, va_list args)
{
	char path[VIOCI_PATH_MAX];
	if (vsnprintf(path, sizeof(path), format, args) >= (int)sizeof(path))
		abort();
	fake_path(fake, path, ret_path, VIOCI_PATH_MAX);
}

static void make_path(char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return;
	char *slash = strrchr(path, '/');
	if (errno != ENOENT || slash == path)
		abort();
	*slash = '\0';
	make_path(path);
	*slash = '/';
	if (mkdir(path, 0755) < 0)
		abort();
}

/* Makes the folder, and those above it that are not there. */
PRINTF(2) static void make_folder(const struct fake *fake, const char *format, ...)
{
	char path[VIOCI_PATH_MAX];
	va_list args;
	va_start(args, format);
	format_path(fake, path, format, args);
	va_end(args);
	make_path(path);
}

PRINTF(3)
static void make_file(const struct fake *fake, const char *text, const char *format, ...)
{
	char path[VIOCI_PATH_MAX];
	va_list args;
	va_start(args, format);
	format_path(fake, path, format, args);
	va_end(args);
	FILE *file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) < 0)
		abort();
}

/* The link's target ends with the name. */
PRINTF(4)
static void make_link(const struct fake *fake, const char *folder, const char *name,
		      const char *format, ...)
{
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX];
	va_list args;
	va_start(args, format);
	format_path(fake, path, format, args);
	va_end(args);
	snprintf(target, sizeof(target), "%s%s", folder, name);
	if (symlink(target, path) < 0 && errno != EEXIST)
		abort();
}

static const char *bus_of(const struct fake_device *device)
{
	return device->spec.bus ? device->spec.bus : "pci";
}

static void make_group_files(const struct fake *fake, const struct fake_device *device)
{
	const char *name = device->spec.name, *bus = bus_of(device);
	char group[16], folder[64];
	snprintf(group, sizeof(group), "%d", device->spec.group);
	make_folder(fake, "/sys/kernel/iommu_groups/%s/devices", group);
	snprintf(folder, sizeof(folder), "../../../../bus/%s/devices/", bus);
	make_link(fake, folder, name, "/sys/kernel/iommu_groups/%s/devices/%s", group, name);
	make_file(fake,
		  "0x00000000000a0000 0x00000000000affff direct-relaxable\n"
		  "0x00000000fee00000 0x00000000feefffff msi\n",
		  "/sys/kernel/iommu_groups/%s/reserved_regions", group);
	make_link(fake, "../../../../kernel/iommu_groups/", group,
		  "/sys/bus/%s/devices/%s/iommu_group", bus, name);
	if (!device->spec.bus)
		make_link(fake, "../../../../class/iommu/", "dmar0",
			  "/sys/bus/pci/devices/%s/iommu", name);
}

/* What VFIO makes for a device that has no group of an IOMMU. */
static void make_emulated_group_files(const struct fake *fake, const struct fake_device *device)
{
	make_file(fake, "vfio-noiommu\n", "/sys/kernel/iommu_groups/%d/name", device->spec.group);
	make_folder(fake, "/sys/class/vfio/%d", device->spec.group);
}

/* The link of a device number in /sys/dev/char. */
PRINTF(4)
static void make_number(const struct fake *fake, int major, int minor, const char *format, ...)
{
	char target[VIOCI_PATH_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(target, sizeof(target), format, args);
	va_end(args);
	make_link(fake, "", target, "/sys/dev/char/%d:%d", major, minor);
}

static void make_ids(const struct fake *fake, const struct fake_device *device)
{
	uint16_t ids[2];
	char text[16];
	memcpy(ids, device->config, sizeof(ids));
	snprintf(text, sizeof(text), "0x%04x\n", ids[0]);
	make_file(fake, text, "/sys/bus/pci/devices/%s/vendor", device->spec.name);
	snprintf(text, sizeof(text), "0x%04x\n", ids[1]);
	make_file(fake, text, "/sys/bus/pci/devices/%s/device", device->spec.name);
}

void fake_file_override(const struct fake *fake, const char *device, const char *driver)
{
	char text[80];
	snprintf(text, sizeof(text), "%s\n", *driver ? driver : "(null)");
	make_file(fake, text, "/sys/bus/pci/devices/%s/driver_override", device);
}

void fake_file_bind(const struct fake *fake, const struct fake_device *device)
{
	const char *name = device->spec.name, *driver = device->spec.driver;
	const char *bus = bus_of(device);
	make_link(fake, "../../../../bus/pci/drivers/", driver, "/sys/bus/%s/devices/%s/driver",
		  bus, name);
	if (!strstr(driver, "vfio"))
		return;
	make_folder(fake, "/sys/bus/%s/devices/%s/vfio-dev/vfio%d", bus, name, device->cdev);
	char cdev[32], folder[64];
	snprintf(cdev, sizeof(cdev), "vfio%d", device->cdev);
	snprintf(folder, sizeof(folder), "../../bus/%s/devices/%s/vfio-dev/", bus, name);
	make_folder(fake, "/sys/class/vfio-dev");
	make_link(fake, folder, cdev, "/sys/class/vfio-dev/%s", cdev);
	make_number(fake, MAJOR_GROUP, device->spec.group, "../../devices/virtual/vfio/%d",
		    device->spec.group);
	if (fake->config.no_cdev)
		return;
	make_file(fake, "511:0\n", "/sys/bus/%s/devices/%s/vfio-dev/vfio%d/dev", bus, name,
		  device->cdev);
	make_number(fake, MAJOR_CDEV, device->cdev, "../../bus/%s/devices/%s/vfio-dev/vfio%d", bus,
		    name, device->cdev);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fake_file_unbind(const struct fake *fake, const struct fake_device *device)
{
	static const char *const names[] = { "driver", "vfio-dev" };
	for (size_t i = 0; i < 2; i++) {
		char path[VIOCI_PATH_MAX], full[VIOCI_PATH_MAX];
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device->spec.name,
			 names[i]);
		fake_path(fake, path, full, sizeof(full));
		nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}

/* What each driver of the bus can be told. */
static void make_driver_files(const struct fake *fake)
{
	make_folder(fake, "/sys/bus/pci");
	make_file(fake, "", "/sys/bus/pci/drivers_probe");
	for (const char *const *driver = fake_drivers; *driver; driver++) {
		make_folder(fake, "/sys/bus/pci/drivers/%s", *driver);
		make_file(fake, "", "/sys/bus/pci/drivers/%s/bind", *driver);
		make_file(fake, "", "/sys/bus/pci/drivers/%s/unbind", *driver);
	}
}

static void make_device_files(const struct fake *fake, const struct fake_device *device)
{
	const char *name = device->spec.name, *driver = device->spec.driver;
	const char *bus = bus_of(device);
	make_folder(fake, "/sys/bus/%s/devices/%s", bus, name);
	make_link(fake, "../../../../bus/", bus, "/sys/bus/%s/devices/%s/subsystem", bus, name);
	if (device->spec.group >= 0)
		make_group_files(fake, device);
	if (strcmp(bus, "mdev") == 0)
		make_emulated_group_files(fake, device);
	if (device->spec.has_vfs)
		make_file(fake, "1\n", "/sys/bus/pci/devices/%s/sriov_totalvfs", name);
	if (device->spec.pf)
		make_link(fake, "../", device->spec.pf, "/sys/bus/pci/devices/%s/physfn", name);
	if (!device->spec.bus)
		make_ids(fake, device);
	if (strcmp(bus, "pci") == 0)
		fake_file_override(fake, name, driver && strstr(driver, "vfio") ? driver : "");
	if (driver)
		fake_file_bind(fake, device);
}

void fake_file_gone(const struct fake *fake, const struct fake_device *device)
{
	make_file(fake, "\xff\xff\xff\xff", "/sys/bus/pci/devices/%s/config", device->spec.name);
}

void fake_file_device(struct fake *fake, const struct fake_device *device, bool there)
{
	char there_path[VIOCI_PATH_MAX], away_path[VIOCI_PATH_MAX], path[128];
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", bus_of(device), device->spec.name);
	fake_path(fake, path, there_path, sizeof(there_path));
	snprintf(path, sizeof(path), "/away-%s", device->spec.name);
	fake_path(fake, path, away_path, sizeof(away_path));
	if (rename(there ? away_path : there_path, there ? there_path : away_path) < 0)
		abort();
}

/* What the process under test has really locked, in kB. */
static unsigned long long really_locked(void)
{
	unsigned long long locked = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %llu", &locked) == 1)
			break;
	if (file)
		fclose(file);
	return locked;
}

void fake_file_status(struct fake *fake)
{
	char text[256];
	snprintf(text, sizeof(text), "Name:\tself\nVmLck:\t%8llu kB\nVmPin:\t%8llu kB\n",
		 really_locked() + fake->locked / 1024, (unsigned long long)fake->pinned / 1024);
	make_file(fake, text, "/proc/1/status");
}

void fake_make_temporary(char ret_path[FAKE_TEMPORARY])
{
	bool have_memory = access("/dev/shm", W_OK) == 0;
	strcpy(ret_path, have_memory ? "/dev/shm/vioc-XXXXXX" : "/tmp/vioc-XXXXXX");
	if (!mkdtemp(ret_path))
		abort();
}

static void make_unit_files(const struct fake *fake)
{
	char text[32];
	make_folder(fake, "/sys/class/iommu/dmar0/intel-iommu");
	snprintf(text, sizeof(text), "%" PRIx64 "\n", FAKE_CAP);
	make_file(fake, text, "/sys/class/iommu/dmar0/intel-iommu/cap");
	snprintf(text, sizeof(text), "%" PRIx64 "\n", FAKE_ECAP);
	make_file(fake, text, "/sys/class/iommu/dmar0/intel-iommu/ecap");
}

void fake_make_files(struct fake *fake)
{
	fake_make_temporary(fake->root);
	make_folder(fake, "/sys/bus/pci/devices");
	make_folder(fake, "/sys/kernel/iommu_groups");
	make_folder(fake, "/sys/class/iommu");
	make_folder(fake, "/sys/dev/char");
	make_number(fake, MAJOR_MISC, MINOR_VFIO, "../../devices/virtual/misc/vfio");
	make_number(fake, MAJOR_MISC, MINOR_IOMMU, "../../devices/virtual/misc/iommu");
	make_folder(fake, "/proc/1");
	if (!fake->config.no_iommu)
		make_unit_files(fake);
	make_link(fake, "", "1", "/proc/self");
	make_file(fake, "self\n", "/proc/1/comm");
	fake_file_status(fake);
	make_driver_files(fake);
	for (unsigned int i = 0; i < fake->n_devices; i++)
		make_device_files(fake, &fake->devices[i]);
	for (unsigned int i = 0; i < fake->n_devices; i++)
		if (fake->devices[i].spec.in_slot)
			fake_file_device(fake, &fake->devices[i], false);
}

void fake_file_huge(struct fake *fake, uint64_t page_size, uint64_t count)
{
	char path[128], text[32];
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB",
		 page_size / 1024);
	snprintf(text, sizeof(text), "%" PRIu64 "\n", count);
	make_folder(fake, "%s", path);
	make_file(fake, text, "%s/free_hugepages", path);
	make_file(fake, "0\n", "%s/resv_hugepages", path);
}

void fake_file_thp(struct fake *fake, const char *state)
{
	make_folder(fake, "/sys/kernel/mm/transparent_hugepage");
	make_file(fake, state, "/sys/kernel/mm/transparent_hugepage/shmem_enabled");
}

void fake_remove_files(struct fake *fake)
{
	nftw(fake->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What /proc shows of a process' open node: fd number and path. */
static void show_fd(struct fake *fake, int pid, int fd, const char *node)
{
	make_folder(fake, "/proc/%d/fd", pid);
	make_link(fake, "", node, "/proc/%d/fd/%d", pid, fd);
}

static void hide_fd(struct fake *fake, int pid, int fd)
{
	char path[64], full[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	fake_path(fake, path, full, sizeof(full));
	unlink(full);
}

#define OTHERS_FD 7

void fake_file_hold(struct fake *fake, const char *node, int pid, const char *command)
{
	show_fd(fake, pid, OTHERS_FD, node);
	make_file(fake, command, "/proc/%d/comm", pid);
}

void fake_file_mapped(struct fake *fake, const char *node, int pid, const char *command)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "55d0c0000000-55d0c0001000 r-xp 00000000 fe:01 42                 /usr/bin/%s\n"
		 "7f0000000000-7f0000001000 rw-s 00000000 00:06 511                %s\n",
		 command, node);
	make_folder(fake, "/proc/%d/fd", pid);
	make_file(fake, text, "/proc/%d/maps", pid);
	make_file(fake, command, "/proc/%d/comm", pid);
}

void fake_file_release(struct fake *fake, int pid)
{
	char path[32], full[VIOCI_PATH_MAX];
	hide_fd(fake, pid, OTHERS_FD);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fake_path(fake, path, full, sizeof(full));
	unlink(full);
}

void fake_file_open(struct fake *fake, int fd, const char *node)
{
	show_fd(fake, SELF_PID, fd, node);
}

void fake_file_close(struct fake *fake, int fd)
{
	hide_fd(fake, SELF_PID, fd);
}
