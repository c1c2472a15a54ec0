// SPDX-License-Identifier: MIT
/*
 * The picture: first which devices there are, then what holds for whole classes, then each device, then
 * their groups. Every step is linear in the number of devices, but for sorting.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sized.h"
#include "discover/discover.h"

#define ALL_FLAGS                                                                 \
	(VIOC_ENUMERATE_BRIDGES | VIOC_ENUMERATE_NAMES | VIOC_ENUMERATE_HOLDERS | \
	 VIOC_ENUMERATE_GROUP | VIOC_ENUMERATE_DETAILS)

int vioci_parse_key(const char *name, size_t length, uint64_t *ret_key)
{
	unsigned int domain, bus, slot, function;
	int used = -1;
	char text[24];
	if (length < 12 || length >= sizeof(text))
		return -EINVAL;
	memcpy(text, name, length);
	text[length] = '\0';
	if (strspn(text, "0123456789abcdef:.") != length)
		return -EINVAL;
	sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &used);
	if (used != (int)length || slot > 0x1f || function > 7)
		return -EINVAL;
	*ret_key = (uint64_t)domain << 16 | bus << 8 | slot << 3 | function;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t left = ((const struct vioci_found *)a)->key;
	uint64_t right = ((const struct vioci_found *)b)->key;
	return (left > right) - (left < right);
}

struct vioci_found *vioci_find_by_path(struct vioc_enumerator *enumerator, const char *path)
{
	struct vioci_found *found = NULL;
	while (*path) {
		struct vioci_found wanted;
		size_t length = strcspn(path, "/");
		if (vioci_parse_key(path, length, &wanted.key) == 0)
			found = bsearch(&wanted, enumerator->devices, enumerator->n_devices,
					sizeof(wanted), compare_keys);
		path += length + (path[length] == '/');
	}
	return found;
}

const char *vioci_last_address(struct vioci_strings *strings, const char *path)
{
	const char *found = NULL;
	size_t found_length = 0;
	while (*path) {
		size_t length = strcspn(path, "/");
		uint64_t key;
		if (vioci_parse_key(path, length, &key) == 0) {
			found = path;
			found_length = length;
		}
		path += length + (path[length] == '/');
	}
	char text[24];
	if (!found)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)found_length, found);
	return vioci_strings_add(strings, text);
}

static int add_device(void *arg, const char *name)
{
	struct vioc_enumerator *enumerator = arg;
	struct vioci_found found = { 0 };
	/* Only a made-up tree has others. */
	if (vioci_parse_key(name, strlen(name), &found.key) < 0)
		return 0;
	if (enumerator->n_devices == enumerator->devices_room) {
		size_t room = enumerator->devices_room ? 2 * enumerator->devices_room : 64;
		struct vioci_found *devices = realloc(enumerator->devices, room * sizeof(*devices));
		if (!devices)
			return -ENOMEM;
		enumerator->devices = devices;
		enumerator->devices_room = room;
	}
	found.device.name = vioci_strings_add(&enumerator->strings, name);
	enumerator->devices[enumerator->n_devices++] = found;
	return found.device.name ? 0 : -ENOMEM;
}

static int list_devices(struct vioc_enumerator *enumerator)
{
	int error = vioci_sys_list(&enumerator->ctx->sys, "/sys/bus/pci/devices", add_device,
				   enumerator);
	if (error == -ENOMEM)
		return error;
	if (error < 0)
		return vioci_fail(enumerator->ctx, -EOPNOTSUPP, VIOC_REASON_NO_INTERFACE,
				  "list devices",
				  "there is no /sys/bus/pci/devices to read: sysfs is not mounted, "
				  "or this machine has no PCI");
	if (enumerator->n_devices)
		qsort(enumerator->devices, enumerator->n_devices, sizeof(*enumerator->devices),
		      compare_keys);
	return 0;
}

/* Drops those that went while others were read. */
static void read_devices(struct vioc_enumerator *enumerator)
{
	size_t kept = 0;
	for (size_t i = 0; i < enumerator->n_devices; i++)
		if (vioci_read_device(enumerator, &enumerator->devices[i]) == 0)
			enumerator->devices[kept++] = enumerator->devices[i];
	enumerator->n_devices = kept;
}

static void apply_filter(struct vioc_enumerator *enumerator, const struct vioci_filter *filter)
{
	size_t kept = 0;
	for (size_t i = 0; i < enumerator->n_devices; i++)
		if (vioci_filter_match(filter, &enumerator->devices[i]))
			enumerator->devices[kept++] = enumerator->devices[i];
	enumerator->n_devices = kept;
}

static int take_picture(struct vioc_enumerator *enumerator, const struct vioci_filter *filter)
{
	uint64_t flags = filter->opts->flags;
	enumerator->iommu_is_active = vioci_iommu_is_active(&enumerator->ctx->sys);
	int error = list_devices(enumerator);
	if (error == 0)
		error = vioci_read_classes(enumerator);
	if (error < 0)
		return error;
	read_devices(enumerator);
	apply_filter(enumerator, filter);
	if (flags & VIOC_ENUMERATE_DETAILS)
		vioci_read_details(enumerator);
	error = vioci_read_groups(enumerator);
	if (error == 0)
		error = vioci_read_units(enumerator);
	if (error == 0 && (flags & VIOC_ENUMERATE_HOLDERS))
		error = vioci_read_holders(enumerator);
	if (error == 0 && (flags & VIOC_ENUMERATE_NAMES))
		vioci_read_names(enumerator);
	return error < 0 ? error : enumerator->strings.failed ? -ENOMEM : 0;
}

static void enumerator_free(struct vioc_enumerator *enumerator)
{
	vioci_free_groups(enumerator);
	free(enumerator->units);
	free(enumerator->holders);
	free(enumerator->devices);
	vioci_strings_free(&enumerator->strings);
	vioc_ctx_unref(enumerator->ctx);
	free(enumerator);
}

static int check_opts(struct vioc_ctx *ctx, const struct vioc_enumerator_opts *given,
		      struct vioc_enumerator_opts *opts, struct vioci_filter *filter)
{
	int error = vioci_sized_read(given, opts, sizeof(*opts));
	if (error == 0 && ((opts->flags & ~ALL_FLAGS) || opts->reserved))
		error = -EINVAL;
	if (error < 0)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "list devices",
				  "the options have no size, or flags this version doesn't know");
	return vioci_filter_parse(ctx, opts, filter);
}

VIOC_API int vioc_enumerator_new(struct vioc_ctx *ctx, const struct vioc_enumerator_opts *given,
				 struct vioc_enumerator **ret_enumerator)
{
	struct vioc_enumerator_opts opts;
	struct vioci_filter filter;
	if (!ctx || !ret_enumerator)
		return -EINVAL;
	int error = check_opts(ctx, given, &opts, &filter);
	if (error < 0)
		return error;
	struct vioc_enumerator *enumerator = calloc(1, sizeof(*enumerator));
	if (!enumerator)
		return vioci_fail_memory(ctx);
	enumerator->refs = 1;
	enumerator->ctx = vioc_ctx_ref(ctx);
	error = take_picture(enumerator, &filter);
	if (error < 0) {
		enumerator_free(enumerator);
		return error == -ENOMEM ? vioci_fail_memory(ctx) : error;
	}
	*ret_enumerator = enumerator;
	return 0;
}

VIOC_API struct vioc_enumerator *vioc_enumerator_ref(struct vioc_enumerator *enumerator)
{
	if (enumerator)
		vioci_ref_get(&enumerator->refs);
	return enumerator;
}

VIOC_API struct vioc_enumerator *vioc_enumerator_unref(struct vioc_enumerator *enumerator)
{
	if (enumerator && vioci_ref_put(&enumerator->refs))
		enumerator_free(enumerator);
	return NULL;
}

VIOC_API int vioc_enumerator_get_device(const struct vioc_enumerator *enumerator, size_t index,
					struct vioc_found_device *ret_device)
{
	if (!enumerator)
		return -EINVAL;
	if (index >= enumerator->n_devices)
		return 0;
	int error = vioci_ctx_give_sized(enumerator->ctx, ret_device,
					 &enumerator->devices[index].device, sizeof(*ret_device));
	return error < 0 ? error : 1;
}

VIOC_API int vioc_enumerator_get_group(const struct vioc_enumerator *enumerator, size_t index,
				       struct vioc_found_group *ret_group)
{
	if (!enumerator)
		return -EINVAL;
	if (index >= enumerator->n_groups)
		return 0;
	int error = vioci_ctx_give_sized(enumerator->ctx, ret_group, &enumerator->groups[index],
					 sizeof(*ret_group));
	return error < 0 ? error : 1;
}
