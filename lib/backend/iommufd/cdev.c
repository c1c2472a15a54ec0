// SPDX-License-Identifier: MIT
/* Devices by their VFIO character device. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "backend/iommufd/iommufd.h"
#include "uapi/vfio.h"

static int fail_without_cdev(const struct vioci_kioas *kioas, const struct vioci_identity *identity)
{
	struct vioci_diag_draft draft = vioci_attach_draft(kioas, identity, 0, 0);
	vioci_explain_no_cdev(kioas->backend->ctx, &draft);
	return vioci_ctx_leave(kioas->backend->ctx, &draft);
}

static int open_cdev(const struct vioci_kioas *kioas, const struct vioci_identity *identity)
{
	if (!identity->cdev[0])
		return fail_without_cdev(kioas, identity);
	char path[VIOCI_NODE_SIZE];
	vioci_identity_node(identity, true, path);
	int fd = vioci_sys_open(&kioas->backend->ctx->sys, path, O_RDWR);
	return fd >= 0 ? fd : vioci_attach_fail_node(kioas, identity, path, fd);
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

/* On failure the refusal says at which step. */
static int bind_and_attach(struct iommufd_attachment *attachment,
			   const struct vioci_vf_token *token, struct vioci_refusal *refusal)
{
	const struct vioci_kioas *kioas = attachment->base.kioas;
	refusal->step = "VFIO_DEVICE_BIND_IOMMUFD";
	int error = token ? bind_by_token(attachment, token) : bind(attachment, NULL);
	if (error < 0)
		return error;

	struct vioci_vfio_attach_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = ((const struct iommufd_kioas *)kioas)->id,
	};
	refusal->step = "VFIO_DEVICE_ATTACH_IOMMUFD_PT";
	return vioci_sys_ioctl(&kioas->backend->ctx->sys, attachment->base.device_fd,
			       VIOCI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

int vioci_iommufd_attach(struct vioci_kioas *kioas, const struct vioci_newcomer *newcomer,
			 struct vioci_attachment **ret_attachment)
{
	const struct vioci_identity *identity = newcomer->identity;
	struct iommufd_attachment *attachment = calloc(1, sizeof(*attachment));
	if (!attachment)
		return vioci_fail_memory(kioas->backend->ctx);
	attachment->base.kioas = kioas;
	attachment->base.device_fd = open_cdev(kioas, identity);
	if (attachment->base.device_fd < 0) {
		int error = attachment->base.device_fd;
		free(attachment);
		return error;
	}

	struct vioci_refusal refusal = {
		.eperm = VIOCI_EPERM_EITHER,
		.had_token = newcomer->token != NULL,
	};
	refusal.error = bind_and_attach(attachment, newcomer->token, &refusal);
	if (refusal.error < 0) {
		vioci_iommufd_detach(&attachment->base);
		return vioci_attach_refused(kioas, identity, &refusal);
	}
	*ret_attachment = &attachment->base;
	return 0;
}

/* Closing a bound device detaches and unbinds it; there is no other way to unbind. */
void vioci_iommufd_detach(struct vioci_attachment *attachment)
{
	vioci_sys_close(&attachment->kioas->backend->ctx->sys, &attachment->device_fd);
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
