// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/vfio_info.h"
#include "uapi/vfio.h"

static uint32_t argsz_of(const void *info)
{
	uint32_t argsz;
	memcpy(&argsz, info, sizeof(argsz));
	return argsz;
}

static void set_argsz(void *info, uint32_t argsz)
{
	memcpy(info, &argsz, sizeof(argsz));
}

int vioci_vfio_read_info(const struct vioci_sys *sys, int fd, unsigned long number,
			 const void *request, uint32_t size, void **ret_info)
{
	uint32_t allocated = size;
	for (;;) {
		void *info = calloc(1, allocated);
		if (!info)
			return -ENOMEM;
		memcpy(info, request, size);
		set_argsz(info, allocated);
		int error = vioci_sys_ioctl(sys, fd, number, info);
		uint32_t needed = argsz_of(info);
		if (error == 0 && needed <= allocated) {
			set_argsz(info, allocated);
			*ret_info = info;
			return 0;
		}
		free(info);
		if (error < 0)
			return error;
		allocated = needed;
	}
}

bool vioci_vfio_find_cap(const void *info, uint32_t first, uint16_t id, void *ret_fixed,
			 size_t fixed_size, struct vioci_vfio_tail *ret_tail)
{
	const unsigned char *bytes = info;
	struct vioci_vfio_cap_header header;
	uint32_t size = argsz_of(info);

	for (uint32_t offset = first; offset; offset = header.next) {
		if (offset >= size || size - offset < sizeof(header))
			return false;
		memcpy(&header, bytes + offset, sizeof(header));
		if (header.id == id) {
			if (size - offset < fixed_size)
				return false;
			memcpy(ret_fixed, bytes + offset, fixed_size);
			ret_tail->data = bytes + offset + fixed_size;
			ret_tail->size = size - offset - fixed_size;
			return true;
		}
		/* The kernel's chains only go forward; anything else could loop. */
		if (header.next <= offset)
			return false;
	}
	return false;
}
