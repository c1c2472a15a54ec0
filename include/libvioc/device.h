/* SPDX-License-Identifier: MIT */
/*
 * A device, open and attached to an ioas.
 *
 * Every function here may be called from any thread; vioc_device_close() must not run while another
 * thread uses memory that vioc_region_map() returned.
 */
#ifndef LIBVIOC_DEVICE_H
#define LIBVIOC_DEVICE_H

#include <libvioc/base.h>
#include <libvioc/ioas.h>

VIOC_BEGIN_DECLS

struct vioc_device;

struct vioc_device_opts {
	size_t size;
	uint64_t flags; /* must be 0 */
	/*
	 * How many bits of an address the device can send: 32 for one that does DMA below 4 GiB only. While
	 * it is attached, the usable ranges of its ioas end there. 0: as many as its IOMMU takes.
	 */
	uint32_t address_bits;
	uint32_t reserved; /* must be 0 */
	/*
	 * A UUID as text: "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3". Opening a physical function of vfio-pci sets
	 * it, and whoever opens one of its virtual functions must give the same. NULL: none.
	 */
	const char *vf_token;
};

/*
 * Opens a device and attaches it to ioas, in one step on every backend. The mappings of ioas are in force
 * for the device when this returns. Devices of one IOMMU group must be in one ioas. name is one of:
 *	a PCI address: "0000:01:00.0", or "01:00.0" for domain 0;
 *	the name of a device on another bus, the first of platform, mdev (a UUID), ap and ccw that has it;
 *	its path in sysfs, on any bus: "/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001".
 *
 * -EINVAL: malformed name, bad options, a VF token for what takes none. -E2BIG.
 * -ENODEV: no such device.
 * -ENXIO: no driver is bound to it; it needs a vfio driver.
 * -EBUSY: it is open already; a kernel driver holds it or a device of its group; its group is in
 *	another ioas; or somebody else has the device or its group open.
 * -EACCES: no permission for its node; or it wants a VF token, or another. Kernels before 6.17 let
 *	whoever may open its character device (iommufd) have a virtual function without.
 * -EPERM: its interrupts are not isolated and the kernel insists on that.
 * -EOPNOTSUPP: not behind an IOMMU; its node is missing; the kernel refused for a reason that has no
 *	code of its own; or the ioas already works through a backend that can't take it.
 * -EADDRINUSE: addresses that the device reserves or can't reach meet mappings of ioas, or its IOMMU
 *	has larger pages than they are aligned to.
 * -ENOMEM, -EFAULT, -ENOSPC, -EEXIST: a mapping of ioas can't be put in force, see vioc_ioas_map().
 * -EPROTO: the kernel's description of the IOMMU makes no sense. -EMFILE, -ENFILE.
 * ioas stays as it was on failure.
 * Kernel: VFIO_GROUP_SET_CONTAINER, VFIO_SET_IOMMU, VFIO_GROUP_GET_DEVICE_FD;
 *	VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_ATTACH_IOMMUFD_PT.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_open(struct vioc_ioas *ioas, const char *name,
					      const struct vioc_device_opts *opts,
					      struct vioc_device **ret_device);
VIOC_API struct vioc_device *vioc_device_ref(struct vioc_device *device);
/* Dropping the last reference closes the device. */
VIOC_API struct vioc_device *vioc_device_unref(struct vioc_device *device);
VIOC_DEFINE_UNREFP_(device);

/*
 * Takes the device out of use now, whoever still holds references: unmaps its regions, detaches it
 * from its ioas and closes it. Calls that need the device then return -ENODEV; its name, ioas,
 * backend and info remain. A second close does nothing. NULL is fine.
 */
VIOC_API void vioc_device_close(struct vioc_device *device);

/* The full address, "0000:01:00.0", or what its bus calls it. Belongs to the device. */
VIOC_API const char *vioc_device_get_name(const struct vioc_device *device);
/* The address space it was attached to. Borrowed. */
VIOC_API struct vioc_ioas *vioc_device_get_ioas(const struct vioc_device *device);
/* The backend that serves it; never VIOC_BACKEND_AUTO. */
VIOC_API uint32_t vioc_device_get_backend(const struct vioc_device *device);
/* The VFIO device fd, borrowed: the device closes it. -ENODEV: closed. */
VIOC_API int vioc_device_get_fd(struct vioc_device *device);

#define VIOC_DEVICE_RESET (UINT64_C(1) << 0) /* vioc_device_reset() works */
#define VIOC_DEVICE_PCI	  (UINT64_C(1) << 1) /* a PCI device: <libvioc/pci.h> applies */

struct vioc_device_info {
	size_t size;
	uint64_t flags;	    /* VIOC_DEVICE_* */
	uint32_t n_regions; /* region indexes run from 0 to n_regions - 1 */
	uint32_t n_irqs;    /* interrupt indexes run from 0 to n_irqs - 1 */
	uint32_t group;	    /* its IOMMU group */
	uint32_t reserved;
};

/*
 * Fills *ret_info, made with VIOC_SIZED(vioc_device_info). -EINVAL: no size.
 * Kernel: VFIO_DEVICE_GET_INFO, asked once, at open.
 */
VIOC_API int vioc_device_get_info(const struct vioc_device *device,
				  struct vioc_device_info *ret_info);

/*
 * Resets the function. Its state is lost; mappings, region maps and the eventfds of interrupts stay.
 * -EOPNOTSUPP: the device has no reset. -EAGAIN: somebody else is resetting it. -ENODEV: closed.
 * Kernel: VFIO_DEVICE_RESET.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_reset(struct vioc_device *device);

#define VIOC_FEATURE_GET 1
#define VIOC_FEATURE_SET 2

/*
 * What can be done with a feature of the device's vfio driver: VIOC_FEATURE_GET and _SET, or 0 if there
 * is no such feature. id is a VFIO_DEVICE_FEATURE_* number, of 16 bits. -EINVAL. -ENODEV: closed. -ENOMEM.
 * Kernel: VFIO_DEVICE_FEATURE.
 */
VIOC_API int vioc_device_probe_feature(struct vioc_device *device, uint32_t id);

/*
 * Gets a feature's data of size bytes, or sets it; what it is depends on the feature. When getting,
 * the kernel sees what data has, as some features take a request in it. data may be NULL if size is 0.
 * -EOPNOTSUPP: no such feature. -EINVAL: id has more than 16 bits, no data; or the kernel doesn't like
 * the data. -ENODEV: closed. -ENOMEM. Others as the feature has them.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_get_feature(struct vioc_device *device, uint32_t id,
						     void *data, size_t size);
VIOC_API VIOC_MUST_CHECK int vioc_device_set_feature(struct vioc_device *device, uint32_t id,
						     const void *data, size_t size);

/*
 * Features of power, all to be set. SLEEP, without data, lets the kernel put the device into its lowest
 * power state while no call uses it; a call wakes it for as long as it takes, mapped registers raise
 * SIGBUS. WAKE, without data, ends that. SLEEP_UNTIL_WAKEUP has as data an eventfd as int32_t and a
 * uint32_t of 0; the kernel ends the sleep and signals the eventfd when anything wakes the device.
 */
#define VIOC_FEATURE_SLEEP		3u
#define VIOC_FEATURE_SLEEP_UNTIL_WAKEUP 4u
#define VIOC_FEATURE_WAKE		5u

#define VIOC_AFFECTED_OWNED 1u /* this container has it, or its group */

/* A device that a hot reset resets. */
struct vioc_affected_device {
	char name[16];	/* "0000:01:00.0" */
	uint32_t flags; /* VIOC_AFFECTED_* */
	uint32_t group; /* its IOMMU group */
};

/*
 * The devices that a hot reset of this one resets: it, and what shares its bus or slot. Writes the
 * first `capacity` of them and returns how many there are; devices may be NULL if capacity is 0.
 * -EOPNOTSUPP: it has no hot reset: no PCI device, or on a root bus. -EINVAL. -ENODEV: closed. -ENOMEM.
 * Kernel: VFIO_DEVICE_GET_PCI_HOT_RESET_INFO.
 */
VIOC_API int vioc_device_get_affected(struct vioc_device *device,
				      struct vioc_affected_device *devices, size_t capacity);

/*
 * Resets the device's bus or slot, and with it all that vioc_device_get_affected() lists. Every one of
 * them must have a vfio driver, and be open in this container or in a group that is.
 * -EBUSY: one isn't; the diag says which. -EAGAIN: one is in use at this moment, try again.
 * -EOPNOTSUPP: it has no hot reset. -ENODEV: closed. -ENOMEM.
 * Kernel: VFIO_DEVICE_PCI_HOT_RESET.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_hot_reset(struct vioc_device *device);

VIOC_END_DECLS

#endif
