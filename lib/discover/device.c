// SPDX-License-Identifier: MIT
/* One device, as its directory in sysfs shows it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/config.h"
#include "discover/discover.h"

struct reader {
	struct vioci_sys here; /* the device's directory */
	struct vioci_strings *strings;
	struct vioc_found_device *device;
};

static const char *read_string(const struct reader *reader, const char *name)
{
	char text[256];
	if (vioci_sys_read_text(&reader->here, name, text, sizeof(text)) < 0)
		return NULL;
	return vioci_strings_add_some(reader->strings, text);
}

static const char *read_link(const struct reader *reader, const char *name)
{
	char text[256];
	if (vioci_sys_link_name(&reader->here, name, text, sizeof(text)) < 0)
		return NULL;
	return vioci_strings_add_some(reader->strings, text);
}

static int32_t read_number(const struct reader *reader, const char *name, int32_t otherwise)
{
	char text[32], *end;
	if (vioci_sys_read_text(&reader->here, name, text, sizeof(text)) < 0)
		return otherwise;
	long number = strtol(text, &end, 0);
	bool is_number = end != text && !*end && number >= -1 && number <= INT32_MAX;
	return is_number ? (int32_t)number : otherwise;
}

/* One file has what else takes six. */
static void read_ids(const struct reader *reader)
{
	struct vioc_found_device *device = reader->device;
	char text[4096], *rest = text;
	if (vioci_sys_read_text(&reader->here, "uevent", text, sizeof(text)) < 0)
		return;
	for (char *line; (line = strsep(&rest, "\n"));) {
		sscanf(line, "PCI_CLASS=%6x", &device->class_code);
		sscanf(line, "PCI_ID=%4hx:%4hx", &device->vendor, &device->device);
		sscanf(line, "PCI_SUBSYS_ID=%4hx:%4hx", &device->subsystem_vendor,
		       &device->subsystem_device);
	}
	if (device->class_code >> 8 == 0x0600 || device->class_code >> 8 == 0x0604)
		device->flags |= VIOC_FOUND_BRIDGE;
}

struct vectors {
	const struct reader *reader;
	uint32_t count;
	bool is_msix;
};

/* All vectors of a device are of one kind: asking one is enough. */
static int count_vector(void *arg, const char *name)
{
	struct vectors *vectors = arg;
	char attribute[64], text[16];
	if (vectors->count++ || strlen(name) > 32)
		return 0;
	snprintf(attribute, sizeof(attribute), "msi_irqs/%s", name);
	if (vioci_sys_read_text(&vectors->reader->here, attribute, text, sizeof(text)) == 0)
		vectors->is_msix = strcmp(text, "msix") == 0;
	return 0;
}

static void read_vectors(const struct reader *reader)
{
	struct vectors vectors = { .reader = reader };
	vioci_sys_list(&reader->here, "msi_irqs", count_vector, &vectors);
	*(vectors.is_msix ? &reader->device->n_msix : &reader->device->n_msi) = vectors.count;
}

/* The name before the last in the path of the device's own directory, if that is a device. */
static void read_parent(const struct reader *reader, const char *path)
{
	char target[VIOCI_PATH_MAX];
	uint64_t key;
	if (vioci_sys_readlink(&reader->here, path, target, sizeof(target)) < 0)
		return;
	char *own = strrchr(target, '/');
	if (!own)
		return;
	*own = '\0';
	const char *slash = strrchr(target, '/');
	if (slash && vioci_parse_key(slash + 1, strlen(slash + 1), &key) == 0)
		reader->device->parent = vioci_strings_add(reader->strings, slash + 1);
}

static void take_nodes(const struct reader *reader, const struct vioci_identity *identity)
{
	struct vioc_found_device *device = reader->device;
	char node[VIOCI_NODE_SIZE];
	if (!identity->vfio_bound)
		return;
	device->flags |= VIOC_FOUND_VFIO | (identity->cdev[0] ? 0 : VIOC_FOUND_NO_NODE);
	vioci_identity_node(identity, true, node);
	device->cdev = vioci_strings_add_some(reader->strings, node);
	vioci_identity_node(identity, false, node);
	device->group_node = vioci_strings_add_some(reader->strings, node);
}

static void take_identity(const struct reader *reader, const struct vioci_identity *identity)
{
	struct vioc_found_device *device = reader->device;
	device->driver = vioci_strings_add_some(reader->strings, identity->driver);
	device->group = identity->group;
	if (identity->has_group)
		device->flags |= VIOC_FOUND_GROUP;
	if (identity->noiommu)
		device->flags |= VIOC_FOUND_NOIOMMU;
	take_nodes(reader, identity);
}

static void read_virtual(const struct reader *reader)
{
	struct vioc_found_device *device = reader->device;
	device->physical_function = read_link(reader, "physfn");
	if (device->physical_function)
		return;
	device->max_virtual = (uint32_t)read_number(reader, "sriov_totalvfs", 0);
	if (device->max_virtual)
		device->n_virtual = (uint32_t)read_number(reader, "sriov_numvfs", 0);
}

static void read_attributes(const struct reader *reader)
{
	struct vioc_found_device *device = reader->device;
	char text[256];
	read_ids(reader);
	read_vectors(reader);
	read_virtual(reader);
	device->unit = read_link(reader, "iommu");
	if (vioci_read_override(&reader->here, "driver_override", text, sizeof(text)) == 0)
		device->driver_override = vioci_strings_add_some(reader->strings, text);
	device->reset_methods = read_string(reader, "reset_method");
	device->revision = (uint32_t)read_number(reader, "revision", 0);
	device->numa_node = read_number(reader, "numa_node", -1);
	if (vioci_is_suspended(&reader->here))
		device->flags |= VIOC_FOUND_SUSPENDED;
}

int vioci_read_device(struct vioc_enumerator *enumerator, struct vioci_found *found)
{
	const struct vioci_sys *sys = &enumerator->ctx->sys;
	struct vioc_found_device *device = &found->device;
	struct vioci_identity identity = { 0 };
	snprintf(identity.name, sizeof(identity.name), "%s", device->name);
	snprintf(identity.path, sizeof(identity.path), "/sys/bus/pci/devices/%s", device->name);
	int dir = vioci_sys_open_dir(sys, identity.path);
	if (dir < 0)
		return -ENODEV;

	struct reader reader = { vioci_sys_at(sys, dir), &enumerator->strings, device };
	vioci_identity_read_at(&reader.here, &identity);
	take_identity(&reader, &identity);
	read_parent(&reader, identity.path);
	read_attributes(&reader);
	vioci_sys_close(sys, &dir);
	device->reason = device->flags & VIOC_FOUND_IS_IOMMU
				 ? VIOC_REASON_IS_IOMMU
				 : vioci_identity_judge(&identity, enumerator->iommu_is_active);
	return 0;
}
