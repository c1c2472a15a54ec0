// SPDX-License-Identifier: MIT
/* dma-bufs of BAR 0, as vfio-pci makes them since Linux 6.19. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "uapi/vfio.h"

int fake_export_dma_buf(struct fake *fake, struct fake_device *device, const void *arg)
{
	const struct vioci_vfio_device_feature *feature = arg;
	const struct vioci_vfio_feature_dma_buf *wanted = (const void *)(feature + 1);
	const struct vioci_vfio_dma_range *range = (const void *)(wanted + 1);
	if (fake->config.no_dma_buf)
		return -ENOTTY;
	if (!(feature->flags & VIOCI_VFIO_FEATURE_GET))
		return -EINVAL;
	if (feature->flags & VIOCI_VFIO_FEATURE_PROBE)
		return 0;
	if (feature->argsz < sizeof(*feature) + sizeof(*wanted) + sizeof(*range) ||
	    wanted->region_index || wanted->flags || wanted->nr_ranges != 1 ||
	    ((range->offset | range->length) & 0xfff) || range->offset > BAR_SIZE ||
	    range->length > BAR_SIZE - range->offset)
		return -EINVAL;
	int fd = vioci_sys_dup(&vioci_sys_real, device->bar_fd);
	if (fd < 0)
		return fd;
	struct fake_fd *made = fake_fd_set(fake, fd, FD_FILE);
	made->device = device;
	made->offset = range->offset;
	return fd;
}

/* Where the range of a file is in what is behind it. */
int fake_find_in_file(struct fake *fake, int number, uint64_t *offset)
{
	const struct fake_fd *fd = fake_fd(fake, number);
	if (!fd || !fd->device)
		return 0;
	*offset += fd->offset;
	return fake_device_has_memory(fd->device) ? 0 : -ENODEV;
}
