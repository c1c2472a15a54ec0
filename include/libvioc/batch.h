/* SPDX-License-Identifier: MIT */
/*
 * Many maps or unmaps in one call: neighbours merged into one ioctl where the caller allows it, one
 * unmap over many mappings and the holes between them, several threads where that helps.
 *
 * Order. Requests count in the order of the array: what is done is always a prefix of it, exactly
 * *ret_done requests, whatever order or number of threads put it in force. A request may not meet
 * another one of its batch. Other threads may map and unmap outside the range from the lowest to the
 * highest IOVA of the batch meanwhile, and wait inside of it.
 */
#ifndef LIBVIOC_BATCH_H
#define LIBVIOC_BATCH_H

#include <libvioc/base.h>
#include <libvioc/ioas.h>

VIOC_BEGIN_DECLS

/* All or nothing: on failure *ret_done is 0 and everything is as it was. */
#define VIOC_BATCH_ATOMIC (UINT64_C(1) << 0)
/*
 * Requests that follow each other in the array, in IOVA and in memory, with the same flags, become one
 * extent: see "mapping" and "extent" in <libvioc/ioas.h>. Only for maps.
 */
#define VIOC_BATCH_MERGE (UINT64_C(1) << 1)
/*
 * The library chooses the IOVAs and writes them into the requests. With VIOC_BATCH_MERGE, requests that
 * follow each other in memory get IOVAs that do, or -ENOSPC.
 */
#define VIOC_BATCH_ANY_IOVA (UINT64_C(1) << 2)
/*
 * Touches the memory before it is mapped, with n_threads threads, so that the kernel needs not; also
 * where the call fails then. Memory that can't be touched so is left to the map itself.
 */
#define VIOC_BATCH_PREFAULT (UINT64_C(1) << 3)

struct vioc_batch_opts {
	size_t size;
	uint64_t flags;	    /* VIOC_BATCH_* */
	uint32_t n_threads; /* at most that many, and 64, the caller's included; 0 is 1 */
	uint32_t reserved;  /* must be 0 */
};

/* One map. Ranges and flags as for vioc_ioas_map_fixed(). */
struct vioc_map_request {
	uint64_t iova; /* with VIOC_BATCH_ANY_IOVA an output, undefined for what is not done */
	void *va;
	uint64_t length;
	uint64_t flags; /* VIOC_MAP_* */
};

/* One unmap, as for vioc_ioas_unmap(). */
struct vioc_unmap_request {
	uint64_t iova;
	uint64_t length;
};

/*
 * Maps requests[0] to requests[count - 1]. ret_done may be NULL.
 * Errors: those of vioc_ioas_map_fixed(), for the first request that failed, at index *ret_done or in
 * one extent with it; the diag names it. A request that makes no sense in itself ends its extent before
 * it. *ret_done is set on failure too. A count of 0 is a success.
 * Of an atomic batch the library checks all before the kernel is asked for any; other threads may see
 * a part of it meanwhile. Threads that are started take no signals.
 * -EINVAL, -E2BIG: bad options; *ret_done is 0.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_map_batch(struct vioc_ioas *ioas,
						 struct vioc_map_request *requests, size_t count,
						 const struct vioc_batch_opts *opts,
						 size_t *ret_done);

/*
 * Unmaps, with one policy (flags as for vioc_ioas_unmap()) for all. Of opts, only VIOC_BATCH_ATOMIC
 * may be given, -EINVAL else: all ranges are checked before the first is unmapped. What the kernel
 * itself refuses after that can't be undone; then *ret_done says how far it came. Requests may meet:
 * what an earlier one unmapped is a hole to a later one.
 */
VIOC_API int vioc_ioas_unmap_batch(struct vioc_ioas *ioas,
				   const struct vioc_unmap_request *requests, size_t count,
				   uint64_t flags, const struct vioc_batch_opts *opts,
				   size_t *ret_done);

VIOC_END_DECLS

#endif
