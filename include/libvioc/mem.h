/* SPDX-License-Identifier: MIT */
/*
 * Memory for DMA that the library makes or takes over from a file, and maps once. A driver then
 * computes addresses instead of asking for them:
 *
 *	iova = vioc_mem_get_iova(mem) + offset;
 *	va = (char *)vioc_mem_get_va(mem) + offset;
 *
 * A mem never changes, so its getters may be called from any thread at any time.
 */
#ifndef LIBVIOC_MEM_H
#define LIBVIOC_MEM_H

#include <libvioc/base.h>
#include <libvioc/ioas.h>

VIOC_BEGIN_DECLS

struct vioc_mem;

/*
 * Kinds of memory. Without one it is ordinary pages. Of several the first of these that can be had
 * is taken; if none can, the call fails, or takes ordinary pages if VIOC_MEM_PREFER is given.
 */
#define VIOC_MEM_HUGETLB_1G (UINT64_C(1) << 0) /* reserved huge pages of 1 GiB */
#define VIOC_MEM_HUGETLB_2M (UINT64_C(1) << 1) /* reserved huge pages of 2 MiB */
#define VIOC_MEM_THP	    (UINT64_C(1) << 2) /* transparent huge pages, as far as there are any */

#define VIOC_MEM_PREFER	    (UINT64_C(1) << 3) /* kind and node are wishes */
#define VIOC_MEM_FIXED_IOVA (UINT64_C(1) << 4) /* map at opts.iova */
#define VIOC_MEM_SEALED	    (UINT64_C(1) << 5) /* only told: nobody can shorten the file */

/* Node number n of the machine, as opts.node and info.node have it. */
#define VIOC_MEM_NODE(n) ((uint32_t)(n) + 1)

struct vioc_mem_opts {
	size_t size;
	uint64_t flags;	    /* VIOC_MEM_* */
	uint64_t map_flags; /* VIOC_MAP_*; 0: read and write */
	uint64_t iova;	    /* with VIOC_MEM_FIXED_IOVA */
	const char *name;   /* of the memfd, for /proc; NULL: "vioc" */
	uint32_t node;	    /* VIOC_MEM_NODE(n): the NUMA node; 0: any */
	uint32_t n_threads; /* that populate it, the calling one included; 0: only that one */
};

/*
 * Makes at least length bytes of zeroed memory, populates it, and maps it: into the process, at an
 * address that allows the IOMMU huge pages, and for devices. The length is rounded up to whole
 * pages. Where PREFER took another kind than the first, the call leaves a diag with reason
 * VIOC_REASON_FALLBACK.
 *
 * -EINVAL: bad options; no length, or more than there are addresses; no such NUMA node for this
 *	process.
 * -ENOMEM: not that many huge pages are free (the diag has needed and free), or no memory.
 * -EOPNOTSUPP: this machine or kernel has no such huge pages, or has them switched off; or no NUMA.
 * -EMFILE, -ENFILE: no more fds.
 * And those of vioc_ioas_map(), or with FIXED_IOVA of vioc_ioas_map_fixed().
 * Kernel: memfd_create(2), mmap(2), madvise(2), mbind(2), and those of vioc_ioas_map_file().
 */
VIOC_API VIOC_MUST_CHECK int vioc_mem_new(struct vioc_ioas *ioas, uint64_t length,
					  const struct vioc_mem_opts *opts,
					  struct vioc_mem **ret_mem);

/*
 * The same for [offset, offset + length) of a file that holds memory: a memfd, or a file of tmpfs or
 * hugetlbfs. offset and length are multiples of the file's page size. The fd is duplicated and
 * stays the caller's. The file decides the kind, so of the kinds only VIOC_MEM_THP is allowed, and no
 * name. Content stays; the node is for pages that are not there yet.
 *
 * If somebody shortens the file, devices still reach the old pages, but the process gets SIGBUS
 * there. Seal it with F_SEAL_SHRINK against that; VIOC_MEM_SEALED tells whether it is.
 *
 * -EBADF: no open fd.
 * -EINVAL: another kind of file; misaligned; the file ends before the range does; devices shall write
 *	but the fd or a seal forbids it.
 * -EFAULT: the file could not be populated: it was shortened meanwhile, or its file system is full.
 */
VIOC_API VIOC_MUST_CHECK int vioc_mem_import(struct vioc_ioas *ioas, int fd, uint64_t offset,
					     uint64_t length, const struct vioc_mem_opts *opts,
					     struct vioc_mem **ret_mem);

/*
 * The last reference unmaps the memory, for devices first, and gives it back. Until then it must not
 * be unmapped by other means: not by vioc_ioas_unmap(), not by munmap(2).
 * If the kernel refuses to unmap it for devices, it stays in the process and in use: memory that is
 * lost is better than memory of somebody else that a device writes to. That is logged as an error.
 */
VIOC_API struct vioc_mem *vioc_mem_ref(struct vioc_mem *mem);
VIOC_API struct vioc_mem *vioc_mem_unref(struct vioc_mem *mem);
VIOC_DEFINE_UNREFP_(mem);

/* The address of its first byte in the process, and for devices. All of it is contiguous in both. */
VIOC_API void *vioc_mem_get_va(const struct vioc_mem *mem);
VIOC_API uint64_t vioc_mem_get_iova(const struct vioc_mem *mem);

/*
 * The file behind it, to be shared with other processes. Borrowed: it lives as long as the mem.
 * One that vioc_mem_new() made is sealed against changes of its length.
 */
VIOC_API int vioc_mem_get_fd(const struct vioc_mem *mem);

struct vioc_mem_info {
	size_t size;
	uint64_t flags;	    /* the kind that it is, and VIOC_MEM_SEALED */
	uint64_t map_flags; /* VIOC_MAP_* */
	uint64_t length;    /* bytes, perhaps more than asked for */
	uint64_t page_size; /* it surely consists of pages of that size; of THP nothing is sure */
	uint64_t iova;
	uint64_t offset; /* of its first byte in the file */
	void *va;
	uint32_t node; /* VIOC_MEM_NODE(n) as asked for; 0: any */
	uint32_t reserved;
};

/* Fills *ret_info, made with VIOC_SIZED(vioc_mem_info). -EINVAL: no size. */
VIOC_API int vioc_mem_get_info(const struct vioc_mem *mem, struct vioc_mem_info *ret_info);

VIOC_END_DECLS

#endif
