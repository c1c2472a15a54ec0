// SPDX-License-Identifier: MIT
#include "sys/iommu_option.h"
#include "uapi/iommufd.h"

int vioci_sys_get_rlimit_mode(const struct vioci_sys *sys, int iommufd)
{
	struct vioci_iommu_option option = {
		.size = sizeof(option),
		.option_id = VIOCI_IOMMU_RLIMIT_MODE,
		.op = VIOCI_IOMMU_OPTION_GET,
	};
	int error = vioci_sys_ioctl(sys, iommufd, VIOCI_IOMMU_OPTION, &option);
	return error < 0 ? error : option.val64 != 0;
}

int vioci_sys_set_rlimit_mode(const struct vioci_sys *sys, int iommufd, uint64_t mode)
{
	struct vioci_iommu_option option = {
		.size = sizeof(option),
		.option_id = VIOCI_IOMMU_RLIMIT_MODE,
		.op = VIOCI_IOMMU_OPTION_SET,
		.val64 = mode,
	};
	return vioci_sys_ioctl(sys, iommufd, VIOCI_IOMMU_OPTION, &option);
}
