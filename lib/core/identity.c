// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"

/* Accepts "DDDD:BB:DD.F" and, for domain 0, "BB:DD.F"; anything before or after it is an error. */
static int parse_address(const char *name, char *canonical, size_t size)
{
	unsigned int domain = 0, bus, device, function;
	int used = -1;
	size_t length = strlen(name);

	if (length > 16 || strspn(name, "0123456789abcdefABCDEF:.") != length)
		return -EINVAL;
	sscanf(name, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &used);
	if (used < 0 || name[used]) {
		used = -1;
		domain = 0;
		sscanf(name, "%2x:%2x.%1x%n", &bus, &device, &function, &used);
	}
	if (used < 0 || name[used] || device > 0x1f || function > 7)
		return -EINVAL;
	snprintf(canonical, size, "%04x:%02x:%02x.%x", domain, bus, device, function);
	return 0;
}

struct cdev_search {
	char *name;
	size_t size;
};

static int take_cdev_name(void *arg, const char *name)
{
	struct cdev_search *search = arg;
	if (strncmp(name, "vfio", 4) != 0 || strlen(name) >= search->size)
		return 0;
	strcpy(search->name, name);
	return 1;
}

/* 1: it has a character device; 0: a vfio driver is bound but there is no node; -ENOENT: neither. */
static int find_cdev(const struct vioci_sys *here, char *ret_name, size_t size)
{
	struct cdev_search search = { .name = ret_name, .size = size };
	char path[VIOCI_PATH_MAX];

	/* vfio-dev/vfioN shows that a vfio driver is bound; only vfioN/dev shows that it has a
	 * node. */
	if (vioci_sys_list(here, "vfio-dev", take_cdev_name, &search) != 1)
		return -ENOENT;
	snprintf(path, sizeof(path), "vfio-dev/%s/dev", ret_name);
	return vioci_sys_exists(here, path);
}

static void read_driver(const struct vioci_sys *here, struct vioci_identity *identity)
{
	if (vioci_sys_link_name(here, "driver", identity->driver, sizeof(identity->driver)) < 0) {
		identity->driver[0] = '\0';
		return;
	}
	int found = find_cdev(here, identity->cdev, sizeof(identity->cdev));
	if (found != 1)
		identity->cdev[0] = '\0';
	/* Kernels before 6.1 don't have vfio-dev. */
	identity->vfio_bound = found >= 0 || strstr(identity->driver, "vfio");
}

static void read_group(const struct vioci_sys *here, struct vioci_identity *identity)
{
	char path[VIOCI_PATH_MAX], text[64], *end;
	if (vioci_sys_link_name(here, "iommu_group", text, sizeof(text)) < 0)
		return;
	unsigned long number = strtoul(text, &end, 10);
	identity->has_group = end != text && !*end && number <= UINT32_MAX;
	identity->group = (uint32_t)number;

	if (vioci_sys_read_text(here, "iommu_group/name", text, sizeof(text)) < 0 ||
	    strcmp(text, "vfio-noiommu") != 0)
		return;
	/* Mediated devices have such a group, too, but map: their node has an ordinary name. */
	snprintf(path, sizeof(path), "/sys/class/vfio/%u", identity->group);
	identity->noiommu = !vioci_sys_exists(here, path);
}

/* Whether it can be the name of a device: one component of a path, no way out of it. */
static bool is_name(const char *name, size_t size)
{
	size_t length = strlen(name);
	return length && length < size && name[0] != '.' && !strpbrk(name, "/ \t\n");
}

static int find_on_bus(const struct vioci_sys *sys, const char *bus,
		       struct vioci_identity *identity)
{
	snprintf(identity->path, sizeof(identity->path), "/sys/bus/%.31s/devices/%s", bus,
		 identity->name);
	return vioci_sys_exists(sys, identity->path) ? 0 : -ENODEV;
}

/* On the buses other than PCI that have vfio drivers. */
static int find_by_name(const struct vioci_sys *sys, struct vioci_identity *identity)
{
	static const char *const buses[] = { "platform", "mdev", "ap", "ccw" };
	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++)
		if (find_on_bus(sys, buses[i], identity) == 0)
			return 0;
	/* With a colon it is most likely meant to be a PCI address. */
	return strchr(identity->name, ':') ? -EINVAL : -ENODEV;
}

static int find_by_path(const struct vioci_sys *sys, const char *device,
			struct vioci_identity *identity)
{
	char path[VIOCI_PATH_MAX], bus[32];
	if (snprintf(path, sizeof(path), "%s/subsystem", device) >= (int)sizeof(path))
		return -EINVAL;
	if (vioci_sys_link_name(sys, path, bus, sizeof(bus)) < 0)
		return -ENODEV;
	return find_on_bus(sys, bus, identity);
}

static bool is_path(const char *name)
{
	return strncmp(name, "/sys/", 5) == 0;
}

int vioci_identity_name(const char *name, char ret_name[VIOCI_NAME_SIZE])
{
	const char *last = is_path(name) ? strrchr(name, '/') + 1 : name;
	if (parse_address(name, ret_name, VIOCI_NAME_SIZE) == 0)
		return 0;
	if (!is_name(last, VIOCI_NAME_SIZE))
		return -EINVAL;
	strcpy(ret_name, last);
	return 0;
}

static int find(const struct vioci_sys *sys, const char *name, struct vioci_identity *identity)
{
	int error = vioci_identity_name(name, identity->name);
	if (error < 0)
		return error;
	if (is_path(name))
		return find_by_path(sys, name, identity);
	if (parse_address(name, identity->name, sizeof(identity->name)) == 0)
		return find_on_bus(sys, "pci", identity);
	return find_by_name(sys, identity);
}

void vioci_identity_read_at(const struct vioci_sys *here, struct vioci_identity *identity)
{
	read_driver(here, identity);
	read_group(here, identity);
}

int vioci_identity_read(const struct vioci_sys *sys, const char *name,
			struct vioci_identity *ret_identity)
{
	struct vioci_identity identity = { 0 };
	int error = find(sys, name, &identity);
	if (error < 0)
		return error;
	int dir = vioci_sys_open_dir(sys, identity.path);
	if (dir < 0)
		return dir == -ENOENT || dir == -ENOTDIR ? -ENODEV : dir;
	struct vioci_sys here = vioci_sys_at(sys, dir);
	vioci_identity_read_at(&here, &identity);
	vioci_sys_close(sys, &dir);
	*ret_identity = identity;
	return 0;
}

void vioci_identity_node(const struct vioci_identity *identity, bool by_cdev,
			 char ret_path[VIOCI_NODE_SIZE])
{
	ret_path[0] = '\0';
	if (by_cdev && identity->cdev[0])
		snprintf(ret_path, VIOCI_NODE_SIZE, "/dev/vfio/devices/%s", identity->cdev);
	else if (!by_cdev && identity->has_group)
		snprintf(ret_path, VIOCI_NODE_SIZE, "/dev/vfio/%s%u",
			 identity->noiommu ? "noiommu-" : "", identity->group);
}

bool vioci_is_mock_unit(const char *name)
{
	return strncmp(name, "iommufd_selftest_iommu", 22) == 0;
}

static int stop_at_first(void *arg, const char *name)
{
	(void)arg;
	return !vioci_is_mock_unit(name);
}

int vioci_iommu_is_active(const struct vioci_sys *sys)
{
	return vioci_sys_list(sys, "/sys/class/iommu", stop_at_first, NULL) == 1;
}

struct unit_search {
	const struct vioci_sys *sys;
	const char *device;
};

/* The link of an IOMMU in its class leads through the device that it is, if it is one. */
static int is_part_of_unit(void *arg, const char *name)
{
	const struct unit_search *search = arg;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX], part[72];
	if (strlen(name) > 255)
		return 0;
	snprintf(path, sizeof(path), "/sys/class/iommu/%s", name);
	snprintf(part, sizeof(part), "/%s/", search->device);
	return vioci_sys_readlink(search->sys, path, target, sizeof(target)) == 0 &&
	       strstr(target, part);
}

bool vioci_is_iommu(const struct vioci_sys *sys, const char *name)
{
	struct unit_search search = { sys, name };
	return vioci_sys_list(sys, "/sys/class/iommu", is_part_of_unit, &search) == 1;
}

int vioci_read_override(const struct vioci_sys *sys, const char *path, char *buf, size_t size)
{
	int error = vioci_sys_read_text(sys, path, buf, size);
	if (error == 0 && strcmp(buf, "(null)") == 0)
		buf[0] = '\0';
	return error;
}
