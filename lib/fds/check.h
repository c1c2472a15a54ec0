/* SPDX-License-Identifier: MIT */
/* What callers say of an fd, and whether it is so. Each leaves a diag. */
#ifndef VIOCI_CHECK_H
#define VIOCI_CHECK_H

#include <libvioc/fds.h>

#include "core/node.h"

/* -EINVAL, -E2BIG. */
int vioci_read_fd_opts(struct vioc_ctx *ctx, int fd, const struct vioc_fd_opts *given,
		       struct vioc_fd_opts *ret_opts);

/* As vioci_fd_check(). In addition -EINVAL: nothing says whose device, or which group, it is. */
int vioci_check_fd(struct vioc_ctx *ctx, int fd, const struct vioc_fd_opts *opts,
		   struct vioci_fd_facts *ret_facts);

#endif
