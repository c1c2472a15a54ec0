// SPDX-License-Identifier: MIT
/* What few ask for, and takes many files to be read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/config.h"
#include "discover/discover.h"

#define N_BARS 6

/* One line for each BAR: first and last address, flags; all 0 if there is none. */
static void read_bars(const struct vioci_sys *here, struct vioc_found_device *device)
{
	char text[2048], *rest = text;
	if (vioci_sys_read_text(here, "resource", text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < N_BARS && rest; i++) {
		uint64_t first, last;
		const char *line = strsep(&rest, "\n");
		if (sscanf(line, "%" SCNx64 " %" SCNx64, &first, &last) == 2 && last > first)
			device->bar_sizes[i] = last - first + 1;
	}
}

static void read_mask(const struct vioci_sys *here, struct vioc_found_device *device)
{
	char text[16];
	if (vioci_sys_read_text(here, "dma_mask_bits", text, sizeof(text)) < 0)
		return;
	unsigned long bits = strtoul(text, NULL, 10);
	device->dma_mask_bits = bits <= 64 ? (uint32_t)bits : 0;
}

static void read_acs(struct vioc_enumerator *enumerator, const struct vioci_sys *here,
		     struct vioc_found_device *device)
{
	char text[VIOCI_ACS_SIZE];
	if (vioci_config_acs(here, text))
		device->acs = vioci_strings_add(&enumerator->strings, text);
}

static void read_macs(struct vioc_enumerator *enumerator, struct vioc_found_device *device)
{
	char names[1024], path[VIOCI_PATH_MAX], text[64], *rest = names;
	if (!device->netdevs || strlen(device->netdevs) >= sizeof(names))
		return;
	strcpy(names, device->netdevs);
	for (char *name; (name = strsep(&rest, " "));) {
		snprintf(path, sizeof(path), "/sys/class/net/%.64s/address", name);
		if (vioci_sys_read_text(&enumerator->ctx->sys, path, text, sizeof(text)) == 0)
			device->macs = vioci_append(enumerator, device->macs, text);
	}
}

static void read_rights(const struct vioci_sys *sys, struct vioc_found_device *device)
{
	const char *node = device->cdev ? device->cdev : device->group_node;
	struct vioci_file_rights rights;
	if (!node || vioci_sys_get_rights(sys, node, &rights) < 0)
		return;
	device->node_mode = rights.mode;
	device->node_uid = rights.uid;
	device->node_gid = rights.gid;
}

void vioci_read_details(struct vioc_enumerator *enumerator)
{
	const struct vioci_sys *sys = &enumerator->ctx->sys;
	for (size_t i = 0; i < enumerator->n_devices; i++) {
		struct vioc_found_device *device = &enumerator->devices[i].device;
		char path[VIOCI_PATH_MAX];
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device->name);
		int dir = vioci_sys_open_dir(sys, path);
		if (dir < 0)
			continue;
		struct vioci_sys here = vioci_sys_at(sys, dir);
		read_bars(&here, device);
		read_mask(&here, device);
		read_acs(enumerator, &here, device);
		vioci_sys_close(sys, &dir);
		read_macs(enumerator, device);
		read_rights(sys, device);
	}
}
