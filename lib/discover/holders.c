// SPDX-License-Identifier: MIT
/* Which processes have a VFIO node open, as far as /proc shows. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/discover.h"

struct holder_search {
	struct vioc_enumerator *enumerator;
	const char *pid; /* being looked at */
	const char *command;
	struct vioc_holder *array;
	size_t count;
	size_t room;
};

static const char *read_command(struct holder_search *search)
{
	char path[VIOCI_PATH_MAX], text[64];
	snprintf(path, sizeof(path), "/proc/%s/comm", search->pid);
	if (vioci_sys_read_text(&search->enumerator->ctx->sys, path, text, sizeof(text)) < 0)
		strcpy(text, "?");
	return vioci_strings_add(&search->enumerator->strings, text);
}

static int add_holder(struct holder_search *search, const char *node)
{
	if (search->count == search->room) {
		size_t room = search->room ? 2 * search->room : 16;
		struct vioc_holder *array = realloc(search->array, room * sizeof(*array));
		if (!array)
			return -ENOMEM;
		search->array = array;
		search->room = room;
	}
	if (!search->command)
		search->command = read_command(search);
	const char *copy = vioci_strings_add(&search->enumerator->strings, node);
	if (!search->command || !copy)
		return -ENOMEM;
	search->array[search->count++] = (struct vioc_holder){
		.pid = (uint32_t)strtoul(search->pid, NULL, 10),
		.command = search->command,
		.node = copy,
	};
	return 0;
}

static int check_fd(void *arg, const char *name)
{
	struct holder_search *search = arg;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%s/fd/%s", search->pid, name);
	if (vioci_sys_readlink(&search->enumerator->ctx->sys, path, target, sizeof(target)) < 0)
		return 0;
	/* The container itself says nothing of a device. */
	if (strncmp(target, "/dev/vfio/", 10) != 0 || strcmp(target, "/dev/vfio/vfio") == 0)
		return 0;
	return add_holder(search, target);
}

static int check_process(void *arg, const char *name)
{
	struct holder_search *search = arg;
	char path[VIOCI_PATH_MAX];
	if (!isdigit((unsigned char)name[0]))
		return 0;
	search->pid = name;
	search->command = NULL;
	snprintf(path, sizeof(path), "/proc/%s/fd", name);
	/* Another user's process, or one that ended: not to be seen. */
	int error = vioci_sys_list(&search->enumerator->ctx->sys, path, check_fd, search);
	return error == -ENOMEM ? error : 0;
}

static int compare_holders(const void *a, const void *b)
{
	const struct vioc_holder *left = a, *right = b;
	int order = strcmp(left->node, right->node);
	return order ? order : (left->pid > right->pid) - (left->pid < right->pid);
}

/* A process is told once for each node. */
static size_t drop_repeated(struct vioc_holder *array, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_holders(&array[kept - 1], &array[i]) != 0)
			array[kept++] = array[i];
	return kept;
}

/* The first that holds a node that is not before this one. */
static size_t lower_bound(const struct vioc_enumerator *enumerator, const char *node)
{
	size_t low = 0, high = enumerator->n_holders;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(enumerator->holders[middle].node, node) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A device is held through its own node or through its group's: never both, the kernel sees to that. */
static bool give_holders(struct vioc_enumerator *enumerator, struct vioc_found_device *device,
			 const char *node)
{
	if (!node)
		return false;
	size_t first = lower_bound(enumerator, node), last = first;
	while (last < enumerator->n_holders && strcmp(enumerator->holders[last].node, node) == 0)
		last++;
	device->holders = enumerator->holders + first;
	device->n_holders = last - first;
	return last > first;
}

int vioci_read_holders(struct vioc_enumerator *enumerator)
{
	struct holder_search search = { .enumerator = enumerator };
	int error = vioci_sys_list(&enumerator->ctx->sys, "/proc", check_process, &search);
	enumerator->holders = search.array;
	if (error == -ENOMEM)
		return error;
	if (!search.count)
		return 0;
	qsort(search.array, search.count, sizeof(*search.array), compare_holders);
	enumerator->n_holders = drop_repeated(search.array, search.count);
	for (size_t i = 0; i < enumerator->n_devices; i++) {
		struct vioc_found_device *device = &enumerator->devices[i].device;
		if (!give_holders(enumerator, device, device->cdev))
			give_holders(enumerator, device, device->group_node);
	}
	return 0;
}
