/* SPDX-License-Identifier: MIT */
/*
 * The contract between the address space and the ways into the kernel. A backend is one const table
 * of operations; nothing outside this folder asks which one it talks to.
 *
 * Three kinds of kernel objects, each held by the next:
 *   backend     what a container opened                 (iommufd: the /dev/iommu fd)
 *   kioas       the kernel's part of one ioas           (legacy: a container fd; iommufd: an IOAS
 * id) attachment  one device, open and attached to a kioas A backend extends each by embedding the
 * struct below as its first member.
 *
 * Every failing call that could be the user's to mend leaves a diag. The caller serialises attach,
 * detach, query and close of one kioas and keeps map and unmap out meanwhile; map and unmap of
 * disjoint ranges may run concurrently.
 */
#ifndef VIOCI_BACKEND_H
#define VIOCI_BACKEND_H

#include <libvioc/container.h>
#include <libvioc/ioas.h>
#include <libvioc/stats.h>
#include <libvioc/unit.h>

#include "core/ctx.h"
#include "core/identity.h"
#include "core/node.h"

struct vioci_backend_ops;

struct vioci_backend {
	const struct vioci_backend_ops *ops;
	struct vioc_ctx *ctx; /* borrowed from the container */
};

struct vioci_kioas {
	struct vioci_backend *backend;
	uint32_t memlock_mode; /* VIOC_MEMLOCK_*, where a limit applies; the same for life */
	uint32_t id;	       /* of an IOAS; 0: there are no ids */
	bool shared; /* others may use it: what this process mapped is to be unmapped one by one */
	bool borrowed;	/* not to be destroyed */
	bool forgotten; /* handed on: closing it tells the kernel nothing */
};

/* Something of others, to be used as a kioas. */
struct vioci_kioas_source {
	uint32_t id; /* of an IOAS; 0: a new one */
};

struct vioci_attachment {
	struct vioci_kioas *kioas;
	int device_fd;
	bool stays_open; /* others may have the fd: closing it does not detach the device */
	/* The ioas' own: its other attachments, and what this one's device can send. */
	struct vioci_attachment *next;
	uint64_t address_last;
};

/* A device that is to be attached; its identity passed vioci_check_usable(). */
struct vioci_newcomer {
	const struct vioci_identity *identity;
	uint64_t address_last;		    /* the last IOVA that it can send */
	const struct vioci_vf_token *token; /* NULL: none was given */
};

/* What a kioas allows with the devices it has now. */
struct vioci_limits {
	struct vioc_iova_range *ranges; /* ascending, disjoint; malloc'ed */
	size_t n_ranges;
	uint64_t page_size;
	uint64_t entries_left; /* UINT64_MAX: no limit */
};

struct vioci_backend_ops {
	uint32_t id; /* VIOC_BACKEND_* */
	const char *name;
	uint32_t memlock_mode; /* VIOC_MEMLOCK_*, unless somebody changed it */
	const char *node;      /* what a container opens */
	uint32_t node_kind;    /* VIOC_FD_* */
	const char *knob;      /* the module whose allow_unsafe_interrupts applies */
	bool by_cdev;	       /* a device is opened by its own node, not its group's */

	int (*open)(struct vioc_ctx *ctx, struct vioci_backend **ret_backend);
	void (*close)(struct vioci_backend *backend);

	/*
	 * For a device to come, if source is NULL. Else there need be none. -ENOENT: there is no
	 * such IOAS. -EINVAL: there are no ids. -EOPNOTSUPP: no container in use is there for it.
	 */
	int (*kioas_open)(struct vioci_backend *backend, const struct vioci_kioas_source *source,
			  struct vioci_kioas **ret_kioas);
	/*
	 * No device of this process is attached any more. Mappings left go with it, unless it is
	 * shared, borrowed or forgotten.
	 */
	void (*kioas_close)(struct vioci_kioas *kioas);
	/* The fd that it lives in; borrowed. */
	int (*get_fd)(const struct vioci_kioas *kioas);

	/* Errors as vioc_device_open() states them. */
	int (*attach)(struct vioci_kioas *kioas, const struct vioci_newcomer *newcomer,
		      struct vioci_attachment **ret_attachment);
	/*
	 * Closes the device; nothing of it is mapped any more. Of a kioas that is forgotten, only
	 * that.
	 */
	void (*detach)(struct vioci_attachment *attachment);

	/*
	 * Resets the bus or slot, with the devices of these groups (some more than once) on it.
	 * -EINVAL, -EPERM: not all are owned. Without a diag.
	 */
	int (*hot_reset)(struct vioci_attachment *attachment, const uint32_t *groups, size_t count);
	/* Whether the container has the group open. NULL: it has character devices. */
	bool (*has_group)(struct vioci_backend *backend, uint32_t group);

	/*
	 * What the kernel says of the device's IOMMU. -ENOTTY: it can't say; without a diag. NULL: this
	 * interface has no such question.
	 */
	int (*get_hw_info)(struct vioci_attachment *attachment, struct vioc_hw_info *ret_info);

	/* Only while a device is attached. */
	int (*query)(struct vioci_kioas *kioas, struct vioci_limits *ret_limits);

	/*
	 * The caller has checked everything it knows: alignment, flags, ranges, overlap. So what
	 * is left is -EFAULT, -ENOMEM, -ENOSPC, and what it can't know; without a diag.
	 */
	int (*map)(struct vioci_kioas *kioas, uint64_t iova, const void *va, uint64_t length,
		   uint64_t flags);
	/*
	 * The same for memory of a file that is at va, by the file if the kernel can. Returns 1 for
	 * that, 0 for by va.
	 */
	int (*map_file)(struct vioci_kioas *kioas, uint64_t iova, int fd, uint64_t offset,
			const void *va, uint64_t length, uint64_t flags);
	/*
	 * The same for memory of a device that is mapped at va and, where maps_dma_bufs says so, is what
	 * the dma-buf fd is from its start on. -EOPNOTSUPP: it can't. -EIO: the memory is switched off.
	 */
	int (*map_device)(struct vioci_kioas *kioas, uint64_t iova, int fd, const void *va,
			  uint64_t length, uint64_t flags);
	bool maps_dma_bufs;
	/* The range consists of whole mappings and holes. */
	int (*unmap)(struct vioci_kioas *kioas, uint64_t iova, uint64_t length,
		     uint64_t *ret_bytes);
};

extern const struct vioci_backend_ops vioci_legacy_ops;
extern const struct vioci_backend_ops vioci_compat_ops;
extern const struct vioci_backend_ops vioci_iommufd_ops;

#define VIOCI_MAX_CANDIDATES 2

/*
 * The backends that serve a VIOC_BACKEND_* value, best first, ended by NULL.
 * NULL: no such value.
 */
const struct vioci_backend_ops *const *vioci_backend_candidates(uint32_t backend);

/* Gets an fd of a backend's own node, leaving a diag on failure. The node is filled in. */
int vioci_backend_open_node(struct vioc_ctx *ctx, const struct vioci_backend_ops *ops,
			    struct vioci_node *ret_node);
/* The same of a device's node. */
int vioci_attach_open_node(const struct vioci_kioas *kioas, struct vioci_node *node);

/* map_file() of those that can't map by file. */
int vioci_backend_map_by_va(struct vioci_kioas *kioas, uint64_t iova, int fd, uint64_t offset,
			    const void *va, uint64_t length, uint64_t flags);

/* memlock.c: VIOC_MEMLOCK_* of an iommufd. */
uint32_t vioci_iommufd_memlock_mode(const struct vioci_sys *sys, int iommufd);

/* refusal.c */

/* A draft that says which device was to be opened, by which backend. */
struct vioci_diag_draft vioci_attach_draft(const struct vioci_kioas *kioas,
					   const struct vioci_identity *identity, int error,
					   uint32_t reason);

/* What EPERM can mean at a step of an attach. */
enum vioci_eperm {
	VIOCI_EPERM_OWNER,     /* the group belongs to somebody else */
	VIOCI_EPERM_ISOLATION, /* interrupts are not isolated */
	VIOCI_EPERM_EITHER
};

struct vioci_refusal {
	const char *step; /* the ioctl */
	int error;
	enum vioci_eperm eperm;
	bool had_token; /* a VF token was given */
};

/* Interrupts are not isolated, and the kernel insists. Sets the draft's reason and error. */
void vioci_explain_isolation(struct vioci_diag_draft *draft, const struct vioci_backend_ops *ops);

/* A vfio driver is bound, but there is no character device. The same. */
void vioci_explain_no_cdev(struct vioc_ctx *ctx, struct vioci_diag_draft *draft);

/*
 * Leaves why the kernel refused a step of an attach; returns the error to pass on. The backend has
 * closed the nodes of this attempt, so that it isn't found as a holder.
 */
int vioci_attach_refused(const struct vioci_kioas *kioas, const struct vioci_identity *identity,
			 const struct vioci_refusal *refusal);

#endif
