// SPDX-License-Identifier: MIT
/*
 * 04-memory - memory that the library makes, mapped once, shared with others
 *
 * For a driver this is the way: one piece of memory, and an address for the device is the IOVA plus
 * an offset. Nothing is looked up or mapped while data flows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/vioc.h>

#include "course.h"

static int memory(struct course *course)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem_info info = VIOC_SIZED(vioc_mem_info);
	__attribute__((cleanup(vioc_mem_unrefp))) struct vioc_mem *mem = NULL;
	__attribute__((cleanup(vioc_mem_unrefp))) struct vioc_mem *again = NULL;
	__attribute__((cleanup(vioc_diag_unrefp))) struct vioc_diag *diag = NULL;

	/* Huge pages if there are any; else ordinary ones. */
	opts.flags = VIOC_MEM_HUGETLB_2M | VIOC_MEM_THP | VIOC_MEM_PREFER;
	opts.name = "course";
	CHECK(course, vioc_mem_new(course->ioas, 3 << 20, &opts, &mem));
	if (vioc_ctx_get_diag(course->ctx, &diag) == 0 &&
	    vioc_diag_get_reason(diag) == VIOC_REASON_FALLBACK)
		printf("not as wished: %s\n", vioc_diag_get_text(diag));
	CHECK(course, vioc_mem_get_info(mem, &info));
	printf("%" PRIu64 " bytes in pages of %" PRIu64 " at %p, for devices at 0x%" PRIx64 "\n",
	       info.length, info.page_size, info.va, info.iova);

	/*
	 * The same file again, as another process would map it that got the fd: the bytes are the same,
	 * the addresses are not.
	 */
	CHECK(course,
	      vioc_mem_import(course->ioas, vioc_mem_get_fd(mem), 0, info.length, NULL, &again));
	strcpy(vioc_mem_get_va(mem), "written here");
	printf("read there, at IOVA 0x%" PRIx64 ": \"%s\"\n", vioc_mem_get_iova(again),
	       (const char *)vioc_mem_get_va(again));
	return strcmp(vioc_mem_get_va(again), "written here") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, memory);
}
