/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics: why a call failed, who stands in the way, and what to do about it.
 *
 * A failing call leaves a diag on its context, for the thread that made the call. A call that
 * succeeded in another way than first asked (a fallback) leaves one too; its error is 0.
 * A diag never changes once made, so it may be read from any thread.
 */
#ifndef LIBVIOC_DIAG_H
#define LIBVIOC_DIAG_H

#include <libvioc/base.h>

VIOC_BEGIN_DECLS

struct vioc_diag;

/* What stands in the way. Values are stable; new ones are added at the end. */
#define VIOC_REASON_NONE	     0
#define VIOC_REASON_BAD_ARGUMENT     1	/* the caller's mistake; the obstacle says which */
#define VIOC_REASON_NO_DEVICE	     2	/* no such device on this machine */
#define VIOC_REASON_NO_IOMMU	     3	/* no IOMMU is active in this system */
#define VIOC_REASON_BYPASS	     4	/* an IOMMU is active; the device is not behind it */
#define VIOC_REASON_NOIOMMU	     5	/* only unsafe no-IOMMU mode is available */
#define VIOC_REASON_NOT_BOUND	     6	/* no driver is bound to the device */
#define VIOC_REASON_OTHER_DRIVER     7	/* a driver that is no vfio driver holds the device */
#define VIOC_REASON_SIBLING_BOUND    8	/* a kernel driver holds another device of the group */
#define VIOC_REASON_BUSY	     9	/* somebody has the group or device open */
#define VIOC_REASON_OTHER_IOAS	     10 /* the group is already in another ioas */
#define VIOC_REASON_PERMISSION	     11 /* the file's owner and mode forbid it */
#define VIOC_REASON_NO_ISOLATION     12 /* interrupts are not isolated; the kernel insists */
#define VIOC_REASON_NO_INTERFACE     13 /* the kernel or a module of it is missing */
#define VIOC_REASON_NO_CDEV	     14 /* the device has no VFIO character device */
#define VIOC_REASON_ADDRESS_CONFLICT 15 /* the device can't have addresses that are mapped */
#define VIOC_REASON_OVERLAP	     16 /* the range meets an existing mapping */
#define VIOC_REASON_OUT_OF_RANGE     17 /* outside the usable IOVAs, or past a region's end */
#define VIOC_REASON_CUTS_MAPPING     18 /* the range would cut a mapping in two */
#define VIOC_REASON_NO_SPACE	     19 /* no free IOVA range, or too many mappings */
#define VIOC_REASON_MEMLOCK	     20 /* RLIMIT_MEMLOCK is too small */
#define VIOC_REASON_BAD_MEMORY	     21 /* the memory is not there, or not with that access */
#define VIOC_REASON_UNSUPPORTED	     22 /* this backend, kernel or device cannot do it */
#define VIOC_REASON_CLOSED	     23 /* the device was closed */
#define VIOC_REASON_FALLBACK	     24 /* no error: not what was preferred, but another */
#define VIOC_REASON_KERNEL	     25 /* the kernel refused; why, the library can't tell */
#define VIOC_REASON_NO_MEMORY	     26 /* out of memory */
#define VIOC_REASON_OUT_OF_STEP	     27 /* somebody else changed the kernel's mappings */
#define VIOC_REASON_VF_TOKEN	     28 /* the virtual function wants its VF token */
#define VIOC_REASON_IN_EXTENT	     29 /* part of an extent, which the kernel has as a whole */
#define VIOC_REASON_IN_USE	     30 /* registrations of the memory were not put yet */
#define VIOC_REASON_NOT_OWNED	     31 /* others have devices that would be affected */
#define VIOC_REASON_IS_IOMMU	     32 /* the device is an IOMMU itself */
#define VIOC_REASON_STALE_OVERRIDE   33 /* driver_override names another driver than is bound */
#define VIOC_REASON_IDENTITY	     34 /* no error: the group's default domain is identity */
#define VIOC_REASON_DIRECT_REGION    35 /* the firmware wants memory mapped 1:1 for the device */
#define VIOC_REASON_SUSPENDED	     36 /* no error: the device sleeps */
#define VIOC_REASON_LOCKDOWN	     37 /* no error: the kernel is locked down */
#define VIOC_REASON_NETWORK	     38 /* the device's network interface is in use */
#define VIOC_REASON_OTHER_NETNS	     39 /* its network interface may be in another namespace */
#define VIOC_REASON_STORAGE	     40 /* the device's disk is in use */
#define VIOC_REASON_DATA	     41 /* the device's disk holds data */
#define VIOC_REASON_CONSOLE	     42 /* the device is the console */
#define VIOC_REASON_HAS_VFS	     43 /* virtual functions depend on the device's driver */
#define VIOC_REASON_BRIDGE	     44 /* the device is a bridge to others */
#define VIOC_REASON_DRIVER_REFUSED   45 /* the driver does not take the device */
#define VIOC_REASON_NO_FD	     46 /* an fd that others should have given was not given */
#define VIOC_REASON_WRONG_FD	     47 /* an fd is not what it should be */
#define VIOC_REASON_GONE	     48 /* the device is known, but does not answer */

/* A short stable name such as "sibling-bound"; "unknown" for a value this library doesn't know. */
VIOC_API const char *vioc_reason_name(uint32_t reason);

VIOC_API struct vioc_diag *vioc_diag_ref(struct vioc_diag *diag);
VIOC_API struct vioc_diag *vioc_diag_unref(struct vioc_diag *diag);
VIOC_DEFINE_UNREFP_(diag);

/* The -errno that the call returned; 0 for a note about a fallback. */
VIOC_API int vioc_diag_get_error(const struct vioc_diag *diag);
/* One of VIOC_REASON_*. */
VIOC_API uint32_t vioc_diag_get_reason(const struct vioc_diag *diag);

/* Strings belong to the diag and live as long as it. None is NULL. */

/* What was tried: "open device 0000:01:00.0 by iommufd". */
VIOC_API const char *vioc_diag_get_tried(const struct vioc_diag *diag);
/* What stands in the way: "driver nvme is bound to it, which is no vfio driver". */
VIOC_API const char *vioc_diag_get_obstacle(const struct vioc_diag *diag);
/* What to do; empty if there is nothing to say. */
VIOC_API const char *vioc_diag_get_advice(const struct vioc_diag *diag);
/* All of it, other attempts of the call too, as lines for a person to read. */
VIOC_API const char *vioc_diag_get_text(const struct vioc_diag *diag);

/*
 * The facts behind it, by key: "device", "driver", "sibling", "group", "pid", "path", "uid", "gid",
 * "mode", "limit", "used", "needed", ... (see vioc_diag(3) for all). NULL if there is no such fact.
 * A key may occur more than once (several siblings); this gives the first.
 */
VIOC_API const char *vioc_diag_get_fact(const struct vioc_diag *diag, const char *key);
/* Fact number index; 1 if there is one, 0 past the end. Both outputs are borrowed. */
VIOC_API int vioc_diag_get_fact_at(const struct vioc_diag *diag, size_t index, const char **ret_key,
				   const char **ret_value);
/* Another attempt that the same call made, or NULL. Borrowed. */
VIOC_API const struct vioc_diag *vioc_diag_get_other(const struct vioc_diag *diag);

VIOC_END_DECLS

#endif
