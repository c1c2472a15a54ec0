// SPDX-License-Identifier: MIT
/* edu - a first driver, for QEMU's edu device: DMA in, DMA out, each with an interrupt at its end */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvioc/vioc.h>

#include "message.h"
#include "session.h"

/* Registers in BAR 0, after the id: which interrupt came, and one transfer */
#define IRQ_STATUS 0x24
#define IRQ_ACK	   0x64
#define FROM	   0x80
#define TO	   0x88
#define COUNT	   0x90
#define COMMAND	   0x98

#define EDU_ID	   0x010000edu
#define IN	   (1u | 4u)	  /* run, interrupt */
#define OUT	   (1u | 2u | 4u) /* the same, to memory */
#define BUFFER	   0x40000u	  /* inside the device, by this address */
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

static int drive(struct vioc_ctx *ctx, struct vioc_device *edu, struct vioc_mem *mem)
{
	char *out = vioc_mem_get_va(mem), *in = out + sizeof(text);
	uint64_t iova = vioc_mem_get_iova(mem);
	void *regs;

	int error = vioc_region_map(edu, VIOC_PCI_BAR(0), 0, 0, &regs);
	if (error == 0 && vioc_mmio_read32(regs) != EDU_ID)
		return fail(-EOPNOTSUPP, "edu", "the id (0x00) is 0x%x: this is no edu",
			    vioc_mmio_read32(regs));
	if (error == 0)
		error = vioc_irq_enable(edu, VIOC_PCI_MSI, 1, NULL);
	if (error == 0) /* from here on it may reach what is mapped, so that comes before */
		error = vioc_pci_set_bus_master(edu, 1);
	if (error < 0)
		return fail_vioc(ctx, error, "edu");
	memcpy(out, text, sizeof(text));
	int irq = vioc_irq_get_fd(edu, VIOC_PCI_MSI, 0);
	error = copy(regs, irq, iova, BUFFER, IN);
	if (error == 0)
		error = copy(regs, irq, BUFFER, iova + sizeof(text), OUT);
	if (vioc_pci_stop_dma(edu) < 0) /* and it must not before the memory goes */
		return fail_vioc(ctx, -EIO, "edu");
	if (error == 0 && memcmp(in, text, sizeof(text)) != 0)
		return fail(-EIO, "edu", "what came back is not what went: \"%.63s\"", in);
	return error;
}

int main(int argc, char **argv)
{
	struct vioc_device_opts opts = VIOC_SIZED(vioc_device_opts);
	struct vioc_device *edu = NULL;
	struct vioc_mem *mem = NULL;
	struct session session;
	uint32_t backend = VIOC_BACKEND_AUTO;

	if (argc < 2 || (argc > 2 && vioc_backend_from_name(argv[2], &backend) < 0))
		return fail_usage("usage: edu BDF [auto|legacy|iommufd|compat]");
	int error = session_open(&session, backend);
	if (error < 0)
		return EXIT_FAILURE;
	/* The device has 28 address lines and drops the rest: an IOVA above 256 MiB is another one. */
	opts.address_bits = 28;
	error = vioc_device_open(session.ioas, argv[1], &opts, &edu);
	if (error == 0)
		error = vioc_mem_new(session.ioas, 2 * sizeof(text), NULL, &mem);
	error = error < 0 ? fail_vioc(session.ctx, error, argv[1]) : drive(session.ctx, edu, mem);
	if (error == 0)
		printf("IOVA 0x%" PRIx64 ", by %s: \"%s\" went out and came back\n",
		       vioc_mem_get_iova(mem), vioc_backend_name(vioc_device_get_backend(edu)),
		       text);
	vioc_mem_unref(mem);
	vioc_device_unref(edu);
	session_close(&session);
	return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
