// SPDX-License-Identifier: MIT
/* What the folders of sysfs by class say of PCI devices: whole classes are read, not device by device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "discover/discover.h"

struct class_search {
	struct vioc_enumerator *enumerator;
	const char *class;
	void (*note)(struct vioc_enumerator *enumerator, struct vioc_found_device *device,
		     const char *name);
};

static int check_entry(void *arg, const char *name)
{
	const struct class_search *search = arg;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX];
	if (strlen(name) > 255)
		return 0;
	snprintf(path, sizeof(path), "/sys/class/%s/%s", search->class, name);
	if (vioci_sys_readlink(&search->enumerator->ctx->sys, path, target, sizeof(target)) < 0)
		return 0;
	struct vioci_found *found = vioci_find_by_path(search->enumerator, target);
	if (found)
		search->note(search->enumerator, &found->device, name);
	return 0;
}

static void note_iommu(struct vioc_enumerator *enumerator, struct vioc_found_device *device,
		       const char *name)
{
	(void)enumerator;
	(void)name;
	device->flags |= VIOC_FOUND_IS_IOMMU;
}

const char *vioci_append(struct vioc_enumerator *enumerator, const char *list, const char *word)
{
	char text[1024];
	if (!list)
		return vioci_strings_add(&enumerator->strings, word);
	int length = snprintf(text, sizeof(text), "%s %s", list, word);
	/* More than fit on any screen: the first ones must do. */
	return length < (int)sizeof(text) ? vioci_strings_add(&enumerator->strings, text) : list;
}

static void note_netdev(struct vioc_enumerator *enumerator, struct vioc_found_device *device,
			const char *name)
{
	device->netdevs = vioci_append(enumerator, device->netdevs, name);
}

static void note_block(struct vioc_enumerator *enumerator, struct vioc_found_device *device,
		       const char *name)
{
	device->block_devices = vioci_append(enumerator, device->block_devices, name);
}

int vioci_read_classes(struct vioc_enumerator *enumerator)
{
	struct class_search searches[] = {
		{ enumerator, "iommu", note_iommu },
		{ enumerator, "net", note_netdev },
		{ enumerator, "block", note_block },
	};
	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
		char path[32];
		snprintf(path, sizeof(path), "/sys/class/%s", searches[i].class);
		int error = vioci_sys_list(&enumerator->ctx->sys, path, check_entry, &searches[i]);
		/* A kernel without such devices has no such folder. */
		if (error == -ENOMEM)
			return error;
	}
	return 0;
}
