/* SPDX-License-Identifier: MIT */
/*
 * iommufd with VFIO character devices. The container is one /dev/iommu fd; each kioas is one IOAS
 * in it, known by its id.
 */
#ifndef VIOCI_IOMMUFD_H
#define VIOCI_IOMMUFD_H

#include "backend/backend.h"

struct iommufd_backend {
	struct vioci_backend base;
	int fd;
	bool no_map_file; /* atomic: the kernel has said that it can't */
};

struct iommufd_attachment {
	struct vioci_attachment base;
	uint32_t id; /* of the device in the iommufd; 0: others have bound it */
};

/* An ioctl on the iommufd that the kioas lives in. */
int vioci_iommufd_call(const struct vioci_kioas *kioas, unsigned long request, void *arg);

/* cdev.c */
int vioci_iommufd_attach(struct vioci_kioas *kioas, const struct vioci_newcomer *newcomer,
			 struct vioci_attachment **ret_attachment);
void vioci_iommufd_detach(struct vioci_attachment *attachment);
int vioci_iommufd_hot_reset(struct vioci_attachment *attachment, const uint32_t *groups,
			    size_t count);

/* hw_info.c */
int vioci_iommufd_get_hw_info(struct vioci_attachment *attachment, struct vioc_hw_info *ret_info);

/* map.c */
/* Whether any device is attached to it. */
bool vioci_iommufd_has_device(const struct vioci_kioas *kioas);
int vioci_iommufd_query(struct vioci_kioas *kioas, struct vioci_limits *ret_limits);
int vioci_iommufd_map(struct vioci_kioas *kioas, uint64_t iova, const void *va, uint64_t length,
		      uint64_t flags);
int vioci_iommufd_map_device(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			     uint64_t length, uint64_t flags);
int vioci_iommufd_map_file(struct vioci_kioas *kioas, uint64_t iova, int fd, uint64_t offset,
			   const void *va, uint64_t length, uint64_t flags);
int vioci_iommufd_unmap(struct vioci_kioas *kioas, uint64_t iova, uint64_t length,
			uint64_t *ret_bytes);

#endif
