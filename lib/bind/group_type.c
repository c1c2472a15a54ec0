// SPDX-License-Identifier: MIT
/* The default domain of an IOMMU group. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libvioc/bind.h>

#include "core/explain.h"

struct drivers {
	const struct vioci_sys *sys;
	uint32_t group;
	struct vioci_diag_draft *draft;
	bool found;
};

static int name_driver(void *arg, const char *name)
{
	struct drivers *drivers = arg;
	char path[VIOCI_PATH_MAX], driver[64];
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices/%s/driver",
		 drivers->group, name);
	if (vioci_sys_link_name(drivers->sys, path, driver, sizeof(driver)) < 0)
		return 0;
	vioci_diag_obstacle(drivers->draft, "%s %s has %s", drivers->found ? "," : ":", driver,
			    name);
	vioci_diag_fact(drivers->draft, "sibling", "%s", name);
	drivers->found = true;
	return 0;
}

static int fail(struct vioc_ctx *ctx, uint32_t group, const char *type, int error)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, vioci_reason_for(error));
	struct drivers drivers = { &ctx->sys, group, &draft, false };
	char path[VIOCI_PATH_MAX];
	vioci_diag_tried(&draft, "make \"%s\" the type of group %u", type, group);
	vioci_diag_fact(&draft, "group", "%u", group);
	switch (error) {
	case -EACCES:
		draft.reason = VIOC_REASON_PERMISSION;
		vioci_diag_obstacle(&draft, "that takes root, in the first user namespace");
		break;
	case -EPERM:
	case -EBUSY:
		draft.error = -EBUSY;
		draft.reason = VIOC_REASON_BUSY;
		vioci_diag_obstacle(&draft, "devices of the group have drivers");
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", group);
		vioci_sys_list(&ctx->sys, path, name_driver, &drivers);
		vioci_diag_advice(&draft, "unbind them first");
		break;
	case -EINVAL:
		draft.error = -EOPNOTSUPP;
		draft.reason = VIOC_REASON_UNSUPPORTED;
		vioci_diag_obstacle(&draft, "the IOMMU can't, or a device of the group insists on "
					    "another");
		break;
	default:
		vioci_diag_obstacle(&draft, "the kernel refuses (%s)", strerrorname_np(-error));
	}
	return vioci_ctx_leave(ctx, &draft);
}

static bool is_type(const char *type)
{
	return strcmp(type, "DMA") == 0 || strcmp(type, "DMA-FQ") == 0 ||
	       strcmp(type, "identity") == 0 || strcmp(type, "auto") == 0;
}

VIOC_API int vioc_group_set_type(struct vioc_ctx *ctx, uint32_t group, const char *type)
{
	char path[VIOCI_PATH_MAX];
	if (!ctx || !type)
		return -EINVAL;
	if (!is_type(type))
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "set the type of a group",
				  "\"%s\" is neither DMA, DMA-FQ, identity nor auto", type);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/type", group);
	int error = vioci_sys_write_text(&ctx->sys, path, type);
	if (error == -ENOENT)
		return vioci_fail(ctx, -ENODEV, VIOC_REASON_NO_DEVICE, "set the type of a group",
				  "there is no group %u", group);
	return error < 0 ? fail(ctx, group, type, error) : 0;
}
