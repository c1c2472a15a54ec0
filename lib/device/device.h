/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_DEVICE_H
#define VIOCI_DEVICE_H

#include <pthread.h>

#include <libvioc/device.h>
#include <libvioc/region.h>

#include "ioas/ioas.h"

/* A region's properties, read when first asked for. */
struct vioci_region {
	bool known;
	uint64_t flags;
	uint64_t length;
	uint64_t offset; /* of the region in the device fd */
	struct vioc_region_area *areas;
	uint32_t n_areas;
	uint32_t type;
	uint32_t subtype;
};

/* An interrupt index; its properties are read when first asked for. */
struct vioci_irq {
	bool known;
	uint64_t flags;
	uint32_t n_vectors;
	uint32_t n_allocated; /* that the kernel has since it was enabled */
	int *fds;	      /* of each vector, the library's own; -1: off. NULL: not enabled */
};

/* Memory that vioc_region_map() gave out. */
struct vioci_region_map {
	struct vioci_region_map *next;
	void *address;
	size_t length;
};

struct vioc_device {
	vioci_ref refs;
	struct vioc_ioas *ioas;
	struct vioci_identity identity;
	uint32_t backend;
	uint64_t flags;
	uint32_t n_regions;
	uint32_t n_irqs;

	/* Held for reading by whoever uses the fd, for writing by close. */
	pthread_rwlock_t lock;
	struct vioci_attachment *attachment; /* NULL: closed */

	/* Held around a change of a config register; taken before lock. */
	pthread_mutex_t config_lock;

	/* Guards what is below; taken after lock. */
	pthread_mutex_t regions_lock;
	struct vioci_region *regions; /* n_regions of them */
	struct vioci_region_map *maps;

	/* Held around a change of irqs, the system call included; taken after lock. */
	pthread_mutex_t irqs_lock;
	struct vioci_irq *irqs; /* n_irqs of them */
};

static inline struct vioc_ctx *vioci_device_ctx(const struct vioc_device *device)
{
	return vioci_ioas_ctx(device->ioas);
}

/*
 * Keeps the device open until vioci_device_put(). Gives its fd; -EINVAL for NULL, -ENODEV, with a
 * diag that says what was tried, if it is closed.
 */
int vioci_device_get(struct vioc_device *device, const char *tried);
void vioci_device_put(struct vioc_device *device);

/*
 * feature.c: the ioctl. flags: a feature, and what to do. in and out have size bytes, or are NULL. The
 * device is kept open by the caller. Leaves no diag; -ENOTTY: it has no such feature.
 */
int vioci_device_call_feature(struct vioc_device *device, int fd, uint32_t flags, const void *in,
			      void *out, size_t size);

/* region_map.c: undoes every vioc_region_map(); the lock is held for writing. */
void vioci_device_unmap_regions(struct vioc_device *device);
/* region.c */
void vioci_device_free_regions(struct vioc_device *device);

/* irq.c: closes the eventfds; the device is closed, the lock held for writing. */
void vioci_device_close_irqs(struct vioc_device *device);

#endif
