// SPDX-License-Identifier: MIT
/* One device, as its directory in sysfs shows it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/discover.h"

struct reader {
	const struct vioci_sys *sys;
	struct vioci_strings *strings;
	const char *path; /* the device's directory */
	struct vioc_found_device *device;
};

/* 0, or why there is no such attribute of a sensible size. */
static int read_attribute(const struct reader *reader, const char *name, char *text, size_t size)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", reader->path, name);
	return vioci_sys_read_text(reader->sys, path, text, size);
}

static const char *read_string(const struct reader *reader, const char *name)
{
	char text[256];
	if (read_attribute(reader, name, text, sizeof(text)) < 0)
		return NULL;
	return vioci_strings_add_some(reader->strings, text);
}

static const char *read_link(const struct reader *reader, const char *name)
{
	char path[VIOCI_PATH_MAX], text[256];
	snprintf(path, sizeof(path), "%s/%s", reader->path, name);
	if (vioci_sys_link_name(reader->sys, path, text, sizeof(text)) < 0)
		return NULL;
	return vioci_strings_add_some(reader->strings, text);
}

static int32_t read_number(const struct reader *reader, const char *name, int32_t otherwise)
{
	char text[32], *end;
	if (read_attribute(reader, name, text, sizeof(text)) < 0)
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
	if (read_attribute(reader, "uevent", text, sizeof(text)) < 0)
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
	if (read_attribute(vectors->reader, attribute, text, sizeof(text)) == 0)
		vectors->is_msix = strcmp(text, "msix") == 0;
	return 0;
}

static void read_vectors(const struct reader *reader)
{
	struct vectors vectors = { .reader = reader };
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "%s/msi_irqs", reader->path);
	vioci_sys_list(reader->sys, path, count_vector, &vectors);
	*(vectors.is_msix ? &reader->device->n_msix : &reader->device->n_msi) = vectors.count;
}

/* The name before the last in the path of the device's own directory, if that is a device. */
static void read_parent(const struct reader *reader)
{
	char target[VIOCI_PATH_MAX];
	uint64_t key;
	if (vioci_sys_readlink(reader->sys, reader->path, target, sizeof(target)) < 0)
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

int vioci_read_device(struct vioc_enumerator *enumerator, struct vioci_found *found)
{
	struct vioc_found_device *device = &found->device;
	struct vioci_identity identity;
	int error = vioci_identity_read(&enumerator->ctx->sys, device->name, &identity);
	if (error < 0)
		return error;

	struct reader reader = { &enumerator->ctx->sys, &enumerator->strings, identity.path,
				 device };
	char text[32];
	take_identity(&reader, &identity);
	read_ids(&reader);
	read_parent(&reader);
	read_vectors(&reader);
	device->unit = read_link(&reader, "iommu");
	device->physical_function = read_link(&reader, "physfn");
	device->driver_override = read_string(&reader, "driver_override");
	if (device->driver_override && strcmp(device->driver_override, "(null)") == 0)
		device->driver_override = NULL;
	device->reset_methods = read_string(&reader, "reset_method");
	device->revision = (uint32_t)read_number(&reader, "revision", 0);
	device->numa_node = read_number(&reader, "numa_node", -1);
	device->max_virtual = (uint32_t)read_number(&reader, "sriov_totalvfs", 0);
	device->n_virtual = (uint32_t)read_number(&reader, "sriov_numvfs", 0);
	if (read_attribute(&reader, "power/runtime_status", text, sizeof(text)) == 0 &&
	    strcmp(text, "suspended") == 0)
		device->flags |= VIOC_FOUND_SUSPENDED;
	device->reason = device->flags & VIOC_FOUND_IS_IOMMU
				 ? VIOC_REASON_IS_IOMMU
				 : vioci_identity_judge(&identity, enumerator->iommu_is_active);
	return 0;
}
