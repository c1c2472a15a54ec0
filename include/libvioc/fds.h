/* SPDX-License-Identifier: MIT */
/*
 * File descriptors of VFIO and iommufd that others opened: what they are, using them in place of
 * opening nodes, and where they come from. See vioc_fd_passing(7) for who does what.
 *
 * Every function here may be called from any thread at any time.
 */
#ifndef LIBVIOC_FDS_H
#define LIBVIOC_FDS_H

#include <libvioc/base.h>
#include <libvioc/container.h>
#include <libvioc/ctx.h>
#include <libvioc/ioas.h>

VIOC_BEGIN_DECLS

/* What an fd is. Values are stable. */
#define VIOC_FD_NONE	  0u /* none of the following */
#define VIOC_FD_CONTAINER 1u /* /dev/vfio/vfio */
#define VIOC_FD_GROUP	  2u /* /dev/vfio/GROUP */
#define VIOC_FD_IOMMUFD	  3u /* /dev/iommu */
#define VIOC_FD_CDEV	  4u /* /dev/vfio/devices/vfioN, bound or not */
#define VIOC_FD_DEVICE	  5u /* a device opened through its group */

/*
 * A character device is bound, a group is in a container, or a container has an IOMMU: so the
 * device may do DMA for as long as anybody has the fd. A device opened through its group always is.
 */
#define VIOC_FD_IN_USE	 (UINT64_C(1) << 0)
#define VIOC_FD_IN_GROUP (UINT64_C(1) << 1) /* the member group is known */

struct vioc_fd_info {
	size_t size;
	uint64_t flags;	 /* VIOC_FD_IN_USE, VIOC_FD_IN_GROUP */
	uint32_t kind;	 /* VIOC_FD_* */
	uint32_t group;	 /* IOMMU group of a group or device */
	char device[64]; /* "0000:01:00.0" of a device; empty if the kernel doesn't tell */
	char what[128];	 /* in words; of what is none of the kinds too: "a pipe" */
};

/*
 * Says what an fd is, whatever it is, and changes nothing about it. Fills *ret_info, made with
 * VIOC_SIZED(vioc_fd_info). Whose a device opened through its group is, Linux before 6.18 doesn't
 * tell.
 * -EBADF: it is not open. -EINVAL: no size.
 * Kernel: fstat(2); /sys/dev/char and /proc/self/fd, /proc/self/fdinfo; VFIO_GET_API_VERSION,
 *	VFIO_IOMMU_GET_INFO, VFIO_GROUP_GET_STATUS, VFIO_DEVICE_GET_INFO, IOMMU_IOAS_IOVA_RANGES.
 */
VIOC_API VIOC_MUST_CHECK int vioc_fd_identify(struct vioc_ctx *ctx, int fd,
					      struct vioc_fd_info *ret_info);

/*
 * For vioc_fd_opts: the fd stays the caller's, who may close it at any time; the library has a
 * duplicate.
 */
#define VIOC_FD_BORROWED (UINT64_C(1) << 2)

/* What the caller knows of an fd. The library refuses the fd if it finds otherwise. */
struct vioc_fd_opts {
	size_t size;
	uint64_t flags; /* VIOC_FD_BORROWED, VIOC_FD_IN_GROUP */
	uint32_t kind;	/* VIOC_FD_*; 0: any of them */
	uint32_t group; /* IOMMU group of a group or device, with VIOC_FD_IN_GROUP */
	/* Full name of the device, "0000:01:00.0". NULL: whose it is, the kernel shall tell. */
	const char *device;
};

/*
 * Gives the context an fd that is used, once, in place of opening the node that it is of: the next
 * container takes an iommufd or VFIO container, the next vioc_device_open() of the device takes its
 * group, its character device, or its device fd. An open that fails takes nothing. What nobody
 * takes is closed with the context.
 *
 * Without VIOC_FD_BORROWED the fd is the library's on success, which closes that number. Either way
 * what the library uses is close-on-exec and none of 0 to 2.
 *
 * A character device may be unbound, or bound to the iommufd that was adopted too; then it is
 * attached to its ioas (see vioc_ioas_adopt()), atomically if it was attached elsewhere. A device
 * fd needs the container of its group to be adopted too. What was in use when it was adopted is
 * left in use when the library closes it; what was not is taken out of use, as far as the kernel
 * can: a device is detached, a group taken out of its container.
 *
 * Where /sys and /proc can't be seen, a device needs kind, device and the group; then its open
 * needs no sysfs.
 *
 * -EBADF: it is not open. -EBADFD: it is none of VIOC_FD_*, or not of the kind that was said.
 * -ENODEV: it is of another device or group than was said. -EINVAL: bad options; nothing says whose
 *	device it is. -E2BIG. -EMFILE, -ENFILE, -ENOMEM. The fd stays the caller's on failure.
 * Kernel: as vioc_fd_identify(); and the IDs in the config space of a PCI device opened through its
 *	group.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ctx_adopt_fd(struct vioc_ctx *ctx, int fd,
					       const struct vioc_fd_opts *opts);

/* A node that the library is about to open, for the open hook of vioc_ctx_opts. */
struct vioc_open_request {
	size_t size;
	uint32_t kind;	    /* VIOC_FD_*, never VIOC_FD_DEVICE */
	uint32_t group;	    /* of a group or character device */
	const char *path;   /* "/dev/iommu"; borrowed */
	const char *device; /* whose; NULL for containers and iommufds. Borrowed */
	int flags;	    /* of open(2) */
};

/* What an open hook returns for a node that it leaves to the library. */
#define VIOC_OPEN_DECLINED (-0x7fffffff)

/* For vioc_ioas_adopt(): the IOAS is another's, and not destroyed with the ioas. */
#define VIOC_IOAS_BORROWED (UINT64_C(1) << 0)

/*
 * Makes an ioas whose part in the kernel is there from the start, with no device attached, until
 * the ioas goes; so that it can be shared with other processes, or is shared already.
 *
 * On iommufd, id names an IOAS in the iommufd of the container, most often an adopted one; 0 makes
 * a new one. On the others id is 0, and the address space is that of the next adopted container
 * that is in use.
 *
 * Mappings that others made in there are not known to the library: mapping where they are fails
 * with -EEXIST. When the ioas goes, the mappings that were made with it are removed, then the IOAS
 * is destroyed, with all that is left in it, unless VIOC_IOAS_BORROWED is set or another process
 * has a device in it. vioc_ioas_forget() leaves all of that out.
 *
 * -EINVAL: unknown flag, bad options; an id where there are none. -ENOENT: the iommufd has no such
 *	IOAS.
 * -EOPNOTSUPP: no container in use was adopted. -E2BIG. -ENOMEM. What vioc_container_new() fails
 *	with.
 * Kernel: IOMMU_IOAS_ALLOC, IOMMU_IOAS_IOVA_RANGES; VFIO_IOMMU_GET_INFO.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ioas_adopt(struct vioc_container *container, uint32_t id,
					     uint64_t flags, const struct vioc_ioas_opts *opts,
					     struct vioc_ioas **ret_ioas);

/*
 * Hands the kernel's part of an ioas on: from now on closing its devices and the ioas closes fds,
 * and tells the kernel nothing else. Mappings, the IOAS and attached devices stay for as long as
 * anybody has an fd of them; export them first. Until then the ioas works on as before.
 * -ENODEV: it has no part in the kernel now.
 */
VIOC_API int vioc_ioas_forget(struct vioc_ioas *ioas);

/*
 * Finds the fd that a name stands for. Returns one that the caller then owns, or -errno; -ENOENT:
 * no such name.
 */
typedef int (*vioc_fd_resolver)(void *data, const char *name);

/*
 * The fd that a text names, as users write it on command lines:
 *	"22"		that number, which must be open;
 *	"/dev/iommu"	a path, opened for reading and writing;
 *	"iommu0"	anything else is a name, for the resolver. As with QEMU, a name begins with
 *		no digit. The fd is the caller's in each case, and says nothing yet of what it is.
 *
 * -EINVAL: NULL, empty, or a digit followed by other than digits. -EBADF: the number is not open.
 *	-ENOENT: no such name or path; no resolver is given. Others: what open(2) or the resolver
 *	gave.
 */
VIOC_API VIOC_MUST_CHECK int vioc_fd_from_spec(struct vioc_ctx *ctx, const char *spec,
					       vioc_fd_resolver resolver, void *data, int *ret_fd);

/* An fd that systemd, or who does as it does, passed on to this process. */
struct vioc_listen_fd {
	int fd;
	char name[256]; /* of LISTEN_FDNAMES; "unknown" if it has none */
};

/*
 * Removes the variables, so that children don't take them for theirs. Not while another thread
 * reads the environment.
 */
#define VIOC_LISTEN_UNSET (UINT64_C(1) << 0)

/*
 * The fds that LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES speak of; they are made close-on-exec, and
 * stay the caller's. Writes the first `capacity` of them and returns how many there are; fds may be
 * NULL if capacity is 0. 0: none were passed, or not to this process.
 * -EINVAL: unknown flag; the variables make no sense. -EBADF: one is not open.
 * Kernel: fcntl(2). This reads the environment, with secure_getenv(3).
 */
VIOC_API VIOC_MUST_CHECK int vioc_fd_listen(struct vioc_ctx *ctx, uint64_t flags,
					    struct vioc_listen_fd *fds, size_t capacity);

/* A vioc_fd_resolver for names of LISTEN_FDNAMES, first come; data is the context. */
VIOC_API int vioc_fd_resolve_listen(void *ctx, const char *name);

/* For vioc_fd_store(): stores fds that are in use too. */
#define VIOC_FD_STORE_IN_USE (UINT64_C(1) << 0)

/*
 * Puts an fd into the service manager's store, by that name; after a restart it comes back by
 * vioc_fd_listen(). The fd stays the caller's. Names have up to 255 printable ASCII characters
 * without a colon, so no PCI addresses.
 *
 * Of VFIO, the library stores fds only that nobody uses (see VIOC_FD_IN_USE), unless it is asked
 * to: a stored fd of a device in use keeps its DMA alive when the service has died, as nobody
 * closes it.
 *
 * -EINVAL: bad name, unknown flag. -EBUSY: the fd is in use. -EBADF. -ENOTCONN: there is no service
 *	manager (NOTIFY_SOCKET). Others: what sendmsg(2) gave.
 * Kernel: FDSTORE=1, FDNAME= to NOTIFY_SOCKET, see sd_notify(3). This reads the environment.
 */
VIOC_API VIOC_MUST_CHECK int vioc_fd_store(struct vioc_ctx *ctx, int fd, const char *name,
					   uint64_t flags);
/* Takes all fds of that name out of the store. The same errors. Kernel: FDSTOREREMOVE=1. */
VIOC_API VIOC_MUST_CHECK int vioc_fd_unstore(struct vioc_ctx *ctx, const char *name);

VIOC_END_DECLS

#endif
