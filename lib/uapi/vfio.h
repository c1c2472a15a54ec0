/* SPDX-License-Identifier: MIT */
/*
 * The part of the kernel's VFIO ABI that the library uses, in declarations of its own: what the
 * build machine's headers know must not decide what the library can do. Layouts and numbers are
 * checked against the kernel's headers by tests/abi.
 */
#ifndef VIOCI_UAPI_VFIO_H
#define VIOCI_UAPI_VFIO_H

#include <stdint.h>
#include <sys/ioctl.h>

#define VIOCI_VFIO_IO(nr) _IO(';', 100 + (nr))

/* Container and group. */
#define VIOCI_VFIO_GET_API_VERSION	 VIOCI_VFIO_IO(0)
#define VIOCI_VFIO_CHECK_EXTENSION	 VIOCI_VFIO_IO(1)
#define VIOCI_VFIO_SET_IOMMU		 VIOCI_VFIO_IO(2)
#define VIOCI_VFIO_GROUP_GET_STATUS	 VIOCI_VFIO_IO(3)
#define VIOCI_VFIO_GROUP_SET_CONTAINER	 VIOCI_VFIO_IO(4)
#define VIOCI_VFIO_GROUP_UNSET_CONTAINER VIOCI_VFIO_IO(5)
#define VIOCI_VFIO_GROUP_GET_DEVICE_FD	 VIOCI_VFIO_IO(6)

/* Device. */
#define VIOCI_VFIO_DEVICE_GET_INFO	     VIOCI_VFIO_IO(7)
#define VIOCI_VFIO_DEVICE_GET_REGION_INFO    VIOCI_VFIO_IO(8)
#define VIOCI_VFIO_DEVICE_GET_IRQ_INFO	     VIOCI_VFIO_IO(9)
#define VIOCI_VFIO_DEVICE_SET_IRQS	     VIOCI_VFIO_IO(10)
#define VIOCI_VFIO_DEVICE_RESET		     VIOCI_VFIO_IO(11)
#define VIOCI_VFIO_DEVICE_GET_HOT_RESET_INFO VIOCI_VFIO_IO(12)
#define VIOCI_VFIO_DEVICE_HOT_RESET	     VIOCI_VFIO_IO(13)
#define VIOCI_VFIO_DEVICE_FEATURE	     VIOCI_VFIO_IO(17)
#define VIOCI_VFIO_DEVICE_BIND_IOMMUFD	     VIOCI_VFIO_IO(18)
#define VIOCI_VFIO_DEVICE_ATTACH_IOMMUFD_PT  VIOCI_VFIO_IO(19)
#define VIOCI_VFIO_DEVICE_DETACH_IOMMUFD_PT  VIOCI_VFIO_IO(20)

/* Type1 container; the numbers are shared with the device's. */
#define VIOCI_VFIO_IOMMU_GET_INFO  VIOCI_VFIO_IO(12)
#define VIOCI_VFIO_IOMMU_MAP_DMA   VIOCI_VFIO_IO(13)
#define VIOCI_VFIO_IOMMU_UNMAP_DMA VIOCI_VFIO_IO(14)

#define VIOCI_VFIO_API_VERSION	 0
#define VIOCI_VFIO_TYPE1v2_IOMMU 3
#define VIOCI_VFIO_UNMAP_ALL	 9

struct vioci_vfio_group_status {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_GROUP_VIABLE	       (1u << 0)
#define VIOCI_VFIO_GROUP_CONTAINER_SET (1u << 1)
};

struct vioci_vfio_device_info {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_DEVICE_RESET_FLAG (1u << 0)
#define VIOCI_VFIO_DEVICE_PCI_FLAG   (1u << 1)
	uint32_t num_regions;
	uint32_t num_irqs;
	uint32_t cap_offset;
	uint32_t pad;
};

/* Heads each entry of a capability chain; next is an offset from the start of the info struct. */
struct vioci_vfio_cap_header {
	uint16_t id;
	uint16_t version;
	uint32_t next;
};

struct vioci_vfio_region_info {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_REGION_READ	(1u << 0)
#define VIOCI_VFIO_REGION_WRITE (1u << 1)
#define VIOCI_VFIO_REGION_MMAP	(1u << 2)
#define VIOCI_VFIO_REGION_CAPS	(1u << 3)
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

#define VIOCI_VFIO_REGION_CAP_SPARSE_MMAP   1
#define VIOCI_VFIO_REGION_CAP_TYPE	    2
#define VIOCI_VFIO_REGION_CAP_MSIX_MAPPABLE 3

struct vioci_vfio_region_cap_type {
	struct vioci_vfio_cap_header header;
	uint32_t type;
	uint32_t subtype;
};

struct vioci_vfio_sparse_mmap_area {
	uint64_t offset;
	uint64_t size;
};

struct vioci_vfio_region_cap_sparse_mmap {
	struct vioci_vfio_cap_header header;
	uint32_t nr_areas; /* vioci_vfio_sparse_mmap_area follow */
	uint32_t reserved;
};

struct vioci_vfio_irq_info {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_IRQ_EVENTFD	  (1u << 0)
#define VIOCI_VFIO_IRQ_MASKABLE	  (1u << 1)
#define VIOCI_VFIO_IRQ_AUTOMASKED (1u << 2)
#define VIOCI_VFIO_IRQ_NORESIZE	  (1u << 3)
	uint32_t index;
	uint32_t count;
};

struct vioci_vfio_irq_set {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_IRQ_DATA_NONE      (1u << 0)
#define VIOCI_VFIO_IRQ_DATA_EVENTFD   (1u << 2)
#define VIOCI_VFIO_IRQ_ACTION_MASK    (1u << 3)
#define VIOCI_VFIO_IRQ_ACTION_UNMASK  (1u << 4)
#define VIOCI_VFIO_IRQ_ACTION_TRIGGER (1u << 5)
	uint32_t index;
	uint32_t start;
	uint32_t count;
	int32_t fds[]; /* with DATA_EVENTFD */
};

struct vioci_vfio_dependent_device {
	uint32_t id; /* a group; of a character device, a devid */
#define VIOCI_VFIO_DEVID_NOT_OWNED UINT32_MAX
	uint16_t segment;
	uint8_t bus;
	uint8_t devfn;
};

struct vioci_vfio_hot_reset_info {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_HOT_RESET_DEV_ID (1u << 0)
	uint32_t count;
	struct vioci_vfio_dependent_device devices[];
};

struct vioci_vfio_hot_reset {
	uint32_t argsz;
	uint32_t flags;
	uint32_t count; /* 0 if the device was opened as a character device */
	int32_t group_fds[];
};

struct vioci_vfio_iommu_info {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_IOMMU_INFO_PGSIZES (1u << 0)
#define VIOCI_VFIO_IOMMU_INFO_CAPS    (1u << 1)
	uint64_t iova_pgsizes;
	uint32_t cap_offset;
	uint32_t pad;
};

#define VIOCI_VFIO_IOMMU_CAP_IOVA_RANGE 1
#define VIOCI_VFIO_IOMMU_CAP_DMA_AVAIL	3

struct vioci_vfio_iova_range {
	uint64_t start;
	uint64_t end;
};

struct vioci_vfio_iommu_cap_iova_range {
	struct vioci_vfio_cap_header header;
	uint32_t nr_iovas; /* vioci_vfio_iova_range follow */
	uint32_t reserved;
};

struct vioci_vfio_iommu_cap_dma_avail {
	struct vioci_vfio_cap_header header;
	uint32_t avail;
};

struct vioci_vfio_dma_map {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_DMA_MAP_READ	 (1u << 0)
#define VIOCI_VFIO_DMA_MAP_WRITE (1u << 1)
	uint64_t vaddr;
	uint64_t iova;
	uint64_t size;
};

struct vioci_vfio_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_DMA_UNMAP_ALL (1u << 1)
	uint64_t iova;
	uint64_t size;
};

struct vioci_vfio_bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
#define VIOCI_VFIO_BIND_TOKEN (1u << 0)
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr;
};

struct vioci_vfio_device_feature {
	uint32_t argsz;
	uint32_t flags; /* a feature, and what to do */
#define VIOCI_VFIO_FEATURE_MASK	 0xffffu
#define VIOCI_VFIO_FEATURE_GET	 (1u << 16)
#define VIOCI_VFIO_FEATURE_SET	 (1u << 17)
#define VIOCI_VFIO_FEATURE_PROBE (1u << 18)
	/* data follows */
};

#define VIOCI_VFIO_FEATURE_PCI_VF_TOKEN 0

/* To be got, since Linux 6.19; the ioctl returns the fd of the dma-buf. */
#define VIOCI_VFIO_FEATURE_DMA_BUF 11

struct vioci_vfio_dma_range {
	uint64_t offset;
	uint64_t length;
};

struct vioci_vfio_feature_dma_buf {
	uint32_t region_index;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	/* ranges follow */
};

struct vioci_vfio_attach_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
};

struct vioci_vfio_detach_pt {
	uint32_t argsz;
	uint32_t flags;
};

#endif
