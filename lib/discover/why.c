// SPDX-License-Identifier: MIT
/* Everything that keeps a device from being opened, as far as can be seen without opening it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/explain.h>

#include "backend/backend.h"
#include "core/explain.h"
#include "core/sized.h"
#include "discover/config.h"
#include "discover/findings.h"

struct interrupts {
	bool are_remapped;
	bool are_plain; /* message interrupts of x86 without remapping */
};

struct inquiry {
	struct vioc_ctx *ctx;
	struct vioc_explain_opts opts;
	struct vioci_identity identity;
	struct interrupts interrupts;
	struct vioci_findings findings; /* a hindrance is one for every backend */
};

static struct vioci_diag_draft begin(const struct inquiry *inquiry, int error, uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "open device %s", inquiry->identity.name);
	vioci_diag_fact(&draft, "device", "%s", inquiry->identity.name);
	return draft;
}

static struct vioci_diag_draft begin_by(const struct inquiry *inquiry,
					const struct vioci_backend_ops *ops)
{
	struct vioci_diag_draft draft = begin(inquiry, 0, 0);
	vioci_diag_tried(&draft, " by %s", ops->name);
	vioci_diag_fact(&draft, "backend", "%s", ops->name);
	return draft;
}

static void finish(struct inquiry *inquiry, struct vioci_diag_draft *draft)
{
	vioci_findings_finish(&inquiry->findings, draft);
}

static void note(struct inquiry *inquiry, uint32_t reason, const char *obstacle, const char *advice)
{
	struct vioci_diag_draft draft = begin(inquiry, 0, reason);
	vioci_diag_obstacle(&draft, "%s", obstacle);
	vioci_diag_advice(&draft, "%s", advice);
	finish(inquiry, &draft);
}

/* The device itself. */

static bool check_is_iommu(struct inquiry *inquiry)
{
	if (!vioci_is_iommu(&inquiry->ctx->sys, inquiry->identity.name))
		return false;
	struct vioci_diag_draft draft = begin(inquiry, -EOPNOTSUPP, VIOC_REASON_IS_IOMMU);
	vioci_diag_obstacle(&draft, "it is an IOMMU itself, which can't be assigned");
	vioci_diag_advice(&draft, "leave it alone: unbinding it may crash the kernel");
	finish(inquiry, &draft);
	return true;
}

static void check_usable(struct inquiry *inquiry)
{
	if (vioci_check_usable(inquiry->ctx, &inquiry->identity) == 0)
		return;
	vioci_findings_add(&inquiry->findings, vioci_ctx_take_diag(inquiry->ctx));
}

static bool ask_directory(const struct inquiry *inquiry,
			  bool (*is_so)(const struct vioci_sys *here))
{
	const struct vioci_sys *sys = &inquiry->ctx->sys;
	int dir = vioci_sys_open_dir(sys, inquiry->identity.path);
	if (dir < 0)
		return false;
	struct vioci_sys here = vioci_sys_at(sys, dir);
	bool answer = is_so(&here);
	vioci_sys_close(sys, &dir);
	return answer;
}

static void check_override(struct inquiry *inquiry)
{
	const char *driver = inquiry->identity.driver;
	char path[VIOCI_PATH_MAX], text[256];
	snprintf(path, sizeof(path), "%s/driver_override", inquiry->identity.path);
	if (vioci_read_override(&inquiry->ctx->sys, path, text, sizeof(text)) < 0 || !text[0] ||
	    strcmp(text, driver) == 0)
		return;
	struct vioci_diag_draft draft = begin(inquiry, 0, VIOC_REASON_STALE_OVERRIDE);
	vioci_diag_obstacle(&draft, "driver_override is %s, but %s%s is bound", text,
			    driver[0] ? "driver " : "no driver", driver);
	vioci_diag_advice(&draft, "write %s to /sys/bus/pci/drivers_probe once %s",
			  inquiry->identity.name,
			  driver[0] ? "the old driver is unbound" : "that driver is loaded");
	if (driver[0])
		vioci_diag_fact(&draft, "driver", "%s", driver);
	finish(inquiry, &draft);
}

/* It is still in sysfs, where a driver or a port has not noticed yet. */
static void check_gone(struct inquiry *inquiry)
{
	if (!ask_directory(inquiry, vioci_config_is_gone))
		return;
	struct vioci_diag_draft draft = begin(inquiry, -ENODEV, VIOC_REASON_GONE);
	vioci_diag_obstacle(&draft, "it does not answer: its config space reads as all ones");
	vioci_diag_advice(&draft, "see that it is plugged in and powered, then write 1 to its "
				  "\"remove\" and to /sys/bus/pci/rescan");
	finish(inquiry, &draft);
}

static void check_power(struct inquiry *inquiry)
{
	if (ask_directory(inquiry, vioci_is_suspended))
		note(inquiry, VIOC_REASON_SUSPENDED, "it sleeps (runtime power management)",
		     "opening it wakes it up; if it then reads as all ones, its link is down");
}

/* Its group. */

static void check_sibling(struct inquiry *inquiry)
{
	struct vioci_diag_draft draft = begin(inquiry, 0, 0);
	if (vioci_explain_sibling(inquiry->ctx, &draft, inquiry->identity.group,
				  inquiry->identity.name))
		finish(inquiry, &draft);
	else
		vioci_diag_drop(&draft);
}

static int check_direct(void *arg, const struct vioci_reserved_region *region)
{
	struct inquiry *inquiry = arg;
	if (strcmp(region->kind, "direct") != 0)
		return 0;
	struct vioci_diag_draft draft = begin(inquiry, -EOPNOTSUPP, VIOC_REASON_DIRECT_REGION);
	vioci_diag_obstacle(&draft,
			    "the firmware wants 0x%llx to 0x%llx mapped 1:1 for its group (RMRR), "
			    "so VFIO refuses it",
			    (unsigned long long)region->start, (unsigned long long)region->last);
	vioci_diag_advice(&draft, "switch off what uses it in the firmware's setup, often shared "
				  "memory for management; or take another slot");
	vioci_diag_fact(&draft, "conflict-start", "0x%llx", (unsigned long long)region->start);
	vioci_diag_fact(&draft, "conflict-last", "0x%llx", (unsigned long long)region->last);
	finish(inquiry, &draft);
	return 1;
}

static void check_group(struct inquiry *inquiry)
{
	const struct vioci_sys *sys = &inquiry->ctx->sys;
	char path[VIOCI_PATH_MAX], text[64];
	if (!inquiry->identity.has_group)
		return;
	if (inquiry->identity.vfio_bound)
		check_sibling(inquiry);
	vioci_group_list_reserved(sys, inquiry->identity.group, check_direct, inquiry);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/type", inquiry->identity.group);
	if (vioci_sys_read_text(sys, path, text, sizeof(text)) == 0 &&
	    strcmp(text, "identity") == 0)
		note(inquiry, VIOC_REASON_IDENTITY,
		     "the default domain of its group is identity, as with iommu=pt",
		     "nothing: VFIO puts another in its place while the device is open");
}

/* The system. */

static void check_lockdown(struct inquiry *inquiry)
{
	char text[128];
	if (vioci_sys_read_text(&inquiry->ctx->sys, "/sys/kernel/security/lockdown", text,
				sizeof(text)) < 0 ||
	    strstr(text, "[none]"))
		return;
	note(inquiry, VIOC_REASON_LOCKDOWN, "the kernel is locked down",
	     "nothing, with an IOMMU; no-IOMMU mode and writes through sysfs are refused");
}

/* One way into the kernel. */

static bool is_in_groups(const struct vioc_explain_opts *opts, uint32_t gid)
{
	for (size_t i = 0; i < opts->n_gids; i++)
		if (opts->gids[i] == gid)
			return true;
	return false;
}

/* 0, -EACCES, or -ENOENT. */
static int check_access(const struct inquiry *inquiry, const char *path)
{
	const struct vioc_explain_opts *opts = &inquiry->opts;
	struct vioci_file_rights rights;
	if (!(opts->flags & VIOC_EXPLAIN_USER))
		return vioci_sys_check_access(&inquiry->ctx->sys, path);
	int error = vioci_sys_get_rights(&inquiry->ctx->sys, path, &rights);
	if (error < 0 || opts->uid == 0)
		return error;
	unsigned int shift = rights.uid == opts->uid ? 6 : is_in_groups(opts, rights.gid) ? 3 : 0;
	return (rights.mode >> shift & 6) == 6 ? 0 : -EACCES;
}

static void check_node(struct inquiry *inquiry, const struct vioci_backend_ops *ops,
		       const char *path)
{
	int error = check_access(inquiry, path);
	if (error == 0)
		return;
	struct vioci_diag_draft draft = begin_by(inquiry, ops);
	vioci_explain_node(inquiry->ctx, &draft, path, error);
	finish(inquiry, &draft);
}

/* Whoever has a node of the group has the group: through both there is but one owner. */
static void check_holders(struct inquiry *inquiry, const struct vioci_backend_ops *ops)
{
	struct vioci_diag_draft draft = begin_by(inquiry, ops);
	if (!vioci_explain_group_holders(inquiry->ctx, &draft, inquiry->identity.group)) {
		vioci_diag_drop(&draft);
		return;
	}
	draft.error = -EBUSY;
	draft.reason = VIOC_REASON_BUSY;
	vioci_diag_advice(&draft, "end the holder, or let it close the device");
	finish(inquiry, &draft);
}

static void check_device_node(struct inquiry *inquiry, const struct vioci_backend_ops *ops)
{
	const struct vioci_identity *identity = &inquiry->identity;
	char path[VIOCI_NODE_SIZE];
	if (ops->by_cdev && !identity->cdev[0]) {
		struct vioci_diag_draft draft = begin_by(inquiry, ops);
		vioci_explain_no_cdev(inquiry->ctx, &draft);
		finish(inquiry, &draft);
		return;
	}
	vioci_identity_node(identity, ops->by_cdev, path);
	check_node(inquiry, ops, path);
	check_holders(inquiry, ops);
}

static int look_at_interrupt(void *arg, const char *name)
{
	struct inquiry *inquiry = arg;
	struct interrupts *interrupts = &inquiry->interrupts;
	char path[VIOCI_PATH_MAX], chip[128];
	if (strlen(name) > 32)
		return 0;
	snprintf(path, sizeof(path), "/sys/kernel/irq/%s/chip_name", name);
	if (vioci_sys_read_text(&inquiry->ctx->sys, path, chip, sizeof(chip)) < 0)
		return 0;
	interrupts->are_remapped |= strncmp(chip, "IR-", 3) == 0;
	interrupts->are_plain |= strncmp(chip, "PCI-MSI", 7) == 0;
	return interrupts->are_remapped;
}

static bool are_unsafe_allowed(const struct vioci_sys *sys, const char *module)
{
	char path[VIOCI_PATH_MAX], text[8];
	snprintf(path, sizeof(path), "/sys/module/%s/parameters/allow_unsafe_interrupts", module);
	return vioci_sys_read_text(sys, path, text, sizeof(text)) == 0 && text[0] == 'Y';
}

/* Only the chips' names show it; where there are none of x86's, nothing is claimed. */
static void check_isolation(struct inquiry *inquiry, const struct vioci_backend_ops *ops)
{
	if (inquiry->interrupts.are_remapped || !inquiry->interrupts.are_plain)
		return;
	struct vioci_diag_draft draft = begin_by(inquiry, ops);
	vioci_explain_isolation(&draft, ops);
	/* Then it is worth a warning, no more. */
	if (are_unsafe_allowed(&inquiry->ctx->sys, ops->knob))
		draft.error = 0;
	finish(inquiry, &draft);
}

static void check_memlock(struct inquiry *inquiry, const struct vioci_backend_ops *ops)
{
	struct vioci_memlock memlock;
	/* Another user's limits can't be seen. */
	if (!inquiry->opts.memory || (inquiry->opts.flags & VIOC_EXPLAIN_USER))
		return;
	vioci_read_memlock(inquiry->ctx, ops->memlock_mode, &memlock);
	uint64_t used = memlock.used < memlock.limit ? memlock.used : memlock.limit;
	if (!memlock.limited || inquiry->opts.memory <= memlock.limit - used)
		return;
	struct vioci_diag_draft draft = begin_by(inquiry, ops);
	draft.error = -ENOMEM;
	vioci_explain_memlock(inquiry->ctx, &draft, ops->memlock_mode, inquiry->opts.memory);
	finish(inquiry, &draft);
}

/* Whether this backend would do; the findings stay. */
static bool ask_backend(struct inquiry *inquiry, const struct vioci_backend_ops *ops)
{
	bool had = inquiry->findings.has_hindrance;
	inquiry->findings.has_hindrance = false;
	check_node(inquiry, ops, ops->node);
	check_device_node(inquiry, ops);
	check_isolation(inquiry, ops);
	check_memlock(inquiry, ops);
	bool would_do = !inquiry->findings.has_hindrance;
	inquiry->findings.has_hindrance = had;
	return would_do;
}

/* Whoever captured a machine's sysfs did not take its nodes along. */
static bool are_nodes_captured(const struct inquiry *inquiry)
{
	return !inquiry->ctx->sysroot || vioci_sys_exists(&inquiry->ctx->sys, "/dev/vfio") ||
	       vioci_sys_exists(&inquiry->ctx->sys, "/dev/iommu");
}

/* Nodes of a device that VFIO doesn't have are no more than a rumour. */
static void ask_backends(struct inquiry *inquiry)
{
	const struct vioci_backend_ops *const *ops =
		vioci_backend_candidates(inquiry->opts.backend);
	bool any = false;
	if (!inquiry->identity.vfio_bound || inquiry->identity.noiommu ||
	    !inquiry->identity.has_group || !are_nodes_captured(inquiry))
		return;
	vioci_sys_list(&inquiry->ctx->sys, "/sys/kernel/irq", look_at_interrupt, inquiry);
	for (; *ops; ops++)
		any |= ask_backend(inquiry, *ops);
	if (!any)
		inquiry->findings.has_hindrance = true;
}

static void ask(struct inquiry *inquiry)
{
	if (check_is_iommu(inquiry))
		return;
	check_gone(inquiry);
	check_usable(inquiry);
	check_override(inquiry);
	check_group(inquiry);
	check_power(inquiry);
	ask_backends(inquiry);
	check_lockdown(inquiry);
}

static int fail_opts(struct vioc_ctx *ctx, int error)
{
	return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "explain a device",
			  "the options have no size, or a flag or backend that is unknown");
}

VIOC_API int vioc_device_explain(struct vioc_ctx *ctx, const char *name,
				 const struct vioc_explain_opts *given, struct vioc_diag **ret_diag)
{
	struct inquiry inquiry = { .ctx = ctx };
	struct vioc_explain_opts *opts = &inquiry.opts;
	if (!ctx || !name || !ret_diag)
		return -EINVAL;
	int error = vioci_sized_read(given, opts, sizeof(*opts));
	if (error == 0 && ((opts->flags & ~VIOC_EXPLAIN_USER) || (opts->n_gids && !opts->gids) ||
			   !vioci_backend_candidates(opts->backend)))
		error = -EINVAL;
	if (error < 0)
		return fail_opts(ctx, error);
	error = vioci_identity_read(&ctx->sys, name, &inquiry.identity);
	if (error < 0)
		return vioci_fail_name(ctx, error, "explain a device", name);
	ask(&inquiry);
	error = vioci_findings_give(ctx, &inquiry.findings, ret_diag);
	return error < 0 ? error : !inquiry.findings.has_hindrance;
}
