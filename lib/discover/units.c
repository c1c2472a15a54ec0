// SPDX-License-Identifier: MIT
/* The IOMMU units that sysfs lists. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sized.h"
#include "discover/discover.h"

struct unit_reader {
	struct vioc_enumerator *enumerator;
	struct vioc_found_unit *unit;
};

static int read_attribute(const struct unit_reader *reader, const char *name, char *text,
			  size_t size)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/class/iommu/%s/%s", reader->unit->name, name);
	return vioci_sys_read_text(&reader->enumerator->ctx->sys, path, text, size);
}

static const char *read_string(const struct unit_reader *reader, const char *name)
{
	char text[64];
	if (read_attribute(reader, name, text, sizeof(text)) < 0)
		return NULL;
	return vioci_strings_add_some(&reader->enumerator->strings, text);
}

/* 1 if it is there and a number, as a whole. */
static int read_number(const struct unit_reader *reader, const char *name, int base,
		       uint64_t *ret_number)
{
	char text[64], *end;
	if (read_attribute(reader, name, text, sizeof(text)) < 0)
		return 0;
	uint64_t number = strtoull(text, &end, base);
	if (end == text || *end)
		return 0;
	*ret_number = number;
	return 1;
}

static void read_vtd(const struct unit_reader *reader)
{
	struct vioc_found_unit *unit = reader->unit;
	if (!read_number(reader, "intel-iommu/cap", 16, &unit->registers[0]))
		return;
	unit->kind = VIOC_UNIT_VTD;
	unit->n_registers = 1;
	if (read_number(reader, "intel-iommu/ecap", 16, &unit->registers[1]))
		unit->n_registers = 2;
	unit->address = read_string(reader, "intel-iommu/address");
	unit->version = read_string(reader, "intel-iommu/version");
	read_number(reader, "intel-iommu/domains_used", 10, &unit->n_domains);
	read_number(reader, "intel-iommu/domains_supported", 10, &unit->max_domains);
}

/* "EFR", and since Linux 6.8 "EFR:EFR2". */
static void read_amd(const struct unit_reader *reader)
{
	struct vioc_found_unit *unit = reader->unit;
	char text[64];
	if (read_attribute(reader, "amd-iommu/features", text, sizeof(text)) < 0)
		return;
	int n = sscanf(text, "%16" SCNx64 ":%16" SCNx64, &unit->registers[0], &unit->registers[1]);
	if (n < 1)
		return;
	unit->kind = VIOC_UNIT_AMD;
	unit->n_registers = (uint32_t)n;
}

static void read_unit(const struct unit_reader *reader)
{
	struct vioc_found_unit *unit = reader->unit;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX];
	read_vtd(reader);
	read_amd(reader);
	if (strncmp(unit->name, "smmu3.", 6) == 0)
		unit->kind = VIOC_UNIT_SMMUV3;
	snprintf(path, sizeof(path), "/sys/class/iommu/%s", unit->name);
	if (vioci_sys_readlink(&reader->enumerator->ctx->sys, path, target, sizeof(target)) < 0)
		return;
	if (strstr(target, "/virtio"))
		unit->kind = VIOC_UNIT_VIRTIO;
	/* The last part of the path is its own name, which may be an address too. */
	char *last = strrchr(target, '/');
	if (last)
		*last = '\0';
	unit->device = vioci_last_address(&reader->enumerator->strings, target);
}

static int add_unit(void *arg, const char *name)
{
	struct vioc_enumerator *enumerator = arg;
	if (strlen(name) > 64 || vioci_is_mock_unit(name))
		return 0;
	struct vioc_found_unit *units =
		realloc(enumerator->units, (enumerator->n_units + 1) * sizeof(*units));
	if (!units)
		return -ENOMEM;
	enumerator->units = units;
	units[enumerator->n_units] =
		(struct vioc_found_unit){ .name = vioci_strings_add(&enumerator->strings, name) };
	if (!units[enumerator->n_units].name)
		return -ENOMEM;
	enumerator->n_units++;
	return 0;
}

/* "dmar10" comes after "dmar9". */
static int compare_units(const void *a, const void *b)
{
	return strverscmp(((const struct vioc_found_unit *)a)->name,
			  ((const struct vioc_found_unit *)b)->name);
}

int vioci_read_units(struct vioc_enumerator *enumerator)
{
	int error = vioci_sys_list(&enumerator->ctx->sys, "/sys/class/iommu", add_unit, enumerator);
	if (error == -ENOMEM)
		return error;
	if (enumerator->n_units)
		qsort(enumerator->units, enumerator->n_units, sizeof(*enumerator->units),
		      compare_units);
	for (size_t i = 0; i < enumerator->n_units; i++)
		read_unit(&(struct unit_reader){ enumerator, &enumerator->units[i] });
	return 0;
}

VIOC_API int vioc_enumerator_get_unit(const struct vioc_enumerator *enumerator, size_t index,
				      struct vioc_found_unit *ret_unit)
{
	if (!enumerator)
		return -EINVAL;
	if (index >= enumerator->n_units)
		return 0;
	int error = vioci_ctx_give_sized(enumerator->ctx, ret_unit, &enumerator->units[index],
					 sizeof(*ret_unit));
	return error < 0 ? error : 1;
}
