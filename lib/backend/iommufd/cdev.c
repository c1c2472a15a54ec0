// SPDX-License-Identifier: MIT
/* Devices by their VFIO character device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/iommufd/iommufd.h"
#include "sys/vfio_probe.h"
#include "uapi/vfio.h"

static int fail_without_cdev(const struct vioci_kioas *kioas, const struct vioci_identity *identity)
{
	struct vioci_diag_draft draft = vioci_attach_draft(kioas, identity, 0, 0);
	vioci_explain_no_cdev(kioas->backend->ctx, &draft);
	return vioci_ctx_leave(kioas->backend->ctx, &draft);
}

static int open_cdev(const struct vioci_kioas *kioas, struct vioci_node *node)
{
	if (!node->identity->cdev[0])
		return fail_without_cdev(kioas, node->identity);
	vioci_identity_node(node->identity, true, node->path);
	return vioci_attach_open_node(kioas, node);
}

static int bind(struct iommufd_attachment *attachment, const struct vioci_vf_token *token)
{
	const struct vioci_backend *backend = attachment->base.kioas->backend;
	struct vioci_vfio_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = ((const struct iommufd_backend *)backend)->fd,
	};
	if (token) {
		bind.flags = VIOCI_VFIO_BIND_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)token->bytes;
	}
	int error = vioci_sys_ioctl(&backend->ctx->sys, attachment->base.device_fd,
				    VIOCI_VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (error == 0)
		attachment->id = bind.out_devid;
	return error;
}

/* Sets the token that the virtual functions of the bound device will want. */
static int set_token(const struct vioci_kioas *kioas, int device_fd,
		     const struct vioci_vf_token *token)
{
	struct {
		struct vioci_vfio_device_feature feature;
		uint8_t token[sizeof(token->bytes)];
	} set = {
		.feature.argsz = sizeof(set),
		.feature.flags = VIOCI_VFIO_FEATURE_SET | VIOCI_VFIO_FEATURE_PCI_VF_TOKEN,
	};
	memcpy(set.token, token->bytes, sizeof(set.token));
	int error = vioci_sys_ioctl(&kioas->backend->ctx->sys, device_fd, VIOCI_VFIO_DEVICE_FEATURE,
				    &set);
	/* A virtual function has none to set. */
	return error == -ENOTTY ? 0 : error;
}

/* Kernels before 6.17 take no token here, and ask a character device for none. */
static int bind_by_token(struct iommufd_attachment *attachment, const struct vioci_vf_token *token)
{
	int error = bind(attachment, token);
	if (error != -EINVAL)
		return error;
	error = bind(attachment, NULL);
	return error < 0 ? error
			 : set_token(attachment->base.kioas, attachment->base.device_fd, token);
}

static int attach(const struct vioci_kioas *kioas, int device_fd)
{
	struct vioci_vfio_attach_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = kioas->id,
	};
	return vioci_sys_ioctl(&kioas->backend->ctx->sys, device_fd,
			       VIOCI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

/*
 * A device that was bound when it was adopted may be attached already; doing it again changes
 * nothing. On failure the refusal says at which step.
 */
static int bind_and_attach(struct iommufd_attachment *attachment, bool bound,
			   const struct vioci_vf_token *token, struct vioci_refusal *refusal)
{
	int error = 0;
	refusal->step = "VFIO_DEVICE_BIND_IOMMUFD";
	if (!bound)
		error = token ? bind_by_token(attachment, token) : bind(attachment, NULL);
	if (error < 0)
		return error;
	refusal->step = "VFIO_DEVICE_ATTACH_IOMMUFD_PT";
	return attach(attachment->base.kioas, attachment->base.device_fd);
}

/*
 * The id of an IOAS means another one in another iommufd, and the kernel doesn't tell to which one
 * a device is bound. But if none is attached to ours, it was another.
 */
static int check_landing(struct vioci_kioas *kioas, const struct vioci_identity *identity)
{
	if (vioci_iommufd_has_device(kioas))
		return 0;
	struct vioci_diag_draft draft =
		vioci_attach_draft(kioas, identity, -ENODEV, VIOC_REASON_WRONG_FD);
	vioci_diag_obstacle(&draft, "the adopted fd is bound to another iommufd");
	vioci_diag_advice(&draft, "adopt that iommufd too, for the device's container");
	return vioci_ctx_leave(kioas->backend->ctx, &draft);
}

/* Since it was adopted an attempt that failed may have bound it. */
static bool is_bound(const struct vioci_attachment *attachment)
{
	bool bound;
	return vioci_probe_device(&attachment->kioas->backend->ctx->sys, attachment->device_fd,
				  &bound) &&
	       bound;
}

int vioci_iommufd_attach(struct vioci_kioas *kioas, const struct vioci_newcomer *newcomer,
			 struct vioci_attachment **ret_attachment)
{
	struct vioci_node node = { .kind = VIOC_FD_CDEV, .identity = newcomer->identity };
	struct iommufd_attachment *attachment = calloc(1, sizeof(*attachment));
	if (!attachment)
		return vioci_fail_memory(kioas->backend->ctx);
	attachment->base.kioas = kioas;
	attachment->base.device_fd = open_cdev(kioas, &node);
	if (attachment->base.device_fd < 0) {
		int error = attachment->base.device_fd;
		free(attachment);
		return error;
	}
	attachment->base.stays_open = node.adopted && !node.in_use;
	bool bound = node.adopted && is_bound(&attachment->base);

	struct vioci_refusal refusal = {
		.eperm = VIOCI_EPERM_EITHER,
		.had_token = newcomer->token != NULL,
	};
	refusal.error = bind_and_attach(attachment, bound, newcomer->token, &refusal);
	if (refusal.error < 0) {
		vioci_iommufd_detach(&attachment->base);
		return vioci_attach_refused(kioas, newcomer->identity, &refusal);
	}
	int error = bound ? check_landing(kioas, newcomer->identity) : 0;
	if (error < 0) {
		vioci_iommufd_detach(&attachment->base);
		return error;
	}
	*ret_attachment = &attachment->base;
	return 0;
}

/*
 * Closing the last fd of a bound device detaches and unbinds it; there is no other way to unbind.
 */
void vioci_iommufd_detach(struct vioci_attachment *attachment)
{
	const struct vioci_sys *sys = &attachment->kioas->backend->ctx->sys;
	struct vioci_vfio_detach_pt detach = { .argsz = sizeof(detach) };
	if (attachment->stays_open && !attachment->kioas->forgotten)
		(void)vioci_sys_ioctl(sys, attachment->device_fd,
				      VIOCI_VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
	vioci_sys_close(sys, &attachment->device_fd);
	free(attachment);
}

/* The kernel knows which devices are bound to the iommufd. */
int vioci_iommufd_hot_reset(struct vioci_attachment *attachment, const uint32_t *groups,
			    size_t count)
{
	(void)groups;
	(void)count;
	struct vioci_vfio_hot_reset reset = { .argsz = sizeof(reset) };
	return vioci_sys_ioctl(&attachment->kioas->backend->ctx->sys, attachment->device_fd,
			       VIOCI_VFIO_DEVICE_HOT_RESET, &reset);
}
