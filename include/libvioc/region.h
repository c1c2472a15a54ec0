/* SPDX-License-Identifier: MIT */
/*
 * Regions of a device: BARs, ROM, config space, and what else its driver offers, by index.
 * Every function here may be called from any thread at any time.
 */
#ifndef LIBVIOC_REGION_H
#define LIBVIOC_REGION_H

#include <libvioc/base.h>
#include <libvioc/device.h>

VIOC_BEGIN_DECLS

#define VIOC_REGION_READ  (UINT64_C(1) << 0) /* vioc_region_read() works */
#define VIOC_REGION_WRITE (UINT64_C(1) << 1) /* vioc_region_write() works */
#define VIOC_REGION_MMAP  (UINT64_C(1) << 2) /* at least a part can be mapped */
#define VIOC_REGION_MSIX  (UINT64_C(1) << 3) /* it can be mapped where it has the MSI-X table, too */

struct vioc_region_info {
	size_t size;
	uint64_t flags;	  /* VIOC_REGION_* */
	uint64_t length;  /* bytes; 0: the region does not exist */
	uint32_t n_areas; /* mappable areas, see vioc_region_get_areas() */
	uint32_t type;	  /* of a region beyond the standard ones: VFIO_REGION_TYPE_*, else 0 */
	uint32_t subtype; /* VFIO_REGION_SUBTYPE_* */
	uint32_t reserved;
};

/*
 * Fills *ret_info, made with VIOC_SIZED(vioc_region_info). A region that the device does not
 * implement has length 0.
 * -EINVAL: no such index, no size. -ENODEV: closed. -ENOMEM. -EPROTO: the kernel's description of the
 * region makes no sense. These hold for all that follows.
 * Kernel: VFIO_DEVICE_GET_REGION_INFO, asked once per region.
 */
VIOC_API int vioc_region_get_info(struct vioc_device *device, uint32_t index,
				  struct vioc_region_info *ret_info);

/* A part of a region that can be mapped, as offset and length in bytes. */
struct vioc_region_area {
	uint64_t offset;
	uint64_t length;
};

/*
 * The areas of the region that can be mapped, ascending. Writes the first `capacity` of them and
 * returns how many there are; areas may be NULL if capacity is 0. -EINVAL, -ENODEV.
 */
VIOC_API int vioc_region_get_areas(struct vioc_device *device, uint32_t index,
				   struct vioc_region_area *areas, size_t capacity);

/*
 * One access to the region, of width 1, 2, 4 or 8 bytes at an offset that is a multiple of it; buf
 * needs no alignment and holds the bytes in the device's order (little endian for PCI).
 * Kernels before 6.11 make two 4-byte accesses of an 8-byte one.
 *
 * -EINVAL: no such index, width not 1, 2, 4 or 8, misaligned offset. -ERANGE: past the end.
 * -EOPNOTSUPP: the region does not exist or can't be read (or written). -ENODEV: closed.
 * -EIO: the device did not answer, for example because its memory space is switched off.
 * Kernel: pread(2), pwrite(2) on the device fd.
 */
VIOC_API VIOC_MUST_CHECK int vioc_region_read(struct vioc_device *device, uint32_t index,
					      uint64_t offset, void *buf, uint32_t width);
VIOC_API VIOC_MUST_CHECK int vioc_region_write(struct vioc_device *device, uint32_t index,
					       uint64_t offset, const void *buf, uint32_t width);

/*
 * Maps [offset, offset + length) of the region for reading and writing, as the region allows;
 * length 0 means up to its end. Offset and length must be multiples of the page size, but for the
 * region's end. The mapping lives until vioc_region_unmap() or until the device closes. Of 2 MiB (1 GiB)
 * or more, its address has the remainder of offset modulo that size, as large page table entries need.
 *
 * -EINVAL: no such index, misaligned. -ERANGE: past the end.
 * -EOPNOTSUPP: a part of it can't be mapped: see vioc_region_get_areas(), or read and write it.
 * -ENODEV: closed. -ENOMEM.
 * Kernel: mmap(2) on the device fd.
 */
VIOC_API VIOC_MUST_CHECK int vioc_region_map(struct vioc_device *device, uint32_t index,
					     uint64_t offset, uint64_t length, void **ret_address);
/*
 * Undoes vioc_region_map(), by the address it gave. -ENOENT: no such mapping of this device; closing
 * it undid all.
 */
VIOC_API int vioc_region_unmap(struct vioc_device *device, void *address);

/*
 * Maps [offset, offset + length) of the region into the device's ioas, so that the other devices there
 * reach it by DMA (peer to peer). Length 0 means up to the end of the region; all numbers are multiples
 * of the page size, and the part lies inside one area. flags are VIOC_MAP_*. The first chooses the IOVA,
 * the second is given it. It is a mapping of the ioas like others, an extent of its own, and
 * vioc_ioas_unmap() undoes it; so does closing the device, before it closes. vioc_ioas_get_va() gives an
 * address in this process at which the part is mapped as long.
 *
 * With the iommufd backend, a reset of the device, or switching its memory space off, ends what is
 * reached there for good: unmap it and map it again. Whether the path between two devices carries
 * such transfers is up to the machine: bridges and access control may not.
 *
 * -EOPNOTSUPP: the backend, the kernel or the device can't, or not this part of the region. Not an error
 *	to stop for: data can go through memory.
 * -EIO: the device's memory can't be reached; it may be asleep or its memory space off.
 * -EINVAL: no such index, misaligned, zero or unknown flags. -ERANGE, -EEXIST, -EBUSY, -ENOSPC: of the
 *	region or the IOVA, see vioc_region_map() and vioc_ioas_map(). -ENODEV: closed. -ENOMEM, -EMFILE.
 * Kernel: mmap(2) and VFIO_IOMMU_MAP_DMA; VFIO_DEVICE_FEATURE_DMA_BUF and IOMMU_IOAS_MAP_FILE
 *	(Linux 6.19).
 */
VIOC_API VIOC_MUST_CHECK int vioc_region_map_dma(struct vioc_device *device, uint32_t index,
						 uint64_t offset, uint64_t length, uint64_t flags,
						 uint64_t *ret_iova);
VIOC_API VIOC_MUST_CHECK int vioc_region_map_dma_fixed(struct vioc_device *device, uint64_t iova,
						       uint32_t index, uint64_t offset,
						       uint64_t length, uint64_t flags);

/*
 * Makes a dma-buf of [offset, offset + length) of the region: a file that other drivers, such as those of
 * RDMA cards and GPUs, can reach by DMA, also from other processes. Which part it may be is as above. Returns
 * the fd, close-on-exec, which is the caller's to close. It keeps the device from nothing: a reset, switching its
 * memory space off, or closing the device ends what is reached through it.
 *
 * -EOPNOTSUPP: the kernel makes none: it takes Linux 6.19 and a PCI BAR; or not of this part.
 * -EINVAL: no such index, misaligned. -ERANGE: past the end. -ENODEV: closed. -ENOMEM, -EMFILE.
 * Kernel: VFIO_DEVICE_FEATURE_DMA_BUF.
 */
VIOC_API VIOC_MUST_CHECK int vioc_region_export_dma_buf(struct vioc_device *device, uint32_t index,
							uint64_t offset, uint64_t length);

VIOC_END_DECLS

#endif
