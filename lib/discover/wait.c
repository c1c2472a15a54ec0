// SPDX-License-Identifier: MIT
/* Waiting for a node: whatever the monitor hears is a reason to look again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"
#include "discover/monitor.h"

struct wait {
	struct vioc_monitor *monitor;
	const char *device;
	uint32_t backend;
	struct vioci_identity identity;
	/* What is missing, at the last look. */
	uint32_t reason;
	const char *obstacle;
};

static bool is_missing(struct wait *wait, uint32_t reason, const char *obstacle)
{
	wait->reason = reason;
	wait->obstacle = obstacle;
	return true;
}

/* The folder in sysfs of what has the node. Empty: the kernel has made none. */
static void find_folder(const struct wait *wait, bool by_cdev, char path[VIOCI_PATH_MAX])
{
	char node[VIOCI_NODE_SIZE];
	vioci_identity_node(&wait->identity, by_cdev, node);
	const char *name = strrchr(node, '/');
	if (!name)
		path[0] = '\0';
	else if (by_cdev)
		snprintf(path, VIOCI_PATH_MAX, "%s/vfio-dev%s", wait->identity.path, name);
	else
		snprintf(path, VIOCI_PATH_MAX, "/sys/class/vfio%s", name);
	if (!vioci_sys_exists(&wait->monitor->ctx->sys, path))
		path[0] = '\0';
}

/* Only udevd knows when it is done; it notes that last. */
static bool is_udevd_done(const struct wait *wait, const char *folder)
{
	if (wait->monitor->source != VIOC_MONITOR_UDEV)
		return true;
	struct udev_device *device = udev_device_new_from_syspath(wait->monitor->udev, folder);
	bool is_done = device && udev_device_get_is_initialized(device) > 0;
	udev_device_unref(device);
	return is_done;
}

static bool is_node_missing(struct wait *wait, bool by_cdev, const char *folder)
{
	char node[VIOCI_NODE_SIZE];
	vioci_identity_node(&wait->identity, by_cdev, node);
	if (!*folder)
		return is_missing(wait, by_cdev ? VIOC_REASON_NO_CDEV : VIOC_REASON_NO_INTERFACE,
				  by_cdev ? "a vfio driver is bound, but there is no character "
					    "device: the kernel may be built without "
					    "CONFIG_VFIO_DEVICE_CDEV"
					  : "a vfio driver is bound, but its group has no node: "
					    "the kernel may be built without CONFIG_VFIO_GROUP");
	if (!vioci_sys_exists(&wait->monitor->ctx->sys, node))
		return is_missing(wait, VIOC_REASON_NO_INTERFACE,
				  "the kernel has made its node, but it is not in /dev: in a "
				  "container, it has to be passed in");
	if (!is_udevd_done(wait, folder))
		return is_missing(wait, VIOC_REASON_PERMISSION,
				  "udevd has not set the owner and mode of its node yet");
	return false;
}

static bool is_unbound(struct wait *wait)
{
	if (vioci_identity_read(&wait->monitor->ctx->sys, wait->device, &wait->identity) < 0)
		return is_missing(wait, VIOC_REASON_NO_DEVICE, "there is no such device");
	if (!wait->identity.vfio_bound)
		return is_missing(wait,
				  wait->identity.driver[0] ? VIOC_REASON_OTHER_DRIVER
							   : VIOC_REASON_NOT_BOUND,
				  "no vfio driver is bound to it");
	return false;
}

static bool is_anything_missing(struct wait *wait)
{
	const struct vioci_backend_ops *const *ops = vioci_backend_candidates(wait->backend);
	size_t n = 0;
	if (is_unbound(wait))
		return true;
	for (; *ops; ops++) {
		char folder[VIOCI_PATH_MAX];
		find_folder(wait, (*ops)->by_cdev, folder);
		/* Any will do, but those that are there must be ready. */
		if (!*folder && wait->backend == VIOC_BACKEND_AUTO)
			continue;
		if (is_node_missing(wait, (*ops)->by_cdev, folder))
			return true;
		n++;
	}
	return !n && is_missing(wait, VIOC_REASON_NO_INTERFACE, "the kernel has made no node");
}

/* 0, or why it can't go on. Lost events matter to nobody here. */
static int drain(struct vioc_monitor *monitor)
{
	struct udev_device *device;
	int result;
	while ((result = vioci_monitor_receive(monitor, &device)) != 0) {
		if (result > 0)
			udev_device_unref(device);
		else if (result != -ENOBUFS)
			return result;
	}
	return 0;
}

/* In milliseconds; -1: none. */
static int time_left(uint64_t deadline)
{
	uint64_t now = vioci_now_ms();
	if (deadline == UINT64_MAX)
		return -1;
	return now >= deadline ? 0 : deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
}

/* 0, -ETIMEDOUT, or why it can't wait. */
static int wait_for_all(struct wait *wait, uint64_t deadline)
{
	const struct vioci_sys *sys = &wait->monitor->ctx->sys;
	while (is_anything_missing(wait)) {
		int left = time_left(deadline);
		if (left == 0)
			return -ETIMEDOUT;
		int result = vioci_sys_wait(sys, vioc_monitor_get_fd(wait->monitor), false, left);
		if (result > 0)
			result = drain(wait->monitor);
		if (result < 0)
			return result;
	}
	return 0;
}

static int fail(const struct wait *wait, int error)
{
	if (error == -ENOMEM)
		return vioci_fail_memory(wait->monitor->ctx);
	bool timed_out = error == -ETIMEDOUT;
	struct vioci_diag_draft draft =
		vioci_diag_draft(error, timed_out ? wait->reason : vioci_reason_for(error));
	vioci_diag_tried(&draft, "wait for the node of %s", wait->device);
	vioci_diag_obstacle(&draft, "%s", timed_out ? wait->obstacle : "the wait was interrupted");
	vioci_diag_fact(&draft, "device", "%s", wait->device);
	return vioci_ctx_leave(wait->monitor->ctx, &draft);
}

VIOC_API int vioc_monitor_wait_node(struct vioc_monitor *monitor, const char *device,
				    uint32_t backend, uint32_t timeout_ms)
{
	char name[VIOCI_NAME_SIZE];
	struct wait wait = { .monitor = monitor, .device = device, .backend = backend };
	if (!vioci_backend_candidates(backend) || vioci_identity_name(device, name) < 0)
		return vioci_fail(monitor->ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
				  "wait for a node",
				  "\"%s\" can't be the name of a device, or there is no such "
				  "backend",
				  device);
	uint64_t deadline =
		timeout_ms == VIOC_WAIT_FOREVER ? UINT64_MAX : vioci_now_ms() + timeout_ms;
	int error = wait_for_all(&wait, deadline);
	return error < 0 ? fail(&wait, error) : 0;
}
