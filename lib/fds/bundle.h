/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_BUNDLE_H
#define VIOCI_BUNDLE_H

#include <libvioc/bundle.h>

#include "fds/check.h"
#include "ioas/share.h"

#define VIOCI_BUNDLE_FDS    1024
#define VIOCI_BUNDLE_SPACES 1024
#define VIOCI_BUNDLE_BYTES  (UINT32_C(64) << 20)

/* What a bundle tells; the fds themselves are not in its bytes. */
struct vioci_content {
	struct vioc_bundle_fd *fds;
	size_t n_fds;
	struct vioci_shared *spaces;
	size_t n_spaces;
};

struct vioc_bundle {
	vioci_ref refs;
	struct vioc_ctx *ctx;
	struct vioci_content content;
};

/* Leaves a diag about a bundle. Returns error. */
int vioci_bundle_fail(struct vioc_ctx *ctx, int error, uint32_t reason, const char *what,
		      const char *obstacle);

/* What is said of an fd, to be checked; and the facts of it, to be said. */
struct vioc_fd_opts vioci_bundle_claim(const struct vioc_bundle_fd *fd);
void vioci_bundle_note(struct vioc_bundle_fd *fd, const struct vioci_fd_facts *facts);

/* The next space or fd at the end, all zero but .fd, which is -1. NULL: out of memory. */
struct vioc_bundle_fd *vioci_content_add_fd(struct vioci_content *content);
struct vioci_shared *vioci_content_add_space(struct vioci_content *content);
/* Whether an fd of that kind is in it. */
bool vioci_content_has(const struct vioci_content *content, uint32_t kind);
/* Closes the fds. */
void vioci_content_free(const struct vioci_sys *sys, struct vioci_content *content);

/* wire.c */
size_t vioci_content_size(const struct vioci_content *content);
/* Fills as many bytes. */
void vioci_content_write(const struct vioci_content *content, unsigned char *bytes);
/*
 * The reverse, of bytes that nothing is known of, and that came with n_fds fds. What it gives makes
 * sense by itself; whether the fds are what it says remains to be seen. -EBADMSG, and *ret_mistake
 * says why. -ENOMEM.
 */
int vioci_content_parse(const unsigned char *bytes, size_t length, size_t n_fds,
			struct vioci_content *ret_content, const char **ret_mistake);

#endif
