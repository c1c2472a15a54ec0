/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_IOAS_H
#define VIOCI_IOAS_H

#include <pthread.h>
#include <stdbool.h>

#include <libvioc/ioas.h>

#include "backend/backend.h"
#include "core/memfile.h"
#include "ioas/container.h"
#include "ioas/limits.h"
#include "ioas/maps.h"
#include "ioas/window.h"

/*
 * Locks. attach_lock makes attach and detach take turns; it is held across their system calls and
 * taken first. flush_lock does the same for flushes of deferred unmaps, and comes next. lock guards
 * everything below it and is never held across a system call.
 *
 * map and unmap open a window over what they change, for as long as their ioctl takes. attach and
 * detach open one over everything, and then own the kioas and all mappings without holding lock.
 */
/* Extents that wait for a flush: where, in no order, with some that were taken up again since. */
struct vioci_deferred {
	uint64_t *iovas;
	size_t count;
	size_t capacity;
	bool incomplete; /* there was no memory for more */
	uint64_t oldest_ms;
};

/* What was asked of the kernel, and what was saved. */
struct vioci_calls {
	uint64_t n_map;
	uint64_t n_map_by_file; /* of those */
	uint64_t n_unmap;
	uint64_t n_map_saved;
	uint64_t n_unmap_saved;
	uint64_t n_revived;
	uint64_t n_flushes;
};

struct vioc_ioas {
	vioci_ref refs;
	struct vioc_container *container;

	struct vioc_ioas_opts opts; /* no zeroes left where they mean a default */

	pthread_mutex_t attach_lock;
	pthread_mutex_t flush_lock;

	pthread_mutex_t lock;
	struct vioci_windows windows;
	unsigned int n_devices;
	struct vioci_kioas *kioas;  /* NULL while no device is attached, unless it is kept */
	bool kept;		    /* the kioas was adopted */
	struct vioci_limits kernel; /* its limits: everything, while no device is attached */
	struct vioci_allowed allowed;
	struct vioci_limits limits; /* both, and what the devices can send */
	struct vioci_attachment *attachments;
	struct vioci_maps maps;
	struct vioci_deferred deferred;
	struct vioci_calls calls;
};

static inline struct vioc_ctx *vioci_ioas_ctx(const struct vioc_ioas *ioas)
{
	return ioas->container->ctx;
}

/* Gives up the lock after mappings were removed: closes the files that nobody needs any more. */
static inline void vioci_ioas_unlock(struct vioc_ioas *ioas)
{
	struct vioci_memfile *unused = ioas->maps.unused_files;
	ioas->maps.unused_files = NULL;
	pthread_mutex_unlock(&ioas->lock);
	if (unused)
		vioci_memfile_close_all(vioci_ioas_ctx(ioas), unused);
}

/* attach.c: used by devices. Leave a diag on failure. */
int vioci_ioas_attach(struct vioc_ioas *ioas, const struct vioci_newcomer *newcomer,
		      struct vioci_attachment **ret_attachment);
void vioci_ioas_detach(struct vioc_ioas *ioas, struct vioci_attachment *attachment,
		       const struct vioci_identity *identity);

/* Makes a kioas, which needs no device, part of the ioas until that goes. Leaves no diag. */
int vioci_ioas_keep(struct vioc_ioas *ioas, struct vioci_kioas *kioas);

/* adopt.c: closes what was the kernel's part; of a shared one it unmaps what this process mapped. */
void vioci_kioas_close(struct vioc_ioas *ioas, struct vioci_kioas *kioas);

/* range.c. With the lock. */

/*
 * A free IOVA for length bytes of memory, outside of all windows: the lowest one that lets the IOMMU
 * use pages as large as the length can have, unless room for that is hard to find. Waits for windows to close if need be. -ENOSPC.
 */
int vioci_choose_iova(struct vioc_ioas *ioas, uint64_t va, uint64_t length, uint64_t *ret_iova);
/* The same without waiting: -EAGAIN if there may be room when a window has closed. */
int vioci_find_iova(struct vioc_ioas *ioas, uint64_t va, uint64_t length, uint64_t *ret_iova);

/* explain.c */

/* Adds why the kernel refused a mapping; sets the draft's reason. */
void vioci_explain_map(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, uint32_t memlock_mode,
		       const void *va, uint64_t length, int error);

#endif
