/* SPDX-License-Identifier: MIT */
/* VFIO's info ioctls: structs that begin with argsz and may carry a chain of capabilities. */
#ifndef VIOCI_VFIO_INFO_H
#define VIOCI_VFIO_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/sys.h"

/*
 * Calls the ioctl with a copy of *request of size bytes, made as large as the kernel asks for.
 * The result is malloc'ed; its argsz is its true size.
 */
int vioci_vfio_read_info(const struct vioci_sys *sys, int fd, unsigned long number,
			 const void *request, uint32_t size, void **ret_info);

/* What follows the fixed part of a capability. Not aligned: kernels before 6.6 pack the chain. */
struct vioci_vfio_tail {
	const unsigned char *data;
	size_t size;
};

/*
 * Copies the fixed part of the capability with this id, in the chain that starts at offset first,
 * and tells what follows it inside the info. False, and nothing copied: it is not there, not whole,
 * or the chain is broken.
 */
bool vioci_vfio_find_cap(const void *info, uint32_t first, uint16_t id, void *ret_fixed,
			 size_t fixed_size, struct vioci_vfio_tail *ret_tail);

#endif
