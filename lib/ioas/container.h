/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_CONTAINER_H
#define VIOCI_CONTAINER_H

#include <pthread.h>

#include "backend/backend.h"
#include "core/ref.h"

struct vioci_claim;

struct vioc_container {
	vioci_ref refs;
	struct vioc_ctx *ctx;
	uint32_t backend; /* as asked for */
	struct vioci_backend *backends[VIOCI_MAX_CANDIDATES];
	size_t n_backends;

	pthread_mutex_t lock; /* claims */
	struct vioci_claim *claims;
};

/*
 * Claims a device for an ioas. -EBUSY, with a diag: it is open already, or its IOMMU group is in
 * another ioas of the container, and the kernel can't split a group.
 */
int vioci_container_claim(struct vioc_container *container, const struct vioci_identity *identity,
			  const struct vioc_ioas *ioas);
void vioci_container_release(struct vioc_container *container,
			     const struct vioci_identity *identity);

#endif
