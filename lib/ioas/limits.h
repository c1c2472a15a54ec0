/* SPDX-License-Identifier: MIT */
/* Which IOVAs can be used: what the kernel allows, the caller allows, and the devices can send. */
#ifndef VIOCI_IOAS_LIMITS_H
#define VIOCI_IOAS_LIMITS_H

#include <stdbool.h>

#include "backend/backend.h"

/* Limits for when no device is attached. -ENOMEM. */
int vioci_limits_everything(struct vioci_limits *ret_limits);

/* Whether [iova, last] lies inside one usable range. */
bool vioci_limits_allow(const struct vioci_limits *limits, uint64_t iova, uint64_t last);

/* What a caller allows; none means everything. Ascending, with room between. */
struct vioci_allowed {
	struct vioc_iova_range *ranges; /* malloc'ed */
	size_t n_ranges;
};

/* Puts ranges in order, and joins those that meet or touch. -EINVAL: one ends before it starts. */
int vioci_allowed_make(const struct vioc_iova_range *ranges, size_t n_ranges,
		       struct vioci_allowed *ret_allowed);

/* The part of the kernel's limits that is allowed and not above address_last. -ENOMEM. */
int vioci_limits_restrict(const struct vioci_limits *kernel, const struct vioci_allowed *allowed,
			  uint64_t address_last, struct vioci_limits *ret_limits);

#endif
