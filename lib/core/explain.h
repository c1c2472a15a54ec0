/* SPDX-License-Identifier: MIT */
/* Finding out why something can't be had, for diags. Only failing paths come here. */
#ifndef VIOCI_EXPLAIN_H
#define VIOCI_EXPLAIN_H

#include "core/ctx.h"
#include "core/identity.h"

/* 0 if VFIO can open the device as far as sysfs tells; else leaves a diag (usable.c). */
int vioci_check_usable(struct vioc_ctx *ctx, const struct vioci_identity *identity);

/* Leaves a diag for an error of vioci_identity_read(). Returns it. (usable.c) */
int vioci_fail_name(struct vioc_ctx *ctx, int error, const char *what, const char *name);

/*
 * Adds what is wrong with a node that could not be opened: who owns it, who holds it, what module
 * is missing. Sets the draft's reason and error; error is what open(2) gave.
 */
void vioci_explain_node(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *path,
			int error);

/* holders.c */

/*
 * Adds the processes that have the node open, or memory of it mapped, as obstacle, begun with verb,
 * and facts. Returns how many it found.
 */
int vioci_explain_holders(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, const char *node,
			  const char *verb);

/*
 * Adds the processes that have a node of the group open, the group's own or a member's character
 * device. Returns how many it found.
 */
int vioci_explain_group_holders(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
				uint32_t group);

/* Whether /proc shows every process' fds: then a holder that isn't found isn't there. */
bool vioci_sees_all_processes(struct vioc_ctx *ctx);

/* explain.c */

/* 1 if devices of the group are held by drivers that keep VFIO out; then the draft names all. */
int vioci_explain_sibling(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, uint32_t group,
			  const char *device);

/* Adds that the kernel is too old for something, and what to do, if it is. Whether it is. */
bool vioci_explain_old_kernel(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			      unsigned int major, unsigned int minor);

struct vioci_memlock {
	uint64_t limit; /* RLIMIT_MEMLOCK; UINT64_MAX if unlimited */
	uint64_t used;	/* by this process, of what the mode counts */
	bool limited;	/* whether the limit applies to it */
};

/* mode is a VIOC_MEMLOCK_*. */
void vioci_read_memlock(struct vioc_ctx *ctx, uint32_t mode, struct vioci_memlock *ret_memlock);

/* Adds the limit, what is used of it, and what was needed (0: not known). */
void vioci_explain_memlock(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, uint32_t mode,
			   uint64_t needed);

#endif
