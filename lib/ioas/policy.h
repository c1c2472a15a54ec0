/* SPDX-License-Identifier: MIT */
/*
 * What becomes of mappings that are given up while their extent is not unmapped: released, split off,
 * or deferred. Called with the lock held and a window open over the extents, but where said.
 */
#ifndef VIOCI_POLICY_H
#define VIOCI_POLICY_H

#include "ioas/kernel.h"

/* Needed for one release or split: a reservation of that many records. */
#define VIOCI_CUT_RECORDS 2

/*
 * Gives up the mappings in [iova, last], a part of the extent that cuts no mapping; unmaps the extent
 * if that was the last of it.
 */
int vioci_release(struct vioc_ioas *ioas, uint64_t iova, uint64_t last,
		  struct vioci_removed *removed);

/* A part of an extent that should have stayed. */
struct vioci_lost {
	uint64_t iova;
	uint64_t last;
};

/*
 * Takes what was released out of an extent, and [iova, last] too unless that is empty (last < iova): by
 * unmapping all of it and mapping the rest again. -EIO: a part of the rest is lost.
 */
int vioci_split(struct vioc_ioas *ioas, const struct vioci_extent *extent, uint64_t iova,
		uint64_t last, struct vioci_removed *removed, struct vioci_lost *ret_lost);

/* Defers all live extents in [iova, last]. -ENOMEM: only some of them. */
int vioci_defer(struct vioc_ioas *ioas, uint64_t iova, uint64_t last,
		struct vioci_removed *removed);

/* The same for one record that is an extent of its own. */
int vioci_defer_plain(struct vioc_ioas *ioas, const struct vioci_record *record);

/* Takes up again the deferred extent of just this memory, if there is one. Needs no window. */
bool vioci_revive(struct vioc_ioas *ioas, uint64_t va, uint64_t length, uint64_t prot,
		  uint64_t *ret_iova);
/* The same, for one that must be just there; with a window over it. */
bool vioci_revive_at(struct vioc_ioas *ioas, const struct vioci_record *wanted);

/* Whether a limit is exceeded. */
bool vioci_flush_is_due(const struct vioc_ioas *ioas);

/*
 * Unmaps what was deferred before the call. Without lock and window: it waits for those of others.
 * Errors are those of vioci_remove_extents(); what can't be unmapped waits on.
 */
int vioci_flush_deferred(struct vioc_ioas *ioas);

/* Forgets all that waits, as nothing of it is in the kernel any more. With a window over everything. */
void vioci_drop_waiting(struct vioc_ioas *ioas);

#endif
