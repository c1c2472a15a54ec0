// SPDX-License-Identifier: MIT
/*
 * Our declarations of the kernel's ABI against the kernel's own headers. Compiled, not run. Where the
 * kernel's struct has grown, ours must be its beginning: that is what size and argsz are for.
 */
#include <stddef.h>

#include <linux/iommufd.h>
#include <linux/version.h>
#include <linux/vfio.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define SAME(ours, theirs) _Static_assert((ours) == (theirs), #ours " is not " #theirs)

/* Whole structs, and structs that may have grown since. */
#define SIZE(ours, theirs)	SAME(sizeof(ours), sizeof(theirs))
#define BEGINNING(ours, theirs) _Static_assert(sizeof(ours) <= sizeof(theirs), #ours)
#define MEMBER(ours, theirs, a, b)                                  \
	SAME(offsetof(struct ours, a), offsetof(struct theirs, b)); \
	SAME(sizeof(((struct ours *)0)->a), sizeof(((struct theirs *)0)->b))

/* Numbers of VFIO. */
SAME(VIOCI_VFIO_GET_API_VERSION, VFIO_GET_API_VERSION);
SAME(VIOCI_VFIO_CHECK_EXTENSION, VFIO_CHECK_EXTENSION);
SAME(VIOCI_VFIO_SET_IOMMU, VFIO_SET_IOMMU);
SAME(VIOCI_VFIO_GROUP_GET_STATUS, VFIO_GROUP_GET_STATUS);
SAME(VIOCI_VFIO_GROUP_SET_CONTAINER, VFIO_GROUP_SET_CONTAINER);
SAME(VIOCI_VFIO_GROUP_UNSET_CONTAINER, VFIO_GROUP_UNSET_CONTAINER);
SAME(VIOCI_VFIO_GROUP_GET_DEVICE_FD, VFIO_GROUP_GET_DEVICE_FD);
SAME(VIOCI_VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_INFO);
SAME(VIOCI_VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_REGION_INFO);
SAME(VIOCI_VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_GET_IRQ_INFO);
SAME(VIOCI_VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_SET_IRQS);
SAME(VIOCI_VFIO_DEVICE_RESET, VFIO_DEVICE_RESET);
SAME(VIOCI_VFIO_DEVICE_GET_HOT_RESET_INFO, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO);
SAME(VIOCI_VFIO_DEVICE_HOT_RESET, VFIO_DEVICE_PCI_HOT_RESET);
SAME(VIOCI_VFIO_DEVICE_FEATURE, VFIO_DEVICE_FEATURE);
SAME(VIOCI_VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_BIND_IOMMUFD);
SAME(VIOCI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, VFIO_DEVICE_ATTACH_IOMMUFD_PT);
SAME(VIOCI_VFIO_DEVICE_DETACH_IOMMUFD_PT, VFIO_DEVICE_DETACH_IOMMUFD_PT);
SAME(VIOCI_VFIO_IOMMU_GET_INFO, VFIO_IOMMU_GET_INFO);
SAME(VIOCI_VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_MAP_DMA);
SAME(VIOCI_VFIO_IOMMU_UNMAP_DMA, VFIO_IOMMU_UNMAP_DMA);
SAME(VIOCI_VFIO_API_VERSION, VFIO_API_VERSION);
SAME(VIOCI_VFIO_TYPE1v2_IOMMU, VFIO_TYPE1v2_IOMMU);
SAME(VIOCI_VFIO_UNMAP_ALL, VFIO_UNMAP_ALL);

/* Structs of VFIO. */
SIZE(struct vioci_vfio_group_status, struct vfio_group_status);
MEMBER(vioci_vfio_group_status, vfio_group_status, flags, flags);
SAME(VIOCI_VFIO_GROUP_VIABLE, VFIO_GROUP_FLAGS_VIABLE);
SAME(VIOCI_VFIO_GROUP_CONTAINER_SET, VFIO_GROUP_FLAGS_CONTAINER_SET);

BEGINNING(struct vioci_vfio_device_info, struct vfio_device_info);
MEMBER(vioci_vfio_device_info, vfio_device_info, flags, flags);
MEMBER(vioci_vfio_device_info, vfio_device_info, num_regions, num_regions);
MEMBER(vioci_vfio_device_info, vfio_device_info, num_irqs, num_irqs);
MEMBER(vioci_vfio_device_info, vfio_device_info, cap_offset, cap_offset);
SAME(VIOCI_VFIO_DEVICE_RESET_FLAG, VFIO_DEVICE_FLAGS_RESET);
SAME(VIOCI_VFIO_DEVICE_PCI_FLAG, VFIO_DEVICE_FLAGS_PCI);

SIZE(struct vioci_vfio_cap_header, struct vfio_info_cap_header);
MEMBER(vioci_vfio_cap_header, vfio_info_cap_header, id, id);
MEMBER(vioci_vfio_cap_header, vfio_info_cap_header, version, version);
MEMBER(vioci_vfio_cap_header, vfio_info_cap_header, next, next);

SIZE(struct vioci_vfio_region_info, struct vfio_region_info);
MEMBER(vioci_vfio_region_info, vfio_region_info, flags, flags);
MEMBER(vioci_vfio_region_info, vfio_region_info, index, index);
MEMBER(vioci_vfio_region_info, vfio_region_info, cap_offset, cap_offset);
MEMBER(vioci_vfio_region_info, vfio_region_info, size, size);
MEMBER(vioci_vfio_region_info, vfio_region_info, offset, offset);
SAME(VIOCI_VFIO_REGION_READ, VFIO_REGION_INFO_FLAG_READ);
SAME(VIOCI_VFIO_REGION_WRITE, VFIO_REGION_INFO_FLAG_WRITE);
SAME(VIOCI_VFIO_REGION_MMAP, VFIO_REGION_INFO_FLAG_MMAP);
SAME(VIOCI_VFIO_REGION_CAPS, VFIO_REGION_INFO_FLAG_CAPS);
SAME(VIOCI_VFIO_REGION_CAP_SPARSE_MMAP, VFIO_REGION_INFO_CAP_SPARSE_MMAP);

SAME(VIOCI_VFIO_REGION_CAP_TYPE, VFIO_REGION_INFO_CAP_TYPE);
SAME(VIOCI_VFIO_REGION_CAP_MSIX_MAPPABLE, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
SIZE(struct vioci_vfio_region_cap_type, struct vfio_region_info_cap_type);
MEMBER(vioci_vfio_region_cap_type, vfio_region_info_cap_type, type, type);
MEMBER(vioci_vfio_region_cap_type, vfio_region_info_cap_type, subtype, subtype);

SIZE(struct vioci_vfio_region_cap_sparse_mmap, struct vfio_region_info_cap_sparse_mmap);
MEMBER(vioci_vfio_region_cap_sparse_mmap, vfio_region_info_cap_sparse_mmap, nr_areas, nr_areas);
SIZE(struct vioci_vfio_sparse_mmap_area, struct vfio_region_sparse_mmap_area);
MEMBER(vioci_vfio_sparse_mmap_area, vfio_region_sparse_mmap_area, offset, offset);
MEMBER(vioci_vfio_sparse_mmap_area, vfio_region_sparse_mmap_area, size, size);

SIZE(struct vioci_vfio_irq_info, struct vfio_irq_info);
MEMBER(vioci_vfio_irq_info, vfio_irq_info, flags, flags);
MEMBER(vioci_vfio_irq_info, vfio_irq_info, index, index);
MEMBER(vioci_vfio_irq_info, vfio_irq_info, count, count);
SAME(VIOCI_VFIO_IRQ_EVENTFD, VFIO_IRQ_INFO_EVENTFD);
SAME(VIOCI_VFIO_IRQ_MASKABLE, VFIO_IRQ_INFO_MASKABLE);
SAME(VIOCI_VFIO_IRQ_AUTOMASKED, VFIO_IRQ_INFO_AUTOMASKED);
SAME(VIOCI_VFIO_IRQ_NORESIZE, VFIO_IRQ_INFO_NORESIZE);
SIZE(struct vioci_vfio_irq_set, struct vfio_irq_set);
MEMBER(vioci_vfio_irq_set, vfio_irq_set, flags, flags);
MEMBER(vioci_vfio_irq_set, vfio_irq_set, index, index);
MEMBER(vioci_vfio_irq_set, vfio_irq_set, start, start);
MEMBER(vioci_vfio_irq_set, vfio_irq_set, count, count);
SAME(offsetof(struct vioci_vfio_irq_set, fds), offsetof(struct vfio_irq_set, data));
SAME(VIOCI_VFIO_IRQ_DATA_NONE, VFIO_IRQ_SET_DATA_NONE);
SAME(VIOCI_VFIO_IRQ_DATA_EVENTFD, VFIO_IRQ_SET_DATA_EVENTFD);
SAME(VIOCI_VFIO_IRQ_ACTION_MASK, VFIO_IRQ_SET_ACTION_MASK);
SAME(VIOCI_VFIO_IRQ_ACTION_UNMASK, VFIO_IRQ_SET_ACTION_UNMASK);
SAME(VIOCI_VFIO_IRQ_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_TRIGGER);

SIZE(struct vioci_vfio_dependent_device, struct vfio_pci_dependent_device);
MEMBER(vioci_vfio_dependent_device, vfio_pci_dependent_device, id, group_id);
MEMBER(vioci_vfio_dependent_device, vfio_pci_dependent_device, segment, segment);
MEMBER(vioci_vfio_dependent_device, vfio_pci_dependent_device, bus, bus);
MEMBER(vioci_vfio_dependent_device, vfio_pci_dependent_device, devfn, devfn);
SAME(VIOCI_VFIO_DEVID_NOT_OWNED, (uint32_t)VFIO_PCI_DEVID_NOT_OWNED);
SIZE(struct vioci_vfio_hot_reset_info, struct vfio_pci_hot_reset_info);
MEMBER(vioci_vfio_hot_reset_info, vfio_pci_hot_reset_info, flags, flags);
MEMBER(vioci_vfio_hot_reset_info, vfio_pci_hot_reset_info, count, count);
SAME(offsetof(struct vioci_vfio_hot_reset_info, devices),
     offsetof(struct vfio_pci_hot_reset_info, devices));
SAME(VIOCI_VFIO_HOT_RESET_DEV_ID, VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
SIZE(struct vioci_vfio_hot_reset, struct vfio_pci_hot_reset);
MEMBER(vioci_vfio_hot_reset, vfio_pci_hot_reset, flags, flags);
MEMBER(vioci_vfio_hot_reset, vfio_pci_hot_reset, count, count);
SAME(offsetof(struct vioci_vfio_hot_reset, group_fds),
     offsetof(struct vfio_pci_hot_reset, group_fds));

BEGINNING(struct vioci_vfio_iommu_info, struct vfio_iommu_type1_info);
MEMBER(vioci_vfio_iommu_info, vfio_iommu_type1_info, flags, flags);
MEMBER(vioci_vfio_iommu_info, vfio_iommu_type1_info, iova_pgsizes, iova_pgsizes);
MEMBER(vioci_vfio_iommu_info, vfio_iommu_type1_info, cap_offset, cap_offset);
SAME(VIOCI_VFIO_IOMMU_INFO_PGSIZES, VFIO_IOMMU_INFO_PGSIZES);
SAME(VIOCI_VFIO_IOMMU_INFO_CAPS, VFIO_IOMMU_INFO_CAPS);
SAME(VIOCI_VFIO_IOMMU_CAP_IOVA_RANGE, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
SAME(VIOCI_VFIO_IOMMU_CAP_DMA_AVAIL, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
SIZE(struct vioci_vfio_iommu_cap_iova_range, struct vfio_iommu_type1_info_cap_iova_range);
MEMBER(vioci_vfio_iommu_cap_iova_range, vfio_iommu_type1_info_cap_iova_range, nr_iovas, nr_iovas);
SIZE(struct vioci_vfio_iova_range, struct vfio_iova_range);
MEMBER(vioci_vfio_iova_range, vfio_iova_range, start, start);
MEMBER(vioci_vfio_iova_range, vfio_iova_range, end, end);
SIZE(struct vioci_vfio_iommu_cap_dma_avail, struct vfio_iommu_type1_info_dma_avail);
MEMBER(vioci_vfio_iommu_cap_dma_avail, vfio_iommu_type1_info_dma_avail, avail, avail);

SIZE(struct vioci_vfio_dma_map, struct vfio_iommu_type1_dma_map);
MEMBER(vioci_vfio_dma_map, vfio_iommu_type1_dma_map, flags, flags);
MEMBER(vioci_vfio_dma_map, vfio_iommu_type1_dma_map, vaddr, vaddr);
MEMBER(vioci_vfio_dma_map, vfio_iommu_type1_dma_map, iova, iova);
MEMBER(vioci_vfio_dma_map, vfio_iommu_type1_dma_map, size, size);
SAME(VIOCI_VFIO_DMA_MAP_READ, VFIO_DMA_MAP_FLAG_READ);
SAME(VIOCI_VFIO_DMA_MAP_WRITE, VFIO_DMA_MAP_FLAG_WRITE);
BEGINNING(struct vioci_vfio_dma_unmap, struct vfio_iommu_type1_dma_unmap);
MEMBER(vioci_vfio_dma_unmap, vfio_iommu_type1_dma_unmap, flags, flags);
MEMBER(vioci_vfio_dma_unmap, vfio_iommu_type1_dma_unmap, iova, iova);
MEMBER(vioci_vfio_dma_unmap, vfio_iommu_type1_dma_unmap, size, size);
SAME(VIOCI_VFIO_DMA_UNMAP_ALL, VFIO_DMA_UNMAP_FLAG_ALL);

/* The token came with 6.17. */
#ifdef VFIO_DEVICE_BIND_FLAG_TOKEN
BEGINNING(struct vioci_vfio_bind_iommufd, struct vfio_device_bind_iommufd);
SAME(VIOCI_VFIO_BIND_TOKEN, VFIO_DEVICE_BIND_FLAG_TOKEN);
MEMBER(vioci_vfio_bind_iommufd, vfio_device_bind_iommufd, token_uuid_ptr, token_uuid_ptr);
#endif
MEMBER(vioci_vfio_bind_iommufd, vfio_device_bind_iommufd, flags, flags);
MEMBER(vioci_vfio_bind_iommufd, vfio_device_bind_iommufd, iommufd, iommufd);
MEMBER(vioci_vfio_bind_iommufd, vfio_device_bind_iommufd, out_devid, out_devid);
SIZE(struct vioci_vfio_device_feature, struct vfio_device_feature);
MEMBER(vioci_vfio_device_feature, vfio_device_feature, flags, flags);
SAME(sizeof(struct vioci_vfio_device_feature), offsetof(struct vfio_device_feature, data));
SAME(VIOCI_VFIO_FEATURE_MASK, VFIO_DEVICE_FEATURE_MASK);
SAME(VIOCI_VFIO_FEATURE_GET, VFIO_DEVICE_FEATURE_GET);
SAME(VIOCI_VFIO_FEATURE_SET, VFIO_DEVICE_FEATURE_SET);
SAME(VIOCI_VFIO_FEATURE_PROBE, VFIO_DEVICE_FEATURE_PROBE);
SAME(VIOCI_VFIO_FEATURE_PCI_VF_TOKEN, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN);
/* Since Linux 6.19. */
#ifdef VFIO_DEVICE_FEATURE_DMA_BUF
SAME(VIOCI_VFIO_FEATURE_DMA_BUF, VFIO_DEVICE_FEATURE_DMA_BUF);
SIZE(struct vioci_vfio_dma_range, struct vfio_region_dma_range);
MEMBER(vioci_vfio_dma_range, vfio_region_dma_range, offset, offset);
MEMBER(vioci_vfio_dma_range, vfio_region_dma_range, length, length);
MEMBER(vioci_vfio_feature_dma_buf, vfio_device_feature_dma_buf, region_index, region_index);
MEMBER(vioci_vfio_feature_dma_buf, vfio_device_feature_dma_buf, open_flags, open_flags);
MEMBER(vioci_vfio_feature_dma_buf, vfio_device_feature_dma_buf, flags, flags);
MEMBER(vioci_vfio_feature_dma_buf, vfio_device_feature_dma_buf, nr_ranges, nr_ranges);
SAME(sizeof(struct vioci_vfio_feature_dma_buf),
     offsetof(struct vfio_device_feature_dma_buf, dma_ranges));
#endif
BEGINNING(struct vioci_vfio_attach_pt, struct vfio_device_attach_iommufd_pt);
MEMBER(vioci_vfio_attach_pt, vfio_device_attach_iommufd_pt, flags, flags);
MEMBER(vioci_vfio_attach_pt, vfio_device_attach_iommufd_pt, pt_id, pt_id);

BEGINNING(struct vioci_vfio_detach_pt, struct vfio_device_detach_iommufd_pt);
MEMBER(vioci_vfio_detach_pt, vfio_device_detach_iommufd_pt, flags, flags);

/* iommufd. */
SAME(VIOCI_IOMMU_DESTROY, IOMMU_DESTROY);
SAME(VIOCI_IOMMU_IOAS_ALLOC, IOMMU_IOAS_ALLOC);
SAME(VIOCI_IOMMU_IOAS_IOVA_RANGES, IOMMU_IOAS_IOVA_RANGES);
SAME(VIOCI_IOMMU_IOAS_MAP, IOMMU_IOAS_MAP);
SAME(VIOCI_IOMMU_IOAS_UNMAP, IOMMU_IOAS_UNMAP);
SAME(VIOCI_IOMMU_OPTION, IOMMU_OPTION);

SIZE(struct vioci_iommu_destroy, struct iommu_destroy);
MEMBER(vioci_iommu_destroy, iommu_destroy, id, id);
BEGINNING(struct vioci_iommu_ioas_alloc, struct iommu_ioas_alloc);
MEMBER(vioci_iommu_ioas_alloc, iommu_ioas_alloc, flags, flags);
MEMBER(vioci_iommu_ioas_alloc, iommu_ioas_alloc, out_ioas_id, out_ioas_id);
SIZE(struct vioci_iommu_iova_range, struct iommu_iova_range);
MEMBER(vioci_iommu_iova_range, iommu_iova_range, start, start);
MEMBER(vioci_iommu_iova_range, iommu_iova_range, last, last);
BEGINNING(struct vioci_iommu_ioas_iova_ranges, struct iommu_ioas_iova_ranges);
MEMBER(vioci_iommu_ioas_iova_ranges, iommu_ioas_iova_ranges, ioas_id, ioas_id);
MEMBER(vioci_iommu_ioas_iova_ranges, iommu_ioas_iova_ranges, num_iovas, num_iovas);
MEMBER(vioci_iommu_ioas_iova_ranges, iommu_ioas_iova_ranges, allowed_iovas, allowed_iovas);
MEMBER(vioci_iommu_ioas_iova_ranges, iommu_ioas_iova_ranges, out_iova_alignment,
       out_iova_alignment);
BEGINNING(struct vioci_iommu_ioas_map, struct iommu_ioas_map);
MEMBER(vioci_iommu_ioas_map, iommu_ioas_map, flags, flags);
MEMBER(vioci_iommu_ioas_map, iommu_ioas_map, ioas_id, ioas_id);
MEMBER(vioci_iommu_ioas_map, iommu_ioas_map, user_va, user_va);
MEMBER(vioci_iommu_ioas_map, iommu_ioas_map, length, length);
MEMBER(vioci_iommu_ioas_map, iommu_ioas_map, iova, iova);
SAME(VIOCI_IOMMU_MAP_FIXED_IOVA, IOMMU_IOAS_MAP_FIXED_IOVA);
SAME(VIOCI_IOMMU_MAP_WRITEABLE, IOMMU_IOAS_MAP_WRITEABLE);
SAME(VIOCI_IOMMU_MAP_READABLE, IOMMU_IOAS_MAP_READABLE);
/* Since Linux 6.13. */
#ifdef IOMMU_IOAS_MAP_FILE
SAME(VIOCI_IOMMU_IOAS_MAP_FILE, IOMMU_IOAS_MAP_FILE);
BEGINNING(struct vioci_iommu_ioas_map_file, struct iommu_ioas_map_file);
MEMBER(vioci_iommu_ioas_map_file, iommu_ioas_map_file, flags, flags);
MEMBER(vioci_iommu_ioas_map_file, iommu_ioas_map_file, ioas_id, ioas_id);
MEMBER(vioci_iommu_ioas_map_file, iommu_ioas_map_file, fd, fd);
MEMBER(vioci_iommu_ioas_map_file, iommu_ioas_map_file, start, start);
MEMBER(vioci_iommu_ioas_map_file, iommu_ioas_map_file, length, length);
MEMBER(vioci_iommu_ioas_map_file, iommu_ioas_map_file, iova, iova);
#endif

/* Since Linux 6.6; the capabilities since 6.7. */
#ifdef IOMMU_GET_HW_INFO
SAME(VIOCI_IOMMU_GET_HW_INFO, IOMMU_GET_HW_INFO);
BEGINNING(struct vioci_iommu_hw_info, struct iommu_hw_info);
MEMBER(vioci_iommu_hw_info, iommu_hw_info, dev_id, dev_id);
MEMBER(vioci_iommu_hw_info, iommu_hw_info, data_len, data_len);
MEMBER(vioci_iommu_hw_info, iommu_hw_info, data_uptr, data_uptr);
MEMBER(vioci_iommu_hw_info, iommu_hw_info, out_data_type, out_data_type);
MEMBER(vioci_iommu_hw_info, iommu_hw_info, out_capabilities, out_capabilities);
SAME(VIOCI_IOMMU_HW_NONE, (int)IOMMU_HW_INFO_TYPE_NONE);
SAME(VIOCI_IOMMU_HW_INTEL_VTD, (int)IOMMU_HW_INFO_TYPE_INTEL_VTD);
SAME(VIOCI_IOMMU_HW_DIRTY_TRACKING, (uint64_t)IOMMU_HW_CAP_DIRTY_TRACKING);
SIZE(struct vioci_iommu_hw_vtd, struct iommu_hw_info_vtd);
MEMBER(vioci_iommu_hw_vtd, iommu_hw_info_vtd, cap_reg, cap_reg);
MEMBER(vioci_iommu_hw_vtd, iommu_hw_info_vtd, ecap_reg, ecap_reg);
#endif

/* Since Linux 6.13, as IOMMU_VIOMMU_ALLOC is. */
#ifdef IOMMU_VIOMMU_ALLOC
SAME(VIOCI_IOMMU_HW_ARM_SMMUV3, (int)IOMMU_HW_INFO_TYPE_ARM_SMMUV3);
BEGINNING(struct vioci_iommu_hw_smmuv3, struct iommu_hw_info_arm_smmuv3);
MEMBER(vioci_iommu_hw_smmuv3, iommu_hw_info_arm_smmuv3, idr, idr);
#endif
/* Enumerations show no #ifdef that they are there; these came no later. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
SAME(VIOCI_IOMMU_HW_AMD, (int)IOMMU_HW_INFO_TYPE_AMD);
BEGINNING(struct vioci_iommu_hw_amd, struct iommu_hw_info_amd);
MEMBER(vioci_iommu_hw_amd, iommu_hw_info_amd, efr, efr);
MEMBER(vioci_iommu_hw_amd, iommu_hw_info_amd, efr2, efr2);
#endif

/* What is only asked for. */
#ifdef IOMMU_HWPT_SET_DIRTY_TRACKING
SAME(VIOCI_IOMMU_HWPT_SET_DIRTY_TRACKING, IOMMU_HWPT_SET_DIRTY_TRACKING);
#endif
#ifdef IOMMU_FAULT_QUEUE_ALLOC
SAME(VIOCI_IOMMU_FAULT_QUEUE_ALLOC, IOMMU_FAULT_QUEUE_ALLOC);
#endif
#ifdef IOMMU_VIOMMU_ALLOC
SAME(VIOCI_IOMMU_VIOMMU_ALLOC, IOMMU_VIOMMU_ALLOC);
#endif

SIZE(struct vioci_iommu_option, struct iommu_option);
MEMBER(vioci_iommu_option, iommu_option, option_id, option_id);
MEMBER(vioci_iommu_option, iommu_option, op, op);
MEMBER(vioci_iommu_option, iommu_option, object_id, object_id);
MEMBER(vioci_iommu_option, iommu_option, val64, val64);
SAME(VIOCI_IOMMU_RLIMIT_MODE, (int)IOMMU_OPTION_RLIMIT_MODE);
SAME(VIOCI_IOMMU_OPTION_SET, (int)IOMMU_OPTION_OP_SET);
SAME(VIOCI_IOMMU_OPTION_GET, (int)IOMMU_OPTION_OP_GET);

BEGINNING(struct vioci_iommu_ioas_unmap, struct iommu_ioas_unmap);
MEMBER(vioci_iommu_ioas_unmap, iommu_ioas_unmap, ioas_id, ioas_id);
MEMBER(vioci_iommu_ioas_unmap, iommu_ioas_unmap, iova, iova);
MEMBER(vioci_iommu_ioas_unmap, iommu_ioas_unmap, length, length);
