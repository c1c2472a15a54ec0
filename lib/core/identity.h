/* SPDX-License-Identifier: MIT */
/* A device and its IOMMU group as sysfs shows them. */
#ifndef VIOCI_IDENTITY_H
#define VIOCI_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/sys.h"

#define VIOCI_NAME_SIZE 64

struct vioci_identity {
	char name[VIOCI_NAME_SIZE]; /* "0000:01:00.0", or what its bus calls it */
	char path[128];		    /* its directory in sysfs */
	char driver[64];	    /* empty: none is bound */
	char cdev[32];		    /* "vfio3": its VFIO character device; empty if it has none */
	bool has_group;
	bool noiommu;	 /* the group is VFIO's own, without an IOMMU */
	bool vfio_bound; /* the driver is a vfio driver */
	uint32_t group;
};

/*
 * By PCI address, by name on another bus, or by path in sysfs. -EINVAL: it is nothing of that kind.
 * -ENODEV: no such device.
 */
int vioci_identity_read(const struct vioci_sys *sys, const char *name,
			struct vioci_identity *ret_identity);

/* The name by which sysfs has it or would: "0000:01:00.0" for "1:0.0". -EINVAL: as above. */
int vioci_identity_name(const char *name, char ret_name[VIOCI_NAME_SIZE]);

/*
 * The path of the node by which it is opened, if it has or had one: its character device, or that of
 * its group. Empty: it has no such device, or no group.
 */
#define VIOCI_NODE_SIZE 64
void vioci_identity_node(const struct vioci_identity *identity, bool by_cdev,
			 char ret_path[VIOCI_NODE_SIZE]);

/* The rest of an identity, whose name and path are known; here is its directory. */
void vioci_identity_read_at(const struct vioci_sys *here, struct vioci_identity *identity);

/* A device's driver_override by path; empty: none. An error is that of reading. */
int vioci_read_override(const struct vioci_sys *sys, const char *path, char *buf, size_t size);

/* The UUID that users of a physical function and of its virtual functions share. */
struct vioci_vf_token {
	uint8_t bytes[16];
	char text[37];
};

/* -EINVAL: not a UUID like "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3". */
int vioci_vf_token_parse(const char *text, struct vioci_vf_token *ret_token);

/* Whether the device is a physical function, or a virtual one, and vfio-pci has the physical one. */
bool vioci_takes_vf_token(const struct vioci_sys *sys, const struct vioci_identity *identity);

/*
 * What keeps VFIO from opening the device itself, as far as sysfs tells: VIOC_REASON_NO_IOMMU, _BYPASS,
 * _NOIOMMU, _NOT_BOUND, _OTHER_DRIVER, or _NONE (usable.c).
 */
uint32_t vioci_identity_judge(const struct vioci_identity *identity, bool iommu_is_active);

/* Whether it is what CONFIG_IOMMUFD_TEST registers among the IOMMUs, which is none. */
bool vioci_is_mock_unit(const char *name);

/* 1 if any IOMMU is active in this system. */
int vioci_iommu_is_active(const struct vioci_sys *sys);

/* Whether the device is an IOMMU itself, one that is active. */
bool vioci_is_iommu(const struct vioci_sys *sys, const char *name);

struct vioci_sibling {
	char name[64];
	char driver[64];
};

/* Drivers that leave DMA to whoever owns the group (driver_managed_dma in the kernel). */
bool vioci_leaves_dma_alone(const char *driver);

/* Called for each; non-zero stops and becomes the result. */
typedef int (*vioci_sibling_fn)(void *arg, const struct vioci_sibling *sibling);

/* The devices of the group whose drivers keep VFIO out. */
int vioci_group_list_blockers(const struct vioci_sys *sys, uint32_t group, vioci_sibling_fn fn,
			      void *arg);

/*
 * The first of them. 1 if there is one, else 0; an unreadable
 * group has none.
 */
int vioci_group_find_blocker(const struct vioci_sys *sys, uint32_t group,
			     struct vioci_sibling *ret_sibling);

/* A range that an IOMMU group keeps from being mapped. */
struct vioci_reserved_region {
	uint64_t start;
	uint64_t last;
	char kind[24];	/* "direct", "direct-relaxable", "msi", "reserved" */
	bool relaxable; /* VFIO and iommufd both ignore it: it can be mapped */
};

/* Called for each; non-zero stops and becomes the result. */
typedef int (*vioci_reserved_fn)(void *arg, const struct vioci_reserved_region *region);

int vioci_group_list_reserved(const struct vioci_sys *sys, uint32_t group, vioci_reserved_fn fn,
			      void *arg);

#endif
