/* SPDX-License-Identifier: MIT */
/*
 * Bundles: fds of VFIO and iommufd that travel between processes, with what they are and what is
 * mapped by them. See vioc_fd_passing(7) for who does what.
 *
 * A bundle is used by one thread at a time. Its fds are its own and are closed with it.
 */
#ifndef LIBVIOC_BUNDLE_H
#define LIBVIOC_BUNDLE_H

#include <libvioc/base.h>
#include <libvioc/device.h>
#include <libvioc/fds.h>

VIOC_BEGIN_DECLS

struct vioc_bundle;

/* Makes an empty bundle. -EINVAL. -ENOMEM. */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_new(struct vioc_ctx *ctx, struct vioc_bundle **ret_bundle);
VIOC_API struct vioc_bundle *vioc_bundle_ref(struct vioc_bundle *bundle);
VIOC_API struct vioc_bundle *vioc_bundle_unref(struct vioc_bundle *bundle);
VIOC_DEFINE_UNREFP_(bundle);

/*
 * Adds an fd that is no object of the library's, such as an unbound character device. It is
 * verified as by vioc_ctx_adopt_fd(), which has the errors too, and taken, unless opts says
 * VIOC_FD_BORROWED.
 * -ENOSPC: a bundle has 1024 fds at most.
 */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_add_fd(struct vioc_bundle *bundle, int fd,
						const struct vioc_fd_opts *opts);

/*
 * Exports an address space: a duplicate of its iommufd or container, its id, its usable ranges, and
 * what the kernel holds mapped in it, extent by extent. What was deferred is flushed first. From
 * then on ioas is a shared one: when its part in the kernel goes, what it mapped is unmapped, but
 * not what others did.
 * -ENODEV: it has no part in the kernel now: no device, and not made by vioc_ioas_adopt().
 * -EINVAL: another backend than that of what is in the bundle. -ENOSPC. -EMFILE, -ENFILE. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_add_ioas(struct vioc_bundle *bundle,
						  struct vioc_ioas *ioas);

/*
 * Exports an open device: a duplicate of its fd. Its ioas must be in the bundle, as it is attached
 * there: -EINVAL. Here it stays open. -ENODEV: closed. -ENOSPC. -EMFILE, -ENFILE. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_add_device(struct vioc_bundle *bundle,
						    struct vioc_device *device);

/* Of an fd that belongs to no address space. */
#define VIOC_BUNDLE_NO_SPACE UINT32_MAX

struct vioc_bundle_fd {
	uint64_t flags; /* VIOC_FD_IN_USE, VIOC_FD_IN_GROUP */
	uint32_t kind;	/* VIOC_FD_* */
	uint32_t group; /* IOMMU group of a group or device */
	uint32_t space; /* the address space of a container or device: an index, or _NO_SPACE */
	int fd;		/* borrowed */
	char device[64];
};

struct vioc_bundle_space {
	uint32_t backend; /* VIOC_BACKEND_* */
	uint32_t id;	  /* of its IOAS; 0: the backend has no ids */
	uint64_t n_ranges;
	uint64_t n_mappings;
};

/*
 * What is in it. Each writes the first `capacity` and returns how many there are; the array may be
 * NULL if capacity is 0. -EINVAL: NULL; ranges: no such space.
 */
VIOC_API int vioc_bundle_get_fds(const struct vioc_bundle *bundle, struct vioc_bundle_fd *fds,
				 size_t capacity);
VIOC_API int vioc_bundle_get_spaces(const struct vioc_bundle *bundle,
				    struct vioc_bundle_space *spaces, size_t capacity);
VIOC_API int vioc_bundle_get_ranges(const struct vioc_bundle *bundle, uint32_t space,
				    struct vioc_iova_range *ranges, size_t capacity);

/* Who is at the other end of a UNIX socket. */
struct vioc_peer {
	uint32_t pid;
	uint32_t uid;
	uint32_t gid;
	int pidfd; /* the caller's; -1: the kernel has none (before Linux 6.5) */
};

/*
 * Says who made the other end, when it was made. A pid may be another process' by now, a pidfd not.
 * -EBADF. -ENOTSOCK, -EPROTOTYPE: no UNIX socket. -EINVAL.
 * Kernel: SO_PEERCRED, SO_PEERPIDFD.
 */
VIOC_API VIOC_MUST_CHECK int vioc_fd_get_peer(struct vioc_ctx *ctx, int socket,
					      struct vioc_peer *ret_peer);

/* Send to, and receive from, whomever: the caller has checked who it is. */
#define VIOC_BUNDLE_ANY_PEER (UINT64_C(1) << 0)

struct vioc_bundle_opts {
	size_t size;
	uint64_t flags; /* VIOC_BUNDLE_ANY_PEER */
	/* For all of it. 0: without a limit; negative: if it would have to wait, -EAGAIN. */
	int32_t timeout_ms;
	uint32_t reserved; /* must be 0 */
};

/*
 * Sends a bundle over a connected UNIX socket of type SOCK_SEQPACKET: whole messages, from which
 * fds can't be parted and which can't come in halves. One with up to 128 fds and few mappings is
 * one message, which is sent or not; of a longer one that fails the rest is missing, and the
 * receiver finds that out.
 *
 * The peer must be root, or have the same effective user as this process, unless
 * VIOC_BUNDLE_ANY_PEER is set.
 *
 * -EPERM: it is somebody else. -EBADF, -ENOTSOCK, -EPROTOTYPE: no such socket. -EAGAIN, -ETIMEDOUT.
 *	-EPIPE: the peer is gone. -EINVAL, -E2BIG: bad options. -EMSGSIZE: more than 64 MiB.
 *	-ENOMEM. Others of sendmsg(2).
 * Kernel: sendmsg(2) with SCM_RIGHTS, without SIGPIPE.
 */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_send(struct vioc_bundle *bundle, int socket,
					      const struct vioc_bundle_opts *opts);

/*
 * Receives one. Nothing of it is trusted: each fd is verified to be what the message says, and all
 * are closed if anything is wrong. They are close-on-exec.
 *
 * -EBADMSG: truncated, malformed, other fds than declared, or an fd that is not what it is said to
 *	be; the diag says which.
 * -EPROTONOSUPPORT: of a version that this library doesn't know. -ECONNRESET: the peer is gone.
 *	Others as vioc_bundle_send(). After an error the socket is of no use any more, but for
 *	-EAGAIN, -EPERM and -EINVAL.
 * Kernel: recvmsg(2) with MSG_CMSG_CLOEXEC; vioc_fd_identify().
 */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_recv(struct vioc_ctx *ctx, int socket,
					      const struct vioc_bundle_opts *opts,
					      struct vioc_bundle **ret_bundle);

/*
 * Makes a container of what is in a bundle, and an ioas of each address space in it, in which what
 * others mapped is known; ioas has room for `capacity` of them. Groups and devices are adopted:
 * vioc_device_open() finds them by name. flags is 0 or VIOC_IOAS_BORROWED, as for
 * vioc_ioas_adopt(). The bundle keeps its own fds.
 *
 * Returns how many address spaces there are. -EINVAL: flags, or not enough room. -ENOENT: the
 * bundle has nothing to make a container of. Those of vioc_ctx_adopt_fd(), vioc_container_new() and
 * vioc_ioas_adopt(). All or nothing.
 */
VIOC_API VIOC_MUST_CHECK int vioc_bundle_adopt(struct vioc_bundle *bundle, uint64_t flags,
					       struct vioc_container **ret_container,
					       struct vioc_ioas **ioas, size_t capacity);

VIOC_END_DECLS

#endif
