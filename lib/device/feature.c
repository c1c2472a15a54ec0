// SPDX-License-Identifier: MIT
/* Device features: what a vfio driver offers by number, with data of its own kind for each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "uapi/vfio.h"

/* More than any feature has; the kernel's own limit for data is far above it. */
#define MAX_DATA ((size_t)1 << 20)

struct request {
	struct vioc_device *device;
	const char *tried;
	uint32_t id;
	uint32_t action; /* VIOCI_VFIO_FEATURE_GET, SET, PROBE */
};

int vioci_device_call_feature(struct vioc_device *device, int fd, uint32_t flags, const void *in,
			      void *out, size_t size)
{
	struct vioci_vfio_device_feature *feature = calloc(1, sizeof(*feature) + size);
	if (!feature)
		return -ENOMEM;
	feature->argsz = (uint32_t)(sizeof(*feature) + size);
	feature->flags = flags;
	if (in && size)
		memcpy(feature + 1, in, size);
	int result = vioci_sys_ioctl(&vioci_device_ctx(device)->sys, fd, VIOCI_VFIO_DEVICE_FEATURE,
				     feature);
	if (result >= 0 && out && size)
		memcpy(out, feature + 1, size);
	free(feature);
	return result;
}

static int call(const struct request *request, int fd, const void *in, void *out, size_t size)
{
	return vioci_device_call_feature(request->device, fd, request->id | request->action, in,
					 out, size);
}

static int check(const struct request *request, const void *data, size_t size)
{
	if (request->id <= VIOCI_VFIO_FEATURE_MASK && size <= MAX_DATA && (data || !size))
		return 0;
	return vioci_fail(vioci_device_ctx(request->device), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			  request->tried,
			  "the feature's number has more than 16 bits, its data is too large, or "
			  "there is none");
}

static int fail(const struct request *request, int error)
{
	struct vioc_ctx *ctx = vioci_device_ctx(request->device);
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (error == -ENOTTY)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, request->tried,
				  "%s does not have the feature %u", request->device->identity.name,
				  request->id);
	return vioci_fail(ctx, error, vioci_reason_for(error), request->tried,
			  "VFIO_DEVICE_FEATURE %u of %s was refused", request->id,
			  request->device->identity.name);
}

static int use(const struct request *request, const void *in, void *out, size_t size)
{
	int fd = vioci_device_get(request->device, request->tried);
	if (fd < 0)
		return fd;
	int error = check(request, in, size);
	if (error == 0) {
		error = call(request, fd, in, out, size);
		error = error < 0 ? fail(request, error) : 0;
	}
	vioci_device_put(request->device);
	return error;
}

VIOC_API int vioc_device_get_feature(struct vioc_device *device, uint32_t id, void *data,
				     size_t size)
{
	const struct request request = { device, "get a feature", id, VIOCI_VFIO_FEATURE_GET };
	return use(&request, data, data, size);
}

VIOC_API int vioc_device_set_feature(struct vioc_device *device, uint32_t id, const void *data,
				     size_t size)
{
	const struct request request = { device, "set a feature", id, VIOCI_VFIO_FEATURE_SET };
	return use(&request, data, NULL, size);
}

VIOC_API int vioc_device_probe_feature(struct vioc_device *device, uint32_t id)
{
	static const struct {
		uint32_t action;
		int flag;
	} ways[] = {
		{ VIOCI_VFIO_FEATURE_GET, VIOC_FEATURE_GET },
		{ VIOCI_VFIO_FEATURE_SET, VIOC_FEATURE_SET },
	};
	struct request request = { .device = device, .tried = "probe a feature", .id = id };
	int fd = vioci_device_get(device, request.tried);
	if (fd < 0)
		return fd;
	int found = 0, error = check(&request, NULL, 0);
	for (size_t i = 0; error == 0 && i < 2; i++) {
		request.action = VIOCI_VFIO_FEATURE_PROBE | ways[i].action;
		int result = call(&request, fd, NULL, NULL, 0);
		if (result >= 0)
			found |= ways[i].flag;
		else if (result != -ENOTTY && result != -EINVAL)
			error = fail(&request, result);
	}
	vioci_device_put(device);
	return error < 0 ? error : found;
}
