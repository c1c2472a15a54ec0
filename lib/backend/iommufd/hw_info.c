// SPDX-License-Identifier: MIT
/* What the kernel says of the IOMMU that a device is behind. */
#include <errno.h>
#include <string.h>

#include "backend/iommufd/iommufd.h"
#include "uapi/iommufd.h"

/* The registers, as far as they came. Other types have none that anybody decodes. */
static void take_registers(struct vioc_hw_info *info)
{
	struct vioci_iommu_hw_vtd vtd;
	struct vioci_iommu_hw_smmuv3 smmu;
	struct vioci_iommu_hw_amd amd;
	if (info->type == VIOCI_IOMMU_HW_INTEL_VTD && info->n_data >= sizeof(vtd)) {
		memcpy(&vtd, info->data, sizeof(vtd));
		info->kind = VIOC_UNIT_VTD;
		info->n_registers = 2;
		info->registers[0] = vtd.cap_reg;
		info->registers[1] = vtd.ecap_reg;
	} else if (info->type == VIOCI_IOMMU_HW_ARM_SMMUV3 && info->n_data >= sizeof(smmu)) {
		memcpy(&smmu, info->data, sizeof(smmu));
		info->kind = VIOC_UNIT_SMMUV3;
		info->n_registers = 6;
		for (size_t i = 0; i < 6; i++)
			info->registers[i] = smmu.idr[i];
	} else if (info->type == VIOCI_IOMMU_HW_AMD && info->n_data >= sizeof(amd)) {
		memcpy(&amd, info->data, sizeof(amd));
		info->kind = VIOC_UNIT_AMD;
		info->n_registers = 2;
		info->registers[0] = amd.efr;
		info->registers[1] = amd.efr2;
	}
}

int vioci_iommufd_get_hw_info(struct vioci_attachment *attachment, struct vioc_hw_info *ret_info)
{
	struct vioc_hw_info info = VIOC_SIZED(vioc_hw_info);
	struct vioci_iommu_hw_info ask = {
		.size = sizeof(ask),
		.dev_id = ((const struct iommufd_attachment *)attachment)->id,
		.data_len = sizeof(info.data),
		.data_uptr = (uintptr_t)info.data,
	};
	/* Who has bound the device knows its id; the kernel tells nobody else. */
	if (!ask.dev_id)
		return -EOPNOTSUPP;
	int error = vioci_iommufd_call(attachment->kioas, VIOCI_IOMMU_GET_HW_INFO, &ask);
	if (error < 0)
		return error;
	info.type = ask.out_data_type;
	/* The kernel may have more to say than was asked for. */
	info.n_data = ask.data_len < sizeof(info.data) ? ask.data_len : sizeof(info.data);
	if (ask.out_capabilities & VIOCI_IOMMU_HW_DIRTY_TRACKING)
		info.flags |= VIOC_HW_DIRTY_TRACKING;
	take_registers(&info);
	*ret_info = info;
	return 0;
}
