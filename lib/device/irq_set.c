// SPDX-License-Identifier: MIT
/* Interrupts: which eventfd each vector signals. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/pci.h>

#include "device/irq.h"
#include "uapi/vfio.h"

static const struct vioci_sys *sys_of(const struct vioci_irq_call *call)
{
	return &vioci_device_ctx(call->device)->sys;
}

static void close_fds(const struct vioci_sys *sys, int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		vioci_sys_close(sys, &fds[i]);
}

/* The request to give the vectors of the call eventfds, all -1 at first. NULL: no memory. */
static struct vioci_vfio_irq_set *new_request(const struct vioci_irq_call *call, uint32_t action)
{
	size_t fds_size = call->count * sizeof(int32_t);
	struct vioci_vfio_irq_set *set = malloc(sizeof(*set) + fds_size);
	if (!set)
		return NULL;
	*set = (struct vioci_vfio_irq_set){
		.argsz = (uint32_t)(sizeof(*set) + fds_size),
		.flags = VIOCI_VFIO_IRQ_DATA_EVENTFD | action,
		.index = call->index,
		.start = call->first,
		.count = call->count,
	};
	memset(set->fds, 0xff, fds_size);
	return set;
}

static int send(const struct vioci_irq_call *call, struct vioci_vfio_irq_set *set)
{
	return vioci_sys_ioctl(sys_of(call), call->fd, VIOCI_VFIO_DEVICE_SET_IRQS, set);
}

/*
 * Fills the request with eventfds of the library's own: duplicates of those given, so that a change
 * that fails can be taken back whatever became of them, or new ones.
 */
static int make_fds(const struct vioci_irq_call *call, const int *given,
		    struct vioci_vfio_irq_set *set)
{
	for (uint32_t i = 0; i < call->count; i++) {
		if (given && given[i] == -1)
			continue;
		int fd = given ? vioci_sys_dup(sys_of(call), given[i])
			       : vioci_sys_make_eventfd(sys_of(call));
		if (fd < 0) {
			close_fds(sys_of(call), set->fds, i);
			return vioci_fail(vioci_device_ctx(call->device), fd,
					  fd == -EBADF ? VIOC_REASON_BAD_ARGUMENT
						       : vioci_reason_for(fd),
					  call->tried, "the eventfd of vector %u can't be %s",
					  call->first + i, given ? "duplicated" : "made");
		}
		set->fds[i] = fd;
	}
	return 0;
}

/* The kernel refused to give vectors eventfds; a positive result is how many it could have had. */
static int fail_set(const struct vioci_irq_call *call, int result)
{
	struct vioc_ctx *ctx = vioci_device_ctx(call->device);
	const char *name = vioci_irq_name(call), *device = call->device->identity.name;
	if (result > 0)
		return vioci_fail(ctx, -ENOSPC, VIOC_REASON_NO_SPACE, call->tried,
				  "only %d vectors of %s can be had on this machine", result, name);
	switch (result) {
	case -EINVAL:
		return vioci_fail(ctx, result, VIOC_REASON_BAD_ARGUMENT, call->tried,
				  call->count == 1 ? "the fd is not an eventfd"
						   : "one of the %u fds is not an eventfd",
				  call->count);
	case -ENOSPC:
		return vioci_fail(ctx, result, VIOC_REASON_NO_SPACE, call->tried,
				  "the machine has no more vectors for %s of %s", name, device);
	case -EBUSY:
		return vioci_fail(
			ctx, result, VIOC_REASON_BUSY, call->tried,
			"%s of %s is taken; a device that can't switch off its line can't "
			"share it, see /proc/interrupts",
			name, device);
	case -ENODEV:
	case -ENOTTY:
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, call->tried,
				  "%s of %s is not connected", name, device);
	default:
		return vioci_fail(ctx, result, vioci_reason_for(result), call->tried,
				  "VFIO_DEVICE_SET_IRQS of %s was refused", name);
	}
}

/* Of the three ways in which a PCI device interrupts, the one that is on; else NULL. */
static const char *find_rival(const struct vioci_irq_call *call)
{
	if (!(call->device->flags & VIOC_DEVICE_PCI) || call->index > VIOC_PCI_MSIX)
		return NULL;
	for (uint32_t i = VIOC_PCI_INTX; i <= VIOC_PCI_MSIX && i < call->device->n_irqs; i++) {
		const struct vioci_irq_call rival = { .device = call->device, .index = i };
		if (call->device->irqs[i].fds)
			return vioci_irq_name(&rival);
	}
	return NULL;
}

static int check_enable(const struct vioci_irq_call *call)
{
	struct vioc_ctx *ctx = vioci_device_ctx(call->device);
	const char *name = vioci_irq_name(call), *device = call->device->identity.name;
	if (!call->count)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, call->tried,
				  "no vectors are asked for");
	if (call->irq->fds)
		return vioci_fail(ctx, -EBUSY, VIOC_REASON_BUSY, call->tried,
				  "%s of %s is enabled already; vioc_irq_set() changes it", name,
				  device);
	const char *rival = find_rival(call);
	if (rival)
		return vioci_fail(ctx, -EBUSY, VIOC_REASON_BUSY, call->tried,
				  "%s of %s is enabled; disable it first, as a device interrupts "
				  "in one way at a time",
				  rival, device);
	return 0;
}

/* Notes the eventfds that the kernel has taken, and closes those that they replace. */
static void keep_fds(const struct vioci_irq_call *call, const struct vioci_vfio_irq_set *set)
{
	int *fds = call->irq->fds + call->first;
	close_fds(sys_of(call), fds, call->count);
	memcpy(fds, set->fds, call->count * sizeof(*fds));
	if (call->irq->n_allocated < call->first + call->count)
		call->irq->n_allocated = call->first + call->count;
}

/* After a failure the kernel has all vectors of the call off: puts back what they had. */
static void restore(const struct vioci_irq_call *call, struct vioci_vfio_irq_set *set)
{
	int *fds = call->irq->fds + call->first;
	memcpy(set->fds, fds, call->count * sizeof(*fds));
	if (send(call, set) != 0)
		close_fds(sys_of(call), fds, call->count);
}

/* Gives the vectors of the call eventfds, in the kernel and in the request. */
static int give_fds(const struct vioci_irq_call *call, const int *given,
		    struct vioci_vfio_irq_set *set)
{
	int error = make_fds(call, given, set);
	if (error < 0)
		return error;
	int result = send(call, set);
	if (result == 0)
		return 0;
	close_fds(sys_of(call), set->fds, call->count);
	/* An index that was not enabled has no vectors; the kernel has disabled it again. */
	if (call->irq->fds)
		restore(call, set);
	return fail_set(call, result);
}

/* fds_of_index is room for the eventfds of an index that this enables; NULL: it is enabled. */
static int set_fds(const struct vioci_irq_call *call, const int *given, int *fds_of_index)
{
	struct vioci_vfio_irq_set *set = new_request(call, VIOCI_VFIO_IRQ_ACTION_TRIGGER);
	int error = set ? give_fds(call, given, set)
			: vioci_fail_memory(vioci_device_ctx(call->device));
	if (error == 0 && fds_of_index)
		call->irq->fds = fds_of_index;
	if (error == 0)
		keep_fds(call, set);
	free(set);
	return error;
}

static int enable(const struct vioci_irq_call *call, const int *given)
{
	int error = check_enable(call);
	if (error < 0)
		return error;
	size_t size = call->irq->n_vectors * sizeof(int);
	int *fds = malloc(size);
	if (!fds)
		return vioci_fail_memory(vioci_device_ctx(call->device));
	memset(fds, 0xff, size);
	error = set_fds(call, given, fds);
	if (error < 0)
		free(fds);
	return error;
}

VIOC_API int vioc_irq_enable(struct vioc_device *device, uint32_t index, uint32_t count,
			     const int *fds)
{
	struct vioci_irq_call call = vioci_irq_call(device, "enable interrupts", index, 0, count);
	int error = vioci_irq_begin(&call);
	if (error < 0)
		return error;
	error = enable(&call, fds);
	vioci_irq_end(&call);
	return error;
}

static int check_set(const struct vioci_irq_call *call)
{
	int error = vioci_irq_check(call, 0);
	if (error < 0)
		return error;
	if (call->first + call->count > call->irq->n_allocated &&
	    !(call->irq->flags & VIOC_IRQ_RESIZABLE))
		return vioci_fail(
			vioci_device_ctx(call->device), -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
			call->tried,
			"%s of %s was enabled with %u vectors, and can't grow while it is "
			"enabled: enable as many as will be needed, with -1 for those that "
			"stay off",
			vioci_irq_name(call), call->device->identity.name, call->irq->n_allocated);
	return 0;
}

VIOC_API int vioc_irq_set(struct vioc_device *device, uint32_t index, uint32_t first,
			  uint32_t count, const int *fds)
{
	struct vioci_irq_call call = vioci_irq_call(device, "set interrupts", index, first, count);
	int error = vioci_irq_begin(&call);
	if (error < 0)
		return error;
	error = check_set(&call);
	if (error == 0 && count)
		error = set_fds(&call, fds, NULL);
	vioci_irq_end(&call);
	return error;
}

static int fail_unmask_fd(const struct vioci_irq_call *call, int error)
{
	struct vioc_ctx *ctx = vioci_device_ctx(call->device);
	if (error == -EINVAL || error == -EBADF)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, call->tried,
				  "the fd is not an eventfd");
	if (error == -EBUSY)
		return vioci_fail(ctx, error, VIOC_REASON_BUSY, call->tried,
				  "an eventfd unmasks %s already", vioci_irq_name(call));
	return vioci_fail(ctx, error, vioci_reason_for(error), call->tried,
			  "VFIO_DEVICE_SET_IRQS of %s was refused", vioci_irq_name(call));
}

static int set_unmask_fd(const struct vioci_irq_call *call, int fd)
{
	struct vioci_vfio_irq_set *set = new_request(call, VIOCI_VFIO_IRQ_ACTION_UNMASK);
	if (!set)
		return vioci_fail_memory(vioci_device_ctx(call->device));
	set->fds[0] = fd;
	int error = send(call, set);
	free(set);
	return error < 0 ? fail_unmask_fd(call, error) : 0;
}

VIOC_API int vioc_irq_set_unmask_fd(struct vioc_device *device, uint32_t index, uint32_t vector,
				    int fd)
{
	struct vioci_irq_call call =
		vioci_irq_call(device, "let an eventfd unmask an interrupt", index, vector, 1);
	int error = vioci_irq_begin(&call);
	if (error < 0)
		return error;
	error = vioci_irq_check(&call, VIOC_IRQ_MASKABLE);
	if (error == 0)
		error = set_unmask_fd(&call, fd);
	vioci_irq_end(&call);
	return error;
}

static void forget(struct vioc_device *device, struct vioci_irq *irq)
{
	if (irq->fds)
		close_fds(&vioci_device_ctx(device)->sys, irq->fds, irq->n_vectors);
	free(irq->fds);
	irq->fds = NULL;
}

VIOC_API int vioc_irq_disable(struct vioc_device *device, uint32_t index)
{
	struct vioci_irq_call call = vioci_irq_call(device, "disable interrupts", index, 0, 0);
	int error = vioci_irq_begin(&call);
	if (error < 0)
		return error;
	/* To the kernel, no vectors means all of them. It knows no -1 as enabled where there is but one. */
	if (call.irq->fds)
		error = vioci_irq_act(&call, VIOCI_VFIO_IRQ_ACTION_TRIGGER);
	if (error == -EINVAL)
		error = 0;
	if (error == 0)
		forget(device, call.irq);
	else
		error = vioci_fail(vioci_device_ctx(device), error, vioci_reason_for(error),
				   call.tried, "VFIO_DEVICE_SET_IRQS of %s was refused",
				   vioci_irq_name(&call));
	vioci_irq_end(&call);
	return error;
}

void vioci_device_close_irqs(struct vioc_device *device)
{
	pthread_mutex_lock(&device->irqs_lock);
	for (uint32_t i = 0; device->irqs && i < device->n_irqs; i++)
		forget(device, &device->irqs[i]);
	pthread_mutex_unlock(&device->irqs_lock);
}
