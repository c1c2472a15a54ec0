// SPDX-License-Identifier: MIT
/* Making objects of a bundle that others sent. */
#include <errno.h>

#include "fds/bundle.h"
#include "ioas/ioas.h"

static int fail(struct vioc_bundle *bundle, int error, uint32_t reason, const char *obstacle)
{
	return vioci_bundle_fail(bundle->ctx, error, reason, "adopt a bundle", obstacle);
}

/* What a container can be made of it; VIOC_BACKEND_AUTO: none. */
static uint32_t choose_backend(const struct vioci_content *content)
{
	if (content->n_spaces)
		return content->spaces[0].backend;
	if (vioci_content_has(content, VIOC_FD_CONTAINER))
		return VIOC_BACKEND_LEGACY;
	if (!vioci_content_has(content, VIOC_FD_IOMMUFD))
		return VIOC_BACKEND_AUTO;
	return vioci_content_has(content, VIOC_FD_GROUP) ? VIOC_BACKEND_COMPAT
							 : VIOC_BACKEND_IOMMUFD;
}

/* Duplicates, as the bundle keeps its own; for this thread's eyes only, until all is well. */
static int adopt_fds(struct vioc_bundle *bundle)
{
	const struct vioci_content *content = &bundle->content;
	for (size_t i = 0; i < content->n_fds; i++) {
		const struct vioc_bundle_fd *fd = &content->fds[i];
		const struct vioc_fd_opts opts = vioci_bundle_claim(fd);
		struct vioci_fd_facts facts;
		int error = vioci_check_fd(bundle->ctx, fd->fd, &opts, &facts);
		if (error == 0)
			error = vioci_adopted_add(bundle->ctx, fd->fd, &facts, true);
		if (error < 0)
			return error;
	}
	return 0;
}

static int make_ioas(struct vioc_container *container, const struct vioci_shared *shared,
		     uint64_t flags, struct vioc_ioas **ret_ioas)
{
	struct vioc_ioas *ioas;
	int error = vioc_ioas_adopt(container, shared->id, flags, NULL, &ioas);
	if (error < 0)
		return error;
	if (vioci_ioas_import(ioas, shared) < 0) {
		/* It is others' still. */
		(void)vioc_ioas_forget(ioas);
		vioc_ioas_unref(ioas);
		return vioci_fail_memory(container->ctx);
	}
	*ret_ioas = ioas;
	return 0;
}

/* A failure leaves the address spaces to who sent them. */
static int make_all(struct vioc_bundle *bundle, struct vioc_container *container, uint64_t flags,
		    struct vioc_ioas **ioas)
{
	const struct vioci_content *content = &bundle->content;
	size_t made = 0;
	int error = 0;
	for (; made < content->n_spaces; made++) {
		error = make_ioas(container, &content->spaces[made], flags, &ioas[made]);
		if (error < 0)
			break;
	}
	while (error < 0 && made--) {
		(void)vioc_ioas_forget(ioas[made]);
		ioas[made] = vioc_ioas_unref(ioas[made]);
	}
	return error < 0 ? error : (int)content->n_spaces;
}

static int adopt(struct vioc_bundle *bundle, uint32_t backend, uint64_t flags,
		 struct vioc_container **ret_container, struct vioc_ioas **ioas)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container;
	opts.backend = backend;
	int result = adopt_fds(bundle);
	if (result == 0)
		result = vioc_container_new(bundle->ctx, &opts, &container);
	if (result < 0)
		return result;
	result = make_all(bundle, container, flags, ioas);
	if (result < 0)
		vioc_container_unref(container);
	else
		*ret_container = container;
	return result;
}

VIOC_API int vioc_bundle_adopt(struct vioc_bundle *bundle, uint64_t flags,
			       struct vioc_container **ret_container, struct vioc_ioas **ioas,
			       size_t capacity)
{
	if (!bundle)
		return -EINVAL;
	if ((flags & ~VIOC_IOAS_BORROWED) || !ret_container || (capacity && !ioas) ||
	    capacity < bundle->content.n_spaces)
		return fail(bundle, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			    "unknown flags, or no room for what is in it");
	uint32_t backend = choose_backend(&bundle->content);
	if (!backend)
		return fail(bundle, -ENOENT, VIOC_REASON_NO_FD,
			    "it has neither a VFIO container nor an iommufd");
	int result = adopt(bundle, backend, flags, ret_container, ioas);
	vioci_adopted_share(bundle->ctx, result >= 0);
	return result;
}
