/* SPDX-License-Identifier: MIT */
/*
 * Taking devices from drivers and giving them to others: what a device is used for, and its binding.
 *
 * These functions keep nothing in the library. Each may be called from any thread; but who changes the
 * binding of one device, or of devices of one group, from several threads or processes at once gets
 * any of the results.
 */
#ifndef LIBVIOC_BIND_H
#define LIBVIOC_BIND_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>
#include <libvioc/diag.h>

VIOC_BEGIN_DECLS

/*
 * Looks for everything that the PCI device is used for, and that would be torn off if its driver lost it:
 *  - VIOC_REASON_NETWORK: addresses, routes of all tables, interfaces on top (bond, bridge, vlan)
 *  - VIOC_REASON_OTHER_NETNS: it has a network interface, or may have one, in another namespace
 *  - VIOC_REASON_STORAGE: disks that are mounted, swapped to, or part of something
 *  - VIOC_REASON_DATA: disks with a partition table, a file system or the like, though not in use
 *  - VIOC_REASON_CONSOLE: the firmware's screen, or the console's serial port
 *  - VIOC_REASON_HAS_VFS: virtual functions, which go with their physical one's driver
 *  - VIOC_REASON_BUSY: a process has it, or one of its virtual functions, open by VFIO
 *  - VIOC_REASON_IS_IOMMU, VIOC_REASON_BRIDGE: it is an IOMMU, or a bridge to others
 * 1: it is used. 0: it isn't, as far as can be seen from here. *ret_diag is all that was found, as
 * vioc_device_explain() gives it: a finding whose error is 0 is a note. NULL if there is nothing to say,
 * else the caller's to unref. The diag of the calling thread is left as it was, or goes.
 *
 * Opens and reads disks of the device, if this process may, and opens no other devices. Only root sees all.
 * -EINVAL: malformed address. -ENODEV: no such device. -EOPNOTSUPP: not on the PCI bus. -ENOMEM.
 * Kernel: sysfs, /proc/self/mountinfo, /proc/swaps, /proc/PID/fd, rtnetlink.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_get_uses(struct vioc_ctx *ctx, const char *name,
						  struct vioc_diag **ret_diag);

#define VIOC_BINDING_NAME_SIZE 64

#define VIOC_BINDING_ANY_DRIVER \
	(UINT64_C(1) << 0) /* whichever driver the kernel chooses, or none */

/* Which driver has a device, and which may. */
struct vioc_binding {
	size_t size;
	uint64_t flags;				      /* VIOC_BINDING_* */
	char driver[VIOC_BINDING_NAME_SIZE];	      /* bound to it; "": none */
	char driver_override[VIOC_BINDING_NAME_SIZE]; /* the only one that may be; "": not set */
};

/*
 * Fills *ret_binding, made with VIOC_SIZED(vioc_binding). Reads sysfs; needs no rights.
 * -EINVAL: no size, or malformed name. -ENODEV.
 */
VIOC_API int vioc_device_get_binding(struct vioc_ctx *ctx, const char *name,
				     struct vioc_binding *ret_binding);

/*
 * Makes the device's binding this one: sets driver_override, takes the device from the driver it has,
 * gives it to the new one, and looks whether that really has it. On failure the old binding is back, or
 * the diag says that it couldn't be (fact "lost").
 *
 *	struct vioc_binding binding = VIOC_SIZED(vioc_binding);
 *	strcpy(binding.driver, "vfio-pci");
 *	strcpy(binding.driver_override, "vfio-pci");
 *	error = vioc_device_set_binding(ctx, "0000:01:00.0", &binding);
 *
 * With VIOC_BINDING_ANY_DRIVER, driver is "", and no driver that wants it is fine.
 * It asks for no reasons against it (vioc_device_get_uses() does) but for two: the kernel would wait for
 * ever for a process that has the device open by VFIO, and crash without its IOMMU.
 * The nodes of a vfio driver are there when this returns, but without udevd's rights: vioc_monitor waits
 * for those. Takes root.
 * -EINVAL: malformed name or driver, unknown flag, no size. -E2BIG. -ENODEV: no such device.
 * -EOPNOTSUPP: it is an IOMMU, has no driver_override, or the driver is not loaded. -EBUSY: a process has
 * it open. -ENXIO: the driver does not want it. -EACCES, -EPERM: no rights. -ENOMEM. Others: the driver's.
 * Kernel: driver_override, unbind, bind and drivers_probe in sysfs.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_set_binding(struct vioc_ctx *ctx, const char *name,
						     const struct vioc_binding *binding);

/*
 * Sets the type of the default domain of an IOMMU group: "DMA", "DMA-FQ", "identity", or "auto". An
 * enumerator tells what it is. Takes root, and no device of the group may have a driver, but to go from
 * "DMA" to "DMA-FQ".
 * -EINVAL: no such type. -ENODEV: no such group. -EBUSY: devices have drivers. -EOPNOTSUPP: the IOMMU
 * or a device of the group can't have it. -EACCES. -ENOMEM.
 * Kernel: /sys/kernel/iommu_groups/N/type.
 */
VIOC_API VIOC_MUST_CHECK int vioc_group_set_type(struct vioc_ctx *ctx, uint32_t group,
						 const char *type);

VIOC_END_DECLS

#endif
