// SPDX-License-Identifier: MIT
/* Follows PRPs as a controller does and compares what they cover with what they should. */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "prp.h"

#define LIST_IOVA  UINT64_C(0x7000000)
#define DATA_IOVA  UINT64_C(0x123450000000)
#define LIST_PAGES 8

static int failures;

/* A case: where the data begins in its page, how long it is. */
struct data {
	size_t page_size;
	size_t offset;
	size_t length;
};

static void expect(bool holds, const struct data *data, const char *what)
{
	if (holds)
		return;
	failures++;
	printf("page %zu, offset %zu, length %zu: %s\n", data->page_size, data->offset,
	       data->length, what);
}

/* Where in the list a walk is. */
struct cursor {
	const struct nvme_prp_list *list;
	size_t page_size;
	uint64_t at; /* IOVA of the next entry */
};

static uint64_t next_entry(struct cursor *cursor, const struct data *data)
{
	uint64_t offset = cursor->at - cursor->list->iova;
	if (offset >= cursor->list->n_pages * cursor->page_size) {
		expect(false, data, "the walk leaves the list");
		exit(EXIT_FAILURE);
	}
	cursor->at += sizeof(uint64_t);
	return le64toh(cursor->list->entries[offset / sizeof(uint64_t)]);
}

/* The address of the next data page; follows the chain if this entry is a page's last. */
static uint64_t next_page(struct cursor *cursor, const struct data *data, size_t rest)
{
	bool is_last_in_page = (cursor->at + sizeof(uint64_t)) % cursor->page_size == 0;
	if (is_last_in_page && rest > cursor->page_size) {
		cursor->at = next_entry(cursor, data);
		expect(cursor->at % cursor->page_size == 0, data, "the chain points into a page");
	}
	return next_entry(cursor, data);
}

static void walk(const struct data *data, const struct nvme_prp_list *list, uint64_t prp1,
		 uint64_t prp2)
{
	uint64_t iova = DATA_IOVA + data->offset;
	size_t in_first = data->page_size - data->offset;
	size_t rest = data->length > in_first ? data->length - in_first : 0;
	struct cursor cursor = { .list = list, .page_size = data->page_size, .at = prp2 };

	expect(prp1 == iova, data, "PRP1 is not where the data begins");
	if (!rest)
		expect(prp2 == 0, data, "PRP2 without a second page");
	if (rest && rest <= data->page_size)
		expect(prp2 == iova + in_first, data, "PRP2 is not the second page");
	if (rest <= data->page_size)
		return;
	for (iova += in_first; rest; iova += data->page_size) {
		expect(next_page(&cursor, data, rest) == iova, data, "a page is not the next one");
		rest -= rest < data->page_size ? rest : data->page_size;
	}
}

static void check(const struct data *data)
{
	size_t n_pages = nvme_prp_list_pages(data->length, data->page_size);
	uint64_t *entries = aligned_alloc(data->page_size, LIST_PAGES * data->page_size);
	struct nvme_prp_list list = { .entries = entries, .iova = LIST_IOVA, .n_pages = n_pages };
	uint64_t prp1 = 0, prp2 = 0;

	if (!entries || n_pages > LIST_PAGES) {
		expect(false, data, "the test has too little memory");
	} else {
		int error = nvme_prp_build(DATA_IOVA + data->offset, data->length, data->page_size,
					   &list, &prp1, &prp2);
		expect(error == 0, data, "it was refused");
		if (error == 0)
			walk(data, &list, prp1, prp2);
	}
	free(entries);
}

/* Lengths around the points where one more entry, or one more page of list, is needed. */
static void check_lengths(size_t page_size, size_t offset)
{
	const size_t per_page = page_size / sizeof(uint64_t);
	const size_t pages[] = { 1,
				 2,
				 3,
				 per_page - 1,
				 per_page,
				 per_page + 1,
				 per_page + 2,
				 2 * per_page - 1,
				 2 * per_page,
				 3 * per_page,
				 3 * per_page - 1,
				 3 * per_page - 2 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		for (int off = -512; off <= 512; off += 256) {
			struct data data = {
				.page_size = page_size,
				.offset = offset,
				.length = pages[i] * page_size + (size_t)off,
			};
			check(&data);
		}
	}
}

static void check_refusals(void)
{
	uint64_t entries[512], prp1 = 1, prp2 = 1;
	const struct nvme_prp_list list = { .entries = entries, .iova = LIST_IOVA, .n_pages = 1 };
	const struct data data = { .page_size = 4096 };

	expect(nvme_prp_build(DATA_IOVA + 2, 512, 4096, &list, &prp1, &prp2) == -EINVAL, &data,
	       "a misaligned address was taken");
	expect(nvme_prp_build(DATA_IOVA, 0, 4096, &list, &prp1, &prp2) == -EINVAL, &data,
	       "no length was taken");
	expect(nvme_prp_build(DATA_IOVA, 514 * 4096, 4096, &list, &prp1, &prp2) == -E2BIG, &data,
	       "a list that is too short was taken");
	expect(prp1 == 1 && prp2 == 1, &data, "an output changed on failure");
	expect(nvme_prp_build(DATA_IOVA, 513 * 4096, 4096, &list, &prp1, &prp2) == 0, &data,
	       "a list that just suffices was refused");
}

int main(void)
{
	for (size_t page_size = 4096; page_size <= 16384; page_size *= 2)
		for (size_t offset = 0; offset < page_size; offset += 508)
			check_lengths(page_size, offset);
	check_refusals();
	if (failures)
		printf("%d failures\n", failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
