/* SPDX-License-Identifier: MIT */
/*
 * Why a device can or can't be opened, before it is tried. Reads sysfs, /proc and the rights of nodes;
 * opens no device and changes nothing. May be called from any thread at any time.
 */
#ifndef LIBVIOC_EXPLAIN_H
#define LIBVIOC_EXPLAIN_H

#include <libvioc/base.h>
#include <libvioc/ctx.h>
#include <libvioc/diag.h>

VIOC_BEGIN_DECLS

#define VIOC_EXPLAIN_USER (UINT64_C(1) << 0) /* for the user in opts, not for this process */

struct vioc_explain_opts {
	size_t size;
	uint64_t flags;	      /* VIOC_EXPLAIN_* */
	uint32_t backend;     /* VIOC_BACKEND_*; 0: any that would do */
	uint32_t uid;	      /* with VIOC_EXPLAIN_USER; 0 may open everything */
	const uint32_t *gids; /* with VIOC_EXPLAIN_USER: all groups of the user */
	size_t n_gids;
	uint64_t memory; /* bytes that shall be mapped; 0: not known */
};

/*
 * Looks for everything that keeps vioc_device_open() from opening the device with that address.
 * 1: nothing does, as far as can be seen from here. 0: something does. *ret_diag is all that was
 * found, the first in front and the others behind it (vioc_diag_get_other()); a finding whose error is
 * 0 is a note, and hinders nothing. It is NULL if there is nothing to say, else the caller's to unref.
 * With VIOC_BACKEND_AUTO, what hinders only one of the backends is found too, though another may do.
 * The diag of the calling thread is left as it was, or goes.
 * -EINVAL: malformed address, bad options. -E2BIG. -ENODEV: no such device. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_device_explain(struct vioc_ctx *ctx, const char *name,
						 const struct vioc_explain_opts *opts,
						 struct vioc_diag **ret_diag);

VIOC_END_DECLS

#endif
