// SPDX-License-Identifier: MIT
/*
 * 02-map - memory of this process becomes addresses for devices
 *
 * An address space (ioas) belongs to the library: it can be filled before any device is there, and
 * what the kernel would refuse then is refused when a device is attached. With a device as argument,
 * the kernel sees all of it too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/mman.h>

#include <libvioc/vioc.h>

#include "course.h"

#define LENGTH (UINT64_C(2) << 20)

static int map(struct course *course)
{
	uint64_t iova, found, length, bytes;
	void *va = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (va == MAP_FAILED)
		return EXIT_FAILURE;

	/* The library chooses the address... */
	CHECK(course,
	      vioc_ioas_map(course->ioas, va, LENGTH, VIOC_MAP_READ | VIOC_MAP_WRITE, &iova));
	printf("%p is at IOVA 0x%" PRIx64 " for devices\n", va, iova);

	/* ...and knows it both ways, from any place inside, with the length that is contiguous. */
	CHECK(course, vioc_ioas_get_iova(course->ioas, (char *)va + 4096, LENGTH, &found, &length));
	printf("one page further: 0x%" PRIx64 ", and %" PRIu64 " bytes from there\n", found,
	       length);
	if (found != iova + 4096 || length != LENGTH - 4096)
		return EXIT_FAILURE;

	/* What is mapped can't be mapped again, not even the same: the diag says what is in the way. */
	EXPECT(course, -EEXIST,
	       vioc_ioas_map_fixed(course->ioas, iova, va, LENGTH, VIOC_MAP_READ | VIOC_MAP_WRITE));
	/* A mapping goes as a whole or not at all. */
	EXPECT(course, -EINVAL, vioc_ioas_unmap(course->ioas, iova, 4096, 0, NULL));

	CHECK(course, vioc_ioas_unmap(course->ioas, iova, LENGTH, 0, &bytes));
	printf("unmapped %" PRIu64 " bytes\n", bytes);
	munmap(va, LENGTH);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, map);
}
