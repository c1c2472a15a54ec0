/* SPDX-License-Identifier: MIT */
/* Memory with a file behind it, placed in the process and populated. Devices don't see it yet. */
#ifndef VIOCI_BACKING_H
#define VIOCI_BACKING_H

#include <libvioc/mem.h>

#include "core/memfile.h"

#define VIOCI_SIZE_2M (UINT64_C(2) << 20)
#define VIOCI_SIZE_1G (UINT64_C(1) << 30)

#define VIOCI_MEM_KINDS (VIOC_MEM_HUGETLB_1G | VIOC_MEM_HUGETLB_2M | VIOC_MEM_THP)

/* What a caller wants, checked. */
struct vioci_mem_request {
	struct vioc_ctx *ctx;
	struct vioc_mem_opts opts; /* map_flags are never 0 */
	int fd;			   /* of a file to import; -1: make one */
	uint64_t offset;
	uint64_t length;
};

struct vioci_backing {
	struct vioci_memfile *file;
	void *va;
	uint64_t offset;
	uint64_t length;
	uint64_t page_size;
	uint64_t flags; /* the kind, VIOC_MEM_SEALED */
	bool is_writable;
};

/*
 * Makes the memory of one kind, one of VIOCI_MEM_KINDS or 0. Leaves a diag on failure. -ENOMEM and
 * -EOPNOTSUPP: another kind may be had.
 */
int vioci_backing_new(const struct vioci_mem_request *request, uint64_t kind,
		      struct vioci_backing *ret_backing);
/* Takes it from request->fd. Leaves a diag on failure. */
int vioci_backing_import(const struct vioci_mem_request *request,
			 struct vioci_backing *ret_backing);
void vioci_backing_free(struct vioc_ctx *ctx, struct vioci_backing *backing);

/* refuse.c: each leaves a diag and returns the error to pass on. */

int vioci_mem_refuse(const struct vioci_mem_request *request, int error, uint32_t reason,
		     const char *format, ...) VIOCI_PRINTF(4, 5);
/* Huge pages for that length can't be had. */
int vioci_mem_refuse_huge(const struct vioci_mem_request *request, uint64_t page_size,
			  uint64_t length);
/* 0, or that transparent huge pages are switched off for memfds. */
int vioci_mem_check_thp(const struct vioci_mem_request *request);

#endif
