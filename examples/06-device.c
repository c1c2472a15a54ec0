// SPDX-License-Identifier: MIT
/*
 * 06-device - what a device is made of: regions, interrupts, config space
 *
 * vioc_device_open() opens and attaches in one step, on every backend: from then on the device
 * sees what the address space maps, and nothing else.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libvioc/vioc.h>

#include "course.h"

static int show_regions(struct course *course, uint32_t n_regions)
{
	static const char *const names[] = { "BAR 0", "BAR 1", "BAR 2",	 "BAR 3", "BAR 4",
					     "BAR 5", "ROM",   "config", "VGA" };
	for (uint32_t i = 0; i < n_regions; i++) {
		struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
		CHECK(course, vioc_region_get_info(course->device, i, &info));
		if (info.length)
			printf("  region %u (%s): %" PRIu64 " bytes,%s%s%s\n", i,
			       i < 9 ? names[i] : "other", info.length,
			       info.flags & VIOC_REGION_READ ? " read" : "",
			       info.flags & VIOC_REGION_WRITE ? " write" : "",
			       info.flags & VIOC_REGION_MMAP ? " map" : "");
	}
	return EXIT_SUCCESS;
}

static int show_irqs(struct course *course, uint32_t n_irqs)
{
	static const char *const names[] = { "INTx", "MSI", "MSI-X", "error", "request" };
	for (uint32_t i = 0; i < n_irqs; i++) {
		struct vioc_irq_info info = VIOC_SIZED(vioc_irq_info);
		CHECK(course, vioc_irq_get_info(course->device, i, &info));
		if (info.n_vectors)
			printf("  interrupt %u (%s), vectors: %u\n", i, i < 5 ? names[i] : "other",
			       info.n_vectors);
	}
	return EXIT_SUCCESS;
}

static int device(struct course *course)
{
	struct vioc_device_info info = VIOC_SIZED(vioc_device_info);
	struct vioc_iova_range ranges[8];
	uint32_t id;

	if (!course->device)
		return course_wants_device();
	CHECK(course, vioc_pci_config_read(course->device, 0, 4, &id));
	CHECK(course, vioc_device_get_info(course->device, &info));
	printf("%s: %04x:%04x in group %u\n", vioc_device_get_name(course->device), id & 0xffff,
	       id >> 16, info.group);
	if (show_regions(course, info.n_regions) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (show_irqs(course, info.n_irqs) != EXIT_SUCCESS)
		return EXIT_FAILURE;

	/* The IOMMU decides what addresses can be used, now that there is one. */
	int count = vioc_ioas_get_ranges(course->ioas, ranges, 8);
	for (int i = 0; i < count && i < 8; i++)
		printf("  usable IOVAs 0x%" PRIx64 " to 0x%" PRIx64 "\n", ranges[i].start,
		       ranges[i].last);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, device);
}
