/* SPDX-License-Identifier: MIT */
/*
 * IOMMU units and what their registers say.
 * Every function here may be called from any thread at any time.
 */
#ifndef LIBVIOC_UNIT_H
#define LIBVIOC_UNIT_H

#include <libvioc/base.h>
#include <libvioc/enumerator.h>

VIOC_BEGIN_DECLS

/* Kinds of units, and the registers that vioc_found_unit has of them. */
#define VIOC_UNIT_OTHER	 0 /* none */
#define VIOC_UNIT_VTD	 1 /* Intel VT-d: CAP, ECAP */
#define VIOC_UNIT_AMD	 2 /* AMD-Vi: EFR, EFR2 */
#define VIOC_UNIT_SMMUV3 3 /* Arm SMMUv3: IDR0 to IDR5; sysfs does not have them */
#define VIOC_UNIT_VIRTIO 4 /* virtio-iommu: none */

#define VIOC_UNIT_REGISTERS 6

/* A unit. Strings belong to the enumerator; NULL where there is no such thing. */
struct vioc_found_unit {
	size_t size;
	uint32_t kind;	      /* VIOC_UNIT_* */
	uint32_t n_registers; /* how many of them are known */
	const char *name;     /* "dmar0" */
	const char *device;   /* the PCI device that it is */
	const char *address;  /* of its registers, in hexadecimal */
	const char *version;  /* of its architecture, "1:0" */
	uint64_t registers[VIOC_UNIT_REGISTERS];
	uint64_t n_domains;   /* in use; 0: not known */
	uint64_t max_domains; /* 0: not known */
};

/*
 * Fills *ret_unit, made with VIOC_SIZED(vioc_found_unit), with unit number index, in the order of
 * their names. 1: there is one. 0: past the end. -EINVAL: no size.
 */
VIOC_API int vioc_enumerator_get_unit(const struct vioc_enumerator *enumerator, size_t index,
				      struct vioc_found_unit *ret_unit);

/* A field of a register. Strings are constants. */
struct vioc_unit_field {
	const char *reg;   /* "CAP" */
	const char *name;  /* as the architecture has it, "SAGAW" */
	const char *about; /* in words */
	uint64_t bits;	   /* as they are in the register */
	uint64_t value;	   /* what they stand for: a number of domains, an offset in bytes */
};

/* A name such as "vt-d"; "other" for kinds this library doesn't know. */
VIOC_API const char *vioc_unit_kind_name(uint32_t kind);

/*
 * Field number index of n registers of a unit of that kind. 1: there is one. 0: past the end.
 * -EINVAL: NULL.
 */
VIOC_API int vioc_unit_decode(uint32_t kind, const uint64_t *registers, size_t n, size_t index,
			      struct vioc_unit_field *ret_field);

/*
 * Writes what the registers mean for who uses the unit, in words, NUL-terminated, to ret_text:
 * "48-bit IOVA, 4K/2M/1G pages, ...". Empty if nothing is known. The length of all of it; if that is
 * not less than size, it was cut. -EINVAL: NULL.
 */
VIOC_API int vioc_unit_summarize(uint32_t kind, const uint64_t *registers, size_t n, char *ret_text,
				 size_t size);

struct vioc_device;

#define VIOC_HW_DIRTY_TRACKING (UINT64_C(1) << 0) /* it can say which pages were written to */

/* The IOMMU that an open device is behind, as the kernel knows it. */
struct vioc_hw_info {
	size_t size;
	uint64_t flags;	      /* VIOC_HW_* */
	uint32_t kind;	      /* VIOC_UNIT_*; VIOC_UNIT_OTHER if the kernel tells nothing of it */
	uint32_t n_registers; /* for vioc_unit_decode() */
	uint64_t registers[VIOC_UNIT_REGISTERS];
	uint32_t type;	  /* the kernel's word for the kind: an IOMMU_HW_INFO_TYPE_* */
	uint32_t n_data;  /* bytes of data */
	uint8_t data[64]; /* the kernel's struct for that type, from its beginning */
};

/*
 * Fills *ret_info, made with VIOC_SIZED(vioc_hw_info). The registers of Arm's units are to be had in no
 * other way. May be called from any thread at any time.
 * -EOPNOTSUPP: the device is open by another backend than iommufd, or the kernel is older than 6.6.
 * -ENODEV: closed. -EINVAL: no size. Kernel: IOMMU_GET_HW_INFO.
 */
VIOC_API int vioc_device_get_hw_info(struct vioc_device *device, struct vioc_hw_info *ret_info);

VIOC_END_DECLS

#endif
