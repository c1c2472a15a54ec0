// SPDX-License-Identifier: MIT
/* Why an attach was refused: the kernel's few errnos, told apart by what can be seen around them. */
#include <errno.h>

#include "backend/backend.h"
#include "core/explain.h"

struct vioci_diag_draft vioci_attach_draft(const struct vioci_kioas *kioas,
					   const struct vioci_identity *identity, int error,
					   uint32_t reason)
{
	const char *backend = kioas->backend->ops->name;
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "open device %s by %s", identity->name, backend);
	vioci_diag_fact(&draft, "device", "%s", identity->name);
	vioci_diag_fact(&draft, "backend", "%s", backend);
	vioci_diag_fact(&draft, "group", "%u", identity->group);
	return draft;
}

int vioci_attach_open_node(const struct vioci_kioas *kioas, struct vioci_node *node)
{
	struct vioc_ctx *ctx = kioas->backend->ctx;
	int fd = vioci_node_open(ctx, node);
	if (fd >= 0)
		return fd;
	struct vioci_diag_draft draft = vioci_attach_draft(kioas, node->identity, fd, 0);
	vioci_node_explain(ctx, &draft, node, fd);
	return vioci_ctx_leave(ctx, &draft);
}

void vioci_explain_isolation(struct vioci_diag_draft *draft, const struct vioci_backend_ops *ops)
{
	const char *knob = ops->knob;
	draft->error = -EPERM;
	draft->reason = VIOC_REASON_NO_ISOLATION;
	vioci_diag_obstacle(draft, "the platform does not isolate interrupts, so the device could "
				   "raise any interrupt of the machine");
	vioci_diag_advice(draft,
			  "switch interrupt remapping on; or, where the device's user is trusted, "
			  "write 1 to /sys/module/%s/parameters/allow_unsafe_interrupts",
			  knob);
	vioci_diag_fact(draft, "path", "/sys/module/%s/parameters/allow_unsafe_interrupts", knob);
}

void vioci_explain_no_cdev(struct vioc_ctx *ctx, struct vioci_diag_draft *draft)
{
	draft->error = -EOPNOTSUPP;
	draft->reason = VIOC_REASON_NO_CDEV;
	vioci_diag_obstacle(draft, "it has no VFIO character device");
	if (!vioci_explain_old_kernel(ctx, draft, 6, 6))
		vioci_diag_advice(
			draft, "the kernel lacks CONFIG_VFIO_DEVICE_CDEV: use the legacy backend");
}

static void explain_unseen_owner(struct vioci_diag_draft *draft)
{
	draft->error = -EBUSY;
	draft->reason = VIOC_REASON_BUSY;
	vioci_diag_obstacle(draft, "its group belongs to somebody who can't be seen from here");
	vioci_diag_advice(draft, "look as root: other users' processes are visible to root only");
}

/* The group belongs to somebody: a kernel driver, or another user of VFIO. 1 if it was found. */
static int explain_owner(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			 const struct vioci_identity *identity)
{
	if (vioci_explain_sibling(ctx, draft, identity->group, identity->name))
		return 1;
	if (!vioci_explain_group_holders(ctx, draft, identity->group))
		return 0;
	draft->error = -EBUSY;
	draft->reason = VIOC_REASON_BUSY;
	vioci_diag_advice(draft,
			  "all devices of a group must be opened in one ioas of one process");
	return 1;
}

/* EPERM without an owner in sight. */
static void explain_no_permission(const struct vioci_kioas *kioas, struct vioci_diag_draft *draft,
				  const struct vioci_refusal *refusal)
{
	if (refusal->eperm == VIOCI_EPERM_OWNER) {
		explain_unseen_owner(draft);
		return;
	}
	vioci_explain_isolation(draft, kioas->backend->ops);
	if (refusal->eperm == VIOCI_EPERM_EITHER && !vioci_sees_all_processes(kioas->backend->ctx))
		vioci_diag_obstacle(draft, "; or its group belongs to somebody who can't be seen "
					   "from here");
}

static void explain_conflict(struct vioci_diag_draft *draft)
{
	draft->reason = VIOC_REASON_ADDRESS_CONFLICT;
	vioci_diag_obstacle(draft, "the device reserves, or can't reach, addresses at which the "
				   "ioas has mappings");
	vioci_diag_advice(draft, "unmap them, or open the device before mapping");
}

static void explain_token(struct vioci_diag_draft *draft, const struct vioci_refusal *refusal)
{
	draft->reason = VIOC_REASON_VF_TOKEN;
	vioci_diag_obstacle(draft, refusal->had_token
					   ? "the VF token is not the one that is set"
					   : "it wants a VF token: vfio-pci has its physical "
					     "function, or its virtual functions in use");
	vioci_diag_advice(draft, "give as vf_token what the physical function was opened with");
}

static void explain_kernel(struct vioci_diag_draft *draft, const struct vioci_refusal *refusal)
{
	/* Codes that would read as the caller's mistake, or that only ioctl(2) has. */
	if (refusal->error == -EINVAL || refusal->error == -ENOTTY || refusal->error == -ENODEV)
		draft->error = -EOPNOTSUPP;
	draft->reason = VIOC_REASON_KERNEL;
	vioci_diag_obstacle(draft, "%s was refused", refusal->step);
	vioci_diag_advice(draft, "the kernel's log may say more");
}

int vioci_attach_refused(const struct vioci_kioas *kioas, const struct vioci_identity *identity,
			 const struct vioci_refusal *refusal)
{
	struct vioc_ctx *ctx = kioas->backend->ctx;
	struct vioci_diag_draft draft = vioci_attach_draft(kioas, identity, refusal->error, 0);

	switch (refusal->error) {
	case -EPERM:
		if (!explain_owner(ctx, &draft, identity))
			explain_no_permission(kioas, &draft, refusal);
		break;
	case -EBUSY:
		if (!explain_owner(ctx, &draft, identity))
			explain_unseen_owner(&draft);
		break;
	case -EINVAL:
		if (!explain_owner(ctx, &draft, identity))
			explain_kernel(&draft, refusal);
		break;
	case -EADDRINUSE:
		explain_conflict(&draft);
		break;
	case -EACCES:
		explain_token(&draft, refusal);
		break;
	case -ENOMEM:
		vioci_diag_obstacle(&draft,
				    "the mappings of its ioas can't be put in force for it: ");
		vioci_explain_memlock(ctx, &draft, kioas->memlock_mode, 0);
		break;
	case -EFAULT:
		draft.reason = VIOC_REASON_BAD_MEMORY;
		vioci_diag_obstacle(&draft, "memory that its ioas maps is not mapped any more in "
					    "this process");
		break;
	default:
		explain_kernel(&draft, refusal);
	}
	return vioci_ctx_leave(ctx, &draft);
}
