// SPDX-License-Identifier: MIT
/* What must hold of a device before any backend can open it. */
#include <errno.h>

#include "core/explain.h"

static struct vioci_diag_draft begin(const struct vioci_identity *identity, int error,
				     uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "open device %s", identity->name);
	vioci_diag_fact(&draft, "device", "%s", identity->name);
	if (identity->driver[0])
		vioci_diag_fact(&draft, "driver", "%s", identity->driver);
	if (identity->has_group)
		vioci_diag_fact(&draft, "group", "%u", identity->group);
	return draft;
}

static int refuse(struct vioc_ctx *ctx, const struct vioci_identity *identity, int error,
		  uint32_t reason, const char *obstacle, const char *advice)
{
	struct vioci_diag_draft draft = begin(identity, error, reason);
	vioci_diag_obstacle(&draft, "%s", obstacle);
	vioci_diag_advice(&draft, "%s", advice);
	return vioci_ctx_leave(ctx, &draft);
}

static int refuse_for_driver(struct vioc_ctx *ctx, const struct vioci_identity *identity)
{
	struct vioci_diag_draft draft = begin(identity, -EBUSY, VIOC_REASON_OTHER_DRIVER);
	vioci_diag_obstacle(&draft, "driver %s is bound to it, which is no vfio driver",
			    identity->driver);
	vioci_diag_advice(&draft, "see that it is not in use, unbind it, and bind it to vfio-pci");
	return vioci_ctx_leave(ctx, &draft);
}

uint32_t vioci_identity_judge(const struct vioci_identity *identity, bool iommu_is_active)
{
	if (!identity->has_group)
		return iommu_is_active ? VIOC_REASON_BYPASS : VIOC_REASON_NO_IOMMU;
	if (identity->noiommu)
		return VIOC_REASON_NOIOMMU;
	if (identity->vfio_bound)
		return VIOC_REASON_NONE;
	return identity->driver[0] ? VIOC_REASON_OTHER_DRIVER : VIOC_REASON_NOT_BOUND;
}

int vioci_check_usable(struct vioc_ctx *ctx, const struct vioci_identity *identity)
{
	uint32_t reason = vioci_identity_judge(identity, vioci_iommu_is_active(&ctx->sys));
	switch (reason) {
	case VIOC_REASON_NONE:
		return 0;
	case VIOC_REASON_BYPASS:
		return refuse(ctx, identity, -EOPNOTSUPP, reason,
			      "an IOMMU is active, but the device is not behind it",
			      "the firmware's tables, or the host bridge, leave it out; move it to "
			      "another slot, or correct the tables");
	case VIOC_REASON_NO_IOMMU:
		return refuse(ctx, identity, -EOPNOTSUPP, reason,
			      "no IOMMU is active in this system",
			      "enable it in the firmware (VT-d, AMD-Vi) and, on Intel, boot with "
			      "intel_iommu=on");
	case VIOC_REASON_NOIOMMU:
		return refuse(
			ctx, identity, -EOPNOTSUPP, reason,
			"its group is without an IOMMU (vfio-noiommu), so nothing can be mapped",
			"enable the IOMMU");
	case VIOC_REASON_NOT_BOUND:
		return refuse(ctx, identity, -ENXIO, reason, "no driver is bound to it",
			      "bind it to vfio-pci");
	default:
		return refuse_for_driver(ctx, identity);
	}
}

int vioci_fail_name(struct vioc_ctx *ctx, int error, const char *what, const char *name)
{
	if (error == -EINVAL)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, what,
				  "\"%s\" is no PCI address", name);
	if (error != -ENODEV)
		return vioci_fail(ctx, error, vioci_reason_for(error), what,
				  "the folder of %s in sysfs can't be opened", name);
	return vioci_fail(ctx, error, VIOC_REASON_NO_DEVICE, what, "there is no device %s", name);
}
