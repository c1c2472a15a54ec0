// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>

#include "prp.h"

static size_t entries_per_page(size_t page_size)
{
	return page_size / sizeof(uint64_t);
}

/* Pages for a list of so many data pages: each but the last gives an entry to the chain. */
static size_t list_pages(size_t n_data_pages, size_t page_size)
{
	size_t per_page = entries_per_page(page_size);
	if (n_data_pages <= per_page)
		return 1;
	return 1 + (n_data_pages - per_page + per_page - 2) / (per_page - 1);
}

size_t nvme_prp_list_pages(size_t length, size_t page_size)
{
	/* Data that begins inside a page may touch one page more; but PRP1 takes the first. */
	return list_pages(length / page_size + (length % page_size != 0), page_size);
}

/* The pages from iova on, which begins one. */
static void fill_list(uint64_t iova, size_t n_data_pages, size_t page_size,
		      const struct nvme_prp_list *list)
{
	size_t last_in_page = entries_per_page(page_size) - 1;

	for (size_t at = 0; n_data_pages; at++) {
		/* The list is contiguous, so its next page follows this entry. */
		if (at % (last_in_page + 1) == last_in_page && n_data_pages > 1) {
			list->entries[at] = htole64(list->iova + (at + 1) * sizeof(uint64_t));
			continue;
		}
		list->entries[at] = htole64(iova);
		iova += page_size;
		n_data_pages--;
	}
}

int nvme_prp_build(uint64_t iova, size_t length, size_t page_size, const struct nvme_prp_list *list,
		   uint64_t *ret_prp1, uint64_t *ret_prp2)
{
	size_t in_first = page_size - (size_t)(iova & (page_size - 1));

	if ((iova & 3) || !length)
		return -EINVAL;
	size_t rest = length > in_first ? length - in_first : 0;
	size_t n_data_pages = rest / page_size + (rest % page_size != 0);
	if (n_data_pages > 1 && list_pages(n_data_pages, page_size) > list->n_pages)
		return -E2BIG;

	*ret_prp1 = iova;
	*ret_prp2 = 0;
	if (n_data_pages == 1)
		*ret_prp2 = iova + in_first;
	if (n_data_pages > 1) {
		fill_list(iova + in_first, n_data_pages, page_size, list);
		*ret_prp2 = list->iova;
	}
	return 0;
}
