/* SPDX-License-Identifier: MIT */
/* How an iommufd counts locked memory: its option RLIMIT_MODE. */
#ifndef VIOCI_IOMMU_OPTION_H
#define VIOCI_IOMMU_OPTION_H

#include "sys/sys.h"

/* 1: for each process. 0: for the user, all its processes together. */
int vioci_sys_get_rlimit_mode(const struct vioci_sys *sys, int iommufd);
/* -EPERM: no CAP_SYS_RESOURCE. -EBUSY: something has been made in the iommufd. */
int vioci_sys_set_rlimit_mode(const struct vioci_sys *sys, int iommufd, uint64_t mode);

#endif
