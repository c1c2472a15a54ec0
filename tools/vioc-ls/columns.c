// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ls.h"

#define WRITER(column)                                                                \
	static void write_##column(FILE *out, const struct vioc_found_device *device, \
				   const struct ls_picture *picture)

/* A column that is a string of the device as it is. */
#define STRING_COLUMN(member)                                     \
	WRITER(member)                                            \
	{                                                         \
		(void)picture;                                    \
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
STRING_COLUMN(macs)
STRING_COLUMN(acs)

WRITER(group)
{
	(void)picture;
	if (device->flags & VIOC_FOUND_GROUP)
		fprintf(out, "%" PRIu32, device->group);
}

static void write_path(FILE *out, const char *path, const struct ls_picture *picture)
{
	if (!path)
		return;
	const char *slash = strrchr(path, '/');
	fputs(picture->options->full_paths || !slash ? path : slash + 1, out);
}

WRITER(cdev)
{
	write_path(out, device->cdev, picture);
}

WRITER(group_node)
{
	write_path(out, device->group_node, picture);
}

WRITER(state)
{
	(void)picture;
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
	(void)picture;
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
	(void)picture;
	fprintf(out, "%04x:%04x", device->vendor, device->device);
}

WRITER(subsystem)
{
	(void)picture;
	fprintf(out, "%04x:%04x", device->subsystem_vendor, device->subsystem_device);
}

WRITER(class)
{
	(void)picture;
	fprintf(out, "%06x", device->class_code);
}

WRITER(revision)
{
	(void)picture;
	fprintf(out, "%02x", device->revision);
}

WRITER(numa)
{
	(void)picture;
	if (device->numa_node >= 0)
		fprintf(out, "%" PRId32, device->numa_node);
}

WRITER(sriov)
{
	(void)picture;
	if (device->physical_function)
		fprintf(out, "vf of %s", device->physical_function);
	else if (device->max_virtual)
		fprintf(out, "pf %" PRIu32 "/%" PRIu32, device->n_virtual, device->max_virtual);
}

WRITER(msi)
{
	(void)picture;
	if (device->n_msix)
		fprintf(out, "msix %" PRIu32, device->n_msix);
	else if (device->n_msi)
		fprintf(out, "msi %" PRIu32, device->n_msi);
}

WRITER(holders)
{
	(void)picture;
	for (size_t i = 0; i < device->n_holders; i++)
		fprintf(out, "%s%" PRIu32 "/%s%s", i ? "," : "", device->holders[i].pid,
			device->holders[i].command,
			device->holders[i].flags & VIOC_HOLDER_MAPPED ? " (mapped)" : "");
}

static const struct vioc_found_group *find_group(const struct ls_picture *picture,
						 const struct vioc_found_device *device)
{
	size_t low = 0, high = device->flags & VIOC_FOUND_GROUP ? picture->n_groups : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vioc_found_group *group = &picture->groups[middle];
		if (group->number == device->group)
			return group;
		if (group->number < device->group)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct vioc_found_unit *find_unit(const struct ls_picture *picture,
					       const struct vioc_found_device *device)
{
	for (size_t i = 0; device->unit && i < picture->n_units; i++)
		if (strcmp(picture->units[i].name, device->unit) == 0)
			return &picture->units[i];
	return NULL;
}

WRITER(group_type)
{
	const struct vioc_found_group *group = find_group(picture, device);
	if (group && group->type)
		fputs(group->type, out);
}

WRITER(siblings)
{
	const struct vioc_found_group *group = find_group(picture, device);
	if (group && group->n_devices)
		fprintf(out, "%zu", group->n_devices - 1);
}

WRITER(reserved)
{
	const struct vioc_found_group *group = find_group(picture, device);
	for (size_t i = 0; group && i < group->n_ranges; i++)
		fprintf(out, "%s%" PRIx64 "-%" PRIx64 " %s", i ? "," : "", group->ranges[i].start,
			group->ranges[i].last, group->ranges[i].kind);
}

WRITER(unit_kind)
{
	const struct vioc_found_unit *unit = find_unit(picture, device);
	if (unit)
		fputs(vioc_unit_kind_name(unit->kind), out);
}

WRITER(capabilities)
{
	const struct vioc_found_unit *unit = find_unit(picture, device);
	char summary[256];
	if (!unit)
		return;
	ls_summarize(unit, summary, sizeof(summary));
	fputs(summary, out);
}

WRITER(reason)
{
	(void)picture;
	if (device->reason != VIOC_REASON_NONE)
		fputs(vioc_reason_name(device->reason), out);
}

WRITER(power)
{
	(void)picture;
	fputs(device->flags & VIOC_FOUND_SUSPENDED ? "suspended" : "on", out);
}

WRITER(bars)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	const char *comma = "";
	(void)picture;
	for (int i = 0; i < 6; i++) {
		uint64_t size = device->bar_sizes[i];
		int unit = 0;
		if (!size)
			continue;
		for (; unit < 4 && size % 1024 == 0; unit++)
			size /= 1024;
		fprintf(out, "%s%d:%" PRIu64 "%s", comma, i, size, units[unit]);
		comma = ",";
	}
}

WRITER(dma_mask)
{
	(void)picture;
	if (device->dma_mask_bits)
		fprintf(out, "%" PRIu32, device->dma_mask_bits);
}

static bool has_rights(const struct vioc_found_device *device)
{
	return device->node_mode || device->node_uid || device->node_gid;
}

WRITER(mode)
{
	(void)picture;
	if (has_rights(device))
		fprintf(out, "%04" PRIo32, device->node_mode);
}

WRITER(owner)
{
	(void)picture;
	if (has_rights(device))
		fprintf(out, "%" PRIu32 ":%" PRIu32, device->node_uid, device->node_gid);
}

const struct ls_column ls_columns[] = {
	{ "ADDRESS", "PCI address", write_name, 0, 0 },
	{ "GROUP", "IOMMU group", write_group, SCOLS_FL_RIGHT, 0 },
	{ "DRIVER", "driver bound to it", write_driver, 0, 0 },
	{ "NODE", "VFIO character device", write_cdev, 0, 0 },
	{ "IOMMU", "unit that it is behind", write_unit, 0, 0 },
	{ "STATE", "\"ready\", or what keeps VFIO from opening it", write_state, 0, 0 },
	{ "DEVICE", "what it is", write_device, SCOLS_FL_TRUNC, 0 },
	{ "ID", "vendor:device", write_id, 0, 0 },
	{ "SUBSYSTEM", "vendor:device of the board", write_subsystem, 0, 0 },
	{ "CLASS", "class code", write_class, 0, 0 },
	{ "CLASS-NAME", "class", write_class_name, 0, 0 },
	{ "VENDOR", "vendor's name", write_vendor_name, 0, 0 },
	{ "REV", "revision", write_revision, 0, 0 },
	{ "PARENT", "bridge above it", write_parent, 0, 0 },
	{ "GROUP-NODE", "VFIO node of its group", write_group_node, 0, 0 },
	{ "OVERRIDE", "driver that alone may bind", write_driver_override, 0, 0 },
	{ "NUMA", "NUMA node", write_numa, SCOLS_FL_RIGHT, 0 },
	{ "RESET", "reset methods, in order", write_reset_methods, 0, 0 },
	{ "SRIOV", "virtual functions, or whose it is", write_sriov, 0, 0 },
	{ "MSI", "interrupt vectors in use", write_msi, 0, 0 },
	{ "NETDEV", "network interfaces", write_netdevs, 0, 0 },
	{ "BLOCK", "disks", write_block_devices, 0, 0 },
	{ "HOLDER", "processes that have it open", write_holders, 0, VIOC_ENUMERATE_HOLDERS },
	{ "REASON", "what keeps VFIO from opening it, alone", write_reason, 0, 0 },
	{ "GROUP-TYPE", "default domain of its group", write_group_type, 0, 0 },
	{ "SIBLINGS", "other devices of its group", write_siblings, SCOLS_FL_RIGHT, 0 },
	{ "RESERVED", "IOVAs that its group keeps", write_reserved, 0, 0 },
	{ "IOMMU-KIND", "kind of that unit", write_unit_kind, 0, 0 },
	{ "CAPS", "what that unit can do", write_capabilities, SCOLS_FL_TRUNC, 0 },
	{ "POWER", "\"on\", or \"suspended\" until it is used", write_power, 0, 0 },
	{ "MAC", "Ethernet addresses", write_macs, 0, VIOC_ENUMERATE_DETAILS },
	{ "ACS", "access control that is on (root only)", write_acs, 0, VIOC_ENUMERATE_DETAILS },
	{ "BARS", "sizes of its BARs", write_bars, 0, VIOC_ENUMERATE_DETAILS },
	{ "DMA-MASK", "bits of an address that it can send", write_dma_mask, SCOLS_FL_RIGHT,
	  VIOC_ENUMERATE_DETAILS },
	{ "MODE", "permissions of its node", write_mode, 0, VIOC_ENUMERATE_DETAILS },
	{ "OWNER", "uid:gid of its node", write_owner, 0, VIOC_ENUMERATE_DETAILS },
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
