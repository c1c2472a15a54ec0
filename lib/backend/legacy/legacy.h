/* SPDX-License-Identifier: MIT */
/*
 * VFIO groups. One kioas is one container fd: /dev/vfio/vfio for "legacy", an iommufd of its own
 * for "compat", which understands the same ioctls.
 */
#ifndef VIOCI_LEGACY_H
#define VIOCI_LEGACY_H

#include "backend/backend.h"

struct legacy_group {
	struct legacy_group *next;
	uint32_t number;
	int fd;
	unsigned int n_devices;
};

/* What sets legacy and compat apart. */
struct legacy_kind {
	const char *advice; /* for when the node can't be a container */
	uint32_t memlock_mode;
};

struct legacy_backend {
	struct vioci_backend base;
	const struct legacy_kind *kind;
};

struct legacy_kioas {
	struct vioci_kioas base;
	int fd;
	bool iommu_set; /* since its first group came, until its last one goes */
	struct legacy_group *groups;
};

/* group.c */
int vioci_legacy_attach(struct vioci_kioas *kioas, const struct vioci_identity *identity,
			struct vioci_attachment **ret_attachment);
void vioci_legacy_detach(struct vioci_attachment *attachment);

/* type1.c */
int vioci_legacy_query(struct vioci_kioas *kioas, struct vioci_limits *ret_limits);
int vioci_legacy_map(struct vioci_kioas *kioas, uint64_t iova, const void *va, uint64_t length,
		     uint64_t flags);
int vioci_legacy_unmap(struct vioci_kioas *kioas, uint64_t iova, uint64_t length,
		       uint64_t *ret_bytes);

#endif
