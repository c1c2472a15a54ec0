// SPDX-License-Identifier: MIT
/* Memory of a device for the DMA of others: mapped, or as a file. */
#include <errno.h>
#include <fcntl.h>

#include "device/region.h"
#include "ioas/map.h"
#include "uapi/vfio.h"

static const char tried_map[] = "map a part of a region for DMA";

/* The part as a file. Leaves a diag on failure, with what else there is. */
static int make_dma_buf(struct vioc_device *device, int fd, uint32_t index,
			const struct vioci_region_part *part, const char *tried,
			const char *alternative)
{
	const struct {
		struct vioci_vfio_feature_dma_buf head;
		struct vioci_vfio_dma_range range;
	} wanted = {
		.head = { .region_index = index, .open_flags = O_RDWR | O_CLOEXEC, .nr_ranges = 1 },
		.range = { .offset = part->offset, .length = part->length },
	};
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	int result = vioci_device_call_feature(device, fd,
					       VIOCI_VFIO_FEATURE_DMA_BUF | VIOCI_VFIO_FEATURE_GET,
					       &wanted, NULL, sizeof(wanted));
	result = vioci_sys_keep(&ctx->sys, result);
	if (result == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (result == -ENOTTY || result == -EOPNOTSUPP || result == -EINVAL)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, tried,
				  "the kernel makes no dma-buf of region %u of %s: that takes a "
				  "PCI BAR, and Linux 6.19 with VFIO_PCI_DMABUF%s",
				  index, device->identity.name, alternative);
	if (result < 0)
		return vioci_fail(ctx, result, vioci_reason_for(result), tried,
				  "the kernel refused to make a dma-buf of region %u", index);
	return result;
}

static int export_open(struct vioc_device *device, int fd, uint32_t index,
		       struct vioci_region_part *part)
{
	static const char tried[] = "export a part of a region";
	const struct vioci_region *region;
	int error = vioci_region_find_part(device, fd, index, part, tried, &region);
	return error < 0 ? error : make_dma_buf(device, fd, index, part, tried, "");
}

VIOC_API int vioc_region_export_dma_buf(struct vioc_device *device, uint32_t index, uint64_t offset,
					uint64_t length)
{
	struct vioci_region_part part = { .offset = offset, .length = length };
	int fd = vioci_device_get(device, "export a part of a region");
	if (fd < 0)
		return fd;
	int result = export_open(device, fd, index, &part);
	vioci_device_put(device);
	return result;
}

/* Where the backend maps dma-bufs; else -1. */
static int make_for_map(struct vioc_device *device, int fd, uint32_t index,
			const struct vioci_region_part *part, int *ret_fd)
{
	*ret_fd = -1;
	if (!device->attachment->kioas->backend->ops->maps_dma_bufs)
		return 0;
	int made = make_dma_buf(device, fd, index, part, tried_map,
				"; the legacy backend does without");
	if (made < 0)
		return made;
	*ret_fd = made;
	return 0;
}

/* The part as what mappings keep: in the process, and as a dma-buf. */
static int open_part(struct vioc_device *device, int fd, uint32_t index,
		     struct vioci_region_part *part, struct vioci_memfile **ret_file)
{
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	void *address;
	int dma_buf;
	int error = vioci_region_map_part(device, fd, index, part, tried_map, &address);
	if (error < 0)
		return error;
	error = make_for_map(device, fd, index, part, &dma_buf);
	if (error == 0 && vioci_memfile_new(ctx, dma_buf, ret_file) < 0)
		error = vioci_fail_memory(ctx);
	if (error < 0) {
		vioci_sys_munmap(&ctx->sys, address, (size_t)part->length);
		return error;
	}
	(*ret_file)->device = device->attachment;
	(*ret_file)->address = address;
	(*ret_file)->length = (size_t)part->length;
	return 0;
}

/* The device stays open meanwhile, so what is mapped here is there when it closes. */
static int map_open(struct vioc_device *device, int fd, uint32_t index,
		    struct vioci_region_part *part, uint64_t flags, struct vioci_request *request)
{
	const char *mistake = vioci_check_map_flags(flags);
	if (mistake)
		return vioci_fail(vioci_device_ctx(device), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  tried_map, "%s", mistake);
	int error = open_part(device, fd, index, part, &request->file);
	if (error < 0)
		return error;
	request->va = request->file->address;
	request->length = part->length;
	error = vioci_map(device->ioas, request, flags);
	vioci_memfile_put(vioci_device_ctx(device), request->file);
	return error;
}

static int map_dma(struct vioc_device *device, uint32_t index, struct vioci_region_part *part,
		   uint64_t flags, struct vioci_request *request)
{
	int fd = vioci_device_get(device, tried_map);
	if (fd < 0)
		return fd;
	int error = map_open(device, fd, index, part, flags, request);
	vioci_device_put(device);
	return error;
}

VIOC_API int vioc_region_map_dma_fixed(struct vioc_device *device, uint64_t iova, uint32_t index,
				       uint64_t offset, uint64_t length, uint64_t flags)
{
	struct vioci_region_part part = { .offset = offset, .length = length };
	struct vioci_request request = { .verb = "map for other devices", .iova = iova };
	return map_dma(device, index, &part, flags, &request);
}

VIOC_API int vioc_region_map_dma(struct vioc_device *device, uint32_t index, uint64_t offset,
				 uint64_t length, uint64_t flags, uint64_t *ret_iova)
{
	struct vioci_region_part part = { .offset = offset, .length = length };
	struct vioci_request request = { .verb = "map for other devices", .any_iova = true };
	if (device && !ret_iova)
		return vioci_fail(vioci_device_ctx(device), -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  tried_map, "no place for the IOVA is given");
	int error = map_dma(device, index, &part, flags, &request);
	if (error == 0)
		*ret_iova = request.iova;
	return error;
}
