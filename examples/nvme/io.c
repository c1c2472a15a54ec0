// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvioc/irq.h>
#include <libvioc/mmio.h>
#include <libvioc/pci.h>

#include "admin.h"
#include "clock.h"
#include "io.h"
#include "message.h"
#include "prp.h"
#include "status.h"

#define IO_TIMEOUT_MS 30000
/* Without a completion, look whether it is still there */
#define LOOK_AFTER_MS 1000
/* Completions taken at a time */
#define BATCH 16
/* Looks at the ring between two looks at the clock */
#define POLLS_PER_CLOCK 256

static int check_limits(const struct nvme_ctrl *ctrl, const struct nvme_io_config *config)
{
	if (!config->id || config->id > ctrl->n_io_queues)
		return fail(-EINVAL, ctrl->name, "no I/O queue %u: it gave us 1 to %u", config->id,
			    ctrl->n_io_queues);
	if (!config->depth || config->depth >= ctrl->max_entries)
		return fail(-EINVAL, ctrl->name,
			    "a depth of %u: its queues hold %" PRIu32 " commands (CAP.MQES)",
			    config->depth, ctrl->max_entries - 1);
	if (!config->max_length || config->max_length > ctrl->max_transfer)
		return fail(-EINVAL, ctrl->name,
			    "%zu bytes per command: it takes %" PRIu64 " (MDTS)",
			    config->max_length, ctrl->max_transfer);
	if (config->sgl && !ctrl->has_sgl)
		return fail(-EOPNOTSUPP, ctrl->name, "it takes no SGLs (SGLS is 0): use PRPs");
	return 0;
}

static void free_memory(struct nvme_io *io)
{
	nvme_queue_exit(&io->queue);
	nvme_dma_free(&io->lists);
	free(io->requests);
	*io = (struct nvme_io){ 0 };
}

static int make_memory(struct nvme_io *io)
{
	const struct nvme_io_config *config = &io->config;
	struct nvme_ctrl *ctrl = io->ctrl;

	io->requests = calloc(config->depth, sizeof(*io->requests));
	if (!io->requests)
		return fail(-ENOMEM, ctrl->name, "out of memory");
	/* The controller only reads the lists, whatever they are for. */
	int error = nvme_ctrl_alloc(ctrl, config->depth * io->list_pages * ctrl->page_size,
				    VIOC_MAP_READ, &io->lists);
	if (error < 0)
		return error;
	/* One entry of a ring stays free. */
	return nvme_queue_init(ctrl, config->id, (uint16_t)(config->depth + 1), &io->queue);
}

int nvme_io_open(struct nvme_io *io, struct nvme_ctrl *ctrl, const struct nvme_io_config *config)
{
	*io = (struct nvme_io){ 0 };
	int error = check_limits(ctrl, config);
	if (error < 0)
		return error;
	*io = (struct nvme_io){
		.ctrl = ctrl,
		.config = *config,
		.list_pages = nvme_prp_list_pages(config->max_length, ctrl->page_size),
		.irq = -1,
	};
	error = make_memory(io);
	io->queue.vector = config->id;
	if (error == 0 && ctrl->interrupts)
		io->irq = vioc_irq_get_fd(ctrl->device, VIOC_PCI_MSIX, config->id);
	if (error == 0 && ctrl->interrupts && io->irq < 0)
		error = fail_vioc(ctrl->ctx, io->irq, ctrl->name);
	if (error == 0)
		error = nvme_admin_create_queue(ctrl, &io->queue);
	if (error < 0)
		free_memory(io);
	return error;
}

void nvme_io_close(struct nvme_io *io)
{
	struct nvme_ctrl *ctrl = io->ctrl;
	if (!ctrl)
		return;
	if (!ctrl->failed && nvme_admin_delete_queue(ctrl, &io->queue) < 0)
		nvme_ctrl_halt(ctrl);
	free_memory(io);
}

/* The list that belongs to the tag. */
static struct nvme_prp_list list_of(const struct nvme_io *io, uint16_t tag)
{
	size_t offset = tag * io->list_pages * io->ctrl->page_size;
	return (struct nvme_prp_list){
		.entries = (void *)((uint8_t *)io->lists.va + offset),
		.iova = io->lists.iova + offset,
		.n_pages = io->list_pages,
	};
}

/* Contiguous IOVAs are one descriptor, however long they are: that is what an IOMMU is good for. */
static int set_data(const struct nvme_io *io, uint64_t iova, size_t length,
		    struct nvme_command *command)
{
	const struct nvme_prp_list list = list_of(io, command->cid);
	if (!io->config.sgl)
		return nvme_prp_build(iova, length, io->ctrl->page_size, &list, &command->prp1,
				      &command->prp2);
	if (iova & 3)
		return -EINVAL;
	command->flags = NVME_DATA_SGL;
	command->prp1 = iova;
	command->prp2 = NVME_SGL_DATA_BLOCK(length);
	return 0;
}

static int submit(struct nvme_io *io, const struct nvme_command *command,
		  const struct nvme_io_request *request)
{
	int error = nvme_queue_submit(&io->queue, command);
	if (error == 0)
		io->requests[command->cid] = *request;
	return error;
}

static int transfer(struct nvme_io *io, uint8_t opcode, uint16_t tag,
		    const struct nvme_namespace *namespace, uint64_t lba, uint32_t n_blocks,
		    uint64_t iova)
{
	if (tag >= io->config.depth || !n_blocks || n_blocks > NVME_MAX_BLOCKS ||
	    n_blocks > io->config.max_length / namespace->block_size)
		return -EINVAL;
	if (io->requests[tag].busy)
		return -EBUSY;

	const struct nvme_io_request request = {
		.lba = lba,
		.n_blocks = n_blocks,
		.opcode = opcode,
		.busy = true,
	};
	struct nvme_command command = {
		.opcode = opcode,
		.cid = tag,
		.nsid = namespace->id,
		.cdw10 = (uint32_t)lba,
		.cdw11 = (uint32_t)(lba >> 32),
		.cdw12 = n_blocks - 1,
	};
	int error = set_data(io, iova, (size_t)n_blocks * namespace->block_size, &command);
	return error < 0 ? error : submit(io, &command, &request);
}

int nvme_io_read(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace,
		 uint64_t lba, uint32_t n_blocks, uint64_t iova)
{
	return transfer(io, NVME_CMD_READ, tag, namespace, lba, n_blocks, iova);
}

int nvme_io_write(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace,
		  uint64_t lba, uint32_t n_blocks, uint64_t iova)
{
	return transfer(io, NVME_CMD_WRITE, tag, namespace, lba, n_blocks, iova);
}

int nvme_io_flush(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace)
{
	const struct nvme_io_request request = { .opcode = NVME_CMD_FLUSH, .busy = true };
	const struct nvme_command command = {
		.opcode = NVME_CMD_FLUSH,
		.cid = tag,
		.nsid = namespace->id,
	};
	if (tag >= io->config.depth)
		return -EINVAL;
	return io->requests[tag].busy ? -EBUSY : submit(io, &command, &request);
}

void nvme_io_kick(struct nvme_io *io)
{
	nvme_queue_ring(&io->queue);
}

static const char *name_of(uint8_t opcode)
{
	switch (opcode) {
	case NVME_CMD_READ:
		return "Read";
	case NVME_CMD_WRITE:
		return "Write";
	default:
		return "Flush";
	}
}

/* Nothing that a device writes is trusted before it is checked, least of all an index. */
static int finish(struct nvme_io *io, const struct nvme_completion *completion,
		  struct nvme_io_done *ret_done)
{
	const char *name = io->ctrl->name;
	if (completion->cid >= io->config.depth || !io->requests[completion->cid].busy)
		return fail(-EIO, name, "a completion came for command %u, which was not sent",
			    completion->cid);
	struct nvme_io_request *request = &io->requests[completion->cid];
	request->busy = false;
	*ret_done = (struct nvme_io_done){ .tag = completion->cid };
	if (NVME_STATUS_IS_ERROR(completion->status))
		ret_done->error = fail(-EIO, name,
				       "%s, %" PRIu32 " blocks from LBA %" PRIu64
				       ": status type %u, code 0x%02x: %s",
				       name_of(request->opcode), request->n_blocks, request->lba,
				       NVME_STATUS_TYPE(completion->status),
				       NVME_STATUS_CODE(completion->status),
				       nvme_status_text(completion->status));
	return 0;
}

/* Whether to go on waiting. */
static int check_wait(const struct nvme_io *io, uint64_t waited_ms)
{
	if (waited_ms < LOOK_AFTER_MS)
		return 0;
	if (waited_ms > IO_TIMEOUT_MS)
		return fail(
			-ETIMEDOUT, io->ctrl->name,
			"no completion in %d ms with %u commands under way; CSTS is 0x%08" PRIx32,
			IO_TIMEOUT_MS, io->queue.in_flight, nvme_ctrl_status(io->ctrl));
	return nvme_ctrl_check(io->ctrl);
}

/* Spins: the data is worth more than the core here. */
static int spin_for(struct nvme_io *io, struct nvme_completion *completions, int capacity)
{
	uint64_t begin = clock_ms();

	for (uint32_t polls = 1;; polls++) {
		/* In this order: who slept past the limit still looks once more. */
		uint64_t waited = polls % POLLS_PER_CLOCK ? 0 : clock_ms() - begin;
		int count = nvme_queue_poll(&io->queue, completions, capacity);
		if (count)
			return count;
		int error = check_wait(io, waited);
		if (error < 0)
			return error;
		vioc_cpu_relax();
	}
}

/* Sleeps. What comes after the look at the ring has signalled the eventfd, so it is not missed. */
static int sleep_for(struct nvme_io *io, struct nvme_completion *completions, int capacity)
{
	struct pollfd irq = { .fd = io->irq, .events = POLLIN };
	uint64_t begin = clock_ms(), n_signals;

	for (;;) {
		uint64_t waited = clock_ms() - begin;
		int count = nvme_queue_poll(&io->queue, completions, capacity);
		if (count)
			return count;
		int error = check_wait(io, waited);
		if (error < 0)
			return error;
		if (poll(&irq, 1, LOOK_AFTER_MS) == 1 &&
		    read(io->irq, &n_signals, sizeof(n_signals)) < 0 && errno != EAGAIN)
			return fail(-errno, io->ctrl->name, "can't read its interrupt: %s",
				    strerror(errno));
	}
}

int nvme_io_wait(struct nvme_io *io, struct nvme_io_done *dones, int capacity)
{
	struct nvme_completion completions[BATCH];
	int most = capacity < BATCH ? capacity : BATCH;
	int count =
		io->irq < 0 ? spin_for(io, completions, most) : sleep_for(io, completions, most);
	int error = count < 0 ? count : 0;
	for (int i = 0; i < count && error == 0; i++)
		error = finish(io, &completions[i], &dones[i]);
	if (error < 0) {
		nvme_ctrl_halt(io->ctrl);
		return error;
	}
	return count;
}
