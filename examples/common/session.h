/* SPDX-License-Identifier: MIT */
/* From nothing to an address space that devices can be opened in, and back. */
#ifndef EXAMPLE_SESSION_H
#define EXAMPLE_SESSION_H

#include <libvioc/container.h>
#include <libvioc/ctx.h>
#include <libvioc/ioas.h>

struct session {
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
};

/* With the file descriptors that were passed on, if any. 0, or -errno after a message. *session needs no preparation. */
int session_open(struct session *session, uint32_t backend);
/* The devices opened in it keep it alive, so the order does not matter. */
void session_close(struct session *session);

#endif
