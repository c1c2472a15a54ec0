// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/pci.h>

#include "core/sized.h"
#include "fds/check.h"
#include "uapi/vfio.h"

static int refuse(struct vioc_ctx *ctx, int fd, int error, uint32_t reason, const char *obstacle)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "adopt fd %d", fd);
	vioci_diag_obstacle(&draft, "%s", obstacle);
	vioci_diag_fact(&draft, "fd", "%d", fd);
	return vioci_ctx_leave(ctx, &draft);
}

int vioci_read_fd_opts(struct vioc_ctx *ctx, int fd, const struct vioc_fd_opts *given,
		       struct vioc_fd_opts *ret_opts)
{
	int error = vioci_sized_read(given, ret_opts, sizeof(*ret_opts));
	if (error == 0 && ((ret_opts->flags & ~(VIOC_FD_BORROWED | VIOC_FD_IN_GROUP)) ||
			   ret_opts->kind > VIOC_FD_DEVICE))
		error = -EINVAL;
	return error < 0 ? refuse(ctx, fd, error, VIOC_REASON_BAD_ARGUMENT,
				  "the options have unknown flags, no such kind, a bad size or "
				  "unknown fields")
			 : 0;
}

/* The vendor's and the device's id, as the config space has them. */
static int read_ids(const struct vioci_sys *sys, int fd, uint16_t ret_ids[2])
{
	struct vioci_vfio_region_info region = {
		.argsz = sizeof(region),
		.index = VIOC_PCI_CONFIG,
	};
	int error = vioci_sys_ioctl(sys, fd, VIOCI_VFIO_DEVICE_GET_REGION_INFO, &region);
	if (error < 0)
		return error;
	ssize_t done = vioci_sys_pread(sys, fd, ret_ids, 2 * sizeof(*ret_ids), region.offset);
	return done == 2 * sizeof(*ret_ids) ? 0 : -EIO;
}

/* The same as sysfs has them. */
static int read_id_of(const struct vioci_sys *sys, const char *device, const char *attribute,
		      uint16_t *ret_id)
{
	char path[VIOCI_PATH_MAX], text[16];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, attribute);
	int error = vioci_sys_read_text(sys, path, text, sizeof(text));
	if (error == 0)
		*ret_id = (uint16_t)strtoul(text, NULL, 16);
	return error;
}

/*
 * Whether a device opened through its group can be the one that it is said to be. Two of the same
 * model look alike where the kernel does not tell whose the fd is.
 */
static bool can_be(const struct vioci_sys *sys, int fd, const char *device)
{
	uint16_t found[2], wanted[2];
	if (read_id_of(sys, device, "vendor", &wanted[0]) < 0 ||
	    read_id_of(sys, device, "device", &wanted[1]) < 0 || read_ids(sys, fd, found) < 0)
		return true;
	return memcmp(found, wanted, sizeof(found)) == 0;
}

int vioci_check_fd(struct vioc_ctx *ctx, int fd, const struct vioc_fd_opts *opts,
		   struct vioci_fd_facts *ret_facts)
{
	const struct vioci_fd_claim claim = {
		.kind = opts->kind,
		.device = opts->device,
		.has_group = opts->flags & VIOC_FD_IN_GROUP,
		.group = opts->group,
	};
	char refusal[VIOCI_REFUSAL_MAX];
	struct vioci_fd_facts facts;
	int error = vioci_fd_check(&ctx->sys, fd, &claim, &facts, refusal);
	if (error < 0)
		return refuse(ctx, fd, error, VIOC_REASON_WRONG_FD, refusal);
	if (vioci_fd_is_of_device(facts.kind) && !facts.device[0])
		return refuse(ctx, fd, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			      "whose device it is neither the kernel tells nor the caller");
	if (facts.kind == VIOC_FD_GROUP && !facts.has_group)
		return refuse(ctx, fd, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			      "which group it is neither the kernel tells nor the caller");
	if (facts.kind == VIOC_FD_DEVICE && !can_be(&ctx->sys, fd, facts.device))
		return refuse(ctx, fd, -ENODEV, VIOC_REASON_WRONG_FD,
			      "its vendor and device ids are not those of the device it shall be");
	*ret_facts = facts;
	return 0;
}
