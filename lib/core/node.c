// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain.h"
#include "core/node.h"

struct vioci_adopted {
	struct vioci_adopted *next;
	struct vioci_fd_facts facts;
	int fd;
	uint32_t taken_by;     /* the thread; 0: nobody */
	uint32_t reserved_for; /* the thread; 0: for all */
};

/* An fd is never 0 to 2, nor inherited by others; this moves one away from there. Uses up fd. */
static int move(const struct vioci_sys *sys, int fd)
{
	int moved = vioci_sys_dup(sys, fd);
	vioci_sys_close(sys, &fd);
	return moved;
}

int vioci_adopted_add(struct vioc_ctx *ctx, int fd, const struct vioci_fd_facts *facts,
		      bool reserved)
{
	struct vioci_adopted *adopted = calloc(1, sizeof(*adopted));
	if (!adopted)
		return vioci_fail_memory(ctx);
	adopted->facts = *facts;
	adopted->fd = vioci_sys_dup(&ctx->sys, fd);
	if (adopted->fd < 0) {
		int error = adopted->fd;
		free(adopted);
		return vioci_fail(ctx, error, VIOC_REASON_KERNEL, "adopt an fd",
				  "fd %d can't be duplicated", fd);
	}
	adopted->reserved_for = reserved ? vioci_thread_id() : 0;
	pthread_mutex_lock(&ctx->adopted_lock);
	/* At the end: of several alike the first is taken first. */
	struct vioci_adopted **link = &ctx->adopted;
	while (*link)
		link = &(*link)->next;
	*link = adopted;
	pthread_mutex_unlock(&ctx->adopted_lock);
	return 0;
}

static bool is_of(const struct vioci_fd_facts *facts, const struct vioci_node *node)
{
	if (facts->kind != node->kind)
		return false;
	if (node->kind == VIOC_FD_GROUP)
		return facts->group == node->identity->group;
	return !node->identity || strcmp(facts->device, node->identity->name) == 0;
}

/* The first that is for this thread, or for all. The lock is held. */
static struct vioci_adopted *find(const struct vioc_ctx *ctx, const struct vioci_node *node,
				  uint32_t reserved_for)
{
	struct vioci_adopted *adopted = ctx->adopted;
	while (adopted && (adopted->taken_by || adopted->reserved_for != reserved_for ||
			   !is_of(&adopted->facts, node)))
		adopted = adopted->next;
	return adopted;
}

int vioci_node_take(struct vioc_ctx *ctx, struct vioci_node *node)
{
	int fd = -ENOENT;
	pthread_mutex_lock(&ctx->adopted_lock);
	struct vioci_adopted *adopted = find(ctx, node, vioci_thread_id());
	if (!adopted)
		adopted = find(ctx, node, 0);
	if (adopted) {
		fd = vioci_sys_dup(&ctx->sys, adopted->fd);
		node->adopted = fd >= 0 ? adopted : NULL;
		node->in_use = adopted->facts.in_use;
		adopted->taken_by = fd >= 0 ? vioci_thread_id() : 0;
	}
	pthread_mutex_unlock(&ctx->adopted_lock);
	return fd;
}

void vioci_node_put_back(struct vioc_ctx *ctx, const struct vioci_node *node)
{
	pthread_mutex_lock(&ctx->adopted_lock);
	if (node->adopted)
		node->adopted->taken_by = 0;
	pthread_mutex_unlock(&ctx->adopted_lock);
}

/* Takes out, and closes, what is not to stay. */
static void sift(struct vioc_ctx *ctx, bool (*stays)(struct vioci_adopted *adopted, bool keep),
		 bool keep)
{
	pthread_mutex_lock(&ctx->adopted_lock);
	for (struct vioci_adopted **link = &ctx->adopted, *adopted; (adopted = *link);) {
		if (stays(adopted, keep)) {
			link = &adopted->next;
			continue;
		}
		*link = adopted->next;
		vioci_sys_close(&ctx->sys, &adopted->fd);
		free(adopted);
	}
	pthread_mutex_unlock(&ctx->adopted_lock);
}

static bool stays_after_attempt(struct vioci_adopted *adopted, bool failed)
{
	if (adopted->taken_by != vioci_thread_id())
		return true;
	adopted->taken_by = 0;
	return failed;
}

void vioci_adopted_end(struct vioc_ctx *ctx, bool success)
{
	sift(ctx, stays_after_attempt, !success);
}

static bool stays_for_all(struct vioci_adopted *adopted, bool keep)
{
	if (adopted->reserved_for != vioci_thread_id())
		return true;
	adopted->reserved_for = 0;
	return keep;
}

void vioci_adopted_share(struct vioc_ctx *ctx, bool keep)
{
	sift(ctx, stays_for_all, keep);
}

int vioci_adopted_identify(struct vioc_ctx *ctx, const char *name,
			   struct vioci_identity *ret_identity)
{
	int error = -ENODEV;
	pthread_mutex_lock(&ctx->adopted_lock);
	for (const struct vioci_adopted *a = ctx->adopted; a && error < 0; a = a->next) {
		const struct vioci_fd_facts *facts = &a->facts;
		if (!facts->has_group || !facts->device[0] || strcmp(facts->device, name) != 0)
			continue;
		*ret_identity = (struct vioci_identity){
			.has_group = true,
			.vfio_bound = true,
			.group = facts->group,
		};
		strcpy(ret_identity->name, facts->device);
		if (facts->kind == VIOC_FD_CDEV)
			strcpy(ret_identity->cdev, facts->cdev[0] ? facts->cdev : "vfio?");
		error = 0;
	}
	pthread_mutex_unlock(&ctx->adopted_lock);
	return error;
}

void vioci_adopted_close_all(struct vioc_ctx *ctx)
{
	for (struct vioci_adopted *adopted = ctx->adopted, *next; adopted; adopted = next) {
		next = adopted->next;
		vioci_sys_close(&ctx->sys, &adopted->fd);
		free(adopted);
	}
}

static int refuse(struct vioci_node *node, uint32_t reason, int error, const char *text)
{
	node->reason = reason;
	snprintf(node->refusal, sizeof(node->refusal), "%s %s", node->path, text);
	return error;
}

/* Whatever a hook gives is looked at: a wrong fd would be found out late, or never. */
static int check_hooks_fd(struct vioc_ctx *ctx, struct vioci_node *node, int fd)
{
	const struct vioci_identity *identity = node->identity;
	const struct vioci_fd_claim claim = {
		.kind = node->kind,
		.device = identity ? identity->name : NULL,
		.has_group = identity != NULL,
		.group = identity ? identity->group : 0,
	};
	struct vioci_fd_facts facts;
	char wrong[VIOCI_REFUSAL_MAX], text[VIOCI_REFUSAL_MAX + 64];
	int error = vioci_fd_check(&ctx->sys, fd, &claim, &facts, wrong);
	if (error == 0)
		return move(&ctx->sys, fd);
	if (error != -EBADF)
		vioci_sys_close(&ctx->sys, &fd);
	snprintf(text, sizeof(text), "was given wrongly by the open hook: %s", wrong);
	return refuse(node, VIOC_REASON_WRONG_FD, error, text);
}

static int ask_hook(struct vioc_ctx *ctx, struct vioci_node *node)
{
	const struct vioci_identity *identity = node->identity;
	const struct vioc_open_request request = {
		.size = sizeof(request),
		.kind = node->kind,
		.group = identity ? identity->group : 0,
		.path = node->path,
		.device = identity ? identity->name : NULL,
		.flags = O_RDWR | O_CLOEXEC,
	};
	int fd = ctx->open_fn(ctx->open_data, &request);
	if (fd == VIOC_OPEN_DECLINED)
		return fd;
	return fd >= 0 ? check_hooks_fd(ctx, node, fd)
		       : refuse(node, VIOC_REASON_NO_FD, fd, "was refused by the open hook");
}

int vioci_node_open(struct vioc_ctx *ctx, struct vioci_node *node)
{
	int fd = vioci_node_take(ctx, node);
	if (fd != -ENOENT)
		return fd;
	fd = ctx->open_fn ? ask_hook(ctx, node) : VIOC_OPEN_DECLINED;
	if (fd != VIOC_OPEN_DECLINED)
		return fd;
	if (ctx->opens_nothing)
		return refuse(node, VIOC_REASON_NO_FD, -EACCES,
			      "was not given, and this context opens no nodes itself");
	return vioci_sys_open(&ctx->sys, node->path, O_RDWR);
}

void vioci_node_explain(struct vioc_ctx *ctx, struct vioci_diag_draft *draft,
			const struct vioci_node *node, int error)
{
	if (!node->reason) {
		vioci_explain_node(ctx, draft, node->path, error);
		return;
	}
	draft->error = error;
	draft->reason = node->reason;
	vioci_diag_obstacle(draft, "%s", node->refusal);
	vioci_diag_advice(draft, "give %s by vioc_ctx_adopt_fd() or the open hook",
			  vioci_fd_kind_name(node->kind));
	vioci_diag_fact(draft, "path", "%s", node->path);
}
