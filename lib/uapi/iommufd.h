/* SPDX-License-Identifier: MIT */
/*
 * The part of the kernel's iommufd ABI that the library uses, in declarations of its own; see
 * vfio.h beside it for why, tests/abi for the check.
 */
#ifndef VIOCI_UAPI_IOMMUFD_H
#define VIOCI_UAPI_IOMMUFD_H

#include <stdint.h>
#include <sys/ioctl.h>

#define VIOCI_IOMMU_DESTROY		    _IO(';', 0x80)
#define VIOCI_IOMMU_IOAS_ALLOC		    _IO(';', 0x81)
#define VIOCI_IOMMU_IOAS_IOVA_RANGES	    _IO(';', 0x84)
#define VIOCI_IOMMU_IOAS_MAP		    _IO(';', 0x85)
#define VIOCI_IOMMU_IOAS_UNMAP		    _IO(';', 0x86)
#define VIOCI_IOMMU_OPTION		    _IO(';', 0x87)
#define VIOCI_IOMMU_GET_HW_INFO		    _IO(';', 0x8a)
#define VIOCI_IOMMU_HWPT_SET_DIRTY_TRACKING _IO(';', 0x8b)
#define VIOCI_IOMMU_FAULT_QUEUE_ALLOC	    _IO(';', 0x8e)
#define VIOCI_IOMMU_IOAS_MAP_FILE	    _IO(';', 0x8f)
#define VIOCI_IOMMU_VIOMMU_ALLOC	    _IO(';', 0x90)

struct vioci_iommu_destroy {
	uint32_t size;
	uint32_t id;
};

struct vioci_iommu_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};

struct vioci_iommu_iova_range {
	uint64_t start;
	uint64_t last;
};

struct vioci_iommu_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas; /* address of an array of vioci_iommu_iova_range */
	uint64_t out_iova_alignment;
};

struct vioci_iommu_ioas_map {
	uint32_t size;
	uint32_t flags;
#define VIOCI_IOMMU_MAP_FIXED_IOVA (1u << 0)
#define VIOCI_IOMMU_MAP_WRITEABLE  (1u << 1)
#define VIOCI_IOMMU_MAP_READABLE   (1u << 2)
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va;
	uint64_t length;
	uint64_t iova;
};

/* The flags are those of vioci_iommu_ioas_map. */
struct vioci_iommu_ioas_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	int32_t fd;
	uint64_t start;
	uint64_t length;
	uint64_t iova;
};

/* 0: locked memory counts for the user; 1: for the process. Of the iommufd as a whole. */
#define VIOCI_IOMMU_RLIMIT_MODE 0

struct vioci_iommu_option {
	uint32_t size;
	uint32_t option_id;
	uint16_t op;
#define VIOCI_IOMMU_OPTION_SET 0
#define VIOCI_IOMMU_OPTION_GET 1
	uint16_t reserved;
	uint32_t object_id;
	uint64_t val64;
};

struct vioci_iommu_hw_info {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t data_len; /* room; then how much there is */
	uint64_t data_uptr;
	uint32_t out_data_type;
#define VIOCI_IOMMU_HW_NONE	  0
#define VIOCI_IOMMU_HW_INTEL_VTD  1
#define VIOCI_IOMMU_HW_ARM_SMMUV3 2
#define VIOCI_IOMMU_HW_AMD	  4
	uint32_t out_pasid; /* bits of one, in the first byte; since Linux 6.16 */
	uint64_t out_capabilities;
#define VIOCI_IOMMU_HW_DIRTY_TRACKING (UINT64_C(1) << 0)
};

struct vioci_iommu_hw_vtd {
	uint32_t flags;
	uint32_t reserved;
	uint64_t cap_reg;
	uint64_t ecap_reg;
};

struct vioci_iommu_hw_smmuv3 {
	uint32_t flags;
	uint32_t reserved;
	uint32_t idr[6];
};

struct vioci_iommu_hw_amd {
	uint64_t efr;
	uint64_t efr2;
};

struct vioci_iommu_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};

#endif
