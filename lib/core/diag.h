/* SPDX-License-Identifier: MIT */
/* Making diags. A draft lives on the stack; vioci_ctx_leave() turns it into the thread's diag. */
#ifndef VIOCI_DIAG_H
#define VIOCI_DIAG_H

#include <errno.h>

#include <libvioc/diag.h>

#include "core/ref.h"
#include "core/text.h"

struct vioc_ctx;

struct vioc_diag {
	vioci_ref refs;
	int error;
	uint32_t reason;
	char *tried;
	char *obstacle;
	char *advice;
	char *facts; /* key NUL value NUL, repeated; facts_length bytes */
	size_t facts_length;
	char *text;
	struct vioc_diag *other;
};

struct vioci_diag_draft {
	int error;
	uint32_t reason;
	struct vioci_text tried;
	struct vioci_text obstacle;
	struct vioci_text advice;
	struct vioci_text facts;
};

static inline struct vioci_diag_draft vioci_diag_draft(int error, uint32_t reason)
{
	return (struct vioci_diag_draft){ .error = error, .reason = reason };
}

/* Each adds to what is there. */
#define vioci_diag_tried(draft, ...)	vioci_text_add(&(draft)->tried, __VA_ARGS__)
#define vioci_diag_obstacle(draft, ...) vioci_text_add(&(draft)->obstacle, __VA_ARGS__)
#define vioci_diag_advice(draft, ...)	vioci_text_add(&(draft)->advice, __VA_ARGS__)

void vioci_diag_fact(struct vioci_diag_draft *draft, const char *key, const char *format, ...)
	VIOCI_PRINTF(3, 4);

/* Makes a diag of the draft, which is used up. NULL: out of memory. */
struct vioc_diag *vioci_diag_new(struct vioci_diag_draft *draft);
/* Gives up a draft. */
void vioci_diag_drop(struct vioci_diag_draft *draft);

/*
 * Puts another attempt of the same call behind a diag; nobody else has seen either yet. Both
 * references go into the one returned, NULL if diag is. Without memory the other attempt is dropped.
 */
struct vioc_diag *vioci_diag_chain(struct vioc_diag *diag, struct vioc_diag *other);

/* Leaves the draft as the calling thread's diag of the context, logs it, returns its error. */
int vioci_ctx_leave(struct vioc_ctx *ctx, struct vioci_diag_draft *draft);

/*
 * The short form, for failures without facts. `what` is what was tried; the format is the obstacle.
 * Returns error.
 */
int vioci_fail(struct vioc_ctx *ctx, int error, uint32_t reason, const char *what,
	       const char *format, ...) VIOCI_PRINTF(5, 6);

/* The reason for an error of the kernel that has no better explanation. */
static inline uint32_t vioci_reason_for(int error)
{
	return error == -ENOMEM	      ? VIOC_REASON_NO_MEMORY
	       : error == -EOPNOTSUPP ? VIOC_REASON_UNSUPPORTED
				      : VIOC_REASON_KERNEL;
}

/* Out of memory, so without a diag; the thread's older one goes, as it would mislead. -ENOMEM. */
int vioci_fail_memory(struct vioc_ctx *ctx);

/* The same with another attempt behind it, whose reference is used up. */
int vioci_ctx_leave_after(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			  struct vioc_diag *other);

/* Takes the calling thread's diag out of the context; NULL if there is none. */
struct vioc_diag *vioci_ctx_take_diag(struct vioc_ctx *ctx);
/*
 * The same for calls that try one way after another: it comes together with the diags of the other
 * attempts, whose reference is used up, the more telling one in front. NULL: memory ran out.
 */
struct vioc_diag *vioci_ctx_chain_diag(struct vioc_ctx *ctx, struct vioc_diag *other);
/* Puts one in, or back; takes over the reference. NULL leaves the thread without a diag. */
void vioci_ctx_put_diag(struct vioc_ctx *ctx, struct vioc_diag *diag);

#endif
