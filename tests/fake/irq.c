// SPDX-License-Identifier: MIT
/* Interrupts: VFIO_DEVICE_SET_IRQS as vfio-pci does it, and edu's interrupt. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "uapi/vfio.h"

#define INTX 0
#define MSIX 2
#define ERR  3
#define REQ  4

static uint32_t count_vectors(const struct fake_device *device, uint32_t index)
{
	bool is_edu = device->spec.kind == FAKE_EDU;
	if (index == MSIX)
		return is_edu ? 0 : FAKE_VECTORS;
	return index == ERR && is_edu ? 0 : 1;
}

static bool is_resizable(const struct fake_device *device, uint32_t index)
{
	return index == INTX || (index == MSIX && !device->spec.sparse);
}

int fake_irq_info(const struct fake_device *device, void *arg)
{
	struct vioci_vfio_irq_info *info = arg;
	if (info->index >= FAKE_IRQS || (info->index == ERR && !count_vectors(device, ERR)))
		return -EINVAL;
	info->count = count_vectors(device, info->index);
	info->flags = VIOCI_VFIO_IRQ_EVENTFD;
	if (info->index == INTX)
		info->flags |= VIOCI_VFIO_IRQ_MASKABLE | VIOCI_VFIO_IRQ_AUTOMASKED;
	if (!is_resizable(device, info->index))
		info->flags |= VIOCI_VFIO_IRQ_NORESIZE;
	return 0;
}

static void drop_eventfd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Replaces the kernel's own reference to an eventfd; a new one of -1 only drops it. */
static int take_eventfd(int fd, int *held)
{
	char path[32], target[64] = "";
	drop_eventfd(held);
	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, target, sizeof(target) - 1) < 0)
		return -EBADF;
	if (strcmp(target, "anon_inode:[eventfd]") != 0)
		return -EINVAL;
	*held = vioci_sys_dup(&vioci_sys_real, fd);
	return *held < 0 ? *held : 0;
}

static void signal_eventfd(int fd)
{
	const uint64_t one = 1;
	if (fd >= 0 && write(fd, &one, sizeof(one)) != sizeof(one))
		perror("fake: eventfd");
}

/* INTx is a level: as long as edu asserts it, each unmask brings it again. */
static void deliver_intx(struct fake_device *device)
{
	struct fake_irqs *irqs = &device->irqs;
	if (irqs->type != INTX || irqs->masked || !irqs->status)
		return;
	irqs->masked = true;
	signal_eventfd(irqs->fds[INTX][0]);
}

static void unmask(struct fake_device *device)
{
	device->irqs.masked = false;
	deliver_intx(device);
}

void fake_irq_raise(struct fake_device *device, uint32_t bits)
{
	struct fake_irqs *irqs = &device->irqs;
	irqs->status |= bits;
	if (irqs->type == INTX)
		deliver_intx(device);
	else if (irqs->type >= 0 && (device->config[4] & 0x04)) /* a message is a DMA write */
		signal_eventfd(irqs->fds[irqs->type][0]);
}

void fake_irq_lower(struct fake_device *device, uint32_t bits)
{
	device->irqs.status &= ~bits;
}

void fake_irq_poll(struct fake_device *device)
{
	uint64_t count;
	struct pollfd poll_fd = { .fd = device->irqs.unmask_fd, .events = POLLIN };
	if (poll_fd.fd < 0 || poll(&poll_fd, 1, 0) != 1)
		return;
	if (read(poll_fd.fd, &count, sizeof(count)) == sizeof(count))
		unmask(device);
}

static int set_intx_mask(struct fake_device *device, const struct vioci_vfio_irq_set *set)
{
	struct fake_irqs *irqs = &device->irqs;
	if (irqs->type != INTX || set->start || set->count != 1)
		return -EINVAL;
	bool is_unmask = set->flags & VIOCI_VFIO_IRQ_ACTION_UNMASK;
	if (set->flags & VIOCI_VFIO_IRQ_DATA_EVENTFD) {
		if (!is_unmask)
			return -ENOTTY;
		if (set->fds[0] >= 0 && irqs->unmask_fd >= 0)
			return -EBUSY;
		return take_eventfd(set->fds[0], &irqs->unmask_fd);
	}
	if (is_unmask)
		unmask(device);
	else
		irqs->masked = true;
	return 0;
}

static void disable(struct fake_device *device)
{
	struct fake_irqs *irqs = &device->irqs;
	for (uint32_t i = 0; irqs->type >= 0 && i < FAKE_VECTORS; i++)
		drop_eventfd(&irqs->fds[irqs->type][i]);
	drop_eventfd(&irqs->unmask_fd);
	irqs->type = -1;
	irqs->n_allocated = 0;
	irqs->masked = false;
}

/* On failure every vector of the request is off. */
static int set_vectors(struct fake_device *device, const struct vioci_vfio_irq_set *set)
{
	struct fake_irqs *irqs = &device->irqs;
	uint32_t end = set->start + set->count;
	int error = 0;
	for (uint32_t i = 0; i < set->count && error == 0; i++) {
		if (set->fds[i] >= 0 && set->start + i >= irqs->n_allocated &&
		    !is_resizable(device, set->index))
			error = -EINVAL;
		else
			error = take_eventfd(set->fds[i], &irqs->fds[set->index][set->start + i]);
	}
	for (uint32_t i = set->start; error < 0 && i < end; i++)
		drop_eventfd(&irqs->fds[set->index][i]);
	if (error == 0 && irqs->n_allocated < end)
		irqs->n_allocated = end;
	return error;
}

/* INTx, MSI and MSI-X, of which one can be enabled. */
static int set_trigger(struct fake_device *device, const struct vioci_vfio_irq_set *set)
{
	struct fake_irqs *irqs = &device->irqs;
	bool is_enabled = irqs->type == (int)set->index;
	if (is_enabled && !set->count && (set->flags & VIOCI_VFIO_IRQ_DATA_NONE)) {
		disable(device);
		return 0;
	}
	if (!is_enabled && irqs->type >= 0)
		return -EINVAL;
	if (set->flags & VIOCI_VFIO_IRQ_DATA_EVENTFD) {
		irqs->type = (int)set->index;
		if (!is_enabled)
			irqs->n_allocated = set->start + set->count;
		int error = set_vectors(device, set);
		if (error < 0 && !is_enabled)
			disable(device);
		else if (!is_enabled)
			deliver_intx(device);
		return error;
	}
	if (!is_enabled)
		return -EINVAL;
	for (uint32_t i = 0; i < set->count; i++)
		signal_eventfd(irqs->fds[set->index][set->start + i]);
	return 0;
}

/* The error interrupt and the device request: one eventfd, or none. */
static int set_single(struct fake_device *device, const struct vioci_vfio_irq_set *set)
{
	int *fd = &device->irqs.fds[set->index][0];
	if (set->flags & VIOCI_VFIO_IRQ_DATA_EVENTFD)
		return set->count ? take_eventfd(set->fds[0], fd) : -EINVAL;
	if (*fd < 0)
		return -EINVAL;
	if (set->count)
		signal_eventfd(*fd);
	else
		drop_eventfd(fd);
	return 0;
}

int fake_irq_set(struct fake_device *device, const void *arg)
{
	const struct vioci_vfio_irq_set *set = arg;
	if (set->index >= FAKE_IRQS)
		return -EINVAL;
	uint32_t n_vectors = count_vectors(device, set->index);
	if (set->start >= n_vectors || set->count > n_vectors - set->start)
		return -EINVAL;
	if (set->index >= ERR)
		return set_single(device, set);
	if (set->flags & VIOCI_VFIO_IRQ_ACTION_TRIGGER)
		return set_trigger(device, set);
	return set->index == INTX ? set_intx_mask(device, set) : -ENOTTY;
}

void fake_irq_request(struct fake_device *device)
{
	signal_eventfd(device->irqs.fds[REQ][0]);
}

void fake_irq_init(struct fake_device *device)
{
	memset(&device->irqs, 0, sizeof(device->irqs));
	memset(device->irqs.fds, 0xff, sizeof(device->irqs.fds));
	device->irqs.unmask_fd = -1;
	device->irqs.type = -1;
}

void fake_irq_close(struct fake_device *device)
{
	disable(device);
	for (uint32_t i = ERR; i < FAKE_IRQS; i++)
		drop_eventfd(&device->irqs.fds[i][0]);
}
