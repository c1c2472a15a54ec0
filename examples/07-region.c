// SPDX-License-Identifier: MIT
/*
 * 07-region - registers, by calls and by mapping
 *
 * A call is checked and slow; a mapping is neither. Not all of a region can be mapped: where the
 * kernel keeps something for itself, areas say what is left.
 */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libvioc/vioc.h>

#include "course.h"

#define MOST_AREAS 8

static int region(struct course *course)
{
	struct vioc_region_area areas[MOST_AREAS];
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	uint32_t called, value;
	void *regs;

	if (!course->device)
		return course_wants_device();
	CHECK(course, vioc_region_get_info(course->device, VIOC_PCI_BAR(0), &info));
	int count = vioc_region_get_areas(course->device, VIOC_PCI_BAR(0), areas, MOST_AREAS);
	for (int i = 0; i < count && i < MOST_AREAS; i++)
		printf("BAR 0: [0x%" PRIx64 ", +0x%" PRIx64 ") of 0x%" PRIx64 " can be mapped\n",
		       areas[i].offset, areas[i].length, info.length);

	/* The same register both ways. By a call it is in the device's byte order. */
	CHECK(course,
	      vioc_region_read(course->device, VIOC_PCI_BAR(0), 0, &called, sizeof(called)));
	CHECK(course, vioc_region_map(course->device, VIOC_PCI_BAR(0), 0, 4096, &regs));
	value = vioc_mmio_read32(regs);
	printf("register 0 is 0x%08x, and 0x%08x\n", le32toh(called), value);

	/* Past the end is an error, not a crash. */
	EXPECT(course, -ERANGE,
	       vioc_region_read(course->device, VIOC_PCI_BAR(0), info.length, &called, 4));
	CHECK(course, vioc_region_unmap(course->device, regs));
	return le32toh(called) == value ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, region);
}
