// SPDX-License-Identifier: MIT
/*
 * 08-irq - interrupts are eventfds
 *
 * An interrupt that comes makes an eventfd readable, so it fits into any poll loop. Triggering one by
 * hand tests the whole way from the kernel to here without the device.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libvioc/vioc.h>

#include "course.h"

/* The best kind that the device has. */
static int pick(struct vioc_device *device, uint32_t *ret_index)
{
	static const uint32_t kinds[] = { VIOC_PCI_MSIX, VIOC_PCI_MSI, VIOC_PCI_INTX };
	for (int i = 0; i < 3; i++) {
		struct vioc_irq_info info = VIOC_SIZED(vioc_irq_info);
		int error = vioc_irq_get_info(device, kinds[i], &info);
		if (error < 0 || info.n_vectors) {
			*ret_index = kinds[i];
			return error;
		}
	}
	return -EOPNOTSUPP;
}

static int irq(struct course *course)
{
	uint64_t count = 0;
	uint32_t index;

	if (!course->device)
		return course_wants_device();
	CHECK(course, pick(course->device, &index));
	CHECK(course, vioc_irq_enable(course->device, index, 1, NULL));
	EXPECT(course, -EBUSY, vioc_irq_enable(course->device, index, 1, NULL));

	struct pollfd wait = { .fd = vioc_irq_get_fd(course->device, index, 0), .events = POLLIN };
	CHECK(course, wait.fd);
	if (poll(&wait, 1, 0) != 0)
		puts("one came already");
	CHECK(course, vioc_irq_trigger(course->device, index, 0, 1));
	CHECK(course, vioc_irq_trigger(course->device, index, 0, 1));
	if (poll(&wait, 1, 5000) != 1 || read(wait.fd, &count, sizeof(count)) != sizeof(count))
		return EXIT_FAILURE;
	printf("interrupt %u came %" PRIu64 " times since the last look\n", index, count);
	CHECK(course, vioc_irq_disable(course->device, index));
	return count >= 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	return course_run(argc, argv, irq);
}
