/* SPDX-License-Identifier: MIT */
/* Looking into an ioas: what it did, what it holds, what it may still take. From any thread. */
#ifndef LIBVIOC_STATS_H
#define LIBVIOC_STATS_H

#include <libvioc/base.h>
#include <libvioc/ioas.h>
#include <libvioc/memlock.h>

VIOC_BEGIN_DECLS

struct vioc_ioas_stats {
	size_t size;
	/* Since the ioas was made. */
	uint64_t n_map_calls;	/* map ioctls issued, replays included */
	uint64_t n_unmap_calls; /* unmap ioctls issued */
	uint64_t n_map_saved;	/* mappings made without an ioctl of their own: merged or revived */
	uint64_t n_unmap_saved; /* mappings unmapped without an ioctl of their own */
	uint64_t n_revived;	/* of those, deferred unmaps taken up again */
	uint64_t n_flushes;	/* flushes of deferred unmaps, asked for or not */
	/* Now. */
	uint64_t n_extents; /* what the kernel holds, or will with a device; waiting ones too */
	uint64_t deferred_count; /* extents that wait for a flush */
	uint64_t deferred_bytes; /* bytes in them */
	uint64_t released_bytes; /* bytes given up inside extents that are still in use */
	uint64_t large_bytes;	 /* bytes where IOVA and memory allow pages of 2 MiB */
	uint64_t library_bytes;	 /* memory the library itself needs for all this */
	uint64_t n_map_by_file; /* of n_map_calls, those by which the kernel mapped a file itself */
};

/* Fills *ret_stats, made with VIOC_SIZED(vioc_ioas_stats). large_bytes takes a walk over all. */
VIOC_API int vioc_ioas_get_stats(struct vioc_ioas *ioas, struct vioc_ioas_stats *ret_stats);

#define VIOC_UNLIMITED UINT64_MAX

struct vioc_ioas_limits {
	size_t size;
	uint64_t entries_left;	/* extents the kernel still takes; VIOC_UNLIMITED */
	uint64_t memlock_limit; /* bytes; VIOC_UNLIMITED */
	uint64_t memlock_used;	/* bytes of this process that count; others of a user add */
	uint32_t memlock_mode;	/* VIOC_MEMLOCK_* */
	uint32_t reserved;
};

/*
 * Asks the kernel what it would still take. -ENODEV: no device is attached, so nobody knows.
 * Kernel: the DMA_AVAIL capability of VFIO_IOMMU_GET_INFO; RLIMIT_MEMLOCK; /proc/self/status.
 */
VIOC_API int vioc_ioas_get_limits(struct vioc_ioas *ioas, struct vioc_ioas_limits *ret_limits);

/* One mapping, for vioc_ioas_walk(). */
struct vioc_mapping {
	uint64_t iova;
	void *va;
	uint64_t length;
	uint64_t flags;	      /* VIOC_MAP_* */
	uint64_t extent_iova; /* the extent that holds it */
	uint64_t extent_length;
};

/* Called for each live mapping, ascending. Non-zero stops the walk, which then returns it. */
typedef int (*vioc_walk_fn)(void *arg, const struct vioc_mapping *mapping);

/*
 * Walks the mappings that start in [start, last]. The ioas is not locked while fn runs: fn may map and
 * unmap; what changes above the mapping it was given shows in the walk, what changes below does not.
 * Returns 0, or what fn did. -EINVAL: last is below start, or no fn.
 */
VIOC_API int vioc_ioas_walk(struct vioc_ioas *ioas, uint64_t start, uint64_t last, vioc_walk_fn fn,
			    void *arg);

VIOC_END_DECLS

#endif
