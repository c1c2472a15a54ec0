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

static int refuse_without_group(struct vioc_ctx *ctx, const struct vioci_identity *identity)
{
	if (vioci_iommu_is_active(&ctx->sys))
		return refuse(ctx, identity, -EOPNOTSUPP, VIOC_REASON_BYPASS,
			      "an IOMMU is active, but the device is not behind it",
			      "the firmware's tables, or the host bridge, leave it out; move it to "
			      "another slot, or correct the tables");
	return refuse(
		ctx, identity, -EOPNOTSUPP, VIOC_REASON_NO_IOMMU,
		"no IOMMU is active in this system",
		"enable it in the firmware (VT-d, AMD-Vi) and, on Intel, boot with intel_iommu=on");
}

int vioci_check_usable(struct vioc_ctx *ctx, const struct vioci_identity *identity)
{
	if (!identity->has_group)
		return refuse_without_group(ctx, identity);
	if (identity->noiommu)
		return refuse(
			ctx, identity, -EOPNOTSUPP, VIOC_REASON_NOIOMMU,
			"its group is without an IOMMU (vfio-noiommu), so nothing can be mapped",
			"enable the IOMMU");
	if (identity->vfio_bound)
		return 0;
	if (!identity->driver[0])
		return refuse(ctx, identity, -ENXIO, VIOC_REASON_NOT_BOUND,
			      "no driver is bound to it", "bind it to vfio-pci");
	return refuse_for_driver(ctx, identity);
}
