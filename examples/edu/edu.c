// SPDX-License-Identifier: MIT
/* edu - a first driver, for QEMU's edu device: DMA in, DMA out, each with an interrupt at its end */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libvioc/vioc.h>

#include "course.h"

enum { ID = 0x00, IRQ_STATUS = 0x24, IRQ_ACK = 0x64, FROM = 0x80, TO = 0x88, COUNT = 0x90 };
enum { COMMAND = 0x98, RUN = 1, TO_MEMORY = 2, INTERRUPT = 4 };

#define EDU_ID	   0x010000edu
#define BUFFER	   0x40000u /* inside the device, by this address */
#define TIMEOUT_MS 5000

static const char text[64] = "out into the device and back";

/* Has the device copy 64 bytes, and sleeps until it says that it is done. */
static int copy(uint8_t *regs, int irq, uint64_t from, uint64_t to, uint32_t command)
{
	struct pollfd wait = { .fd = irq, .events = POLLIN };
	uint64_t count;

	vioc_mmio_write64(regs + FROM, from);
	vioc_mmio_write64(regs + TO, to);
	vioc_mmio_write64(regs + COUNT, sizeof(text));
	vioc_dma_before_doorbell();
	vioc_mmio_write32(regs + COMMAND, command);
	if (poll(&wait, 1, TIMEOUT_MS) != 1 || read(irq, &count, sizeof(count)) < 0)
		return fail(-ETIMEDOUT, "edu", "no interrupt in %d ms: command (0x98) is 0x%x",
			    TIMEOUT_MS, vioc_mmio_read32(regs + COMMAND));
	vioc_mmio_write32(regs + IRQ_ACK, vioc_mmio_read32(regs + IRQ_STATUS));
	vioc_dma_after_register();
	return 0;
}

static int drive(struct course *course)
{
	__attribute__((cleanup(vioc_mem_unrefp))) struct vioc_mem *mem = NULL;
	void *regs;

	if (!course->device)
		return course_wants_device();
	CHECK(course, vioc_region_map(course->device, VIOC_PCI_BAR(0), 0, 0, &regs));
	if (vioc_mmio_read32(regs) != EDU_ID)
		return fail(EXIT_FAILURE, "edu", "its id (0x00) is 0x%x: this is no edu",
			    vioc_mmio_read32(regs));
	CHECK(course, vioc_mem_new(course->ioas, 2 * sizeof(text), NULL, &mem));
	CHECK(course, vioc_irq_enable(course->device, VIOC_PCI_MSI, 1, NULL));
	int irq = vioc_irq_get_fd(course->device, VIOC_PCI_MSI, 0);
	uint64_t iova = vioc_mem_get_iova(mem);
	char *out = vioc_mem_get_va(mem), *in = out + sizeof(text);
	memcpy(out, text, sizeof(text));

	/* From here on it may reach what is mapped, so that came before; and it ends before that goes. */
	CHECK(course, vioc_pci_set_bus_master(course->device, 1));
	int error = copy(regs, irq, iova, BUFFER, RUN | INTERRUPT);
	if (error == 0)
		error = copy(regs, irq, BUFFER, iova + sizeof(text), RUN | TO_MEMORY | INTERRUPT);
	CHECK(course, vioc_pci_stop_dma(course->device));
	if (error == 0 && memcmp(in, text, sizeof(text)) != 0)
		error = fail(-EIO, "edu", "what came back is not what went: \"%.63s\"", in);
	if (error == 0)
		printf("\"%s\" went out from IOVA 0x%llx and came back, by %s\n", text,
		       (unsigned long long)iova,
		       vioc_backend_name(vioc_device_get_backend(course->device)));
	return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct vioc_device_opts opts = VIOC_SIZED(vioc_device_opts);
	/* The device has 28 address lines and drops the rest: an IOVA above 256 MiB is another one. */
	opts.address_bits = 28;
	return course_run_opts(argc, argv, &opts, drive);
}
