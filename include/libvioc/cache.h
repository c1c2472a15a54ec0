/* SPDX-License-Identifier: MIT */
/*
 * A cache of registrations: memory is mapped for devices when it is used first, and stays mapped for
 * the next time, as long as there is room. For who gets buffers from elsewhere and can't use vioc_mem:
 *
 *	vioc_cache_get(cache, buffer, length, &iova, &registration);
 *	... DMA ...
 *	vioc_cache_put(cache, registration);
 *
 * All of it may be called from any thread at any time. A get that hits makes no system call and takes
 * no lock.
 */
#ifndef LIBVIOC_CACHE_H
#define LIBVIOC_CACHE_H

#include <libvioc/base.h>
#include <libvioc/ioas.h>

VIOC_BEGIN_DECLS

struct vioc_cache;
/* Memory that somebody uses: what vioc_cache_get() gives, for vioc_cache_put(). */
struct vioc_registration;

struct vioc_cache_opts {
	size_t size;
	uint64_t flags;	      /* must be 0 */
	uint64_t map_flags;   /* VIOC_MAP_*; 0: read and write */
	uint64_t max_entries; /* mappings kept; 0: 16384 */
	uint64_t max_bytes;   /* bytes they cover; 0: 4 GiB */
};

/*
 * Makes an empty cache, which holds the ioas.
 * -EINVAL, -E2BIG: bad options. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_cache_new(struct vioc_ioas *ioas,
					    const struct vioc_cache_opts *opts,
					    struct vioc_cache **ret_cache);

/*
 * The last reference unmaps everything. By then all registrations must have been put: those that were
 * not are unmapped all the same, and that is logged as an error.
 */
VIOC_API struct vioc_cache *vioc_cache_ref(struct vioc_cache *cache);
VIOC_API struct vioc_cache *vioc_cache_unref(struct vioc_cache *cache);
VIOC_DEFINE_UNREFP_(cache);

/*
 * Gives the IOVA of length bytes at va, of any alignment, which devices reach until the registration
 * is put. A hit, if one mapping of the cache covers them all, costs no system call. Else the pages
 * around them are mapped, also where parts are mapped already; threads that miss the same memory at
 * the same time map it once.
 *
 * A mapping that nobody uses is kept until the limits of vioc_cache_opts are exceeded or the kernel
 * takes no more; then those least recently used go, more or less. Mappings in use never go, so they
 * may exceed the limits. Never unmap or map anything at the IOVA by other means.
 *
 * -EINVAL: length 0, or wraps, or more than a process has addresses.
 * -ENOSPC, -ENOMEM: as of vioc_ioas_map(), and nothing is left that could be evicted.
 * And the others of vioc_ioas_map(). Nothing is changed on failure, but what was evicted is gone.
 * Kernel: that of vioc_ioas_map() and vioc_ioas_unmap().
 */
VIOC_API VIOC_MUST_CHECK int vioc_cache_get(struct vioc_cache *cache, const void *va,
					    uint64_t length, uint64_t *ret_iova,
					    struct vioc_registration **ret_registration);

/*
 * Ends one use; once for each get. NULL is fine. It makes a system call only if the memory was
 * invalidated or the limits are exceeded.
 */
VIOC_API void vioc_cache_put(struct vioc_cache *cache, struct vioc_registration *registration);

/*
 * To be called before memory is unmapped from the process or gets other pages: munmap(2), mremap(2),
 * MADV_DONTNEED, free(3) of what came from mmap(2). Every mapping that meets [va, va + length) leaves
 * the cache: no get finds it any more. Those that nobody uses are unmapped. NULL and UINT64_MAX mean
 * everything.
 *
 * 0: devices can't reach the memory by this cache.
 * -EBUSY, reason VIOC_REASON_IN_USE: some of it is still in use; that is unmapped when it is put for
 *	the last time. Calling again then tells 0.
 * -EINVAL: length 0, or wraps.
 * Any other, or another reason: the kernel refused to unmap some of it. Devices may still reach that;
 *	calling again tries again, and so does the cache when it has to evict.
 */
VIOC_API VIOC_MUST_CHECK int vioc_cache_invalidate(struct vioc_cache *cache, const void *va,
						   uint64_t length);

struct vioc_cache_stats {
	size_t size;
	/* Since the cache was made. */
	uint64_t n_hits;	  /* gets without a system call */
	uint64_t n_misses;	  /* gets that had to map, those that failed included */
	uint64_t n_evictions;	  /* mappings that went for want of room */
	uint64_t n_invalidations; /* mappings that went by vioc_cache_invalidate() */
	/* Now. */
	uint64_t
		n_entries; /* mappings that devices can reach, those that left the cache included */
	uint64_t n_bytes;  /* bytes they cover; memory that is mapped twice counts twice */
	uint64_t n_used;   /* of those, mappings in use */
	uint64_t n_refused; /* of those, mappings that the kernel refused to unmap */
};

/* Fills *ret_stats, made with VIOC_SIZED(vioc_cache_stats); takes a walk over all. -EINVAL: no size. */
VIOC_API int vioc_cache_get_stats(struct vioc_cache *cache, struct vioc_cache_stats *ret_stats);

VIOC_END_DECLS

#endif
