/* SPDX-License-Identifier: MIT */
/* An address space on its way to another process, and from one. */
#ifndef VIOCI_SHARE_H
#define VIOCI_SHARE_H

#include "ioas/ioas.h"

/* What the kernel holds: one extent, as a rule one mapping. */
struct vioci_shared_mapping {
	uint64_t iova;
	uint64_t length;
	uint64_t prot; /* VIOC_MAP_* */
};

struct vioci_shared {
	struct vioc_ioas *ioas; /* of the exporter, who has a reference; else NULL */
	uint32_t backend;	/* VIOC_BACKEND_* */
	uint32_t id;
	uint32_t fd_kind;		/* VIOC_FD_*, of the fd that it lives in */
	struct vioc_iova_range *ranges; /* malloc'ed */
	uint64_t n_ranges;
	struct vioci_shared_mapping *mappings; /* ascending; malloc'ed */
	uint64_t n_mappings;
};

/*
 * Describes the kernel's part, and duplicates its fd, which is returned. The ioas is shared from
 * then on.
 * -ENODEV: there is none. Leaves no diag.
 */
int vioci_ioas_export(struct vioc_ioas *ioas, struct vioci_shared *ret_shared);

/* Lets an ioas that nobody else has yet know what others mapped. -ENOMEM. Leaves no diag. */
int vioci_ioas_import(struct vioc_ioas *ioas, const struct vioci_shared *shared);

#endif
