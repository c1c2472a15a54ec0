/* SPDX-License-Identifier: MIT */
/*
 * PRPs: how a command says where its data is, page by page (Physical Region Page; the pages are
 * the controller's, and the addresses are IOVAs).
 *
 * PRP1 points at the first byte. What lies in a second page has its address in PRP2; if there are
 * more pages, PRP2 points at a list of their addresses. The last entry of a full page of the list
 * points at the next page of the list.
 */
#ifndef NVME_PRP_H
#define NVME_PRP_H

#include <stddef.h>
#include <stdint.h>

/* Memory for a list: contiguous for program and device, beginning with a page. */
struct nvme_prp_list {
	uint64_t *entries; /* little endian */
	uint64_t iova;
	size_t n_pages;
};

/* Pages of list that data of this length needs at worst, that is wherever it begins. */
size_t nvme_prp_list_pages(size_t length, size_t page_size);

/*
 * Describes [iova, iova + length).
 * -EINVAL: iova is not a multiple of 4, or length is 0. -E2BIG: the list has too few pages.
 */
int nvme_prp_build(uint64_t iova, size_t length, size_t page_size, const struct nvme_prp_list *list,
		   uint64_t *ret_prp1, uint64_t *ret_prp2);

#endif
