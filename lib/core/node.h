/* SPDX-License-Identifier: MIT */
/*
 * The fds that the library needs of the kernel, wherever they come from: adopted before, given by
 * the context's open hook, or opened. Every open of a node goes through here.
 */
#ifndef VIOCI_NODE_H
#define VIOCI_NODE_H

#include <libvioc/fds.h>

#include "core/ctx.h"
#include "core/identity.h"

/* What an fd is, as far as the kernel tells. */
struct vioci_fd_facts {
	uint32_t kind;	/* VIOC_FD_* */
	bool in_use;	/* a device is bound, a group is in a container, a container has an IOMMU */
	bool has_group; /* of a group, and of a device where sysfs has it */
	uint32_t group; /* its number */
	char device[64]; /* of a device; empty if that can't be told */
	char cdev[32];	 /* "vfio3", of a character device */
	char what[128];	 /* for people: "a pipe" */
};

/*
 * -EBADF: it is not open. What is none of VIOC_FD_* is a success, too. claimed is what it is said
 *	to be, or 0: for where neither sysfs nor procfs can be seen.
 */
int vioci_fd_identify(const struct vioci_sys *sys, int fd, uint32_t claimed,
		      struct vioci_fd_facts *ret_facts);
/* Whether an fd of that kind is of one device. */
static inline bool vioci_fd_is_of_device(uint32_t kind)
{
	return kind == VIOC_FD_CDEV || kind == VIOC_FD_DEVICE;
}
/* VIOC_FD_IN_USE and VIOC_FD_IN_GROUP, as they are told. */
static inline uint64_t vioci_fd_flags(const struct vioci_fd_facts *facts)
{
	return (facts->in_use ? VIOC_FD_IN_USE : 0) | (facts->has_group ? VIOC_FD_IN_GROUP : 0);
}
/* "an iommufd"; of what is none of them, "something else". */
const char *vioci_fd_kind_name(uint32_t kind);

/* What an fd has to be. */
struct vioci_fd_claim {
	uint32_t kind;	    /* 0: any of VIOC_FD_* */
	const char *device; /* NULL: any */
	bool has_group;
	uint32_t group;
};

#define VIOCI_REFUSAL_MAX 256

/*
 * Identifies an fd and holds the claim against it. -EBADF; -EBADFD: it is of another kind; -ENODEV:
 * of another device or group; the refusal says so, for people.
 */
int vioci_fd_check(const struct vioci_sys *sys, int fd, const struct vioci_fd_claim *claim,
		   struct vioci_fd_facts *ret_facts, char refusal[VIOCI_REFUSAL_MAX]);

/* A node that is wanted. */
struct vioci_node {
	uint32_t kind; /* VIOC_FD_* */
	char path[VIOCI_NODE_SIZE];
	const struct vioci_identity *identity; /* of a group or device; else NULL */
	/* Outputs. */
	struct vioci_adopted *adopted; /* of which it is a duplicate: closing it undoes nothing */
	bool in_use;		       /* of an adopted one, as it was found */
	uint32_t reason; /* why there is no fd, if it is not the kernel that gives none */
	char refusal[2 * VIOCI_REFUSAL_MAX];
};

/*
 * Gets an fd that the caller closes. An adopted one is a duplicate; of the calling thread's
 * attempt, which ends with vioci_adopted_end().
 */
int vioci_node_open(struct vioc_ctx *ctx, struct vioci_node *node);
/* The same if one was adopted; else -ENOENT. */
int vioci_node_take(struct vioc_ctx *ctx, struct vioci_node *node);
/* Undoes a take: somebody else shall have it. */
void vioci_node_put_back(struct vioc_ctx *ctx, const struct vioci_node *node);
/* Adds why there is none; sets the draft's reason and error. */
void vioci_node_explain(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			const struct vioci_node *node, int error);

/*
 * Keeps a duplicate of an fd until it is wanted: close-on-exec, none of 0 to 2. The facts say what it
 * is. A reserved one is for the calling thread only, and goes before others, until
 * vioci_adopted_share(). Leaves a diag.
 */
int vioci_adopted_add(struct vioc_ctx *ctx, int fd, const struct vioci_fd_facts *facts,
		      bool reserved);
/* What is reserved for the calling thread is for all from now on; or goes, closed. */
void vioci_adopted_share(struct vioc_ctx *ctx, bool keep);
/*
 * What the calling thread took is used up if its attempt was a success; else it can be taken again.
 */
void vioci_adopted_end(struct vioc_ctx *ctx, bool success);
/*
 * The identity of a device that can be opened by what was adopted: for those who can't see sysfs.
 * -ENODEV.
 */
int vioci_adopted_identify(struct vioc_ctx *ctx, const char *name,
			   struct vioci_identity *ret_identity);
void vioci_adopted_close_all(struct vioc_ctx *ctx);

#endif
