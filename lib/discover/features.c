// SPDX-License-Identifier: MIT
/* What the kernel can do. It is asked, and never judged by its version. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <libvioc/system.h>

#include "core/ctx.h"
#include "core/identity.h"
#include "core/sized.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define IOMMUFD	  "/dev/iommu"
#define CONTAINER "/dev/vfio/vfio"

struct probe {
	const char *name;
	const char *about;
	uint32_t (*ask)(struct vioc_ctx *ctx, const struct probe *probe,
			struct vioc_system_feature *feature);
	const char *path;      /* that ask looks at */
	unsigned long request; /* an ioctl on it */
	uintptr_t argument;
};

static void set_value(struct vioc_system_feature *feature, const char *value)
{
	snprintf(feature->value, sizeof(feature->value), "%s", value);
}

static uint32_t ask_path(struct vioc_ctx *ctx, const struct probe *probe,
			 struct vioc_system_feature *feature)
{
	(void)feature;
	return vioci_sys_exists(&ctx->sys, probe->path) ? VIOC_SYSTEM_YES : VIOC_SYSTEM_NO;
}

/* What a file says; for a switch also whether it is on. */
static uint32_t ask_file(struct vioc_ctx *ctx, const struct probe *probe,
			 struct vioc_system_feature *feature)
{
	char text[96];
	int error = vioci_sys_read_text(&ctx->sys, probe->path, text, sizeof(text));
	if (error == -ENOENT)
		return VIOC_SYSTEM_NO;
	if (error < 0) {
		set_value(feature, "can't be read");
		return VIOC_SYSTEM_UNKNOWN;
	}
	set_value(feature, text);
	return strcmp(text, "N") == 0 || strcmp(text, "0") == 0 || strstr(text, "[none]")
		       ? VIOC_SYSTEM_NO
		       : VIOC_SYSTEM_YES;
}

static uint32_t ask_iommu(struct vioc_ctx *ctx, const struct probe *probe,
			  struct vioc_system_feature *feature)
{
	(void)probe;
	(void)feature;
	return vioci_iommu_is_active(&ctx->sys) == 1 ? VIOC_SYSTEM_YES : VIOC_SYSTEM_NO;
}

/* The fd of the probe's node, or -1 and *ret_state says what that means. */
static int open_node(struct vioc_ctx *ctx, const struct probe *probe,
		     struct vioc_system_feature *feature, uint32_t *ret_state)
{
	int fd = vioci_sys_open(&ctx->sys, probe->path, O_RDWR);
	if (fd >= 0)
		return fd;
	*ret_state = VIOC_SYSTEM_UNKNOWN;
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		*ret_state = VIOC_SYSTEM_NO;
	else
		snprintf(feature->value, sizeof(feature->value), "%s can't be opened", probe->path);
	return -1;
}

/* iommufd's ioctls begin with their size: four bytes are too few for any, and refused at once. */
static uint32_t ask_ioctl(struct vioc_ctx *ctx, const struct probe *probe,
			  struct vioc_system_feature *feature)
{
	uint32_t arguments[32] = { sizeof(arguments[0]) }, state;
	int fd = open_node(ctx, probe, feature, &state);
	if (fd < 0)
		return state;
	int result = vioci_sys_ioctl(&ctx->sys, fd, probe->request, arguments);
	vioci_sys_close(&ctx->sys, &fd);
	return result == -ENOTTY ? VIOC_SYSTEM_NO : VIOC_SYSTEM_YES;
}

/* VFIO's return what they were asked for. */
static uint32_t ask_extension(struct vioc_ctx *ctx, const struct probe *probe,
			      struct vioc_system_feature *feature)
{
	uint32_t state;
	int fd = open_node(ctx, probe, feature, &state);
	if (fd < 0)
		return state;
	int result =
		vioci_sys_ioctl(&ctx->sys, fd, VIOCI_VFIO_CHECK_EXTENSION, (void *)probe->argument);
	vioci_sys_close(&ctx->sys, &fd);
	return result > 0 ? VIOC_SYSTEM_YES : VIOC_SYSTEM_NO;
}

static uint32_t ask_char_device(struct vioc_ctx *ctx, const struct probe *probe,
				struct vioc_system_feature *feature)
{
	char text[8192], name[32];
	if (vioci_sys_read_text(&ctx->sys, "/proc/devices", text, sizeof(text)) < 0) {
		set_value(feature, "/proc/devices can't be read");
		return VIOC_SYSTEM_UNKNOWN;
	}
	snprintf(name, sizeof(name), " %s\n", probe->path);
	return strstr(text, name) ? VIOC_SYSTEM_YES : VIOC_SYSTEM_NO;
}

static uint32_t ask_memlock(struct vioc_ctx *ctx, const struct probe *probe,
			    struct vioc_system_feature *feature)
{
	uint64_t limit;
	(void)probe;
	if (vioci_sys_get_memlock_limit(&ctx->sys, &limit) < 0)
		return VIOC_SYSTEM_UNKNOWN;
	if (limit == UINT64_MAX)
		return VIOC_SYSTEM_NO;
	snprintf(feature->value, sizeof(feature->value), "%" PRIu64 " bytes", limit);
	return VIOC_SYSTEM_YES;
}

#define UNSAFE "allow_unsafe_interrupts"

static const struct probe probes[] = {
	{ "kernel", "its release", ask_file, "/proc/sys/kernel/osrelease", 0, 0 },
	{ "iommu", "an IOMMU is active", ask_iommu, NULL, 0, 0 },
	{ "vfio-pci", "the driver is there", ask_path, "/sys/bus/pci/drivers/vfio-pci", 0, 0 },
	{ "groups", "VFIO groups have nodes", ask_char_device, "vfio", 0, 0 },
	{ "type1-v2", "groups can be mapped for: the legacy backend", ask_extension, CONTAINER, 0,
	  VIOCI_VFIO_TYPE1v2_IOMMU },
	{ "iommufd", "it is there: the iommufd and compat backends", ask_ioctl, IOMMUFD,
	  VIOCI_IOMMU_IOAS_ALLOC, 0 },
	{ "cdev", "VFIO devices have nodes of their own", ask_char_device, "vfio-dev", 0, 0 },
	{ "compat", "iommufd takes VFIO's ioctls", ask_extension, IOMMUFD, 0,
	  VIOCI_VFIO_TYPE1v2_IOMMU },
	{ "map-file", "iommufd maps files", ask_ioctl, IOMMUFD, VIOCI_IOMMU_IOAS_MAP_FILE, 0 },
	{ "hw-info", "iommufd tells of IOMMUs", ask_ioctl, IOMMUFD, VIOCI_IOMMU_GET_HW_INFO, 0 },
	{ "dirty-tracking", "iommufd tells which pages were written to, if the IOMMU can",
	  ask_ioctl, IOMMUFD, VIOCI_IOMMU_HWPT_SET_DIRTY_TRACKING, 0 },
	{ "fault-queue", "iommufd hands page faults on", ask_ioctl, IOMMUFD,
	  VIOCI_IOMMU_FAULT_QUEUE_ALLOC, 0 },
	{ "viommu", "iommufd makes IOMMUs for guests", ask_ioctl, IOMMUFD, VIOCI_IOMMU_VIOMMU_ALLOC,
	  0 },
	{ "noiommu", "devices without an IOMMU may be opened, unsafely", ask_file,
	  "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", 0, 0 },
	{ "unsafe-type1", "legacy goes on if interrupts are not isolated", ask_file,
	  "/sys/module/vfio_iommu_type1/parameters/" UNSAFE, 0, 0 },
	{ "unsafe-iommufd", "iommufd and compat go on if interrupts are not isolated", ask_file,
	  "/sys/module/iommufd/parameters/" UNSAFE, 0, 0 },
	{ "entry-limit", "mappings that a legacy container takes", ask_file,
	  "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", 0, 0 },
	{ "memlock", "locked memory of this process is limited", ask_memlock, NULL, 0, 0 },
	{ "lockdown", "the kernel is locked down", ask_file, "/sys/kernel/security/lockdown", 0,
	  0 },
};

VIOC_API int vioc_system_get_feature(struct vioc_ctx *ctx, size_t index,
				     struct vioc_system_feature *ret_feature)
{
	struct vioc_system_feature feature = { 0 };
	if (!ctx)
		return -EINVAL;
	if (index >= sizeof(probes) / sizeof(probes[0]))
		return 0;
	const struct probe *probe = &probes[index];
	feature.name = probe->name;
	feature.about = probe->about;
	feature.state = probe->ask(ctx, probe, &feature);
	int error = vioci_ctx_give_sized(ctx, ret_feature, &feature, sizeof(feature));
	return error < 0 ? error : 1;
}
