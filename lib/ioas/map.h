/* SPDX-License-Identifier: MIT */
/* What single maps and batches share. */
#ifndef VIOCI_MAP_H
#define VIOCI_MAP_H

#include "ioas/policy.h"
#include "ioas/request.h"

/* Why a map failed, kept until the lock is gone and a diag can be made. */
struct vioci_map_refusal {
	const char *mistake;
	uint32_t reason; /* VIOC_REASON_*; 0: it was the kernel */
	struct vioci_record met;
	bool deferred; /* what was met waits to be flushed */
	size_t index;  /* the request, if it was one of a batch */
};

/*
 * Maps what is asked for, with flags that are sound; request->iova is an output if it may be any.
 * Leaves a diag on failure.
 */
int vioci_map(struct vioc_ioas *ioas, struct vioci_request *request, uint64_t flags);

/* What is wrong with the flags of a map, or NULL. */
const char *vioci_check_map_flags(uint64_t flags);

/* Whether a mapping can be there: in range, and nothing is in the way. With the lock and a window. */
int vioci_check_place(const struct vioc_ioas *ioas, const struct vioci_record *wanted,
		      struct vioci_map_refusal *refusal);

/* Whether the same may succeed once what was deferred is flushed. */
bool vioci_flush_may_help(const struct vioci_map_refusal *refusal, int error);

/* Leaves the diag; without the lock. Returns error. */
int vioci_refuse_mapping(struct vioc_ioas *ioas, const struct vioci_request *request, int error,
			 const struct vioci_map_refusal *refusal);

#endif
