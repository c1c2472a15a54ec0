/* SPDX-License-Identifier: MIT */
/*
 * Settings of a network device's virtual functions, which their physical function's driver keeps: to be
 * made before a virtual function is handed over. These functions may be called from any thread at any
 * time.
 */
#ifndef LIBVIOC_VF_H
#define LIBVIOC_VF_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>

VIOC_BEGIN_DECLS

/* What of struct vioc_vf_config is meant. */
#define VIOC_VF_MAC	    (UINT64_C(1) << 0)
#define VIOC_VF_VLAN	    (UINT64_C(1) << 1) /* vlan, vlan_priority and vlan_protocol */
#define VIOC_VF_TRUST	    (UINT64_C(1) << 2)
#define VIOC_VF_SPOOF_CHECK (UINT64_C(1) << 3)
#define VIOC_VF_LINK_STATE  (UINT64_C(1) << 4)

#define VIOC_VF_LINK_AUTO 0 /* as that of the physical function */
#define VIOC_VF_LINK_UP	  1
#define VIOC_VF_LINK_DOWN 2

struct vioc_vf_config {
	size_t size;
	uint64_t fields;	/* VIOC_VF_* */
	uint8_t mac[6];		/* all zeros: the driver chooses */
	uint16_t vlan;		/* 1 to 4094: tags all its packets; 0: none */
	uint16_t vlan_protocol; /* 0x8100, or 0x88a8; 0: 0x8100 */
	uint8_t vlan_priority;	/* 0 to 7 */
	uint8_t trust;		/* 1: it may change its MAC, and see packets that are not its own */
	uint8_t spoof_check;	/* 1: what it sends from another MAC is dropped */
	uint8_t reserved[3];	/* must be 0 */
	uint32_t link_state;	/* VIOC_VF_LINK_* */
};

/*
 * Fills *ret_config, made with VIOC_SIZED(vioc_vf_config), with the settings of virtual function number
 * vf, from 0 on, of the device whose network interface is netdev. fields says which the driver tells.
 * -EINVAL: no size. -ENODEV: no such interface, or it has no such virtual function. -EOPNOTSUPP: a context
 * with a sysroot. -ENOMEM, -EIO.
 * Kernel: RTM_GETLINK with IFLA_VFINFO_LIST.
 */
VIOC_API int vioc_vf_get_config(struct vioc_ctx *ctx, const char *netdev, uint32_t vf,
				struct vioc_vf_config *ret_config);

/*
 * Makes the settings that fields names. They are made one after the other: if one fails, those before it,
 * in the order of their bits, stay. Takes CAP_NET_ADMIN.
 * -EINVAL: a value or field that can't be, or no size. -E2BIG. -ENODEV: as above. -EOPNOTSUPP: the driver
 * can't, or a context with a sysroot. -EPERM. -ENOMEM, -EIO.
 * Kernel: RTM_SETLINK with IFLA_VFINFO_LIST.
 */
VIOC_API VIOC_MUST_CHECK int vioc_vf_set_config(struct vioc_ctx *ctx, const char *netdev,
						uint32_t vf, const struct vioc_vf_config *config);

VIOC_END_DECLS

#endif
