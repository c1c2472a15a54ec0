// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/sized.h"
#include "ioas/container.h"

/* A device that is open, or being opened, in an ioas of the container. */
struct vioci_claim {
	struct vioci_claim *next;
	const struct vioc_ioas *ioas;
	uint32_t group;
	char device[sizeof(((struct vioci_identity *)0)->name)];
};

static void container_free(struct vioc_container *container)
{
	for (size_t i = 0; i < container->n_backends; i++)
		container->backends[i]->ops->close(container->backends[i]);
	pthread_mutex_destroy(&container->lock);
	vioc_ctx_unref(container->ctx);
	free(container);
}

/* Applies VIOC_BACKEND to "auto". */
static int choose_backend(struct vioc_ctx *ctx, uint32_t *backend)
{
	if (!vioci_backend_candidates(*backend))
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "make a container",
				  "there is no backend %u", *backend);
	if (*backend != VIOC_BACKEND_AUTO || !ctx->backend_name)
		return 0;
	if (vioc_backend_from_name(ctx->backend_name, backend) < 0)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "make a container",
				  "VIOC_BACKEND=%s names no backend; it can be auto, legacy, "
				  "iommufd or compat",
				  ctx->backend_name);
	return 0;
}

/* Tells that what was preferred is not there. failures says why; its reference is used up. */
static void note_fallback(struct vioc_ctx *ctx, const char *used, struct vioc_diag *failures)
{
	struct vioci_diag_draft draft = vioci_diag_draft(0, VIOC_REASON_FALLBACK);
	vioci_diag_tried(&draft, "make a container");
	vioci_diag_obstacle(&draft, "the %s backend is used, as a better one is not available",
			    used);
	vioci_diag_fact(&draft, "backend", "%s", used);
	vioci_ctx_leave_after(ctx, &draft, failures);
}

/* Opens every candidate that can be opened; fails if none can. */
static int open_backends(struct vioc_container *container)
{
	const struct vioci_backend_ops *const *ops = vioci_backend_candidates(container->backend);
	struct vioc_diag *failures = NULL;
	int error = 0;

	for (; *ops; ops++) {
		struct vioci_backend *backend;
		int result = (*ops)->open(container->ctx, &backend);
		if (result == 0) {
			container->backends[container->n_backends++] = backend;
			continue;
		}
		/* As in the chain of diags, "not supported" tells less than another error. */
		if (!error || result != -EOPNOTSUPP)
			error = result;
		failures = vioci_ctx_chain_diag(container->ctx, failures);
	}
	if (!container->n_backends) {
		vioci_ctx_put_diag(container->ctx, failures);
		return error;
	}
	if (failures)
		note_fallback(container->ctx, container->backends[0]->ops->name, failures);
	return 0;
}

VIOC_API int vioc_container_new(struct vioc_ctx *ctx, const struct vioc_container_opts *given,
				struct vioc_container **ret_container)
{
	if (!ctx)
		return -EINVAL;
	struct vioc_container_opts opts;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error == 0 && (opts.flags || !ret_container))
		error = -EINVAL;
	if (error < 0)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "make a container",
				  "the options have unknown flags, a bad size or unknown fields");
	error = choose_backend(ctx, &opts.backend);
	if (error < 0)
		return error;

	struct vioc_container *container = calloc(1, sizeof(*container));
	if (!container)
		return vioci_fail_memory(ctx);
	container->refs = 1;
	container->ctx = vioc_ctx_ref(ctx);
	container->backend = opts.backend;
	pthread_mutex_init(&container->lock, NULL);
	error = open_backends(container);
	vioci_adopted_end(ctx, error == 0);
	if (error < 0) {
		container_free(container);
		return error;
	}
	*ret_container = container;
	return 0;
}

VIOC_API struct vioc_container *vioc_container_ref(struct vioc_container *container)
{
	if (container)
		vioci_ref_get(&container->refs);
	return container;
}

VIOC_API struct vioc_container *vioc_container_unref(struct vioc_container *container)
{
	if (container && vioci_ref_put(&container->refs))
		container_free(container);
	return NULL;
}

VIOC_API uint32_t vioc_container_get_backend(const struct vioc_container *container)
{
	return container->backend;
}

/* Why the device can't be claimed; VIOC_REASON_NONE: it can. The lock is held. */
static uint32_t find_objection(const struct vioc_container *container,
			       const struct vioci_identity *identity, const struct vioc_ioas *ioas)
{
	for (const struct vioci_claim *claim = container->claims; claim; claim = claim->next) {
		if (strcmp(claim->device, identity->name) == 0)
			return VIOC_REASON_BUSY;
		if (claim->group == identity->group && claim->ioas != ioas)
			return VIOC_REASON_OTHER_IOAS;
	}
	return VIOC_REASON_NONE;
}

static int refuse_claim(struct vioc_ctx *ctx, const struct vioci_identity *identity,
			uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(-EBUSY, reason);
	vioci_diag_tried(&draft, "open device %s", identity->name);
	vioci_diag_fact(&draft, "device", "%s", identity->name);
	vioci_diag_fact(&draft, "group", "%u", identity->group);
	if (reason == VIOC_REASON_BUSY) {
		vioci_diag_obstacle(&draft, "it is open already, in this container");
		vioci_diag_advice(&draft, "share the object by vioc_device_ref()");
	} else {
		vioci_diag_obstacle(&draft, "a device of its IOMMU group %u is in another ioas",
				    identity->group);
		vioci_diag_advice(&draft, "open all devices of a group in one ioas");
	}
	return vioci_ctx_leave(ctx, &draft);
}

int vioci_container_claim(struct vioc_container *container, const struct vioci_identity *identity,
			  const struct vioc_ioas *ioas)
{
	struct vioci_claim *claim = calloc(1, sizeof(*claim));
	if (!claim)
		return vioci_fail_memory(container->ctx);
	claim->ioas = ioas;
	claim->group = identity->group;
	strcpy(claim->device, identity->name);

	pthread_mutex_lock(&container->lock);
	uint32_t objection = find_objection(container, identity, ioas);
	if (objection == VIOC_REASON_NONE) {
		claim->next = container->claims;
		container->claims = claim;
	}
	pthread_mutex_unlock(&container->lock);
	if (objection == VIOC_REASON_NONE)
		return 0;
	free(claim);
	return refuse_claim(container->ctx, identity, objection);
}

void vioci_container_release(struct vioc_container *container,
			     const struct vioci_identity *identity)
{
	pthread_mutex_lock(&container->lock);
	struct vioci_claim **link = &container->claims;
	while (strcmp((*link)->device, identity->name) != 0)
		link = &(*link)->next;
	struct vioci_claim *claim = *link;
	*link = claim->next;
	pthread_mutex_unlock(&container->lock);
	free(claim);
}
