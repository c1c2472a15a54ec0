// SPDX-License-Identifier: MIT
#include <errno.h>

#include "sys/vfio_probe.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

/* An iommufd answers as a container too, so that has to be asked for first. */
bool vioci_probe_container(const struct vioci_sys *sys, int fd, bool *ret_in_use)
{
	struct vioci_vfio_iommu_info info = { .argsz = sizeof(info) };
	if (vioci_probe_iommufd(sys, fd) ||
	    vioci_sys_ioctl(sys, fd, VIOCI_VFIO_GET_API_VERSION, NULL) != VIOCI_VFIO_API_VERSION)
		return false;
	*ret_in_use = vioci_sys_ioctl(sys, fd, VIOCI_VFIO_IOMMU_GET_INFO, &info) == 0;
	return true;
}

bool vioci_probe_group(const struct vioci_sys *sys, int fd, bool *ret_in_use)
{
	struct vioci_vfio_group_status status = { .argsz = sizeof(status) };
	if (vioci_sys_ioctl(sys, fd, VIOCI_VFIO_GROUP_GET_STATUS, &status) < 0)
		return false;
	*ret_in_use = status.flags & VIOCI_VFIO_GROUP_CONTAINER_SET;
	return true;
}

/* No IOAS has the id 0. */
bool vioci_probe_iommufd(const struct vioci_sys *sys, int fd)
{
	struct vioci_iommu_ioas_iova_ranges ranges = { .size = sizeof(ranges) };
	return vioci_sys_ioctl(sys, fd, VIOCI_IOMMU_IOAS_IOVA_RANGES, &ranges) == -ENOENT;
}

bool vioci_probe_device(const struct vioci_sys *sys, int fd, bool *ret_in_use)
{
	struct vioci_vfio_device_info info = { .argsz = sizeof(info) };
	int error = vioci_sys_ioctl(sys, fd, VIOCI_VFIO_DEVICE_GET_INFO, &info);
	*ret_in_use = error == 0;
	return error == 0 || error == -EINVAL;
}
