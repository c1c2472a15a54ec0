// SPDX-License-Identifier: MIT
/* The page table of Intel's IOMMU, as its debugfs shows it: the kernel's last word. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

/*
 * A line is "0x<iova page> |" and an entry per level from the top: three of them end in a page of
 * 1 GiB, four in one of 2 MiB, five in one of 4 KiB.
 */
static uint64_t leaf_length(const char *entries)
{
	int levels = 0;
	for (const char *at = entries; (at = strstr(at, "0x")); at++)
		levels++;
	if (levels < 3 || levels > 5)
		return 0;
	return PAGE << (5 - levels) * 9;
}

static uint64_t check_leaf(struct test *test, uint64_t iova, uint64_t length)
{
	uint64_t left = length;
	if (!length)
		wrong(test, "the page table of 0x%" PRIx64 " can't be read", iova);
	/* A large page may hold several neighbours. */
	while (left) {
		const struct piece *piece = model_meet(&test->model, iova, iova);
		if (!piece)
			wrong(test, "the page table has 0x%" PRIx64, iova);
		uint64_t inside = piece->last - iova + 1;
		if (inside > left)
			inside = left;
		iova += inside;
		left -= inside;
	}
	return length;
}

static bool read_leaves(struct test *test, const char *device, uint64_t *ret_bytes)
{
	char path[256], line[512];
	snprintf(path, sizeof(path), "/sys/kernel/debug/iommu/intel/%s/domain_translation_struct",
		 device);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	*ret_bytes = 0;
	while (fgets(line, sizeof(line), file)) {
		char *bar = strchr(line, '|');
		uint64_t page;
		if (bar && sscanf(line, "0x%" SCNx64, &page) == 1)
			*ret_bytes += check_leaf(test, page * PAGE, leaf_length(bar));
	}
	fclose(file);
	return true;
}

/* What was deferred or released is still in the page table. */
static void settle(struct test *test)
{
	if (vioc_ioas_flush(test->ioas) < 0)
		wrong(test, "flush failed");
	model_flush(&test->model);
	check_kernel(test);
}

uint64_t check_leaves(struct test *test)
{
	uint64_t bytes = 0;
	settle(test);
	for (size_t i = 0; i < N_DEVICES; i++) {
		if (!test->devices[i] || !read_leaves(test, test->world->names[i], &bytes))
			continue;
		if (bytes != model_bytes(&test->model))
			wrong(test, "the page table has %" PRIu64 " bytes, should be %" PRIu64,
			      bytes, model_bytes(&test->model));
	}
	return bytes;
}
