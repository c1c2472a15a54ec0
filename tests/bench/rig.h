/* SPDX-License-Identifier: MIT */
/*
 * An ioas with a device, and the same kernel object by raw ioctls: both sides of a comparison then
 * work on one IOMMU domain with the same mappings in it, at IOVAs of their own.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include <libvioc/vioc.h>

#include "bench.h"
#include "sys/sys.h"

#define RW (VIOC_MAP_READ | VIOC_MAP_WRITE)

/* Where the sides map: apart from each other, above the MSI window, below 2^39. */
#define OUR_IOVA (64 * GIB)
#define RAW_IOVA (384 * GIB)

struct fake;

/* The kernel's side. */
struct raw {
	struct vioci_sys sys;
	bool iommufd; /* speaks IOMMU_IOAS_*, else VFIO_IOMMU_* */
	int fd;
	uint32_t ioas_id;
};

struct rig {
	struct fake *fake;
	struct vioci_sys below; /* what really answers */
	struct vioci_sys
		intercept; /* sits between library and below while it is set up or counted */
	bool stubbed;
	uint64_t stub_bytes;
	uint64_t n_ioctls; /* maps and unmaps since rig_count_begin() */
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
	struct vioc_device *device;
	struct raw raw;
};

/* On the kernel that args name. */
void rig_open(struct rig *rig, const struct bench_args *args);
/* Where maps and unmaps succeed at once: what is left is the library's own work. */
void rig_open_stubbed(struct rig *rig, uint32_t backend);
void rig_close(struct rig *rig);

/* Counts the library's map and unmap ioctls in between. */
void rig_count_begin(struct rig *rig);
uint64_t rig_count_end(struct rig *rig);

const char *rig_backend_name(const struct rig *rig);

/* Ends the program with the diag if a call failed. */
void rig_check(struct rig *rig, int result);

void rig_map(struct rig *rig, uint64_t iova, void *va, uint64_t length);
void rig_unmap(struct rig *rig, uint64_t iova, uint64_t length);

void raw_map(const struct raw *raw, uint64_t iova, void *va, uint64_t length);
void raw_unmap(const struct raw *raw, uint64_t iova, uint64_t length);
/* iommufd only: the kernel chooses. */
uint64_t raw_map_anywhere(const struct raw *raw, void *va, uint64_t length);
void raw_unmap_all(const struct raw *raw);

#endif
