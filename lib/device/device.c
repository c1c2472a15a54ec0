// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "core/explain.h"
#include "core/sized.h"
#include "device/device.h"
#include "uapi/vfio.h"

static void device_free(struct vioc_device *device)
{
	vioc_device_close(device);
	vioci_device_free_regions(device);
	free(device->irqs);
	pthread_mutex_destroy(&device->irqs_lock);
	pthread_mutex_destroy(&device->config_lock);
	pthread_mutex_destroy(&device->regions_lock);
	pthread_rwlock_destroy(&device->lock);
	vioc_ioas_unref(device->ioas);
	free(device);
}

static int read_identity(struct vioc_ctx *ctx, const char *name,
			 struct vioci_identity *ret_identity)
{
	int error = vioci_identity_read(&ctx->sys, name, ret_identity);
	if (error == -ENODEV && vioci_adopted_identify(ctx, name, ret_identity) == 0)
		return 0;
	if (error == 0)
		return vioci_check_usable(ctx, ret_identity);

	struct vioci_diag_draft draft = vioci_diag_draft(error, VIOC_REASON_NO_DEVICE);
	vioci_diag_tried(&draft, "open device %s", name);
	vioci_diag_fact(&draft, "device", "%s", name);
	if (error == -EINVAL) {
		draft.reason = VIOC_REASON_BAD_ARGUMENT;
		vioci_diag_obstacle(&draft, "that is neither a PCI address, nor the name of a "
					    "device, nor its path in /sys");
		vioci_diag_advice(&draft, "write a PCI address as 0000:01:00.0, or 01:00.0 for "
					  "domain 0");
	} else if (error != -ENODEV) {
		draft.reason = vioci_reason_for(error);
		vioci_diag_obstacle(&draft, "its folder in sysfs can't be opened");
	} else {
		vioci_diag_obstacle(&draft, "there is no such device");
		vioci_diag_advice(&draft, "/sys/bus/pci/devices has those there are of PCI; "
					  "platform, mdev, ap and ccw devices are looked "
					  "for too");
	}
	return vioci_ctx_leave(ctx, &draft);
}

/* Asks the attached device what it is. */
static int read_info(struct vioc_device *device)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	struct vioci_vfio_device_info info = { .argsz = sizeof(info) };
	int error = vioci_sys_ioctl(&ctx->sys, device->attachment->device_fd,
				    VIOCI_VFIO_DEVICE_GET_INFO, &info);
	if (error < 0)
		return vioci_fail(ctx, error, vioci_reason_for(error),
				  "read what the device offers",
				  "VFIO_DEVICE_GET_INFO was refused");

	device->n_regions = info.num_regions;
	device->n_irqs = info.num_irqs;
	if (info.flags & VIOCI_VFIO_DEVICE_RESET_FLAG)
		device->flags |= VIOC_DEVICE_RESET;
	if (info.flags & VIOCI_VFIO_DEVICE_PCI_FLAG)
		device->flags |= VIOC_DEVICE_PCI;
	device->regions = calloc(info.num_regions, sizeof(*device->regions));
	device->irqs = calloc(info.num_irqs, sizeof(*device->irqs));
	return device->regions && device->irqs ? 0 : vioci_fail_memory(ctx);
}

static int read_token(struct vioc_device *device, const char *text,
		      struct vioci_vf_token *ret_token)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	if (vioci_vf_token_parse(text, ret_token) < 0)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "open a device",
				  "the VF token '%s' is not a UUID", text);
	if (!vioci_takes_vf_token(&ctx->sys, &device->identity))
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "open a device",
				  "%s takes no VF token: it is neither a physical function of "
				  "vfio-pci nor a virtual function of one",
				  device->identity.name);
	return 0;
}

static int open_and_attach(struct vioc_device *device, const char *name,
			   const struct vioc_device_opts *opts)
{
	struct vioci_vf_token token;
	struct vioci_newcomer newcomer = {
		.identity = &device->identity,
		.address_last =
			opts->address_bits ? UINT64_MAX >> (64 - opts->address_bits) : UINT64_MAX,
		.token = opts->vf_token ? &token : NULL,
	};
	int error = read_identity(vioci_device_ctx(device), name, &device->identity);
	if (error == 0 && opts->vf_token)
		error = read_token(device, opts->vf_token, &token);
	if (error == 0)
		error = vioci_ioas_attach(device->ioas, &newcomer, &device->attachment);
	if (error < 0)
		return error;
	device->backend = device->attachment->kioas->backend->ops->id;
	return read_info(device);
}

VIOC_API int vioc_device_open(struct vioc_ioas *ioas, const char *name,
			      const struct vioc_device_opts *given, struct vioc_device **ret_device)
{
	if (!ioas)
		return -EINVAL;
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	struct vioc_device_opts opts;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error == 0 &&
	    (opts.flags || opts.address_bits > 64 || opts.reserved || !name || !ret_device))
		error = -EINVAL;
	if (error < 0)
		return vioci_fail(
			ctx, error, VIOC_REASON_BAD_ARGUMENT, "open a device",
			"no name, or options with unknown flags, more than 64 address bits, a bad "
			"size or unknown fields");

	struct vioc_device *device = calloc(1, sizeof(*device));
	if (!device)
		return vioci_fail_memory(ctx);
	device->refs = 1;
	device->ioas = vioc_ioas_ref(ioas);
	pthread_rwlock_init(&device->lock, NULL);
	pthread_mutex_init(&device->regions_lock, NULL);
	pthread_mutex_init(&device->irqs_lock, NULL);
	pthread_mutex_init(&device->config_lock, NULL);
	error = open_and_attach(device, name, &opts);
	vioci_adopted_end(ctx, error == 0);
	if (error < 0) {
		device_free(device);
		return error;
	}
	*ret_device = device;
	return 0;
}

VIOC_API struct vioc_device *vioc_device_ref(struct vioc_device *device)
{
	if (device)
		vioci_ref_get(&device->refs);
	return device;
}

VIOC_API struct vioc_device *vioc_device_unref(struct vioc_device *device)
{
	if (device && vioci_ref_put(&device->refs))
		device_free(device);
	return NULL;
}

VIOC_API void vioc_device_close(struct vioc_device *device)
{
	if (!device)
		return;
	pthread_rwlock_wrlock(&device->lock);
	struct vioci_attachment *attachment = device->attachment;
	device->attachment = NULL;
	/* A BAR still mapped would keep the device, and its group, open. */
	vioci_device_unmap_regions(device);
	if (attachment)
		vioci_ioas_detach(device->ioas, attachment, &device->identity);
	vioci_device_close_irqs(device);
	pthread_rwlock_unlock(&device->lock);
}

int vioci_device_get(struct vioc_device *device, const char *tried)
{
	if (!device)
		return -EINVAL;
	pthread_rwlock_rdlock(&device->lock);
	if (device->attachment)
		return device->attachment->device_fd;
	pthread_rwlock_unlock(&device->lock);
	return vioci_fail(vioci_device_ctx(device), -ENODEV, VIOC_REASON_CLOSED, tried,
			  "the device %s is closed", device->identity.name);
}

void vioci_device_put(struct vioc_device *device)
{
	pthread_rwlock_unlock(&device->lock);
}

VIOC_API const char *vioc_device_get_name(const struct vioc_device *device)
{
	return device->identity.name;
}

VIOC_API struct vioc_ioas *vioc_device_get_ioas(const struct vioc_device *device)
{
	return device->ioas;
}

VIOC_API uint32_t vioc_device_get_backend(const struct vioc_device *device)
{
	return device->backend;
}

VIOC_API int vioc_device_get_fd(struct vioc_device *device)
{
	int fd = vioci_device_get(device, "get its fd");
	if (fd >= 0)
		vioci_device_put(device);
	return fd;
}

VIOC_API int vioc_device_get_info(const struct vioc_device *device,
				  struct vioc_device_info *ret_info)
{
	if (!device)
		return -EINVAL;
	const struct vioc_device_info info = {
		.flags = device->flags,
		.n_regions = device->n_regions,
		.n_irqs = device->n_irqs,
		.group = device->identity.group,
	};
	return vioci_ctx_give_sized(vioci_device_ctx(device), ret_info, &info, sizeof(info));
}
