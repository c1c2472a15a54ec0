// SPDX-License-Identifier: MIT
/* What sysfs says of an IOMMU group. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"

struct blocker_search {
	const struct vioci_sys *sys;
	uint32_t group;
	vioci_sibling_fn fn;
	void *arg;
};

bool vioci_leaves_dma_alone(const char *driver)
{
	return strcmp(driver, "pcieport") == 0 || strcmp(driver, "pci-stub") == 0 ||
	       strcmp(driver, "shpchp") == 0 || strstr(driver, "vfio");
}

static int check_sibling(void *arg, const char *name)
{
	struct blocker_search *search = arg;
	char path[VIOCI_PATH_MAX];
	struct vioci_sibling sibling;

	snprintf(sibling.name, sizeof(sibling.name), "%s", name);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices/%s/driver", search->group,
		 name);
	if (vioci_sys_link_name(search->sys, path, sibling.driver, sizeof(sibling.driver)) < 0)
		return 0;
	if (vioci_leaves_dma_alone(sibling.driver))
		return 0;
	/* A vfio driver by another name, such as a vendor's variant. */
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices/%s/vfio-dev",
		 search->group, name);
	if (vioci_sys_exists(search->sys, path))
		return 0;
	return search->fn(search->arg, &sibling);
}

int vioci_group_list_blockers(const struct vioci_sys *sys, uint32_t group, vioci_sibling_fn fn,
			      void *arg)
{
	struct blocker_search search = { .sys = sys, .group = group, .fn = fn, .arg = arg };
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", group);
	return vioci_sys_list(sys, path, check_sibling, &search);
}

static int take_first(void *arg, const struct vioci_sibling *sibling)
{
	*(struct vioci_sibling *)arg = *sibling;
	return 1;
}

int vioci_group_find_blocker(const struct vioci_sys *sys, uint32_t group,
			     struct vioci_sibling *ret_sibling)
{
	return vioci_group_list_blockers(sys, group, take_first, ret_sibling) == 1;
}

/* One line is "0xSTART 0xLAST KIND". */
static int parse_reserved(const char *line, struct vioci_reserved_region *ret_region)
{
	unsigned long long start, last;
	struct vioci_reserved_region region;
	if (sscanf(line, "0x%llx 0x%llx %23s", &start, &last, region.kind) != 3)
		return -EINVAL;
	region.start = start;
	region.last = last;
	region.relaxable = strcmp(region.kind, "direct-relaxable") == 0;
	*ret_region = region;
	return 0;
}

int vioci_group_list_reserved(const struct vioci_sys *sys, uint32_t group, vioci_reserved_fn fn,
			      void *arg)
{
	char path[VIOCI_PATH_MAX], text[4096];
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/reserved_regions", group);
	int error = vioci_sys_read_text(sys, path, text, sizeof(text));
	if (error < 0)
		return error;

	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		struct vioci_reserved_region region;
		if (parse_reserved(line, &region) < 0)
			continue;
		int result = fn(arg, &region);
		if (result)
			return result;
	}
	return 0;
}
