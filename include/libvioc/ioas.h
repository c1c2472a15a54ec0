/* SPDX-License-Identifier: MIT */
/*
 * An I/O address space: what the devices attached to it see as memory.
 *
 * An ioas belongs to the library, not to the kernel: mappings may be made before any device is
 * attached, survive the last detach, and are replayed at the next attach. While no device is
 * attached nothing is pinned, and a mapping that the kernel would refuse (memory not mapped,
 * memlock) is refused by the attach instead.
 *
 * map, unmap and the getters of one ioas may run concurrently, from any thread, also during attach
 * and detach. Units: addresses and lengths are bytes.
 */
#ifndef LIBVIOC_IOAS_H
#define LIBVIOC_IOAS_H

#include <libvioc/base.h>
#include <libvioc/container.h>

VIOC_BEGIN_DECLS

struct vioc_ioas;

struct vioc_ioas_opts {
	size_t size;
	uint64_t flags; /* must be 0 */
	/* Deferred unmaps are flushed when one of these is exceeded. 0: the default. */
	uint64_t deferred_max_count; /* extents; default 4096 */
	uint64_t deferred_max_bytes; /* default 256 MiB */
	uint64_t deferred_max_ms; /* age, looked at by calls that map or unmap; default no limit */
};

/*
 * Makes an empty address space. The kernel's part is made when the first device is attached.
 * -EINVAL, -E2BIG: bad options. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_new(struct vioc_container *container,
					   const struct vioc_ioas_opts *opts,
					   struct vioc_ioas **ret_ioas);
VIOC_API struct vioc_ioas *vioc_ioas_ref(struct vioc_ioas *ioas);
VIOC_API struct vioc_ioas *vioc_ioas_unref(struct vioc_ioas *ioas);
VIOC_DEFINE_UNREFP_(ioas);

/* What a device may do with mapped memory. At least one is required. */
#define VIOC_MAP_READ  (UINT64_C(1) << 0) /* the device may read the memory */
#define VIOC_MAP_WRITE (UINT64_C(1) << 1) /* the device may write it */

/*
 * Maps length bytes of this process' memory at va for devices, at an IOVA that the library chooses:
 * never 0, and alike to va modulo 2 MiB or 1 GiB where the length is worth such a page. va and length must be multiples of the page size (vioc_ioas_get_info()).
 * The memory must stay mapped in the process until it is unmapped here.
 *
 * -EINVAL: misaligned, zero length, wraps, unknown flag, or neither READ nor WRITE.
 * -ENOSPC: no free IOVA range of that length, or the kernel's limit of mappings is reached.
 * -ENOMEM: RLIMIT_MEMLOCK (the diag has limit, used, needed) or memory.
 * -EFAULT: va is not mapped, or not with that access.
 * -EEXIST: the kernel has a mapping there that the library didn't make: somebody else uses its fd.
 * Nothing is changed on failure.
 * Kernel: VFIO_IOMMU_MAP_DMA; IOMMU_IOAS_MAP.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_map(struct vioc_ioas *ioas, void *va, uint64_t length,
					   uint64_t flags, uint64_t *ret_iova);

/*
 * The same at an IOVA that the caller chooses. In addition:
 * -EEXIST: the range meets an existing mapping, even an identical one.
 * -ERANGE: the range is not inside one usable range (vioc_ioas_get_ranges()).
 * -EBUSY: it meets a released part of an extent that is still in use, until vioc_ioas_flush(). What was
 *	deferred there is taken up again if it is the same, else flushed first.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_map_fixed(struct vioc_ioas *ioas, uint64_t iova, void *va,
						 uint64_t length, uint64_t flags);

/*
 * The same for memory of a file, for those who have guest memory or buffers in one: a memfd, or a file
 * of tmpfs or hugetlbfs. fd from offset on must be what the process has at va, in a shared mapping.
 * Where the kernel can map files, it takes the memory from the file and does not look at va; the mapping
 * then holds on to the file's memory whatever becomes of va, and the IOMMU's pages can be as large
 * as the file's. Elsewhere the memory is taken from va, as by vioc_ioas_map(). For lookups the
 * mapping is at va either way. A chosen IOVA is alike to offset, not to va.
 *
 * fd is duplicated and stays the caller's. The duplicate is open for as long as the
 * mapping, so that it can be replayed. offset is a multiple of the page size. Such a mapping is
 * an extent of its own: never merged, and not taken up again when deferred.
 *
 * -EBADF: fd is not open. -EMFILE, -ENFILE: no more fds.
 * -EINVAL: another kind of file; the file ends before the range does; devices shall write, but fd or a
 *	seal forbids it; offset is misaligned.
 * -EFAULT: as above; or the file was shortened.
 * Kernel: IOMMU_IOAS_MAP_FILE (Linux 6.13), else as above.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_map_file(struct vioc_ioas *ioas, int fd, uint64_t offset,
						void *va, uint64_t length, uint64_t flags,
						uint64_t *ret_iova);
VIOC_API VIOC_MUST_CHECK int vioc_ioas_map_file_fixed(struct vioc_ioas *ioas, uint64_t iova, int fd,
						      uint64_t offset, void *va, uint64_t length,
						      uint64_t flags);

/*
 * What a caller mapped in one request is a *mapping*: it is unmapped whole or not at all. What the
 * kernel holds is an *extent*: one mapping, or several neighbours that a batch was allowed to merge
 * (VIOC_BATCH_MERGE). The kernel can remove an extent only as a whole, so unmapping a part of one
 * needs a policy, one of the flags below; without one it fails with -EBUSY. Without an attached device
 * nothing is in the kernel, and what is given up by a policy is gone at once.
 */

/*
 * Mappings that are part of a larger extent are given up, and count as unmapped for every call of
 * this library; but the device may reach their memory, and it stays pinned, until the whole extent
 * is given up or vioc_ioas_flush() returns 0. Their IOVAs are not used again before.
 */
#define VIOC_UNMAP_RELEASE (UINT64_C(1) << 0)
/*
 * The extent is unmapped and what is left of it is mapped again. In between the device can't reach
 * the rest: only for when it does no DMA there. What is pinned then is the memory that is at the rest's
 * addresses by that time.
 */
#define VIOC_UNMAP_SPLIT (UINT64_C(1) << 1)
/*
 * As VIOC_UNMAP_RELEASE, for whole extents too: they wait for each other and are unmapped together,
 * when one of the limits of vioc_ioas_opts is reached, room is needed, or vioc_ioas_flush() is
 * called. Mapping the same memory again with the same flags meanwhile takes one of them up again
 * without a system call, so the memory must stay mapped in the process until then: never defer the
 * unmap of memory that you give back to the system.
 */
#define VIOC_UNMAP_DEFER (UINT64_C(1) << 2)

/*
 * Removes every mapping inside [iova, iova + length). Holes are skipped; a range of holes only is
 * a success that removes 0 bytes. flags is 0 or one of VIOC_UNMAP_*. ret_bytes may be NULL.
 *
 * -EINVAL: misaligned, zero length, wraps, unknown or several flags, or the range would cut a mapping.
 *	Nothing is changed.
 * -EBUSY, reason VIOC_REASON_IN_EXTENT: flags is 0 and the range has some, but not all, of the live
 *	mappings of an extent. Nothing is changed.
 * -EIO: the kernel had less mapped there than the library, because somebody else uses its fd; the
 *	mappings are gone. Or the rest of an extent could not be mapped again: it is gone too, the diag
 *	says which, and what comes after it in the range remains.
 * -ENOMEM: no memory to note it. Nothing is changed.
 * Any other: the kernel refused a mapping. Those before it are gone, it and those after it remain,
 *	and *ret_bytes says how much was removed.
 * Kernel: VFIO_IOMMU_UNMAP_DMA; IOMMU_IOAS_UNMAP.
 */
VIOC_API int vioc_ioas_unmap(struct vioc_ioas *ioas, uint64_t iova, uint64_t length, uint64_t flags,
			     uint64_t *ret_bytes);

/* Removes every mapping, and what waits. ret_bytes may be NULL. -EIO and others: as above. */
VIOC_API int vioc_ioas_unmap_all(struct vioc_ioas *ioas, uint64_t *ret_bytes);

/*
 * A barrier: when it returns 0, no device can reach anything that was unmapped before the call by any
 * policy. Extents of which only a part was given up are split, as by VIOC_UNMAP_SPLIT: with its gap
 * for the mappings that remain.
 * -EIO and others: as for vioc_ioas_unmap().
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_flush(struct vioc_ioas *ioas);

/*
 * Where the memory at va is mapped, and how many bytes from there on, up to wanted, are contiguous for
 * devices and for the process, across neighbouring mappings too, whatever their flags. Of memory
 * that is mapped more than once, this is one of the places. wanted is at least 1; either output may
 * be NULL. Runs beside map and unmap; takes no lock that anybody holds over a system call.
 * -ENOENT: not mapped. Leaves no diag.
 */
VIOC_API int vioc_ioas_get_iova(struct vioc_ioas *ioas, const void *va, uint64_t wanted,
				uint64_t *ret_iova, uint64_t *ret_length);
/* The memory behind an IOVA, in the same way. */
VIOC_API int vioc_ioas_get_va(struct vioc_ioas *ioas, uint64_t iova, uint64_t wanted, void **ret_va,
			      uint64_t *ret_length);

/* An inclusive range of I/O virtual addresses. */
struct vioc_iova_range {
	uint64_t start;
	uint64_t last;
};

/*
 * The ranges in which mappings may lie, ascending; they change with each attach and detach. Before
 * the first attach that is everything. Writes the first `capacity` of them and returns how many
 * there are; ranges may be NULL if capacity is 0.
 * Kernel: VFIO_IOMMU_GET_INFO with its IOVA capability; IOMMU_IOAS_IOVA_RANGES.
 */
VIOC_API int vioc_ioas_get_ranges(struct vioc_ioas *ioas, struct vioc_iova_range *ranges,
				  size_t capacity);

/*
 * Restricts mappings to these ranges, in any order, in addition to what devices need; 0 ranges lift
 * the restriction. It stays over attach and detach.
 * -EINVAL: a range ends before it starts. -EADDRINUSE: a mapping lies outside; nothing is changed.
 * -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_set_allowed(struct vioc_ioas *ioas,
						   const struct vioc_iova_range *ranges,
						   size_t n_ranges);

struct vioc_ioas_info {
	size_t size;
	uint64_t page_size;  /* what iova, va and length must be multiples of */
	uint64_t n_mappings; /* live mappings */
	uint64_t n_bytes;    /* bytes they cover */
	uint32_t n_devices;  /* devices attached */
	uint32_t backend; /* in use; VIOC_BACKEND_AUTO if not settled while no device is attached */
	uint32_t kernel_id; /* its IOAS in the iommufd; 0: it has none now */
	uint32_t reserved;
};

/* Fills *ret_info, made with VIOC_SIZED(vioc_ioas_info). -EINVAL: no size. */
VIOC_API int vioc_ioas_get_info(struct vioc_ioas *ioas, struct vioc_ioas_info *ret_info);

/* The context that its calls leave diags on. Borrowed. */
VIOC_API struct vioc_ctx *vioc_ioas_get_ctx(const struct vioc_ioas *ioas);

VIOC_END_DECLS

#endif
