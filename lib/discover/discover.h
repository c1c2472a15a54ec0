/* SPDX-License-Identifier: MIT */
/* Inside an enumerator. */
#ifndef VIOCI_DISCOVER_H
#define VIOCI_DISCOVER_H

#include <libvioc/enumerator.h>
#include <libvioc/unit.h>

#include "core/ctx.h"
#include "core/identity.h"
#include "discover/strings.h"

struct vioci_found {
	uint64_t key; /* orders addresses */
	struct vioc_found_device device;
};

struct vioc_enumerator {
	vioci_ref refs;
	struct vioc_ctx *ctx;
	bool iommu_is_active;
	struct vioci_strings strings;

	struct vioci_found *devices; /* by key */
	size_t n_devices;
	size_t devices_room;
	struct vioc_found_group *groups; /* by number; their arrays are malloc'ed */
	size_t n_groups;
	struct vioc_found_unit *units; /* by name */
	size_t n_units;
	struct vioc_holder *holders; /* by node, then pid */
	size_t n_holders;
};

/* "DDDD:BB:DD.F", all of it, to a number that orders addresses. 0 or -EINVAL. */
int vioci_parse_key(const char *name, size_t length, uint64_t *ret_key);

/* The device with the last PCI address in a path of sysfs, or NULL. */
struct vioci_found *vioci_find_by_path(struct vioc_enumerator *enumerator, const char *path);

/* The last PCI address in a path of sysfs, or NULL. */
const char *vioci_last_address(struct vioci_strings *strings, const char *path);

/* The IOMMUs. (units.c) */
int vioci_read_units(struct vioc_enumerator *enumerator);

/* What sysfs says of one device. -ENODEV: it is gone. (device.c) */
int vioci_read_device(struct vioc_enumerator *enumerator, struct vioci_found *found);

/* Notes which devices are IOMMUs, network interfaces and disks. (classes.c) */
int vioci_read_classes(struct vioc_enumerator *enumerator);

/* Reads the groups of the devices, and notes whose sibling is in the way. (groups.c) */
int vioci_read_groups(struct vioc_enumerator *enumerator);
void vioci_free_groups(struct vioc_enumerator *enumerator);

/* What VIOC_ENUMERATE_DETAILS is for. (details.c) */
void vioci_read_details(struct vioc_enumerator *enumerator);

/* A list of words with another at its end. (classes.c) */
const char *vioci_append(struct vioc_enumerator *enumerator, const char *list, const char *word);

/* Looks through /proc. (holders.c) */
int vioci_read_holders(struct vioc_enumerator *enumerator);

/* Looks names up; without a database there are none. (names.c) */
void vioci_read_names(struct vioc_enumerator *enumerator);

/* A parsed filter. (filter.c) */
#define VIOCI_ANY UINT32_MAX
struct vioci_filter {
	uint32_t domain, bus, slot, function; /* VIOCI_ANY: all */
	uint32_t vendor, device, class;
	const struct vioc_enumerator_opts *opts;
};

/* Leaves a diag on failure. The filter borrows opts. */
int vioci_filter_parse(struct vioc_ctx *ctx, const struct vioc_enumerator_opts *opts,
		       struct vioci_filter *ret_filter);
bool vioci_filter_match(const struct vioci_filter *filter, const struct vioci_found *found);

#endif
