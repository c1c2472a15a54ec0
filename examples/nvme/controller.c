// SPDX-License-Identifier: MIT
/* Registers: reset, enable, shut down. The order of the steps is what matters here. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <libvioc/irq.h>
#include <libvioc/mmio.h>
#include <libvioc/pci.h>
#include <libvioc/region.h>

#include "admin.h"
#include "clock.h"
#include "controller.h"
#include "identify.h"
#include "message.h"
#include "queue.h"

#define ADMIN_ENTRIES 32

static uint32_t read_reg(const struct nvme_ctrl *ctrl, uint32_t reg)
{
	return vioc_mmio_read32(ctrl->regs + reg);
}

static void write_reg(struct nvme_ctrl *ctrl, uint32_t reg, uint32_t value)
{
	vioc_mmio_write32(ctrl->regs + reg, value);
}

uint32_t nvme_ctrl_status(const struct nvme_ctrl *ctrl)
{
	return read_reg(ctrl, NVME_REG_CSTS);
}

int nvme_ctrl_alloc(const struct nvme_ctrl *ctrl, size_t length, uint64_t flags,
		    struct nvme_dma *ret_dma)
{
	int error = nvme_dma_alloc(ctrl->ioas, length, flags, ret_dma);
	return error < 0 ? fail_vioc(ctrl->ctx, error, ctrl->name) : 0;
}

int nvme_ctrl_doorbells(const struct nvme_ctrl *ctrl, uint16_t queue_id,
			volatile void **ret_sq_doorbell, volatile void **ret_cq_doorbell)
{
	uint64_t stride = UINT64_C(4) << NVME_CAP_DSTRD(ctrl->cap);
	uint64_t offset = NVME_REG_DOORBELLS + 2 * queue_id * stride;
	if (offset + 2 * stride > ctrl->regs_length)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "BAR 0 ends at 0x%" PRIx64 ", before the doorbells of queue %u",
			    ctrl->regs_length, queue_id);
	*ret_sq_doorbell = ctrl->regs + offset;
	*ret_cq_doorbell = ctrl->regs + offset + stride;
	return 0;
}

int nvme_ctrl_check(const struct nvme_ctrl *ctrl)
{
	uint32_t status = nvme_ctrl_status(ctrl);
	if (status == NVME_CSTS_GONE || !(status & NVME_CSTS_RDY) || (status & NVME_CSTS_CFS))
		return fail(-EIO, ctrl->name,
			    "CSTS is 0x%08" PRIx32
			    ": it has failed, or was taken away without a word",
			    status);
	return 0;
}

/* What CSTS should become, and how to say it. */
struct goal {
	uint32_t mask;
	uint32_t value;
	uint32_t timeout_ms;
	const char *what;
	const char *limit; /* where the timeout comes from */
};

static int fail_goal(const struct nvme_ctrl *ctrl, const struct goal *goal, uint32_t status)
{
	if (status == NVME_CSTS_GONE)
		return fail(-EIO, ctrl->name,
			    "waiting for %s: CSTS reads 0x%08" PRIx32
			    ": nobody answers; is it still in its slot?",
			    goal->what, status);
	if (status & NVME_CSTS_CFS)
		return fail(-EIO, ctrl->name,
			    "waiting for %s: CSTS is 0x%08" PRIx32
			    ", a fatal error (CFS); write 1 to "
			    "/sys/bus/pci/devices/%s/reset, or power-cycle it",
			    goal->what, status, ctrl->name);
	return fail(-ETIMEDOUT, ctrl->name,
		    "waited %" PRIu32 " ms (%s) for %s, but CSTS is 0x%08" PRIx32
		    " and CC is 0x%08" PRIx32 "; write 1 to "
		    "/sys/bus/pci/devices/%s/reset, or power-cycle it",
		    goal->timeout_ms, goal->limit, goal->what, status, read_reg(ctrl, NVME_REG_CC),
		    ctrl->name);
}

static int wait_status(const struct nvme_ctrl *ctrl, const struct goal *goal)
{
	uint64_t deadline = clock_ms() + goal->timeout_ms;

	for (;;) {
		/* In this order: a process that slept past the deadline still looks once more. */
		bool late = clock_ms() > deadline;
		uint32_t status = nvme_ctrl_status(ctrl);
		if (status == NVME_CSTS_GONE)
			return fail_goal(ctrl, goal, status);
		if ((status & goal->mask) == goal->value)
			return 0;
		/* A fatal error does not keep RDY from becoming 0, and that is how to clear it. */
		if (late || (goal->value && (status & NVME_CSTS_CFS)))
			return fail_goal(ctrl, goal, status);
		sleep_ms(1);
	}
}

static int wait_ready(const struct nvme_ctrl *ctrl, bool ready)
{
	uint32_t units = NVME_CAP_TO(ctrl->cap) ? NVME_CAP_TO(ctrl->cap) : 1;
	const struct goal goal = {
		.mask = NVME_CSTS_RDY,
		.value = ready ? NVME_CSTS_RDY : 0,
		.timeout_ms = units * 500,
		.what = ready ? "CSTS.RDY to become 1" : "CSTS.RDY to become 0",
		.limit = "CAP.TO",
	};
	return wait_status(ctrl, &goal);
}

/* Resets the controller: it forgets all queues, and does no more DMA once RDY is 0. */
static int disable(struct nvme_ctrl *ctrl)
{
	uint32_t cc = read_reg(ctrl, NVME_REG_CC);
	/* Once begun, enabling has to end first. If it fails, so be it. */
	if ((cc & NVME_CC_EN) && !(nvme_ctrl_status(ctrl) & (NVME_CSTS_RDY | NVME_CSTS_CFS)))
		(void)wait_ready(ctrl, true);
	write_reg(ctrl, NVME_REG_CC, cc & ~NVME_CC_EN);
	return wait_ready(ctrl, false);
}

static int enable(struct nvme_ctrl *ctrl)
{
	uint32_t last = ctrl->admin->n_entries - 1u;
	write_reg(ctrl, NVME_REG_AQA, last << 16 | last);
	vioc_mmio_write64_low_high(ctrl->regs + NVME_REG_ASQ, ctrl->admin->sq_memory.iova);
	vioc_mmio_write64_low_high(ctrl->regs + NVME_REG_ACQ, ctrl->admin->cq_memory.iova);
	/* Completions are polled for. */
	write_reg(ctrl, NVME_REG_INTMS, UINT32_MAX);
	write_reg(ctrl, NVME_REG_CC,
		  NVME_CC_EN | NVME_CC_MPS(NVME_CAP_MPSMIN(ctrl->cap)) |
			  NVME_CC_IOSQES(NVME_SQE_SHIFT) | NVME_CC_IOCQES(NVME_CQE_SHIFT));
	return wait_ready(ctrl, true);
}

/* Has the controller write its caches and note an orderly end. */
static int shut_down(struct nvme_ctrl *ctrl)
{
	const struct goal goal = {
		.mask = NVME_CSTS_SHST_MASK,
		.value = NVME_CSTS_SHST_DONE,
		.timeout_ms = ctrl->shutdown_ms,
		.what = "CSTS.SHST to become 2, shutdown complete",
		.limit = "RTD3 entry latency",
	};
	uint32_t cc = read_reg(ctrl, NVME_REG_CC) & ~NVME_CC_SHN_MASK;
	write_reg(ctrl, NVME_REG_CC, cc | NVME_CC_SHN_NORMAL);
	return wait_status(ctrl, &goal);
}

static int map_registers(struct nvme_ctrl *ctrl)
{
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	void *regs;
	int error = vioc_region_get_info(ctrl->device, VIOC_PCI_BAR(0), &info);
	if (error == 0 && info.length <= NVME_REG_DOORBELLS)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "BAR 0 has %" PRIu64 " bytes: this is no NVMe controller", info.length);
	if (error == 0)
		error = vioc_region_map(ctrl->device, VIOC_PCI_BAR(0), 0, 0, &regs);
	if (error < 0)
		return fail_vioc(ctrl->ctx, error, ctrl->name);
	ctrl->regs = regs;
	ctrl->regs_length = info.length;
	return 0;
}

/* PCI class 01 08 02: mass storage, non-volatile memory, NVMe. */
static int check_class(const struct nvme_ctrl *ctrl)
{
	uint32_t class;
	int error = vioc_pci_config_read(ctrl->device, 0x08, 4, &class);
	if (error < 0)
		return fail_vioc(ctrl->ctx, error, ctrl->name);
	if (class >> 8 != 0x010802)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "its PCI class is %06" PRIx32 ", not that of NVMe, 010802", class >> 8);
	return 0;
}

static int read_capabilities(struct nvme_ctrl *ctrl)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	int error = vioc_ioas_get_info(ctrl->ioas, &info);
	if (error < 0)
		return fail_vioc(ctrl->ctx, error, ctrl->name);
	ctrl->cap = vioc_mmio_read64_low_high(ctrl->regs + NVME_REG_CAP);
	ctrl->version = read_reg(ctrl, NVME_REG_VS);
	ctrl->page_size = 4096u << NVME_CAP_MPSMIN(ctrl->cap);
	ctrl->max_entries = NVME_CAP_MQES(ctrl->cap) + 1;
	if (nvme_ctrl_status(ctrl) == NVME_CSTS_GONE)
		return fail(-EIO, ctrl->name, "its registers read as ones: it is asleep or gone");
	if (!(ctrl->cap & NVME_CAP_CSS_NVM))
		return fail(-EOPNOTSUPP, ctrl->name,
			    "CAP is 0x%016" PRIx64 ": it lacks the NVM command set", ctrl->cap);
	/* IOVAs are multiples of the ioas' pages; the controller wants multiples of its own. */
	if (ctrl->page_size > info.page_size)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "its smallest page, %" PRIu32 " bytes (CAP.MPSMIN), is larger "
			    "than the IOMMU's, %" PRIu64,
			    ctrl->page_size, info.page_size);
	return 0;
}

static int make_admin_queue(struct nvme_ctrl *ctrl)
{
	struct nvme_queue *admin = calloc(1, sizeof(*admin));
	if (!admin)
		return fail(-ENOMEM, ctrl->name, "out of memory");
	int error = nvme_queue_init(ctrl, 0, ADMIN_ENTRIES, admin);
	if (error < 0) {
		free(admin);
		return error;
	}
	ctrl->admin = admin;
	return nvme_ctrl_alloc(ctrl, NVME_IDENTIFY_LENGTH, VIOC_MAP_WRITE, &ctrl->page);
}

static int enable_dma(const struct nvme_ctrl *ctrl)
{
	int error = vioc_pci_set_bus_master(ctrl->device, 1);
	return error < 0 ? fail_vioc(ctrl->ctx, error, ctrl->name) : 0;
}

static int disable_dma(const struct nvme_ctrl *ctrl)
{
	int error = vioc_pci_stop_dma(ctrl->device);
	return error < 0 ? fail_vioc(ctrl->ctx, error, ctrl->name) : 0;
}

/* Vector 0 stays with the admin queue, which is polled; queue n has vector n. */
static int enable_interrupts(struct nvme_ctrl *ctrl)
{
	struct vioc_irq_info info = VIOC_SIZED(vioc_irq_info);
	int error = vioc_irq_get_info(ctrl->device, VIOC_PCI_MSIX, &info);
	if (error == 0 && info.n_vectors < 2)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "it has %" PRIu32 " MSI-X vectors, and one for each queue is needed",
			    info.n_vectors);
	if (error == 0 && info.n_vectors - 1 < ctrl->n_io_queues)
		ctrl->n_io_queues = (uint16_t)(info.n_vectors - 1);
	if (error == 0)
		error = vioc_irq_enable(ctrl->device, VIOC_PCI_MSIX, ctrl->n_io_queues + 1u, NULL);
	if (error < 0)
		return fail_vioc(ctrl->ctx, error, ctrl->name);
	ctrl->interrupts = true;
	return 0;
}

static int start(struct nvme_ctrl *ctrl, const struct nvme_ctrl_opts *opts)
{
	int error = check_class(ctrl);
	if (error == 0)
		error = stop_watch_open(&ctrl->watch, ctrl->device);
	if (error == 0)
		error = map_registers(ctrl);
	if (error == 0)
		error = read_capabilities(ctrl);
	if (error == 0)
		error = disable(ctrl);
	if (error == 0)
		error = make_admin_queue(ctrl);
	if (error < 0)
		return error;
	/* Only now: the controller is reset, and what it is going to reach is mapped. */
	error = enable_dma(ctrl);
	if (error == 0)
		error = enable(ctrl);
	if (error == 0)
		error = nvme_identify_controller(ctrl);
	if (error == 0)
		error = nvme_admin_request_queues(ctrl, opts->n_io_queues ? opts->n_io_queues : 1);
	if (error == 0 && opts->interrupts)
		error = enable_interrupts(ctrl);
	return error;
}

int nvme_ctrl_open(struct nvme_ctrl *ctrl, struct vioc_ctx *ctx, struct vioc_ioas *ioas,
		   const char *name, const struct nvme_ctrl_opts *opts)
{
	static const struct nvme_ctrl_opts defaults;

	*ctrl = (struct nvme_ctrl){ .ctx = ctx, .ioas = ioas, .name = name };
	int error = vioc_device_open(ioas, name, NULL, &ctrl->device);
	if (error < 0)
		return fail_vioc(ctx, error, name);
	ctrl->name = vioc_device_get_name(ctrl->device);
	error = start(ctrl, opts ? opts : &defaults);
	if (error < 0) {
		nvme_ctrl_halt(ctrl);
		nvme_ctrl_close(ctrl);
	}
	return error;
}

void nvme_ctrl_halt(struct nvme_ctrl *ctrl)
{
	if (atomic_exchange(&ctrl->failed, true))
		return;
	/* A function without bus mastering starts no DMA, whatever its firmware thinks. */
	(void)disable_dma(ctrl);
	if (!ctrl->regs)
		return;
	write_reg(ctrl, NVME_REG_CC, read_reg(ctrl, NVME_REG_CC) & ~NVME_CC_EN);
	if (wait_ready(ctrl, false) == 0)
		return;
	/* If it resists even this, the IOMMU refuses it the memory from the moment of unmapping. */
	int error = vioc_device_reset(ctrl->device);
	if (error < 0)
		fail_vioc(ctrl->ctx, error, ctrl->name);
}

void nvme_ctrl_close(struct nvme_ctrl *ctrl)
{
	/* Stop it, forbid DMA, take its memory away, and only then let it go. */
	if (!ctrl->failed && (shut_down(ctrl) < 0 || disable(ctrl) < 0))
		nvme_ctrl_halt(ctrl);
	(void)disable_dma(ctrl);
	nvme_dma_free(&ctrl->page);
	if (ctrl->admin)
		nvme_queue_exit(ctrl->admin);
	free(ctrl->admin);
	if (ctrl->regs)
		(void)vioc_region_unmap(ctrl->device, ctrl->regs);
	stop_watch_close(&ctrl->watch);
	vioc_device_unref(ctrl->device);
	*ctrl = (struct nvme_ctrl){ 0 };
}
