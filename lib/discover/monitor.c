// SPDX-License-Identifier: MIT
/* Events of the kernel, or of udevd, by libudev. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sized.h"
#include "discover/monitor.h"

#define DEFAULT_BUFFER (4 << 20)

VIOC_API const char *vioc_event_name(uint32_t kind)
{
	static const char *const names[] = {
		[VIOC_EVENT_ADDED] = "added",
		[VIOC_EVENT_REMOVED] = "removed",
		[VIOC_EVENT_BOUND] = "bound",
		[VIOC_EVENT_UNBOUND] = "unbound",
		[VIOC_EVENT_CHANGED] = "changed",
		[VIOC_EVENT_NODE_ADDED] = "node-added",
		[VIOC_EVENT_NODE_REMOVED] = "node-removed",
	};
	bool is_known = kind && kind < sizeof(names) / sizeof(names[0]);
	return is_known ? names[kind] : "unknown";
}

static int fail(struct vioc_ctx *ctx, int error, const char *obstacle)
{
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	return vioci_fail(ctx, error, vioci_reason_for(error), "listen for changes", "%s",
			  obstacle);
}

static int check_opts(struct vioc_ctx *ctx, const struct vioc_monitor_opts *given,
		      struct vioc_monitor_opts *opts)
{
	int error = vioci_sized_read(given, opts, sizeof(*opts));
	if (error == 0 &&
	    (opts->flags || opts->source > VIOC_MONITOR_KERNEL || opts->buffer_size > INT32_MAX))
		error = -EINVAL;
	if (error < 0)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "listen for changes",
				  "the options have no size, or a flag, source or size of buffer "
				  "that this version doesn't know");
	return 0;
}

/* A kernel that sends events counts them. */
static int check_kernel(struct vioc_ctx *ctx)
{
	if (ctx->sysroot)
		return fail(ctx, -EOPNOTSUPP, "what was captured of a system does not change");
	if (!vioci_sys_exists(&ctx->sys, "/sys/kernel/uevent_seqnum"))
		return fail(ctx, -EOPNOTSUPP,
			    "there is no /sys/kernel/uevent_seqnum: sysfs is not mounted, or the "
			    "kernel sends no events");
	return 0;
}

/* As udev's own programs find out. */
static uint32_t choose_source(struct vioc_ctx *ctx)
{
	return vioci_sys_exists(&ctx->sys, "/run/udev/control") ? VIOC_MONITOR_UDEV
								: VIOC_MONITOR_KERNEL;
}

static int listen_to(struct vioc_monitor *monitor, uint32_t buffer_size)
{
	static const char *const subsystems[] = { "pci", "vfio-dev", "vfio" };
	monitor->udev = udev_new();
	if (!monitor->udev)
		return vioci_last_error();
	monitor->listener = udev_monitor_new_from_netlink(
		monitor->udev, monitor->source == VIOC_MONITOR_UDEV ? "udev" : "kernel");
	if (!monitor->listener)
		return vioci_last_error();
	for (size_t i = 0; i < sizeof(subsystems) / sizeof(subsystems[0]); i++) {
		int error = udev_monitor_filter_add_match_subsystem_devtype(monitor->listener,
									    subsystems[i], NULL);
		if (error < 0)
			return error;
	}
	/* Less than that is no reason to fail. */
	udev_monitor_set_receive_buffer_size(monitor->listener,
					     buffer_size ? (int)buffer_size : DEFAULT_BUFFER);
	return udev_monitor_enable_receiving(monitor->listener);
}

static void monitor_free(struct vioc_monitor *monitor)
{
	udev_device_unref(monitor->current);
	udev_monitor_unref(monitor->listener);
	udev_unref(monitor->udev);
	vioc_ctx_unref(monitor->ctx);
	free(monitor);
}

VIOC_API int vioc_monitor_new(struct vioc_ctx *ctx, const struct vioc_monitor_opts *given,
			      struct vioc_monitor **ret_monitor)
{
	struct vioc_monitor_opts opts;
	char filter[VIOCI_NAME_SIZE] = "";
	if (!ctx || !ret_monitor)
		return -EINVAL;
	int error = check_opts(ctx, given, &opts);
	if (error < 0)
		return error;
	if (opts.device && vioci_identity_name(opts.device, filter) < 0)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "listen for changes",
				  "\"%s\" can't be the name of a device", opts.device);
	error = check_kernel(ctx);
	if (error < 0)
		return error;
	struct vioc_monitor *monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return vioci_fail_memory(ctx);
	monitor->refs = 1;
	monitor->ctx = vioc_ctx_ref(ctx);
	monitor->source = opts.source ? opts.source : choose_source(ctx);
	strcpy(monitor->filter, filter);
	error = listen_to(monitor, opts.buffer_size);
	if (error < 0) {
		monitor_free(monitor);
		return fail(ctx, error, "the kernel gives no socket for its events");
	}
	*ret_monitor = monitor;
	return 0;
}

VIOC_API struct vioc_monitor *vioc_monitor_ref(struct vioc_monitor *monitor)
{
	if (monitor)
		vioci_ref_get(&monitor->refs);
	return monitor;
}

VIOC_API struct vioc_monitor *vioc_monitor_unref(struct vioc_monitor *monitor)
{
	if (monitor && vioci_ref_put(&monitor->refs))
		monitor_free(monitor);
	return NULL;
}

VIOC_API int vioc_monitor_get_fd(const struct vioc_monitor *monitor)
{
	return udev_monitor_get_fd(monitor->listener);
}

VIOC_API uint32_t vioc_monitor_get_source(const struct vioc_monitor *monitor)
{
	return monitor->source;
}

int vioci_monitor_receive(struct vioc_monitor *monitor, struct udev_device **ret_device)
{
	struct udev_device *device = udev_monitor_receive_device(monitor->listener);
	if (!device) {
		int error = vioci_last_error();
		return error == -EAGAIN || error == -EINTR ? 0 : error;
	}
	*ret_device = device;
	return 1;
}

/* 0: nothing that is told. */
static uint32_t kind_of(struct udev_device *device, bool is_node)
{
	static const struct {
		const char *action;
		uint32_t of_device;
		uint32_t of_node;
	} kinds[] = {
		{ "add", VIOC_EVENT_ADDED, VIOC_EVENT_NODE_ADDED },
		{ "remove", VIOC_EVENT_REMOVED, VIOC_EVENT_NODE_REMOVED },
		{ "bind", VIOC_EVENT_BOUND, 0 },
		{ "unbind", VIOC_EVENT_UNBOUND, 0 },
		{ "change", VIOC_EVENT_CHANGED, 0 },
	};
	const char *action = udev_device_get_action(device);
	for (size_t i = 0; action && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].action, action) == 0)
			return is_node ? kinds[i].of_node : kinds[i].of_device;
	return 0;
}

/* The part of the path that many names before its last. The device itself may be gone by now. */
static void take_name(const char *path, unsigned int before, char ret_name[VIOCI_NAME_SIZE])
{
	const char *end = path + strlen(path), *start = end;
	ret_name[0] = '\0';
	for (;;) {
		while (start > path && start[-1] != '/')
			start--;
		if (!before--)
			break;
		if (start == path)
			return;
		end = --start;
	}
	if (end - start < VIOCI_NAME_SIZE)
		snprintf(ret_name, VIOCI_NAME_SIZE, "%.*s", (int)(end - start), start);
}

/* A group's node is "7", or "noiommu-7". */
static int32_t parse_group(const char *name)
{
	int group, used = -1;
	name += strncmp(name, "noiommu-", 8) == 0 ? 8 : 0;
	sscanf(name, "%9d%n", &group, &used);
	return used > 0 && !name[used] ? group : -1;
}

static bool is_of_filter(const struct vioc_monitor *monitor, const struct vioc_event *event)
{
	char path[VIOCI_PATH_MAX];
	if (!monitor->filter[0])
		return true;
	if (event->device)
		return strcmp(event->device, monitor->filter) == 0;
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", event->group,
		 monitor->filter);
	return vioci_sys_exists(&monitor->ctx->sys, path);
}

/* Whether it is something that is told. */
static bool read_event(struct vioc_monitor *monitor, struct vioc_event *event)
{
	struct udev_device *device = monitor->current;
	const char *subsystem = udev_device_get_subsystem(device);
	const char *path = udev_device_get_devpath(device);
	if (!subsystem || !path)
		return false;
	bool is_cdev = strcmp(subsystem, "vfio-dev") == 0,
	     is_group = strcmp(subsystem, "vfio") == 0;
	/* "DEVICE/vfio-dev/vfio3" */
	take_name(path, is_cdev ? 2 : 0, monitor->subject);
	*event = (struct vioc_event){
		.kind = kind_of(device, is_cdev || is_group),
		.group = is_group ? parse_group(monitor->subject) : -1,
		.device = is_group ? NULL : monitor->subject,
		.node = is_cdev || is_group ? udev_device_get_devnode(device) : NULL,
	};
	if (event->kind == VIOC_EVENT_BOUND)
		event->driver = udev_device_get_property_value(device, "DRIVER");
	/* Without cdevs in the kernel there still is a device of that class. */
	if (!event->kind || ((is_cdev || is_group) && !event->node))
		return false;
	return is_of_filter(monitor, event);
}

VIOC_API int vioc_monitor_next(struct vioc_monitor *monitor, struct vioc_event *ret_event)
{
	struct vioc_event event;
	int result;
	do {
		monitor->current = udev_device_unref(monitor->current);
		result = vioci_monitor_receive(monitor, &monitor->current);
		if (result == 0)
			return 0;
		if (result < 0)
			return fail(monitor->ctx, result,
				    result == -ENOBUFS ? "events came faster than they were read, "
							 "and some are lost: enumerate again"
						       : "an event can't be read");
	} while (!read_event(monitor, &event));
	int error = vioci_ctx_give_sized(monitor->ctx, ret_event, &event, sizeof(event));
	return error < 0 ? error : 1;
}
