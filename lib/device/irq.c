// SPDX-License-Identifier: MIT
/* Interrupts: what they are, and what is done to those that are enabled. */
#include <errno.h>
#include <stdlib.h>

#include <libvioc/pci.h>

#include "core/sized.h"
#include "device/irq.h"
#include "uapi/vfio.h"

const char *vioci_irq_name(const struct vioci_irq_call *call)
{
	static const char *const names[] = {
		[VIOC_PCI_INTX] = "INTx",
		[VIOC_PCI_MSI] = "MSI",
		[VIOC_PCI_MSIX] = "MSI-X",
		[VIOC_PCI_ERR] = "the error interrupt",
		[VIOC_PCI_REQ] = "the device request",
	};
	if (!(call->device->flags & VIOC_DEVICE_PCI) ||
	    call->index >= sizeof(names) / sizeof(names[0]))
		return "the interrupt";
	return names[call->index];
}

static int read_irq(const struct vioci_irq_call *call, struct vioci_irq *ret_irq)
{
	struct vioci_vfio_irq_info info = { .argsz = sizeof(info), .index = call->index };
	int error = vioci_sys_ioctl(&vioci_device_ctx(call->device)->sys, call->fd,
				    VIOCI_VFIO_DEVICE_GET_IRQ_INFO, &info);
	/* How vfio-pci says that a device has no error interrupt. */
	if (error == -EINVAL) {
		*ret_irq = (struct vioci_irq){ .known = true };
		return 0;
	}
	if (error < 0)
		return error;
	if (info.count > INT32_MAX / sizeof(int32_t))
		return -EPROTO;
	struct vioci_irq irq = { .known = true };
	if (info.flags & VIOCI_VFIO_IRQ_EVENTFD)
		irq.n_vectors = info.count;
	if (info.flags & VIOCI_VFIO_IRQ_MASKABLE)
		irq.flags |= VIOC_IRQ_MASKABLE;
	if (info.flags & VIOCI_VFIO_IRQ_AUTOMASKED)
		irq.flags |= VIOC_IRQ_AUTOMASKED;
	if (!(info.flags & VIOCI_VFIO_IRQ_NORESIZE))
		irq.flags |= VIOC_IRQ_RESIZABLE;
	*ret_irq = irq;
	return 0;
}

/* Finds the index and checks the vectors; the lock is held. */
static int find_irq(struct vioci_irq_call *call)
{
	struct vioc_device *device = call->device;
	struct vioc_ctx *ctx = vioci_device_ctx(device);
	if (call->index >= device->n_irqs)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, call->tried,
				  "there is no interrupt index %u; %s has %u", call->index,
				  device->identity.name, device->n_irqs);
	call->irq = &device->irqs[call->index];
	int error = call->irq->known ? 0 : read_irq(call, call->irq);
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (error < 0)
		return vioci_fail(ctx, error, vioci_reason_for(error), call->tried,
				  "VFIO_DEVICE_GET_IRQ_INFO of %s was refused or makes no sense",
				  vioci_irq_name(call));
	if (call->count && !call->irq->n_vectors)
		return vioci_fail(ctx, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED, call->tried,
				  "%s does not have %s", device->identity.name,
				  vioci_irq_name(call));
	if (call->first > call->irq->n_vectors || call->count > call->irq->n_vectors - call->first)
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, call->tried,
				  "vectors %u to %llu are past the count of %s, which is %u",
				  call->first, (unsigned long long)call->first + call->count - 1,
				  vioci_irq_name(call), call->irq->n_vectors);
	return 0;
}

int vioci_irq_begin(struct vioci_irq_call *call)
{
	call->fd = vioci_device_get(call->device, call->tried);
	if (call->fd < 0)
		return call->fd;
	pthread_mutex_lock(&call->device->irqs_lock);
	int error = find_irq(call);
	if (error < 0)
		vioci_irq_end(call);
	return error;
}

void vioci_irq_end(const struct vioci_irq_call *call)
{
	pthread_mutex_unlock(&call->device->irqs_lock);
	vioci_device_put(call->device);
}

int vioci_irq_fail_disabled(const struct vioci_irq_call *call)
{
	return vioci_fail(vioci_device_ctx(call->device), -ENOENT, VIOC_REASON_BAD_ARGUMENT,
			  call->tried, "%s of %s is not enabled; vioc_irq_enable() does that",
			  vioci_irq_name(call), call->device->identity.name);
}

int vioci_irq_act(const struct vioci_irq_call *call, uint32_t action)
{
	struct vioci_vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VIOCI_VFIO_IRQ_DATA_NONE | action,
		.index = call->index,
		.start = call->first,
		.count = call->count,
	};
	return vioci_sys_ioctl(&vioci_device_ctx(call->device)->sys, call->fd,
			       VIOCI_VFIO_DEVICE_SET_IRQS, &set);
}

VIOC_API int vioc_irq_get_info(struct vioc_device *device, uint32_t index,
			       struct vioc_irq_info *ret_info)
{
	struct vioci_irq_call call = vioci_irq_call(device, "get an interrupt's info", index, 0, 0);
	int error = vioci_irq_begin(&call);
	if (error < 0)
		return error;
	const struct vioc_irq_info info = {
		.flags = call.irq->n_vectors ? call.irq->flags : 0,
		.n_vectors = call.irq->n_vectors,
	};
	vioci_irq_end(&call);
	return vioci_ctx_give_sized(vioci_device_ctx(device), ret_info, &info, sizeof(info));
}

VIOC_API int vioc_irq_get_fd(struct vioc_device *device, uint32_t index, uint32_t vector)
{
	struct vioci_irq_call call =
		vioci_irq_call(device, "get an interrupt's eventfd", index, vector, 1);
	int error = vioci_irq_begin(&call);
	if (error < 0)
		return error;
	int fd = call.irq->fds ? call.irq->fds[vector] : -1;
	if (fd < 0)
		fd = vioci_irq_fail_disabled(&call);
	vioci_irq_end(&call);
	return fd;
}

int vioci_irq_check(const struct vioci_irq_call *call, uint64_t flag)
{
	if (flag & ~call->irq->flags)
		return vioci_fail(vioci_device_ctx(call->device), -EOPNOTSUPP,
				  VIOC_REASON_UNSUPPORTED, call->tried,
				  "VFIO can't mask %s; the device may have a register for it",
				  vioci_irq_name(call));
	return call->irq->fds ? 0 : vioci_irq_fail_disabled(call);
}

static int run_action(const struct vioci_irq_call *call, uint32_t action)
{
	int error = vioci_irq_act(call, action);
	if (error == 0)
		return 0;
	/* How vfio-pci says that the only vector has no eventfd. */
	if (error == -EINVAL)
		return vioci_irq_fail_disabled(call);
	return vioci_fail(vioci_device_ctx(call->device), error, vioci_reason_for(error),
			  call->tried, "VFIO_DEVICE_SET_IRQS of %s was refused",
			  vioci_irq_name(call));
}

static int act(struct vioci_irq_call *call, uint64_t flag, uint32_t action)
{
	int error = vioci_irq_begin(call);
	if (error < 0)
		return error;
	error = vioci_irq_check(call, flag);
	/* To the kernel, no vectors means all of them, disabled. */
	if (error == 0 && call->count)
		error = run_action(call, action);
	vioci_irq_end(call);
	return error;
}

VIOC_API int vioc_irq_trigger(struct vioc_device *device, uint32_t index, uint32_t first,
			      uint32_t count)
{
	struct vioci_irq_call call =
		vioci_irq_call(device, "trigger interrupts", index, first, count);
	return act(&call, 0, VIOCI_VFIO_IRQ_ACTION_TRIGGER);
}

VIOC_API int vioc_irq_mask(struct vioc_device *device, uint32_t index, uint32_t first,
			   uint32_t count)
{
	struct vioci_irq_call call = vioci_irq_call(device, "mask interrupts", index, first, count);
	return act(&call, VIOC_IRQ_MASKABLE, VIOCI_VFIO_IRQ_ACTION_MASK);
}

VIOC_API int vioc_irq_unmask(struct vioc_device *device, uint32_t index, uint32_t first,
			     uint32_t count)
{
	struct vioci_irq_call call =
		vioci_irq_call(device, "unmask interrupts", index, first, count);
	return act(&call, VIOC_IRQ_MASKABLE, VIOCI_VFIO_IRQ_ACTION_UNMASK);
}
