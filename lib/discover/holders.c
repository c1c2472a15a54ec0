// SPDX-License-Identifier: MIT
/* Which processes have a VFIO node open, as far as /proc shows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/holders.h"
#include "discover/discover.h"

struct holder_search {
	struct vioc_enumerator *enumerator;
	struct vioc_holder *array;
	size_t count;
	size_t room;
};

static int reserve(struct holder_search *search)
{
	if (search->count < search->room)
		return 0;
	size_t room = search->room ? 2 * search->room : 16;
	struct vioc_holder *array = realloc(search->array, room * sizeof(*array));
	if (!array)
		return -ENOMEM;
	search->array = array;
	search->room = room;
	return 0;
}

static bool is_repeated(const struct holder_search *search, uint32_t pid, const char *node)
{
	if (!search->count)
		return false;
	const struct vioc_holder *last = &search->array[search->count - 1];
	return last->pid == pid && strcmp(last->node, node) == 0;
}

static int add_holder(void *arg, const struct vioci_held *held)
{
	struct holder_search *search = arg;
	struct vioci_strings *strings = &search->enumerator->strings;
	uint32_t pid = (uint32_t)strtoul(held->pid, NULL, 10);
	char command[64];
	/* Whose it is can't be told. */
	if (held->node[0] != '/' || is_repeated(search, pid, held->node))
		return 0;
	if (reserve(search) < 0)
		return -ENOMEM;
	vioci_read_command(&search->enumerator->ctx->sys, held->pid, command, sizeof(command));
	struct vioc_holder holder = {
		.pid = pid,
		.flags = held->is_mapped ? VIOC_HOLDER_MAPPED : 0,
		.command = vioci_strings_add(strings, command),
		.node = vioci_strings_add(strings, held->node),
	};
	if (!holder.command || !holder.node)
		return -ENOMEM;
	search->array[search->count++] = holder;
	return 0;
}

/* By node, then process; what is open before what is mapped. */
static int compare_holders(const void *a, const void *b)
{
	const struct vioc_holder *left = a, *right = b;
	int order = strcmp(left->node, right->node);
	if (order == 0)
		order = (left->pid > right->pid) - (left->pid < right->pid);
	return order ? order : (left->flags > right->flags) - (left->flags < right->flags);
}

/* A process is told once for each node. */
static size_t drop_repeated(struct vioc_holder *array, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (!kept || array[kept - 1].pid != array[i].pid ||
		    strcmp(array[kept - 1].node, array[i].node) != 0)
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
	int error = vioci_list_held(&enumerator->ctx->sys, add_holder, &search);
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
