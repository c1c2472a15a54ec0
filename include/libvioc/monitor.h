/* SPDX-License-Identifier: MIT */
/*
 * What changes: devices that come and go, drivers that are bound and unbound, nodes that can be opened.
 *
 * A monitor is used by one thread at a time; different monitors from any threads. It makes no threads and
 * does not poll: its fd becomes readable when the kernel, or udevd, tells of something.
 */
#ifndef LIBVIOC_MONITOR_H
#define LIBVIOC_MONITOR_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>

VIOC_BEGIN_DECLS

struct vioc_monitor;

#define VIOC_MONITOR_AUTO 0 /* UDEV if udevd runs, else KERNEL */
/*
 * Events once udevd is done with them: nodes have their owner and mode by then. It keeps no order
 * between nodes and devices.
 */
#define VIOC_MONITOR_UDEV   1
#define VIOC_MONITOR_KERNEL 2 /* events as the kernel sends them: nodes are root's */

struct vioc_monitor_opts {
	size_t size;
	uint64_t flags;	 /* must be 0 */
	uint32_t source; /* VIOC_MONITOR_* */
	/*
	 * Bytes of events that the kernel keeps until they are read. 0: 4 MiB. The kernel may give less to
	 * who lacks CAP_NET_ADMIN (sysctl net.core.rmem_max).
	 */
	uint32_t buffer_size;
	/*
	 * Only what concerns this device: an address or a name, as vioc_device_open() takes them. It need
	 * not be there yet. NULL: all PCI devices, and all that have a VFIO node.
	 */
	const char *device;
};

/*
 * Begins to listen: nothing that happens after it returns is missed, but for -ENOBUFS below. To have a
 * picture and all that changes, make the monitor first, then the enumerator. Needs no rights.
 * -EINVAL, -E2BIG: bad options, or a malformed name. -EOPNOTSUPP: a context with a sysroot, or no
 * system that tells of changes. -EMFILE, -ENFILE, -ENOMEM.
 * Kernel: NETLINK_KOBJECT_UEVENT, through libudev.
 */
VIOC_API VIOC_MUST_CHECK int vioc_monitor_new(struct vioc_ctx *ctx,
					      const struct vioc_monitor_opts *opts,
					      struct vioc_monitor **ret_monitor);
VIOC_API struct vioc_monitor *vioc_monitor_ref(struct vioc_monitor *monitor);
VIOC_API struct vioc_monitor *vioc_monitor_unref(struct vioc_monitor *monitor);
VIOC_DEFINE_UNREFP_(monitor);

/* The fd to poll(2) for POLLIN, borrowed. Then call vioc_monitor_next() until it returns 0. */
VIOC_API int vioc_monitor_get_fd(const struct vioc_monitor *monitor);
/* VIOC_MONITOR_UDEV or VIOC_MONITOR_KERNEL. */
VIOC_API uint32_t vioc_monitor_get_source(const struct vioc_monitor *monitor);

#define VIOC_EVENT_ADDED	1 /* a device is there */
#define VIOC_EVENT_REMOVED	2 /* it went */
#define VIOC_EVENT_BOUND	3 /* a driver has it */
#define VIOC_EVENT_UNBOUND	4 /* no driver has it any more */
#define VIOC_EVENT_CHANGED	5 /* something else: the number of its virtual functions, an error */
#define VIOC_EVENT_NODE_ADDED	6 /* a VFIO node can be opened */
#define VIOC_EVENT_NODE_REMOVED 7 /* it went */

/* Strings belong to the monitor, until its next call. */
struct vioc_event {
	size_t size;
	uint32_t kind;	    /* VIOC_EVENT_*; later versions may send others */
	int32_t group;	    /* of a group's node: which IOMMU group; else -1 */
	const char *device; /* its address or name; NULL for a group's node */
	const char *driver; /* of VIOC_EVENT_BOUND; else NULL */
	const char *
		node; /* of VIOC_EVENT_NODE_*: "/dev/vfio/devices/vfio3", "/dev/vfio/7"; else NULL */
};

/*
 * Fills *ret_event, made with VIOC_SIZED(vioc_event), with the next event. 1: there was one. 0: none now.
 * Does not wait.
 * -ENOBUFS: events came faster than they were read, and some are lost: enumerate again, and go on.
 * -EINVAL: no size. Others as recvmsg(2) has them.
 */
VIOC_API VIOC_MUST_CHECK int vioc_monitor_next(struct vioc_monitor *monitor,
					       struct vioc_event *ret_event);

/* A name such as "node-added"; "unknown" for a value this library doesn't know. */
VIOC_API const char *vioc_event_name(uint32_t kind);

#define VIOC_WAIT_FOREVER UINT32_MAX

/*
 * Waits until the node by which the backend opens the device is there, with its owner and mode if udevd
 * runs. VIOC_BACKEND_AUTO: all nodes that the kernel has made for it; then call it after the driver was
 * bound. Takes events out of the monitor, so have one for this alone, made before what leads to the node:
 *
 *	vioc_monitor_new(ctx, NULL, &monitor);
 *	... write the device's address to /sys/bus/pci/drivers_probe ...
 *	vioc_monitor_wait_node(monitor, "0000:01:00.0", VIOC_BACKEND_IOMMUFD, 5000);
 *
 * A node that is there already is fine, and so are lost events.
 * -ETIMEDOUT: not within so many milliseconds; the diag says what is missing. -EINVAL: malformed name, or
 * such a backend there isn't. -EINTR: a signal came. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_monitor_wait_node(struct vioc_monitor *monitor,
						    const char *device, uint32_t backend,
						    uint32_t timeout_ms);

VIOC_END_DECLS

#endif
