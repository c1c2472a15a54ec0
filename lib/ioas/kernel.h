/* SPDX-License-Identifier: MIT */
/*
 * The engine's way into the kernel. Called with the lock of the ioas held and a window open over the
 * range; the lock is given up for the ioctl. While no device is attached there is nothing to do.
 */
#ifndef VIOCI_KERNEL_H
#define VIOCI_KERNEL_H

#include "ioas/files.h"
#include "ioas/ioas.h"

int vioci_kernel_map(struct vioc_ioas *ioas, uint64_t iova, uint64_t va, uint64_t length,
		     uint64_t prot);

/* The same for a record of a file. */
int vioci_kernel_map_file(struct vioc_ioas *ioas, const struct vioci_record *record,
			  const struct vioci_file_part *part);
/* Just the ioctl, without the lock. 1: the kernel mapped the file; 0: what is at the VA. */
static inline int vioci_map_file(struct vioci_kioas *kioas, const struct vioci_record *record,
				 const struct vioci_file_part *part)
{
	const struct vioci_backend_ops *ops = kioas->backend->ops;
	const void *va = (const void *)(uintptr_t)record->va;
	uint64_t length = vioci_record_length(record), prot = record->meta & VIOCI_PROT;
	if (part->file->device)
		return ops->map_device(kioas, record->iova, part->file->fd, va, length, prot);
	return ops->map_file(kioas, record->iova, part->file->fd, part->offset, va, length, prot);
}

/* Removes whole extents from the kernel only. */
int vioci_kernel_unmap(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t *ret_bytes);

/* What a removal took away. */
struct vioci_removed {
	uint64_t n_mappings; /* live ones */
	uint64_t n_bytes;    /* of those */
	uint64_t n_calls;    /* ioctls it took */
};

/* Counts what leaves the maps between the two, while the lock is held. */
static inline struct vioci_removed vioci_removal_begin(const struct vioci_maps *maps)
{
	return (struct vioci_removed){
		.n_mappings = maps->tally.n_mappings,
		.n_bytes = maps->tally.n_bytes,
	};
}

static inline void vioci_removal_end(const struct vioci_maps *maps, struct vioci_removed before,
				     struct vioci_removed *removed)
{
	removed->n_mappings += before.n_mappings - maps->tally.n_mappings;
	removed->n_bytes += before.n_bytes - maps->tally.n_bytes;
}

/*
 * Removes all records in [iova, last], which are whole extents, from the kernel and from the truth, by
 * one ioctl if the kernel plays along. *removed grows.
 * -EIO: the kernel had less than the library; all is gone. Else the kernel refused an extent: those
 * before it are gone.
 */
int vioci_remove_extents(struct vioc_ioas *ioas, uint64_t iova, uint64_t last,
			 struct vioci_removed *removed);

#endif
