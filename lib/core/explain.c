// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/stats.h>

#include "core/explain.h"
#include "core/holders.h"

static void explain_busy(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *path)
{
	unsigned int group;
	int found;

	draft->reason = VIOC_REASON_BUSY;
	vioci_diag_fact(draft, "path", "%s", path);
	if (sscanf(path, "/dev/vfio/%u", &group) == 1)
		found = vioci_explain_group_holders(ctx, draft, group);
	else
		found = vioci_explain_holders(ctx, draft, path, "it is held by");
	/* A device opened through its group keeps it busy after the group's fd was closed. */
	if (!found)
		found = vioci_explain_holders(ctx, draft, VIOCI_ANONYMOUS_DEVICE,
					      "it is in use, perhaps by");
	if (!found)
		vioci_diag_obstacle(draft, "%s is in use, by whom can't be seen from here", path);
	vioci_diag_advice(draft, "end the holder, or let it close the device; other users' "
				 "processes are visible to root only");
}

/* What would give a group of users access for good. */
static const char *udev_rule_for(const char *path)
{
	if (strcmp(path, "/dev/iommu") == 0)
		return "KERNEL==\"iommu\", SUBSYSTEM==\"misc\", GROUP=\"vioc\", MODE=\"0660\"";
	if (strncmp(path, "/dev/vfio/devices/", 18) == 0)
		return "SUBSYSTEM==\"vfio-dev\", GROUP=\"vioc\", MODE=\"0660\"";
	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return "KERNEL==\"vfio\", SUBSYSTEM==\"misc\", MODE=\"0666\"";
	return "SUBSYSTEM==\"vfio\", KERNEL!=\"noiommu-*\", GROUP=\"vioc\", MODE=\"0660\"";
}

static void explain_permission(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			       const char *path)
{
	struct vioci_file_rights rights;
	draft->reason = VIOC_REASON_PERMISSION;
	vioci_diag_fact(draft, "path", "%s", path);
	if (vioci_sys_get_rights(&ctx->sys, path, &rights) < 0) {
		vioci_diag_obstacle(draft, "no permission for %s", path);
		return;
	}
	vioci_diag_obstacle(draft, "no permission for %s, which has uid %u, gid %u, mode %04o",
			    path, rights.uid, rights.gid, rights.mode);
	vioci_diag_advice(
		draft,
		"give this user or one of its groups read and write access to it; a udev "
		"rule makes that last, for a group \"vioc\": %s; if it has that, a device "
		"cgroup may forbid it",
		udev_rule_for(path));
	vioci_diag_fact(draft, "udev-rule", "%s", udev_rule_for(path));
	vioci_diag_fact(draft, "uid", "%u", rights.uid);
	vioci_diag_fact(draft, "gid", "%u", rights.gid);
	vioci_diag_fact(draft, "mode", "%04o", rights.mode);
}

bool vioci_explain_old_kernel(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			      unsigned int major, unsigned int minor)
{
	char release[64];
	unsigned int has_major, has_minor;
	if (vioci_sys_read_text(&ctx->sys, "/proc/sys/kernel/osrelease", release, sizeof(release)) <
		    0 ||
	    sscanf(release, "%u.%u", &has_major, &has_minor) != 2 || has_major > major ||
	    (has_major == major && has_minor >= minor))
		return false;
	vioci_diag_obstacle(draft, ": this kernel is %s, and that came with Linux %u.%u", release,
			    major, minor);
	vioci_diag_advice(draft, "use the legacy backend, or a newer kernel");
	vioci_diag_fact(draft, "kernel", "%s", release);
	return true;
}

static void explain_missing(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *path)
{
	draft->reason = VIOC_REASON_NO_INTERFACE;
	draft->error = -EOPNOTSUPP;
	vioci_diag_obstacle(draft, "there is no %s", path);
	vioci_diag_fact(draft, "path", "%s", path);
	bool is_iommufd = strcmp(path, "/dev/iommu") == 0;
	if (is_iommufd && vioci_explain_old_kernel(ctx, draft, 6, 2))
		return;
	if (is_iommufd)
		vioci_diag_advice(draft,
				  "load the module iommufd; if there is none, the kernel was "
				  "built without CONFIG_IOMMUFD, as Debian's are: use the "
				  "legacy backend");
	else if (strcmp(path, "/dev/vfio/vfio") == 0)
		vioci_diag_advice(draft, "load the module vfio_iommu_type1; if there is none, the "
					 "kernel was built without CONFIG_VFIO_CONTAINER: use the "
					 "iommufd backend");
	else if (strncmp(path, "/dev/vfio/devices/", 18) != 0)
		vioci_diag_advice(draft, "the kernel may lack CONFIG_VFIO_GROUP: use the iommufd "
					 "backend; in a container, pass the node into it");
	else
		vioci_diag_advice(draft, "udev may not have made it yet; in a container, pass the "
					 "node into it");
}

void vioci_explain_node(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *path,
			int error)
{
	draft->error = error;
	switch (error) {
	case -EBUSY:
		explain_busy(ctx, draft, path);
		return;
	case -EACCES:
	case -EPERM:
		draft->error = -EACCES;
		explain_permission(ctx, draft, path);
		return;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		explain_missing(ctx, draft, path);
		return;
	default:
		draft->reason = VIOC_REASON_KERNEL;
		vioci_diag_obstacle(draft, "opening %s failed", path);
		vioci_diag_fact(draft, "path", "%s", path);
	}
}

struct blockers {
	struct vioci_diag_draft *draft;
	const char *device;
	uint32_t group;
	int count;
	struct vioci_sibling last;
};

static int add_blocker(void *arg, const struct vioci_sibling *sibling)
{
	struct blockers *blockers = arg;
	struct vioci_diag_draft *draft = blockers->draft;
	bool itself = strcmp(sibling->name, blockers->device) == 0;
	if (itself || !blockers->count)
		draft->reason = itself ? VIOC_REASON_OTHER_DRIVER : VIOC_REASON_SIBLING_BOUND;
	vioci_diag_obstacle(draft, "%s %s holds %s", blockers->count ? "," : "kernel driver",
			    sibling->driver, itself ? "it" : sibling->name);
	if (!itself && !blockers->count)
		vioci_diag_obstacle(draft, ", of the same IOMMU group %u", blockers->group);
	vioci_diag_fact(draft, "sibling", "%s", sibling->name);
	vioci_diag_fact(draft, "driver", "%s", sibling->driver);
	blockers->last = *sibling;
	blockers->count++;
	return 0;
}

int vioci_explain_sibling(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, uint32_t group,
			  const char *device)
{
	struct blockers blockers = { .draft = draft, .device = device, .group = group };
	vioci_group_list_blockers(&ctx->sys, group, add_blocker, &blockers);
	if (!blockers.count)
		return 0;
	draft->error = -EBUSY;
	if (blockers.count == 1)
		vioci_diag_advice(draft, "unbind %s from %s, or bind it to vfio-pci too",
				  blockers.last.name, blockers.last.driver);
	else
		vioci_diag_advice(draft,
				  "unbind each of the %d from its driver, or bind it to "
				  "vfio-pci too",
				  blockers.count);
	return 1;
}

/* The value in bytes of a "VmLck:  12 kB" line; 0 if there is none. */
static uint64_t status_bytes(const char *status, const char *key)
{
	const char *line = strstr(status, key);
	return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

#define CAP_IPC_LOCK 14

/* What this process has locked, and whether limits apply to it at all. */
static void read_locked(struct vioc_ctx *ctx, uint32_t mode, uint64_t *ret_used, bool *ret_exempt)
{
	char status[8192];
	*ret_used = 0;
	*ret_exempt = false;
	if (vioci_sys_read_text(&ctx->sys, "/proc/self/status", status, sizeof(status)) < 0)
		return;
	/*
	 * type1 counts in VmLck, as mlock() does. iommufd counts for the user, which shows nowhere, and
	 * this process' part of it in VmPin.
	 */
	*ret_used = status_bytes(status, mode == VIOC_MEMLOCK_PROCESS ? "\nVmLck:" : "\nVmPin:");
	const char *effective = strstr(status, "\nCapEff:");
	if (effective)
		*ret_exempt = strtoull(effective + 8, NULL, 16) >> CAP_IPC_LOCK & 1;
}

void vioci_read_memlock(struct vioc_ctx *ctx, uint32_t mode, struct vioci_memlock *ret_memlock)
{
	bool exempt;
	*ret_memlock = (struct vioci_memlock){ .limit = UINT64_MAX };
	vioci_sys_get_memlock_limit(&ctx->sys, &ret_memlock->limit);
	read_locked(ctx, mode, &ret_memlock->used, &exempt);
	ret_memlock->limited = ret_memlock->limit != UINT64_MAX && !exempt;
}

void vioci_explain_memlock(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, uint32_t mode,
			   uint64_t needed)
{
	struct vioci_memlock memlock;

	vioci_read_memlock(ctx, mode, &memlock);
	if (!memlock.limited) {
		draft->reason = VIOC_REASON_NO_MEMORY;
		vioci_diag_obstacle(draft, "out of memory (no RLIMIT_MEMLOCK applies)");
		return;
	}
	draft->reason = VIOC_REASON_MEMLOCK;
	if (needed)
		vioci_diag_obstacle(draft, "%" PRIu64 " bytes more can't be locked: ", needed);
	vioci_diag_obstacle(draft,
			    "RLIMIT_MEMLOCK is %" PRIu64 ", of which this process uses %" PRIu64,
			    memlock.limit, memlock.used);
	vioci_diag_advice(draft,
			  "raise the limit (ulimit -l, LimitMEMLOCK=, or limits.conf) or "
			  "give CAP_IPC_LOCK%s; failing that, memory itself is short",
			  mode == VIOC_MEMLOCK_USER ? "; iommufd counts all processes of the user "
						      "together, see vioc_fd_set_memlock_mode(3)"
						    : "");
	vioci_diag_fact(draft, "limit", "%" PRIu64, memlock.limit);
	vioci_diag_fact(draft, "used", "%" PRIu64, memlock.used);
	if (needed)
		vioci_diag_fact(draft, "needed", "%" PRIu64, needed);
}
