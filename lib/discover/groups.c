// SPDX-License-Identifier: MIT
/* The IOMMU groups of the devices that were found. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/discover.h"

static int compare_groups(const void *a, const void *b)
{
	uint32_t left = ((const struct vioc_found_group *)a)->number;
	uint32_t right = ((const struct vioc_found_group *)b)->number;
	return (left > right) - (left < right);
}

/* One entry for each group, by number. */
static int collect(struct vioc_enumerator *enumerator)
{
	struct vioc_found_group *groups =
		calloc(enumerator->n_devices ? enumerator->n_devices : 1, sizeof(*groups));
	size_t count = 0, kept = 0;
	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < enumerator->n_devices; i++) {
		const struct vioc_found_device *device = &enumerator->devices[i].device;
		if (device->flags & VIOC_FOUND_GROUP)
			groups[count++].number = device->group;
	}
	qsort(groups, count, sizeof(*groups), compare_groups);
	for (size_t i = 0; i < count; i++)
		if (!kept || groups[kept - 1].number != groups[i].number)
			groups[kept++] = groups[i];
	enumerator->groups = groups;
	enumerator->n_groups = kept;
	return 0;
}

struct members {
	struct vioci_strings *strings;
	const char **names;
	size_t count;
	size_t room;
};

static int add_member(void *arg, const char *name)
{
	struct members *members = arg;
	if (members->count == members->room) {
		size_t room = members->room ? 2 * members->room : 4;
		const char **names = realloc(members->names, room * sizeof(*names));
		if (!names)
			return -ENOMEM;
		members->names = names;
		members->room = room;
	}
	const char *copy = vioci_strings_add(members->strings, name);
	if (!copy)
		return -ENOMEM;
	members->names[members->count++] = copy;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_members(struct vioc_enumerator *enumerator, struct vioc_found_group *group)
{
	struct members members = { .strings = &enumerator->strings };
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", group->number);
	int error = vioci_sys_list(&enumerator->ctx->sys, path, add_member, &members);
	if (members.count)
		qsort(members.names, members.count, sizeof(*members.names), compare_names);
	group->devices = members.names;
	group->n_devices = members.count;
	return error == -ENOMEM ? error : 0;
}

struct ranges {
	struct vioci_strings *strings;
	struct vioc_reserved_range *array;
	size_t count;
};

static int add_range(void *arg, const struct vioci_reserved_region *region)
{
	struct ranges *ranges = arg;
	struct vioc_reserved_range *array =
		realloc(ranges->array, (ranges->count + 1) * sizeof(*array));
	if (!array)
		return -ENOMEM;
	ranges->array = array;
	array[ranges->count++] = (struct vioc_reserved_range){
		.start = region->start,
		.last = region->last,
		.kind = vioci_strings_add(ranges->strings, region->kind),
	};
	return 0;
}

static const char *read_attribute(struct vioc_enumerator *enumerator, uint32_t group,
				  const char *name)
{
	char path[VIOCI_PATH_MAX], text[64];
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/%s", group, name);
	if (vioci_sys_read_text(&enumerator->ctx->sys, path, text, sizeof(text)) < 0)
		return NULL;
	return vioci_strings_add_some(&enumerator->strings, text);
}

static int read_group(struct vioc_enumerator *enumerator, struct vioc_found_group *group)
{
	struct ranges ranges = { .strings = &enumerator->strings };
	int error = read_members(enumerator, group);
	if (error < 0)
		return error;
	group->type = read_attribute(enumerator, group->number, "type");
	group->name = read_attribute(enumerator, group->number, "name");
	error = vioci_group_list_reserved(&enumerator->ctx->sys, group->number, add_range, &ranges);
	group->ranges = ranges.array;
	group->n_ranges = ranges.count;
	return error == -ENOMEM ? error : 0;
}

struct blocked {
	struct vioc_enumerator *enumerator;
	bool known; /* of group */
	bool is_blocked;
	uint32_t group;
	const char *name;
	const char *driver;
};

/* Devices of one group mostly follow each other, so the last answer is kept. */
static void look_for_blocker(struct blocked *blocked, uint32_t group)
{
	struct vioci_sibling sibling;
	struct vioc_enumerator *enumerator = blocked->enumerator;
	if (blocked->known && blocked->group == group)
		return;
	blocked->known = true;
	blocked->group = group;
	blocked->is_blocked = vioci_group_find_blocker(&enumerator->ctx->sys, group, &sibling);
	if (!blocked->is_blocked)
		return;
	blocked->name = vioci_strings_add(&enumerator->strings, sibling.name);
	blocked->driver = vioci_strings_add(&enumerator->strings, sibling.driver);
}

static void note_blockers(struct vioc_enumerator *enumerator)
{
	struct blocked blocked = { .enumerator = enumerator };
	for (size_t i = 0; i < enumerator->n_devices; i++) {
		struct vioc_found_device *device = &enumerator->devices[i].device;
		if (device->reason != VIOC_REASON_NONE)
			continue;
		look_for_blocker(&blocked, device->group);
		if (!blocked.is_blocked)
			continue;
		device->reason = VIOC_REASON_SIBLING_BOUND;
		device->blocker = blocked.name;
		device->blocker_driver = blocked.driver;
	}
}

int vioci_read_groups(struct vioc_enumerator *enumerator)
{
	int error = collect(enumerator);
	for (size_t i = 0; error == 0 && i < enumerator->n_groups; i++)
		error = read_group(enumerator, &enumerator->groups[i]);
	if (error == 0)
		note_blockers(enumerator);
	return error;
}

void vioci_free_groups(struct vioc_enumerator *enumerator)
{
	for (size_t i = 0; i < enumerator->n_groups; i++) {
		free((void *)enumerator->groups[i].devices);
		free((void *)enumerator->groups[i].ranges);
	}
	free(enumerator->groups);
}
