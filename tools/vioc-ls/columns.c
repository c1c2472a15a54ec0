// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ls.h"

#define WRITER(column)                                                                \
	static void write_##column(FILE *out, const struct vioc_found_device *device, \
				   const struct ls_options *options)

/* A column that is a string of the device as it is. */
#define STRING_COLUMN(member)                                     \
	WRITER(member)                                            \
	{                                                         \
		(void)options;                                    \
		fputs(device->member ? device->member : "", out); \
	}

STRING_COLUMN(name)
STRING_COLUMN(parent)
STRING_COLUMN(vendor_name)
STRING_COLUMN(class_name)
STRING_COLUMN(driver)
STRING_COLUMN(driver_override)
STRING_COLUMN(unit)
STRING_COLUMN(reset_methods)
STRING_COLUMN(netdevs)
STRING_COLUMN(block_devices)

WRITER(group)
{
	(void)options;
	if (device->flags & VIOC_FOUND_GROUP)
		fprintf(out, "%" PRIu32, device->group);
}

static void write_path(FILE *out, const char *path, const struct ls_options *options)
{
	if (!path)
		return;
	const char *slash = strrchr(path, '/');
	fputs(options->full_paths || !slash ? path : slash + 1, out);
}

WRITER(cdev)
{
	write_path(out, device->cdev, options);
}

WRITER(group_node)
{
	write_path(out, device->group_node, options);
}

WRITER(state)
{
	(void)options;
	if (device->reason == VIOC_REASON_NONE) {
		fputs("ready", out);
		return;
	}
	fputs(vioc_reason_name(device->reason), out);
	if (device->blocker)
		fprintf(out, " %s=%s", device->blocker, device->blocker_driver);
}

WRITER(device)
{
	(void)options;
	if (device->device_name)
		fprintf(out, "%s %s", device->vendor_name ? device->vendor_name : "",
			device->device_name);
	else if (device->vendor_name)
		fprintf(out, "%s %04x", device->vendor_name, device->device);
	else
		fprintf(out, "%04x:%04x", device->vendor, device->device);
}

WRITER(id)
{
	(void)options;
	fprintf(out, "%04x:%04x", device->vendor, device->device);
}

WRITER(subsystem)
{
	(void)options;
	fprintf(out, "%04x:%04x", device->subsystem_vendor, device->subsystem_device);
}

WRITER(class)
{
	(void)options;
	fprintf(out, "%06x", device->class_code);
}

WRITER(revision)
{
	(void)options;
	fprintf(out, "%02x", device->revision);
}

WRITER(numa)
{
	(void)options;
	if (device->numa_node >= 0)
		fprintf(out, "%" PRId32, device->numa_node);
}

WRITER(sriov)
{
	(void)options;
	if (device->physical_function)
		fprintf(out, "vf of %s", device->physical_function);
	else if (device->max_virtual)
		fprintf(out, "pf %" PRIu32 "/%" PRIu32, device->n_virtual, device->max_virtual);
}

WRITER(msi)
{
	(void)options;
	if (device->n_msix)
		fprintf(out, "msix %" PRIu32, device->n_msix);
	else if (device->n_msi)
		fprintf(out, "msi %" PRIu32, device->n_msi);
}

WRITER(holders)
{
	(void)options;
	for (size_t i = 0; i < device->n_holders; i++)
		fprintf(out, "%s%" PRIu32 "/%s%s", i ? "," : "", device->holders[i].pid,
			device->holders[i].command,
			device->holders[i].flags & VIOC_HOLDER_MAPPED ? " (mapped)" : "");
}

const struct ls_column ls_columns[] = {
	{ "ADDRESS", "PCI address", write_name, 0 },
	{ "GROUP", "IOMMU group", write_group, SCOLS_FL_RIGHT },
	{ "DRIVER", "driver bound to it", write_driver, 0 },
	{ "NODE", "VFIO character device", write_cdev, 0 },
	{ "IOMMU", "unit that it is behind", write_unit, 0 },
	{ "STATE", "\"ready\", or what keeps VFIO from opening it", write_state, 0 },
	{ "DEVICE", "what it is", write_device, SCOLS_FL_TRUNC },
	{ "ID", "vendor:device", write_id, 0 },
	{ "SUBSYSTEM", "vendor:device of the board", write_subsystem, 0 },
	{ "CLASS", "class code", write_class, 0 },
	{ "CLASS-NAME", "class", write_class_name, 0 },
	{ "VENDOR", "vendor's name", write_vendor_name, 0 },
	{ "REV", "revision", write_revision, 0 },
	{ "PARENT", "bridge above it", write_parent, 0 },
	{ "GROUP-NODE", "VFIO node of its group", write_group_node, 0 },
	{ "OVERRIDE", "driver that alone may bind", write_driver_override, 0 },
	{ "NUMA", "NUMA node", write_numa, SCOLS_FL_RIGHT },
	{ "RESET", "reset methods, in order", write_reset_methods, 0 },
	{ "SRIOV", "virtual functions, or whose it is", write_sriov, 0 },
	{ "MSI", "interrupt vectors in use", write_msi, 0 },
	{ "NETDEV", "network interfaces", write_netdevs, 0 },
	{ "BLOCK", "disks", write_block_devices, 0 },
	{ "HOLDER", "processes that have it open", write_holders, 0 },
};

const size_t ls_n_columns = sizeof(ls_columns) / sizeof(ls_columns[0]);

#define N_DEFAULT 7

static int find_column(const char *name, size_t length)
{
	for (size_t i = 0; i < ls_n_columns; i++)
		if (strlen(ls_columns[i].name) == length &&
		    strncasecmp(ls_columns[i].name, name, length) == 0)
			return (int)i;
	fprintf(stderr, "vioc-ls: there is no column \"%.*s\" (--help lists them)\n", (int)length,
		name);
	return -1;
}

int ls_columns_parse(const char *list, size_t indexes[LS_MAX_COLUMNS])
{
	int n = 0;
	if (!list || *list == '+') {
		while (n < N_DEFAULT) {
			indexes[n] = (size_t)n;
			n++;
		}
		if (!list)
			return n;
		list++;
	}
	for (;;) {
		size_t length = strcspn(list, ",");
		int column = find_column(list, length);
		if (column < 0)
			return -1;
		if (n == LS_MAX_COLUMNS) {
			fprintf(stderr, "vioc-ls: too many columns\n");
			return -1;
		}
		indexes[n++] = (size_t)column;
		if (!list[length])
			return n;
		list += length + 1;
	}
}

/* Those that people look for; others by number. */
static const struct {
	const char *name;
	uint32_t class;
} classes[] = {
	{ "nvme", 0x0108 },  { "storage", 0x01 }, { "network", 0x02 },
	{ "display", 0x03 }, { "audio", 0x0403 }, { "bridge", 0x06 },
	{ "usb", 0x0c03 },   { "serial", 0x0c },  { "accelerator", 0x12 },
};

/* The first byte or two of a class code, and how many they are; 0: no such class. */
static size_t parse_class(const char *name, uint32_t *ret_class)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcasecmp(classes[i].name, name) == 0) {
			*ret_class = classes[i].class;
			return classes[i].class > 0xff ? 2 : 1;
		}
	size_t length = strlen(name);
	if ((length != 2 && length != 4) || strspn(name, "0123456789abcdefABCDEF") != length)
		return 0;
	*ret_class = (uint32_t)strtoul(name, NULL, 16);
	return length / 2;
}

bool ls_class_is_known(const char *name)
{
	uint32_t class;
	return parse_class(name, &class) > 0;
}

bool ls_class_matches(const char *name, uint32_t class_code)
{
	uint32_t class;
	return class_code >> (parse_class(name, &class) == 1 ? 16 : 8) == class;
}
