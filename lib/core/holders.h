/* SPDX-License-Identifier: MIT */
/* Who has what of VFIO open, as far as /proc shows. */
#ifndef VIOCI_HOLDERS_H
#define VIOCI_HOLDERS_H

#include "sys/sys.h"

/* What /proc calls a device that was opened through its group. */
#define VIOCI_ANONYMOUS_DEVICE "anon_inode:[vfio-device]"

struct vioci_held {
	const char *pid;
	const char *node; /* "/dev/vfio/7", "/dev/vfio/devices/vfio3", or VIOCI_ANONYMOUS_DEVICE */
	bool is_mapped;	  /* no fd, but memory of it that is still mapped */
};

/* Non-zero stops and becomes the result. A process may be told of a node many times. */
typedef int (*vioci_held_fn)(void *arg, const struct vioci_held *held);

/* Calls fn for everything of VFIO, but containers, that any process holds. What can't be seen is skipped. */
int vioci_list_held(const struct vioci_sys *sys, vioci_held_fn fn, void *arg);

/* The command of a process, "?" if it can't be seen. */
void vioci_read_command(const struct vioci_sys *sys, const char *pid, char *ret_command,
			size_t size);

#endif
