/* SPDX-License-Identifier: MIT */
/*
 * What is there: PCI devices, IOMMU groups and IOMMU units, and whether VFIO can have a device.
 *
 * An enumerator is a picture of one moment, which never changes; so every function here may be called
 * from any thread at any time. Making one reads sysfs only, needs no rights, changes nothing and
 * opens no device. With vioc_ctx_opts.sysroot it reads another machine's sysfs.
 */
#ifndef LIBVIOC_ENUMERATOR_H
#define LIBVIOC_ENUMERATOR_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>

VIOC_BEGIN_DECLS

struct vioc_enumerator;

#define VIOC_ENUMERATE_BRIDGES (UINT64_C(1) << 0) /* host and PCI bridges too */
#define VIOC_ENUMERATE_NAMES   (UINT64_C(1) << 1) /* look names up in udev's hardware database */
#define VIOC_ENUMERATE_HOLDERS (UINT64_C(1) << 2) /* look through /proc for who has a device open */
#define VIOC_ENUMERATE_GROUP   (UINT64_C(1) << 3) /* only devices of opts.group */
#define VIOC_ENUMERATE_DETAILS (UINT64_C(1) << 4) /* what takes many more files to be read */

/* What devices to list: those that meet all that is given. */
struct vioc_enumerator_opts {
	size_t size;
	uint64_t flags; /* VIOC_ENUMERATE_* */
	/*
	 * "[[[[domain]:]bus]:][device][.[function]]" in hexadecimal, as lspci(8) takes it; what is left
	 * out or "*" matches all. NULL: any address.
	 */
	const char *slot;
	/* "[vendor]:[device][:class]" in hexadecimal, as lspci(8) takes it. NULL: any. */
	const char *id;
	const char *driver; /* "nvme"; "" finds devices without a driver. NULL: any */
	uint32_t group;	    /* with VIOC_ENUMERATE_GROUP */
	uint32_t reserved;  /* must be 0 */
};

/*
 * Takes the picture. Devices that come or go meanwhile may be in it or not.
 * -EINVAL, -E2BIG: bad options, or a malformed slot or id. -EOPNOTSUPP: there is no sysfs, or it has
 * no PCI bus. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_enumerator_new(struct vioc_ctx *ctx,
						 const struct vioc_enumerator_opts *opts,
						 struct vioc_enumerator **ret_enumerator);
VIOC_API struct vioc_enumerator *vioc_enumerator_ref(struct vioc_enumerator *enumerator);
VIOC_API struct vioc_enumerator *vioc_enumerator_unref(struct vioc_enumerator *enumerator);
VIOC_DEFINE_UNREFP_(enumerator);

#define VIOC_HOLDER_MAPPED 1u /* it closed the node, but still has memory of the device mapped */

/* A process that has a node of the device open, or keeps it busy otherwise. */
struct vioc_holder {
	uint32_t pid;
	uint32_t flags;	     /* VIOC_HOLDER_* */
	const char *command; /* its name, as the kernel has it */
	const char *node;    /* what it has open */
};

#define VIOC_FOUND_BRIDGE    (UINT64_C(1) << 0) /* a host or PCI bridge */
#define VIOC_FOUND_GROUP     (UINT64_C(1) << 1) /* it has an IOMMU group */
#define VIOC_FOUND_VFIO	     (UINT64_C(1) << 2) /* a vfio driver is bound to it */
#define VIOC_FOUND_NOIOMMU   (UINT64_C(1) << 3) /* its group is VFIO's own, without an IOMMU */
#define VIOC_FOUND_IS_IOMMU  (UINT64_C(1) << 4) /* it is an IOMMU itself; never assign it */
#define VIOC_FOUND_SUSPENDED (UINT64_C(1) << 5) /* asleep, by runtime power management */
#define VIOC_FOUND_NO_NODE   (UINT64_C(1) << 6) /* bound to VFIO, but without a character device */

/*
 * A PCI device. Strings and arrays belong to the enumerator and live as long as it; a string is NULL
 * where there is no such thing. Text from sysfs is given as it is: it may hold any byte but 0.
 */
struct vioc_found_device {
	size_t size;
	uint64_t flags;		     /* VIOC_FOUND_* */
	const char *name;	     /* its address, "0000:01:00.0" */
	const char *parent;	     /* the bridge above it; NULL: on a root bus */
	const char *vendor_name;     /* with VIOC_ENUMERATE_NAMES, where the database has it */
	const char *device_name;     /* the same */
	const char *class_name;	     /* the same */
	const char *driver;	     /* bound to it */
	const char *driver_override; /* the driver that alone may bind to it */
	const char *unit;	     /* the IOMMU that it is behind */
	const char *cdev;	     /* "/dev/vfio/devices/vfio3", if that node exists */
	const char *group_node;	     /* "/dev/vfio/7" or "/dev/vfio/noiommu-7", if bound to VFIO */
	const char *reset_methods;   /* "flr bus", in the order they are tried */
	const char *physical_function; /* if it is a virtual one: of what device */
	const char *netdevs;	       /* network interfaces, separated by spaces */
	const char *block_devices;     /* disks, separated by spaces */
	uint32_t group;		       /* with VIOC_FOUND_GROUP */
	uint32_t class_code;	       /* 24 bits: class, subclass, interface */
	uint16_t vendor;
	uint16_t device;
	uint16_t subsystem_vendor;
	uint16_t subsystem_device;
	uint32_t revision;
	int32_t numa_node;    /* -1: none */
	uint32_t n_virtual;   /* virtual functions that it has now */
	uint32_t max_virtual; /* and could have */
	uint32_t n_msi;	      /* MSI vectors in use */
	uint32_t n_msix;      /* MSI-X vectors in use */
	/*
	 * Whether VFIO can have it, as far as sysfs tells: VIOC_REASON_NONE, or what stands in the way
	 * first (<libvioc/diag.h>). vioc_device_explain() tells all.
	 */
	uint32_t reason;
	uint32_t reserved;
	const char *blocker;		   /* for VIOC_REASON_SIBLING_BOUND: the sibling */
	const char *blocker_driver;	   /* and the driver that holds it */
	const struct vioc_holder *holders; /* with VIOC_ENUMERATE_HOLDERS: all that could be seen */
	size_t n_holders;
	/* The rest with VIOC_ENUMERATE_DETAILS only. */
	const char *macs; /* Ethernet addresses of netdevs, in that order */
	/*
	 * What of PCIe Access Control Services is on: "sv rr cr uf", "none"; NULL: it has none. Only root
	 * can tell, and only of a device that is awake.
	 */
	const char *acs;
	uint64_t bar_sizes[6];	/* in bytes; 0: no such BAR, or the upper half of the one before */
	uint32_t dma_mask_bits; /* of addresses that its driver said it can send; 0: not known */
	uint32_t node_mode;	/* of cdev, or else of group_node: permissions; */
	uint32_t node_uid;	/* who owns it */
	uint32_t node_gid;
};

/*
 * Fills *ret_device, made with VIOC_SIZED(vioc_found_device), with device number index, in the order
 * of their addresses. 1: there is one. 0: past the end. -EINVAL: no size.
 */
VIOC_API int vioc_enumerator_get_device(const struct vioc_enumerator *enumerator, size_t index,
					struct vioc_found_device *ret_device);

/* IOVAs that a group keeps from being used; inclusive. */
struct vioc_reserved_range {
	uint64_t start;
	uint64_t last;
	const char *kind; /* the kernel's word: "direct", "direct-relaxable", "msi", "reserved" */
};

/* An IOMMU group that has a listed device. */
struct vioc_found_group {
	size_t size;
	uint32_t number;
	uint32_t reserved;
	const char *
		type; /* of its default domain: "DMA", "DMA-FQ", "identity", "blocked", "unknown" */
	const char *name; /* "vfio-noiommu"; NULL for most */
	const char *const
		*devices; /* all members, also those not listed and those on other buses */
	size_t n_devices;
	const struct vioc_reserved_range *ranges;
	size_t n_ranges;
};

/* The same for group number index, in the order of their numbers. */
VIOC_API int vioc_enumerator_get_group(const struct vioc_enumerator *enumerator, size_t index,
				       struct vioc_found_group *ret_group);

VIOC_END_DECLS

#endif
