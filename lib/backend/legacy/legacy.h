/* SPDX-License-Identifier: MIT */
/*
 * VFIO groups. One kioas is one container fd: /dev/vfio/vfio for "legacy", an iommufd of its own
 * for "compat", which understands the same ioctls.
 */
#ifndef VIOCI_LEGACY_H
#define VIOCI_LEGACY_H

#include <pthread.h>

#include "backend/backend.h"

struct legacy_kioas;

struct legacy_group {
	struct legacy_group *next; /* of the backend */
	struct legacy_kioas *kioas;
	uint32_t number;
	int fd;
	bool stays_open; /* others may have the fd: closing it does not leave the container */
	unsigned int n_devices;
};

struct legacy_backend {
	struct vioci_backend base;
	pthread_mutex_t lock; /* around changes of groups, and uses by others than their kioas */
	struct legacy_group *groups;
};

struct legacy_kioas {
	struct vioci_kioas base;
	int fd;
	bool iommu_set; /* since its first group came, until its last one goes */
	unsigned int n_groups;
};

/* group.c */
int vioci_legacy_attach(struct vioci_kioas *kioas, const struct vioci_newcomer *newcomer,
			struct vioci_attachment **ret_attachment);
void vioci_legacy_detach(struct vioci_attachment *attachment);
bool vioci_legacy_has_group(struct vioci_backend *backend, uint32_t number);
int vioci_legacy_hot_reset(struct vioci_attachment *attachment, const uint32_t *numbers,
			   size_t count);

/* type1.c */
/* Whether the container has an IOMMU. */
bool vioci_legacy_is_in_use(struct legacy_kioas *kioas);
int vioci_legacy_query(struct vioci_kioas *kioas, struct vioci_limits *ret_limits);
int vioci_legacy_map(struct vioci_kioas *kioas, uint64_t iova, const void *va, uint64_t length,
		     uint64_t flags);
int vioci_legacy_map_device(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			    uint64_t length, uint64_t flags);
int vioci_compat_map_device(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			    uint64_t length, uint64_t flags);
int vioci_legacy_unmap(struct vioci_kioas *kioas, uint64_t iova, uint64_t length,
		       uint64_t *ret_bytes);

#endif
