// SPDX-License-Identifier: MIT
/* What is in a bundle: adding to it, and looking into it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "fds/bundle.h"

int vioci_bundle_fail(struct vioc_ctx *ctx, int error, uint32_t reason, const char *what,
		      const char *obstacle)
{
	return error == -ENOMEM ? vioci_fail_memory(ctx)
				: vioci_fail(ctx, error, reason, what, "%s", obstacle);
}

struct vioc_fd_opts vioci_bundle_claim(const struct vioc_bundle_fd *fd)
{
	return (struct vioc_fd_opts){
		.flags = fd->flags & VIOC_FD_IN_GROUP,
		.kind = fd->kind,
		.group = fd->group,
		.device = fd->device[0] ? fd->device : NULL,
	};
}

void vioci_bundle_note(struct vioc_bundle_fd *fd, const struct vioci_fd_facts *facts)
{
	fd->kind = facts->kind;
	fd->flags = vioci_fd_flags(facts);
	fd->group = facts->group;
}

/* Grows by doubling: room is needed when count is 0 or a power of 2. */
static void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return realloc(array, (count ? 2 * count : 1) * size);
}

struct vioc_bundle_fd *vioci_content_add_fd(struct vioci_content *content)
{
	struct vioc_bundle_fd *fds = grow(content->fds, content->n_fds, sizeof(*fds));
	if (!fds)
		return NULL;
	content->fds = fds;
	fds[content->n_fds] = (struct vioc_bundle_fd){ .space = VIOC_BUNDLE_NO_SPACE, .fd = -1 };
	return &fds[content->n_fds++];
}

struct vioci_shared *vioci_content_add_space(struct vioci_content *content)
{
	struct vioci_shared *spaces = grow(content->spaces, content->n_spaces, sizeof(*spaces));
	if (!spaces)
		return NULL;
	content->spaces = spaces;
	spaces[content->n_spaces] = (struct vioci_shared){ 0 };
	return &spaces[content->n_spaces++];
}

bool vioci_content_has(const struct vioci_content *content, uint32_t kind)
{
	for (size_t i = 0; i < content->n_fds; i++)
		if (content->fds[i].kind == kind)
			return true;
	return false;
}

void vioci_content_free(const struct vioci_sys *sys, struct vioci_content *content)
{
	for (size_t i = 0; i < content->n_fds; i++)
		vioci_sys_close(sys, &content->fds[i].fd);
	for (size_t i = 0; i < content->n_spaces; i++) {
		vioc_ioas_unref(content->spaces[i].ioas);
		free(content->spaces[i].ranges);
		free(content->spaces[i].mappings);
	}
	free(content->fds);
	free(content->spaces);
}

VIOC_API int vioc_bundle_new(struct vioc_ctx *ctx, struct vioc_bundle **ret_bundle)
{
	if (!ctx)
		return -EINVAL;
	if (!ret_bundle)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "make a bundle",
				  "no place for it is given");
	struct vioc_bundle *bundle = calloc(1, sizeof(*bundle));
	if (!bundle)
		return vioci_fail_memory(ctx);
	bundle->refs = 1;
	bundle->ctx = vioc_ctx_ref(ctx);
	*ret_bundle = bundle;
	return 0;
}

VIOC_API struct vioc_bundle *vioc_bundle_ref(struct vioc_bundle *bundle)
{
	if (bundle)
		vioci_ref_get(&bundle->refs);
	return bundle;
}

VIOC_API struct vioc_bundle *vioc_bundle_unref(struct vioc_bundle *bundle)
{
	if (!bundle || !vioci_ref_put(&bundle->refs))
		return NULL;
	vioci_content_free(&bundle->ctx->sys, &bundle->content);
	vioc_ctx_unref(bundle->ctx);
	free(bundle);
	return NULL;
}

static int fail_add(struct vioc_bundle *bundle, int error, const char *obstacle)
{
	uint32_t reason = error == -EINVAL   ? VIOC_REASON_BAD_ARGUMENT
			  : error == -ENODEV ? VIOC_REASON_CLOSED
			  : error == -ENOSPC ? VIOC_REASON_NO_SPACE
					     : VIOC_REASON_KERNEL;
	return vioci_bundle_fail(bundle->ctx, error, reason, "add to a bundle", obstacle);
}

/* Takes fd over; on failure it is closed. */
static int add(struct vioc_bundle *bundle, int fd, const struct vioci_fd_facts *facts,
	       uint32_t space)
{
	struct vioc_bundle_fd *added = NULL;
	bool full = bundle->content.n_fds == VIOCI_BUNDLE_FDS;
	if (!full)
		added = vioci_content_add_fd(&bundle->content);
	if (!added) {
		vioci_sys_close(&bundle->ctx->sys, &fd);
		return fail_add(bundle, full ? -ENOSPC : -ENOMEM, "it has 1024 fds already");
	}
	vioci_bundle_note(added, facts);
	added->space = space;
	added->fd = fd;
	if (vioci_fd_is_of_device(facts->kind))
		memcpy(added->device, facts->device, sizeof(added->device));
	return 0;
}

VIOC_API int vioc_bundle_add_fd(struct vioc_bundle *bundle, int fd,
				const struct vioc_fd_opts *given)
{
	struct vioc_fd_opts opts;
	struct vioci_fd_facts facts;
	if (!bundle)
		return -EINVAL;
	int error = vioci_read_fd_opts(bundle->ctx, fd, given, &opts);
	if (error == 0)
		error = vioci_check_fd(bundle->ctx, fd, &opts, &facts);
	if (error < 0)
		return error;
	int own = vioci_sys_dup(&bundle->ctx->sys, fd);
	if (own < 0)
		return fail_add(bundle, own, "the fd can't be duplicated");
	error = add(bundle, own, &facts, VIOC_BUNDLE_NO_SPACE);
	if (error == 0 && !(opts.flags & VIOC_FD_BORROWED))
		vioci_sys_close(&bundle->ctx->sys, &fd);
	return error;
}

/* Takes over what was exported, and fd. */
static int add_space(struct vioc_bundle *bundle, struct vioc_ioas *ioas,
		     const struct vioci_shared *shared, int fd)
{
	struct vioci_content *content = &bundle->content;
	bool by_id = shared->id != 0;
	const struct vioci_fd_facts facts = { .kind = shared->fd_kind, .in_use = !by_id };
	struct vioci_shared *space = vioci_content_add_space(content);
	if (!space) {
		vioci_sys_close(&bundle->ctx->sys, &fd);
		return vioci_fail_memory(bundle->ctx);
	}
	*space = *shared;
	space->ioas = vioc_ioas_ref(ioas);
	uint32_t index = (uint32_t)content->n_spaces - 1;
	/* All spaces of an iommufd share one fd. */
	if (by_id && vioci_content_has(content, VIOC_FD_IOMMUFD)) {
		vioci_sys_close(&bundle->ctx->sys, &fd);
		return 0;
	}
	int error = add(bundle, fd, &facts, by_id ? VIOC_BUNDLE_NO_SPACE : index);
	if (error < 0) {
		content->n_spaces--;
		vioc_ioas_unref(ioas);
	}
	return error;
}

VIOC_API int vioc_bundle_add_ioas(struct vioc_bundle *bundle, struct vioc_ioas *ioas)
{
	if (!bundle)
		return -EINVAL;
	if (!ioas)
		return fail_add(bundle, -EINVAL, "no ioas is given");
	struct vioci_shared shared;
	int fd = vioci_ioas_export(ioas, &shared);
	if (fd < 0)
		return fail_add(bundle, fd,
				fd == -ENODEV ? "the ioas has no part in the kernel: no device is "
						"attached, and it was not adopted"
					      : "its fd can't be duplicated");
	const struct vioci_content *content = &bundle->content;
	int error = 0;
	if (content->n_spaces && content->spaces[0].backend != shared.backend)
		error = fail_add(bundle, -EINVAL,
				 "it has an address space of another backend already");
	if (error < 0)
		vioci_sys_close(&bundle->ctx->sys, &fd);
	else
		error = add_space(bundle, ioas, &shared, fd);
	if (error == 0)
		return 0;
	free(shared.ranges);
	free(shared.mappings);
	return error;
}

/* The index of an address space that was added, or _NO_SPACE. */
static uint32_t find_space(const struct vioci_content *content, const struct vioc_ioas *ioas)
{
	for (uint32_t i = 0; i < content->n_spaces; i++)
		if (content->spaces[i].ioas == ioas)
			return i;
	return VIOC_BUNDLE_NO_SPACE;
}

static int dup_device(struct vioc_device *device)
{
	int fd = vioci_device_get(device, "export it");
	if (fd < 0)
		return fd;
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	int made = vioci_sys_dup(&ctx->sys, fd);
	vioci_device_put(device);
	return made < 0 ? vioci_fail(ctx, made, VIOC_REASON_KERNEL, "export a device",
				     "its fd can't be duplicated")
			: made;
}

VIOC_API int vioc_bundle_add_device(struct vioc_bundle *bundle, struct vioc_device *device)
{
	if (!bundle)
		return -EINVAL;
	uint32_t space = VIOC_BUNDLE_NO_SPACE;
	if (device)
		space = find_space(&bundle->content, device->ioas);
	if (space == VIOC_BUNDLE_NO_SPACE)
		return fail_add(bundle, -EINVAL, "no device, or its ioas is not in the bundle");
	int fd = dup_device(device);
	if (fd < 0)
		return fd;
	struct vioci_fd_facts facts = {
		.kind = vioci_backend_candidates(device->backend)[0]->by_cdev ? VIOC_FD_CDEV
									      : VIOC_FD_DEVICE,
		.in_use = true,
		.has_group = true,
		.group = device->identity.group,
	};
	strcpy(facts.device, device->identity.name);
	return add(bundle, fd, &facts, space);
}

VIOC_API int vioc_bundle_get_fds(const struct vioc_bundle *bundle, struct vioc_bundle_fd *fds,
				 size_t capacity)
{
	if (!bundle || (capacity && !fds))
		return -EINVAL;
	for (size_t i = 0; i < bundle->content.n_fds && i < capacity; i++)
		fds[i] = bundle->content.fds[i];
	return (int)bundle->content.n_fds;
}

VIOC_API int vioc_bundle_get_spaces(const struct vioc_bundle *bundle,
				    struct vioc_bundle_space *spaces, size_t capacity)
{
	if (!bundle || (capacity && !spaces))
		return -EINVAL;
	for (size_t i = 0; i < bundle->content.n_spaces && i < capacity; i++) {
		const struct vioci_shared *space = &bundle->content.spaces[i];
		spaces[i] = (struct vioc_bundle_space){
			.backend = space->backend,
			.id = space->id,
			.n_ranges = space->n_ranges,
			.n_mappings = space->n_mappings,
		};
	}
	return (int)bundle->content.n_spaces;
}

VIOC_API int vioc_bundle_get_ranges(const struct vioc_bundle *bundle, uint32_t space,
				    struct vioc_iova_range *ranges, size_t capacity)
{
	if (!bundle || (capacity && !ranges) || space >= bundle->content.n_spaces)
		return -EINVAL;
	const struct vioci_shared *shared = &bundle->content.spaces[space];
	for (size_t i = 0; i < shared->n_ranges && i < capacity; i++)
		ranges[i] = shared->ranges[i];
	return (int)shared->n_ranges;
}
