// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/version.h>

#include "core/ctx.h"
#include "core/log.h"
#include "core/node.h"
#include "core/sized.h"

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

VIOC_API const char *vioc_version(void)
{
	return STRING(VIOC_VERSION_MAJOR) "." STRING(VIOC_VERSION_MINOR) "." STRING(
		VIOC_VERSION_PATCH);
}

static int read_environment(struct vioc_ctx *ctx)
{
	const char *level = vioci_getenv("VIOC_LOG");
	if (level)
		vioci_log_apply_environment(ctx, level);

	const char *backend = vioci_getenv("VIOC_BACKEND");
	if (!backend)
		return 0;
	ctx->backend_name = strdup(backend);
	return ctx->backend_name ? 0 : -ENOMEM;
}

/* Half of VIOCI_PATH_MAX is left for the paths below it. */
#define SYSROOT_MAX 255

static int set_sysroot(struct vioc_ctx *ctx, const char *sysroot)
{
	if (!sysroot)
		return 0;
	if (strlen(sysroot) > SYSROOT_MAX)
		return -ENAMETOOLONG;
	ctx->sysroot = strdup(sysroot);
	ctx->sys.root = ctx->sysroot;
	return ctx->sysroot ? 0 : -ENOMEM;
}

int vioci_ctx_new_with_sys(const struct vioc_ctx_opts *given, const struct vioci_sys *sys,
			   struct vioc_ctx **ret_ctx)
{
	struct vioc_ctx_opts opts;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error < 0)
		return error;
	if ((opts.flags & ~VIOC_CTX_OPENS_NOTHING) || opts.log_level > VIOC_LOG_DEBUG || !ret_ctx)
		return -EINVAL;

	struct vioc_ctx *ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->refs = 1;
	ctx->sys = *sys;
	ctx->log_fn = opts.log_fn;
	ctx->log_data = opts.log_data;
	ctx->log_level = opts.log_level ? (int)opts.log_level : VIOC_LOG_WARNING;
	ctx->open_fn = opts.open_fn;
	ctx->open_data = opts.open_data;
	ctx->opens_nothing = opts.flags & VIOC_CTX_OPENS_NOTHING;
	pthread_mutex_init(&ctx->diag_lock, NULL);
	pthread_mutex_init(&ctx->adopted_lock, NULL);

	error = read_environment(ctx);
	if (error == 0)
		error = set_sysroot(ctx, opts.sysroot);
	if (error < 0) {
		vioc_ctx_unref(ctx);
		return error;
	}
	*ret_ctx = ctx;
	return 0;
}

VIOC_API int vioc_ctx_new(const struct vioc_ctx_opts *opts, struct vioc_ctx **ret_ctx)
{
	return vioci_ctx_new_with_sys(opts, &vioci_sys_real, ret_ctx);
}

VIOC_API struct vioc_ctx *vioc_ctx_ref(struct vioc_ctx *ctx)
{
	if (ctx)
		vioci_ref_get(&ctx->refs);
	return ctx;
}

static void ctx_free(struct vioc_ctx *ctx)
{
	for (size_t i = 0; i < VIOCI_CTX_DIAGS; i++)
		vioc_diag_unref(ctx->diags[i].diag);
	vioci_adopted_close_all(ctx);
	pthread_mutex_destroy(&ctx->adopted_lock);
	pthread_mutex_destroy(&ctx->diag_lock);
	free(ctx->backend_name);
	free(ctx->sysroot);
	free(ctx);
}

VIOC_API struct vioc_ctx *vioc_ctx_unref(struct vioc_ctx *ctx)
{
	if (ctx && vioci_ref_put(&ctx->refs))
		ctx_free(ctx);
	return NULL;
}

/* The calling thread's slot, or NULL. The lock is held. */
static struct vioci_diag_slot *find_slot(struct vioc_ctx *ctx)
{
	uint32_t self = vioci_thread_id();
	for (size_t i = 0; i < VIOCI_CTX_DIAGS; i++)
		if (ctx->diags[i].diag && ctx->diags[i].thread == self)
			return &ctx->diags[i];
	return NULL;
}

/* A free slot, or the oldest. The lock is held. */
static struct vioci_diag_slot *choose_slot(struct vioc_ctx *ctx)
{
	struct vioci_diag_slot *chosen = &ctx->diags[0];
	for (size_t i = 0; i < VIOCI_CTX_DIAGS; i++) {
		if (!ctx->diags[i].diag)
			return &ctx->diags[i];
		if (ctx->diags[i].stamp < chosen->stamp)
			chosen = &ctx->diags[i];
	}
	return chosen;
}

struct vioc_diag *vioci_ctx_take_diag(struct vioc_ctx *ctx)
{
	pthread_mutex_lock(&ctx->diag_lock);
	struct vioci_diag_slot *slot = find_slot(ctx);
	struct vioc_diag *diag = slot ? slot->diag : NULL;
	if (slot)
		slot->diag = NULL;
	pthread_mutex_unlock(&ctx->diag_lock);
	return diag;
}

void vioci_ctx_put_diag(struct vioc_ctx *ctx, struct vioc_diag *diag)
{
	vioc_diag_unref(vioci_ctx_take_diag(ctx));
	if (!diag)
		return;
	pthread_mutex_lock(&ctx->diag_lock);
	struct vioci_diag_slot *slot = choose_slot(ctx);
	struct vioc_diag *oldest = slot->diag;
	*slot = (struct vioci_diag_slot){
		.thread = vioci_thread_id(),
		.diag = diag,
		.stamp = ++ctx->diag_stamp,
	};
	pthread_mutex_unlock(&ctx->diag_lock);
	vioc_diag_unref(oldest);
}

struct vioc_diag *vioci_ctx_chain_diag(struct vioc_ctx *ctx, struct vioc_diag *other)
{
	struct vioc_diag *diag = vioci_ctx_take_diag(ctx);
	if (!diag) {
		vioc_diag_unref(other);
		return NULL;
	}
	/* "Not supported" tells less than what another way ran into. */
	if (other && diag->error == -EOPNOTSUPP && other->error != -EOPNOTSUPP)
		return vioci_diag_chain(other, diag);
	return vioci_diag_chain(diag, other);
}

/* A line for each attempt; a fallback is news, a failure is the caller's to tell. */
static void log_diag(struct vioc_ctx *ctx, const struct vioc_diag *diag)
{
	int level = diag->error ? VIOC_LOG_DEBUG : VIOC_LOG_INFO;
	for (const char *also = ""; diag; diag = diag->other, also = "also tried: ")
		vioci_log(ctx, level, "%s%s: %s (%s)", also, diag->tried, diag->obstacle,
			  vioc_reason_name(diag->reason));
}

int vioci_ctx_leave_after(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			  struct vioc_diag *other)
{
	int error = draft->error;
	struct vioc_diag *diag = vioci_diag_chain(vioci_diag_new(draft), other);
	if (diag)
		log_diag(ctx, diag);
	vioci_ctx_put_diag(ctx, diag);
	return error;
}

int vioci_ctx_leave(struct vioc_ctx *ctx, struct vioci_diag_draft *draft)
{
	return vioci_ctx_leave_after(ctx, draft, NULL);
}

int vioci_fail(struct vioc_ctx *ctx, int error, uint32_t reason, const char *what,
	       const char *format, ...)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "%s", what);
	va_list args;
	va_start(args, format);
	vioci_text_addv(&draft.obstacle, format, args);
	va_end(args);
	return vioci_ctx_leave(ctx, &draft);
}

int vioci_fail_memory(struct vioc_ctx *ctx)
{
	vioci_ctx_put_diag(ctx, NULL);
	return -ENOMEM;
}

VIOC_API int vioc_ctx_get_diag(struct vioc_ctx *ctx, struct vioc_diag **ret_diag)
{
	if (!ctx || !ret_diag)
		return -EINVAL;
	pthread_mutex_lock(&ctx->diag_lock);
	struct vioci_diag_slot *slot = find_slot(ctx);
	if (slot)
		*ret_diag = vioc_diag_ref(slot->diag);
	pthread_mutex_unlock(&ctx->diag_lock);
	return slot ? 0 : -ENOENT;
}
