/* SPDX-License-Identifier: MIT */
/* Inside a monitor. */
#ifndef VIOCI_MONITOR_H
#define VIOCI_MONITOR_H

#include <libudev.h>

#include <libvioc/monitor.h>

#include "core/ctx.h"
#include "core/identity.h"

struct vioc_monitor {
	vioci_ref refs;
	struct vioc_ctx *ctx;
	uint32_t source;
	struct udev *udev;
	struct udev_monitor *listener;
	struct udev_device *current;   /* what the last event was of */
	char subject[VIOCI_NAME_SIZE]; /* its device's name */
	char filter[VIOCI_NAME_SIZE];  /* the one device to tell of; empty: all */
};

/* Takes the next out of the listener: 1, the caller's; 0: none now; -ENOBUFS, or as recvmsg(2) has it. */
int vioci_monitor_receive(struct vioc_monitor *monitor, struct udev_device **ret_device);

#endif
