// SPDX-License-Identifier: MIT
/* Devices come and go; mappings stay, and are replayed for the first device that comes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/probe.h"
#include "ioas/policy.h"
#include "ioas/replay.h"

static void begin_exclusive(struct vioc_ioas *ioas, struct vioci_window *window)
{
	pthread_mutex_lock(&ioas->lock);
	vioci_window_open(&ioas->windows, &ioas->lock, window, 0, UINT64_MAX);
	pthread_mutex_unlock(&ioas->lock);
}

static void end_exclusive(struct vioc_ioas *ioas, struct vioci_window *window)
{
	pthread_mutex_lock(&ioas->lock);
	vioci_window_close(&ioas->windows, window);
	pthread_mutex_unlock(&ioas->lock);
}

/* The kernel's part of the ioas, and what it and the rest allow. */
struct kernel_side {
	struct vioci_kioas *kioas;
	struct vioci_limits kernel;
	struct vioci_limits limits;
};

/* Getters read these under the lock at any time, so the window alone is not enough to change them. */
static void set_kernel_side(struct vioc_ioas *ioas, const struct kernel_side *side)
{
	pthread_mutex_lock(&ioas->lock);
	struct vioc_iova_range *kernel = ioas->kernel.ranges, *limits = ioas->limits.ranges;
	ioas->kioas = side->kioas;
	ioas->kernel = side->kernel;
	ioas->limits = side->limits;
	pthread_mutex_unlock(&ioas->lock);
	free(kernel);
	free(limits);
}

/* The last address that all attached devices can send. */
static uint64_t address_last(const struct vioc_ioas *ioas)
{
	uint64_t last = UINT64_MAX;
	for (const struct vioci_attachment *a = ioas->attachments; a; a = a->next)
		if (a->address_last < last)
			last = a->address_last;
	return last;
}

/* Asks what side->kioas allows, and works out what is left of it up to last. */
static int read_limits(struct vioc_ioas *ioas, struct kernel_side *side, uint64_t last)
{
	int error = side->kioas ? side->kioas->backend->ops->query(side->kioas, &side->kernel)
				: vioci_limits_everything(&side->kernel);
	if (error < 0)
		return error;
	error = vioci_limits_restrict(&side->kernel, &ioas->allowed, last, &side->limits);
	if (error < 0)
		free(side->kernel.ranges);
	return error;
}

static int query(struct vioc_ioas *ioas, const struct vioci_newcomer *newcomer,
		 struct kernel_side *side)
{
	uint64_t last = address_last(ioas);
	int error = read_limits(ioas, side,
				newcomer->address_last < last ? newcomer->address_last : last);
	if (error == 0)
		return 0;
	struct vioci_diag_draft draft =
		vioci_attach_draft(side->kioas, newcomer->identity, error, vioci_reason_for(error));
	vioci_diag_obstacle(&draft, "its usable address ranges can't be read");
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

/* Brings a kioas, new or in use, in step with the mappings. */
static int bring_in_step(struct vioc_ioas *ioas, struct vioci_kioas *kioas,
			 const struct vioci_newcomer *newcomer)
{
	struct kernel_side side = { .kioas = kioas };
	int error = query(ioas, newcomer, &side);
	if (error < 0)
		return error;
	error = vioci_check_limits(ioas, newcomer->identity, &side.limits);
	if (error == 0 && !ioas->kioas)
		error = vioci_replay(ioas, kioas, newcomer->identity);
	if (error == 0) {
		set_kernel_side(ioas, &side);
		return 0;
	}
	free(side.kernel.ranges);
	free(side.limits.ranges);
	return error;
}

static int attach_to(struct vioc_ioas *ioas, struct vioci_kioas *kioas,
		     const struct vioci_newcomer *newcomer,
		     struct vioci_attachment **ret_attachment)
{
	const struct vioci_backend_ops *ops = kioas->backend->ops;
	struct vioci_attachment *attachment;

	int error = ops->attach(kioas, newcomer, &attachment);
	if (error < 0)
		return error;
	error = bring_in_step(ioas, kioas, newcomer);
	if (error < 0) {
		ops->detach(attachment);
		return error;
	}
	attachment->address_last = newcomer->address_last;
	attachment->next = ioas->attachments;
	ioas->attachments = attachment;
	*ret_attachment = attachment;
	return 0;
}

/* Attaches the first device: makes the kernel's side of the ioas with this backend. */
static int attach_first(struct vioc_ioas *ioas, struct vioci_backend *backend,
			const struct vioci_newcomer *newcomer,
			struct vioci_attachment **ret_attachment)
{
	struct vioci_kioas *kioas;
	int error = backend->ops->kioas_open(backend, NULL, &kioas);
	if (error < 0)
		return error;
	error = attach_to(ioas, kioas, newcomer, ret_attachment);
	if (error < 0)
		vioci_kioas_close(ioas, kioas);
	return error;
}

/* Whether another backend may still manage: this one lacks something, or the rights for it. */
static bool may_fall_back(int error)
{
	return error == -EOPNOTSUPP || error == -EACCES || error == -EPERM;
}

static void note_fallback(struct vioc_ioas *ioas, const struct vioci_identity *identity,
			  const char *used, struct vioc_diag *failures)
{
	struct vioci_diag_draft draft = vioci_diag_draft(0, VIOC_REASON_FALLBACK);
	vioci_diag_tried(&draft, "open device %s", identity->name);
	vioci_diag_obstacle(&draft, "the %s backend is used, as a better one could not open it",
			    used);
	vioci_diag_fact(&draft, "device", "%s", identity->name);
	vioci_diag_fact(&draft, "backend", "%s", used);
	vioci_ctx_leave_after(vioci_ioas_ctx(ioas), &draft, failures);
}

/* Tries the container's backends, best first. */
static int attach_first_of_any(struct vioc_ioas *ioas, const struct vioci_newcomer *newcomer,
			       struct vioci_attachment **ret_attachment)
{
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	struct vioc_diag *failures = NULL;
	int error = 0;

	for (size_t i = 0; i < ioas->container->n_backends; i++) {
		struct vioci_backend *backend = ioas->container->backends[i];
		int result = attach_first(ioas, backend, newcomer, ret_attachment);
		if (result == 0) {
			if (failures)
				note_fallback(ioas, newcomer->identity, backend->ops->name,
					      failures);
			return 0;
		}
		/* As in the chain of diags, "not supported" tells less than another error. */
		if (!error || result != -EOPNOTSUPP)
			error = result;
		failures = vioci_ctx_chain_diag(ctx, failures);
		if (!may_fall_back(result))
			break;
	}
	vioci_ctx_put_diag(ctx, failures);
	return error;
}

static int attach_exclusive(struct vioc_ioas *ioas, const struct vioci_newcomer *newcomer,
			    struct vioci_attachment **ret_attachment)
{
	int error = vioci_check_reserved(ioas, newcomer->identity);
	if (error < 0)
		return error;
	if (ioas->kioas)
		error = attach_to(ioas, ioas->kioas, newcomer, ret_attachment);
	else
		error = attach_first_of_any(ioas, newcomer, ret_attachment);
	if (error < 0)
		return error;
	pthread_mutex_lock(&ioas->lock);
	ioas->n_devices++;
	pthread_mutex_unlock(&ioas->lock);
	return 0;
}

int vioci_ioas_attach(struct vioc_ioas *ioas, const struct vioci_newcomer *newcomer,
		      struct vioci_attachment **ret_attachment)
{
	const struct vioci_identity *identity = newcomer->identity;
	int error = vioci_container_claim(ioas->container, identity, ioas);
	if (error < 0)
		return error;

	struct vioci_window window;
	pthread_mutex_lock(&ioas->attach_lock);
	/* What waits in the kernel could be in the newcomer's way. */
	(void)vioci_flush_deferred(ioas);
	begin_exclusive(ioas, &window);
	error = attach_exclusive(ioas, newcomer, ret_attachment);
	end_exclusive(ioas, &window);
	pthread_mutex_unlock(&ioas->attach_lock);

	VIOCI_PROBE(attach, ioas, identity->name, error);
	if (error < 0)
		vioci_container_release(ioas->container, identity);
	return error;
}

/*
 * Makes these limits those of the ioas; the old ones stay if they can't be read: they are narrower.
 */
static int renew_limits_of(struct vioc_ioas *ioas, struct vioci_kioas *kioas)
{
	struct kernel_side side = { .kioas = kioas };
	int error = read_limits(ioas, &side, address_last(ioas));
	if (error == 0) {
		set_kernel_side(ioas, &side);
		return 0;
	}
	pthread_mutex_lock(&ioas->lock);
	ioas->kioas = kioas;
	pthread_mutex_unlock(&ioas->lock);
	return error;
}

/*
 * After a detach: what the devices left allow, or everything if the kernel's part is to go. One
 * that is kept goes, too, if the last device took it along: a container's does.
 */
static void renew_limits(struct vioc_ioas *ioas)
{
	bool stays = ioas->n_devices || ioas->kept;
	int error = renew_limits_of(ioas, stays ? ioas->kioas : NULL);
	if (ioas->n_devices || !ioas->kept || error != -EINVAL)
		return;
	ioas->kept = false;
	(void)renew_limits_of(ioas, NULL);
}

int vioci_ioas_keep(struct vioc_ioas *ioas, struct vioci_kioas *kioas)
{
	int error = renew_limits_of(ioas, kioas);
	ioas->kept = error == 0;
	if (error < 0)
		ioas->kioas = NULL;
	return error;
}

static void unlink_attachment(struct vioc_ioas *ioas, const struct vioci_attachment *attachment)
{
	struct vioci_attachment **link = &ioas->attachments;
	while (*link != attachment)
		link = &(*link)->next;
	*link = attachment->next;
}

/*
 * What other devices reach of the one that leaves. Should the kernel refuse to unmap, the mapping is
 * forgotten all the same: its memory is about to be another's.
 */
static void drop_device_memory(struct vioc_ioas *ioas, const struct vioci_attachment *attachment)
{
	struct vioci_record record;
	struct vioci_removed removed = { 0 };
	uint64_t from = 0;

	pthread_mutex_lock(&ioas->lock);
	while (vioci_files_find_device(&ioas->maps, attachment, from, &record)) {
		if (vioci_remove_extents(ioas, record.iova, record.last, &removed) < 0)
			vioci_maps_remove_range(&ioas->maps, record.iova, record.last);
		from = record.last + 1;
	}
	/* Unmaps them from the process, too: a BAR that is mapped keeps its device open. */
	vioci_ioas_unlock(ioas);
}

void vioci_ioas_detach(struct vioc_ioas *ioas, struct vioci_attachment *attachment,
		       const struct vioci_identity *identity)
{
	struct vioci_window window;
	pthread_mutex_lock(&ioas->attach_lock);
	begin_exclusive(ioas, &window);

	struct vioci_kioas *kioas = attachment->kioas;
	drop_device_memory(ioas, attachment);
	unlink_attachment(ioas, attachment);
	kioas->backend->ops->detach(attachment);
	pthread_mutex_lock(&ioas->lock);
	ioas->n_devices--;
	pthread_mutex_unlock(&ioas->lock);
	renew_limits(ioas);
	if (!ioas->n_devices && !ioas->kept) {
		vioci_kioas_close(ioas, kioas);
		pthread_mutex_lock(&ioas->lock);
		vioci_drop_waiting(ioas);
		vioci_ioas_unlock(ioas);
	}

	end_exclusive(ioas, &window);
	pthread_mutex_unlock(&ioas->attach_lock);
	VIOCI_PROBE(detach, ioas, identity->name);
	vioci_container_release(ioas->container, identity);
}

/* Puts the restriction in force, unless a mapping is against it. The lock is held. */
static int change_allowed(struct vioc_ioas *ioas, const struct vioci_allowed *allowed,
			  struct vioci_record *ret_outside)
{
	struct vioci_limits limits;
	bool aligned;
	int error = vioci_limits_restrict(&ioas->kernel, allowed, address_last(ioas), &limits);
	if (error < 0)
		return error;
	if (vioci_find_outside(ioas, &limits, false, ret_outside, &aligned)) {
		free(limits.ranges);
		return -EADDRINUSE;
	}
	free(ioas->allowed.ranges);
	free(ioas->limits.ranges);
	ioas->allowed = *allowed;
	ioas->limits = limits;
	return 0;
}

static int refuse_allowed(struct vioc_ioas *ioas, int error, const struct vioci_record *outside)
{
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (error == -EINVAL)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "set the allowed ranges",
				  "a range ends before it starts, or no ranges are given");
	return vioci_fail(ctx, error, VIOC_REASON_ADDRESS_CONFLICT, "set the allowed ranges",
			  "the mapping 0x%" PRIx64 " to 0x%" PRIx64 " lies outside of them",
			  outside->iova, outside->last);
}

VIOC_API int vioc_ioas_set_allowed(struct vioc_ioas *ioas, const struct vioc_iova_range *ranges,
				   size_t n_ranges)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_allowed allowed;
	struct vioci_record outside;
	int error = n_ranges && !ranges ? -EINVAL : vioci_allowed_make(ranges, n_ranges, &allowed);
	if (error < 0)
		return refuse_allowed(ioas, error, NULL);

	struct vioci_window window;
	pthread_mutex_lock(&ioas->lock);
	vioci_window_open(&ioas->windows, &ioas->lock, &window, 0, UINT64_MAX);
	error = change_allowed(ioas, &allowed, &outside);
	vioci_window_close(&ioas->windows, &window);
	pthread_mutex_unlock(&ioas->lock);
	if (error == 0)
		return 0;
	free(allowed.ranges);
	return refuse_allowed(ioas, error, &outside);
}
