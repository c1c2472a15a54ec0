// SPDX-License-Identifier: MIT
/* Interrupts: of edu by its registers, and by triggering where the device can't be made to. */
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "contract.h"

#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK   0x64

static void write_edu(struct vioc_device *edu, uint64_t offset, uint32_t value)
{
	assert_int_equal(vioc_region_write(edu, VIOC_PCI_BAR(0), offset, &value, 4), 0);
}

/* How often the eventfd was signalled since it was last read; 0: not at all. */
static uint64_t read_count(int fd)
{
	uint64_t count = 0;
	if (read(fd, &count, sizeof(count)) < 0)
		assert_int_equal(errno, EAGAIN);
	return count;
}

/* Waits until it is signalled, and looks at the device meanwhile, which the fake kernel needs. */
static void wait_for(struct vioc_device *device, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	time_t deadline = time(NULL) + 30;
	uint32_t value;
	while (poll(&poll_fd, 1, 10) == 0) {
		assert_true(time(NULL) < deadline);
		assert_int_equal(vioc_pci_config_read(device, 0, 4, &value), 0);
	}
	assert_int_equal(read_count(fd), 1);
}

static int irq_fd(struct vioc_device *device, uint32_t index, uint32_t vector)
{
	int fd = vioc_irq_get_fd(device, index, vector);
	assert_true(fd > 2);
	return fd;
}

static struct vioc_irq_info irq_info(struct vioc_device *device, uint32_t index)
{
	struct vioc_irq_info info = VIOC_SIZED(vioc_irq_info);
	assert_int_equal(vioc_irq_get_info(device, index, &info), 0);
	return info;
}

static void interrupt_info(struct world *world)
{
	struct vioc_irq_info unsized = { 0 };
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(irq_info(edu, VIOC_PCI_INTX).n_vectors, 1);
	assert_int_equal(irq_info(edu, VIOC_PCI_INTX).flags &
				 (VIOC_IRQ_MASKABLE | VIOC_IRQ_AUTOMASKED),
			 VIOC_IRQ_MASKABLE | VIOC_IRQ_AUTOMASKED);
	assert_int_equal(irq_info(edu, VIOC_PCI_MSI).n_vectors, 1);
	assert_int_equal(irq_info(edu, VIOC_PCI_MSI).flags & VIOC_IRQ_MASKABLE, 0);
	assert_int_equal(irq_info(edu, VIOC_PCI_MSIX).n_vectors, 0);
	/* Later kernels offer it to devices that are not PCI Express, too. */
	assert_true(irq_info(edu, VIOC_PCI_ERR).n_vectors <= 1);
	assert_int_equal(irq_info(edu, VIOC_PCI_REQ).n_vectors, 1);
	expect_failure(rig.ctx, vioc_irq_get_info(edu, 1000, &unsized), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_get_info(edu, VIOC_PCI_MSI, &unsized), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void message(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_MSI, 1, NULL), 0);
	int fd = irq_fd(edu, VIOC_PCI_MSI, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(read_count(fd), 0);
		write_edu(edu, EDU_IRQ_RAISE, 1);
		wait_for(edu, fd);
		write_edu(edu, EDU_IRQ_ACK, 1);
	}
	assert_int_equal(vioc_irq_disable(edu, VIOC_PCI_MSI), 0);
	assert_int_equal(vioc_irq_disable(edu, VIOC_PCI_MSI), 0);
	expect_failure(rig.ctx, vioc_irq_get_fd(edu, VIOC_PCI_MSI, 0), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* Each interrupt masks the line; unmasking brings it again as long as edu asserts it. */
static void line(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_INTX, 1, NULL), 0);
	int fd = irq_fd(edu, VIOC_PCI_INTX, 0);
	write_edu(edu, EDU_IRQ_RAISE, 1);
	wait_for(edu, fd);
	write_edu(edu, EDU_IRQ_RAISE, 2);
	assert_int_equal(read_count(fd), 0);
	assert_int_equal(vioc_irq_unmask(edu, VIOC_PCI_INTX, 0, 1), 0);
	wait_for(edu, fd);
	write_edu(edu, EDU_IRQ_ACK, 3);
	assert_int_equal(vioc_irq_unmask(edu, VIOC_PCI_INTX, 0, 1), 0);
	assert_int_equal(read_count(fd), 0);

	assert_int_equal(vioc_irq_mask(edu, VIOC_PCI_INTX, 0, 1), 0);
	write_edu(edu, EDU_IRQ_RAISE, 1);
	assert_int_equal(read_count(fd), 0);
	assert_int_equal(vioc_irq_unmask(edu, VIOC_PCI_INTX, 0, 1), 0);
	wait_for(edu, fd);
	write_edu(edu, EDU_IRQ_ACK, 1);
	assert_int_equal(vioc_irq_disable(edu, VIOC_PCI_INTX), 0);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void unmask_by_eventfd(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_INTX, 1, NULL), 0);
	int fd = irq_fd(edu, VIOC_PCI_INTX, 0), unmask = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(unmask >= 0);
	assert_int_equal(vioc_irq_set_unmask_fd(edu, VIOC_PCI_INTX, 0, unmask), 0);
	expect_failure(rig.ctx, vioc_irq_set_unmask_fd(edu, VIOC_PCI_INTX, 0, unmask), -EBUSY,
		       VIOC_REASON_BUSY);
	write_edu(edu, EDU_IRQ_RAISE, 1);
	wait_for(edu, fd);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(eventfd_write(unmask, 1), 0);
		wait_for(edu, fd);
	}
	write_edu(edu, EDU_IRQ_ACK, 1);
	assert_int_equal(vioc_irq_set_unmask_fd(edu, VIOC_PCI_INTX, 0, -1), 0);
	assert_int_equal(vioc_irq_set_unmask_fd(edu, VIOC_PCI_INTX, 0, unmask), 0);
	close(unmask);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void trigger_ranges(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	uint32_t count = irq_info(device, VIOC_PCI_MSIX).n_vectors;
	assert_true(count >= 4);
	assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, count, NULL), 0);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 1, 2), 0);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 2, 1), 0);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 0), 0);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(read_count(irq_fd(device, VIOC_PCI_MSIX, i)), i == 1	? 1
									       : i == 2 ? 2
											: 0);
	assert_int_equal(vioc_irq_disable(device, VIOC_PCI_MSIX), 0);
	assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, 1, NULL), 0);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void given_eventfds(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	int fds[3] = { eventfd(0, EFD_NONBLOCK), -1, eventfd(0, EFD_NONBLOCK) };
	assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, 3, fds), 0);
	close(fds[0]);
	expect_failure(rig.ctx, vioc_irq_get_fd(device, VIOC_PCI_MSIX, 1), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 3), 0);
	assert_int_equal(read_count(irq_fd(device, VIOC_PCI_MSIX, 0)), 1);
	assert_int_equal(read_count(fds[2]), 1);

	/* Both change hands in one call. */
	fds[0] = fds[2];
	fds[1] = fds[2];
	assert_int_equal(vioc_irq_set(device, VIOC_PCI_MSIX, 0, 2, fds), 0);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 3), 0);
	assert_int_equal(read_count(fds[2]), 3);
	fds[0] = -1;
	assert_int_equal(vioc_irq_set(device, VIOC_PCI_MSIX, 0, 1, fds), 0);
	assert_int_equal(vioc_irq_set(device, VIOC_PCI_MSIX, 1, 1, NULL), 0);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 3), 0);
	assert_int_equal(read_count(fds[2]), 1);
	assert_int_equal(read_count(irq_fd(device, VIOC_PCI_MSIX, 1)), 1);
	close(fds[2]);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void grow(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	const char *names[] = { world->first, world->second };
	for (size_t i = 0; i < 2; i++) {
		struct vioc_device *device = rig_device(&rig, names[i]);
		assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, 1, NULL), 0);
		int error = vioc_irq_set(device, VIOC_PCI_MSIX, 2, 2, NULL);
		if (irq_info(device, VIOC_PCI_MSIX).flags & VIOC_IRQ_RESIZABLE) {
			assert_int_equal(error, 0);
			assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 4), 0);
			assert_int_equal(read_count(irq_fd(device, VIOC_PCI_MSIX, 3)), 1);
		} else {
			expect_failure(rig.ctx, error, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
		}
		vioc_device_unref(device);
	}
	rig_close(&rig);
}

static void bad_vectors(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	struct vioc_ctx *ctx = rig.ctx;
	uint32_t count = irq_info(device, VIOC_PCI_MSIX).n_vectors;
	expect_failure(ctx, vioc_irq_enable(device, VIOC_PCI_MSIX, 0, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_irq_enable(device, VIOC_PCI_MSIX, count + 1, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_irq_enable(device, VIOC_PCI_MSIX, UINT32_MAX, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_irq_enable(device, 1000, 1, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, count, NULL), 0);
	expect_failure(ctx, vioc_irq_set(device, VIOC_PCI_MSIX, count, 1, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_irq_trigger(device, VIOC_PCI_MSIX, 1, UINT32_MAX), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_irq_get_fd(device, VIOC_PCI_MSIX, count), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_irq_enable(NULL, VIOC_PCI_MSIX, 1, NULL), -EINVAL);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void absent_interrupts(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	expect_failure(rig.ctx, vioc_irq_enable(edu, VIOC_PCI_MSIX, 1, NULL), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	if (!irq_info(edu, VIOC_PCI_ERR).n_vectors)
		expect_failure(rig.ctx, vioc_irq_enable(edu, VIOC_PCI_ERR, 1, NULL), -EOPNOTSUPP,
			       VIOC_REASON_UNSUPPORTED);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* What fails leaves in force what was before. */
static void not_eventfds(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	int fds[3] = { eventfd(0, EFD_NONBLOCK), ends[0], eventfd(0, EFD_NONBLOCK) };
	expect_failure(rig.ctx, vioc_irq_enable(device, VIOC_PCI_MSIX, 3, fds), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_enable(device, VIOC_PCI_REQ, 1, &ends[0]), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 1), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);

	assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, 3, NULL), 0);
	expect_failure(rig.ctx, vioc_irq_set(device, VIOC_PCI_MSIX, 0, 3, fds), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	fds[1] = 1000;
	expect_failure(rig.ctx, vioc_irq_set(device, VIOC_PCI_MSIX, 0, 3, fds), -EBADF,
		       VIOC_REASON_BAD_ARGUMENT);
	fds[1] = -2;
	expect_failure(rig.ctx, vioc_irq_set(device, VIOC_PCI_MSIX, 0, 3, fds), -EBADF,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_irq_trigger(device, VIOC_PCI_MSIX, 0, 3), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(read_count(irq_fd(device, VIOC_PCI_MSIX, i)), 1);
	assert_int_equal(read_count(fds[0]), 0);

	assert_int_equal(vioc_irq_disable(device, VIOC_PCI_MSIX), 0);
	assert_int_equal(vioc_irq_enable(device, VIOC_PCI_INTX, 1, NULL), 0);
	expect_failure(rig.ctx, vioc_irq_set_unmask_fd(device, VIOC_PCI_INTX, 0, ends[0]), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_set_unmask_fd(device, VIOC_PCI_INTX, 0, 1000), -EBADF,
		       VIOC_REASON_BAD_ARGUMENT);
	close(ends[0]);
	close(ends[1]);
	close(fds[0]);
	close(fds[2]);
	vioc_device_unref(device);
	rig_close(&rig);
}

static void enabled_twice(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_MSI, 1, NULL), 0);
	expect_failure(rig.ctx, vioc_irq_enable(edu, VIOC_PCI_MSI, 1, NULL), -EBUSY,
		       VIOC_REASON_BUSY);
	expect_failure(rig.ctx, vioc_irq_enable(edu, VIOC_PCI_INTX, 1, NULL), -EBUSY,
		       VIOC_REASON_BUSY);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_REQ, 1, NULL), 0);
	assert_int_equal(vioc_irq_disable(edu, VIOC_PCI_MSI), 0);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_INTX, 1, NULL), 0);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void not_enabled(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	const int off = -1;
	expect_failure(rig.ctx, vioc_irq_set(edu, VIOC_PCI_MSI, 0, 1, NULL), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_trigger(edu, VIOC_PCI_REQ, 0, 1), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_unmask(edu, VIOC_PCI_INTX, 0, 1), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_irq_set_unmask_fd(edu, VIOC_PCI_INTX, 0, -1), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_MSI, 1, NULL), 0);
	expect_failure(rig.ctx, vioc_irq_mask(edu, VIOC_PCI_MSI, 0, 1), -EOPNOTSUPP,
		       VIOC_REASON_UNSUPPORTED);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_REQ, 1, &off), 0);
	expect_failure(rig.ctx, vioc_irq_trigger(edu, VIOC_PCI_REQ, 0, 1), -ENOENT,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_irq_disable(edu, VIOC_PCI_REQ), 0);
	vioc_device_unref(edu);
	rig_close(&rig);
}

static void error_and_request(struct world *world)
{
	static const uint32_t indexes[] = { VIOC_PCI_ERR, VIOC_PCI_REQ };
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->second);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(irq_info(device, indexes[i]).n_vectors, 1);
		assert_int_equal(vioc_irq_enable(device, indexes[i], 1, NULL), 0);
		assert_int_equal(vioc_irq_trigger(device, indexes[i], 0, 1), 0);
		assert_int_equal(read_count(irq_fd(device, indexes[i], 0)), 1);
		assert_int_equal(vioc_irq_set(device, indexes[i], 0, 1, NULL), 0);
		assert_int_equal(vioc_irq_trigger(device, indexes[i], 0, 1), 0);
		assert_int_equal(read_count(irq_fd(device, indexes[i], 0)), 1);
		assert_int_equal(vioc_irq_disable(device, indexes[i]), 0);
	}
	vioc_device_unref(device);
	rig_close(&rig);
}

/* Unplugging: the device is asked for while it has mappings, a mapped BAR and DMA on its way. */
static void device_request(struct world *world)
{
	struct pollfd wait = { .events = POLLIN };
	void *bar;
	struct rig rig;
	rig_open(world, &rig);
	unsigned char *memory = pages_new(1);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, 0x100000, memory, PAGE, VIOC_MAP_WRITE), 0);
	assert_int_equal(vioc_region_map(edu, VIOC_PCI_BAR(0), 0, 0, &bar), 0);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_MSI, 1, NULL), 0);
	assert_int_equal(vioc_irq_enable(edu, VIOC_PCI_REQ, 1, NULL), 0);
	edu_start(edu);
	edu_write_start(edu, 0x100000, 64);

	int pid = world_take_away(world, world->edu);
	wait.fd = irq_fd(edu, VIOC_PCI_REQ, 0);
	assert_int_equal(poll(&wait, 1, 60000), 1);
	assert_int_equal(vioc_pci_stop_dma(edu), 0);
	vioc_device_close(edu);
	world_give_back(world, world->edu, pid);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, 0x100000, PAGE, 0, NULL), 0);
	vioc_device_unref(edu);
	vioc_device_unref(rig_device(&rig, world->edu));
	pages_free(memory, 1);
	rig_close(&rig);
}

static void close_while_enabled(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	for (int i = 0; i < 2; i++) {
		struct vioc_device *device = rig_device(&rig, world->second);
		assert_int_equal(vioc_irq_enable(device, VIOC_PCI_MSIX, 4, NULL), 0);
		assert_int_equal(vioc_irq_enable(device, VIOC_PCI_REQ, 1, NULL), 0);
		vioc_device_close(device);
		expect_failure(rig.ctx, vioc_irq_get_fd(device, VIOC_PCI_MSIX, 0), -ENODEV,
			       VIOC_REASON_CLOSED);
		expect_failure(rig.ctx, vioc_irq_disable(device, VIOC_PCI_MSIX), -ENODEV,
			       VIOC_REASON_CLOSED);
		vioc_device_unref(device);
	}
	rig_close(&rig);
}

const struct contract_case irq_cases[] = {
	{ "interrupt info", interrupt_info, NEEDS_EDU },
	{ "an interrupt as a message", message, NEEDS_EDU },
	{ "an interrupt on a line, masked and unmasked", line, NEEDS_EDU },
	{ "an interrupt unmasked by an eventfd", unmask_by_eventfd, NEEDS_EDU },
	{ "trigger ranges of vectors", trigger_ranges, NEEDS_SECOND },
	{ "eventfds of the caller's", given_eventfds, NEEDS_SECOND },
	{ "more vectors than were enabled", grow, NEEDS_SECOND },
	{ "vectors past the count: EINVAL", bad_vectors, NEEDS_SECOND },
	{ "interrupts that are not there: EOPNOTSUPP", absent_interrupts, NEEDS_EDU },
	{ "fds that are no eventfds: EINVAL, EBADF", not_eventfds, NEEDS_SECOND },
	{ "interrupts enabled twice: EBUSY", enabled_twice, NEEDS_EDU },
	{ "interrupts that are not enabled: ENOENT", not_enabled, NEEDS_EDU },
	{ "error and device-request interrupts", error_and_request, NEEDS_SECOND },
	{ "device request: an orderly end", device_request, NEEDS_EDU },
	{ "close with interrupts enabled", close_while_enabled, NEEDS_SECOND },
	{ 0 },
};
