// SPDX-License-Identifier: MIT
#include <errno.h>

#include "core/sized.h"
#include "device/device.h"

static int ask(struct vioc_device *device, struct vioc_hw_info *info)
{
	struct vioci_attachment *attachment = device->attachment;
	const struct vioci_backend_ops *ops = attachment->kioas->backend->ops;
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	int error = ops->get_hw_info ? ops->get_hw_info(attachment, info) : -ENOTTY;
	if (error == -ENOTTY || error == -EOPNOTSUPP)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
				  "ask for a device's IOMMU",
				  "only iommufd can be asked, from Linux 6.6 on");
	if (error < 0)
		return vioci_fail(ctx, error, vioci_reason_for(error), "ask for a device's IOMMU",
				  "IOMMU_GET_HW_INFO of %s was refused", device->identity.name);
	return 0;
}

VIOC_API int vioc_device_get_hw_info(struct vioc_device *device, struct vioc_hw_info *ret_info)
{
	struct vioc_hw_info info;
	int fd = vioci_device_get(device, "ask for a device's IOMMU");
	if (fd < 0)
		return fd;
	int error = ask(device, &info);
	if (error == 0)
		error = vioci_ctx_give_sized(vioci_device_ctx(device), ret_info, &info,
					     sizeof(info));
	vioci_device_put(device);
	return error;
}
