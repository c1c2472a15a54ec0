/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_UNMAP_H
#define VIOCI_UNMAP_H

#include "ioas/policy.h"
#include "ioas/request.h"

/* What came of an unmap. */
struct vioci_unmapping {
	struct vioci_removed removed;
	uint32_t reason; /* VIOC_REASON_*, if nothing was done */
	struct vioci_record conflict;
	struct vioci_lost lost;
};

/* What is wrong with the flags of an unmap, or NULL. */
const char *vioci_check_policy(uint64_t flags);

/*
 * The steps of an unmap, for several in one window. With the lock; ranges are sound. Errors as
 * vioc_ioas_unmap() states them; *result is zeroed before.
 */

/* Opens a window over [iova, last] and the extents that it touches. False: it touches none. */
bool vioci_unmap_open(struct vioc_ioas *ioas, struct vioci_window *window, uint64_t iova,
		      uint64_t last);
/* Whether [iova, last] can be unmapped. */
int vioci_unmap_check(const struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t flags,
		      struct vioci_unmapping *result);
/* Unmaps [iova, last] if it can be. Gives up the lock meanwhile. */
int vioci_unmap_within(struct vioc_ioas *ioas, uint64_t iova, uint64_t last, uint64_t flags,
		       struct vioci_unmapping *result);

/* Leaves the diag of a failed one; without the lock. */
int vioci_refuse_unmapping(struct vioc_ioas *ioas, const struct vioci_request *request, int error,
			   const struct vioci_unmapping *result);

#endif
