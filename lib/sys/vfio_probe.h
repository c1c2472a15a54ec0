/* SPDX-License-Identifier: MIT */
/* Asking an fd, by ioctls that change nothing, whether it is what it is said to be. */
#ifndef VIOCI_VFIO_PROBE_H
#define VIOCI_VFIO_PROBE_H

#include "sys/sys.h"

/* Each: whether it is one; and whether it is in use already, where that can be told. */
bool vioci_probe_container(const struct vioci_sys *sys, int fd, bool *ret_in_use);
bool vioci_probe_group(const struct vioci_sys *sys, int fd, bool *ret_in_use);
bool vioci_probe_iommufd(const struct vioci_sys *sys, int fd);
/* A device fd of any kind. A character device is in use when it is bound. */
bool vioci_probe_device(const struct vioci_sys *sys, int fd, bool *ret_in_use);

#endif
