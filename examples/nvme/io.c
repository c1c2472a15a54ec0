// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <libvioc/mmio.h>

#include "admin.h"
#include "clock.h"
#include "io.h"
#include "message.h"
#include "prp.h"
#include "status.h"

#define IO_TIMEOUT_MS 30000
/* Completions taken at a time */
#define BATCH 16
/* Looks at the ring between two looks at the clock */
#define POLLS_PER_CLOCK 256

static int check_limits(const struct nvme_ctrl *ctrl, uint16_t id, uint16_t depth,
			size_t max_length)
{
	if (!id || id > ctrl->n_io_queues)
		return fail(-EINVAL, ctrl->name, "no I/O queue %u: it gave us 1 to %u", id,
			    ctrl->n_io_queues);
	if (!depth || depth >= ctrl->max_entries)
		return fail(-EINVAL, ctrl->name,
			    "a depth of %u: its queues hold %" PRIu32 " commands (CAP.MQES)", depth,
			    ctrl->max_entries - 1);
	if (!max_length || max_length > ctrl->max_transfer)
		return fail(-EINVAL, ctrl->name,
			    "%zu bytes per command: it takes %" PRIu64 " (MDTS)", max_length,
			    ctrl->max_transfer);
	return 0;
}

static void free_memory(struct nvme_io *io)
{
	nvme_queue_exit(&io->queue);
	nvme_dma_free(&io->lists);
	free(io->requests);
	*io = (struct nvme_io){ 0 };
}

static int make_memory(struct nvme_io *io, uint16_t id)
{
	struct nvme_ctrl *ctrl = io->ctrl;

	io->requests = calloc(io->depth, sizeof(*io->requests));
	if (!io->requests)
		return fail(-ENOMEM, ctrl->name, "out of memory");
	/* The controller only reads the lists, whatever they are for. */
	int error = nvme_ctrl_alloc(ctrl, io->depth * io->list_pages * ctrl->page_size,
				    VIOC_MAP_READ, &io->lists);
	if (error < 0)
		return error;
	/* One entry of a ring stays free. */
	return nvme_queue_init(ctrl, id, (uint16_t)(io->depth + 1), &io->queue);
}

int nvme_io_open(struct nvme_io *io, struct nvme_ctrl *ctrl, uint16_t id, uint16_t depth,
		 size_t max_length)
{
	int error = check_limits(ctrl, id, depth, max_length);
	if (error < 0)
		return error;
	*io = (struct nvme_io){
		.ctrl = ctrl,
		.depth = depth,
		.max_length = max_length,
		.list_pages = nvme_prp_list_pages(max_length, ctrl->page_size),
	};
	error = make_memory(io, id);
	if (error == 0)
		error = nvme_admin_create_queue(ctrl, &io->queue);
	if (error < 0)
		free_memory(io);
	return error;
}

void nvme_io_close(struct nvme_io *io)
{
	struct nvme_ctrl *ctrl = io->ctrl;
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

int nvme_io_read(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace,
		 uint64_t lba, uint32_t n_blocks, uint64_t iova)
{
	if (tag >= io->depth || !n_blocks || n_blocks > NVME_MAX_BLOCKS ||
	    n_blocks > io->max_length / namespace->block_size)
		return -EINVAL;
	if (io->requests[tag].busy)
		return -EBUSY;

	struct nvme_command command = {
		.opcode = NVME_CMD_READ,
		.cid = tag,
		.nsid = namespace->id,
		.cdw10 = (uint32_t)lba,
		.cdw11 = (uint32_t)(lba >> 32),
		.cdw12 = n_blocks - 1,
	};
	const struct nvme_prp_list list = list_of(io, tag);
	int error = nvme_prp_build(iova, (size_t)n_blocks * namespace->block_size,
				   io->ctrl->page_size, &list, &command.prp1, &command.prp2);
	if (error == 0)
		error = nvme_queue_submit(&io->queue, &command);
	if (error < 0)
		return error;
	io->requests[tag] = (struct nvme_io_request){
		.lba = lba,
		.n_blocks = n_blocks,
		.busy = true,
	};
	return 0;
}

void nvme_io_kick(struct nvme_io *io)
{
	nvme_queue_ring(&io->queue);
}

/* Nothing that a device writes is trusted before it is checked, least of all an index. */
static int finish(struct nvme_io *io, const struct nvme_completion *completion,
		  struct nvme_io_done *ret_done)
{
	const char *name = io->ctrl->name;
	if (completion->cid >= io->depth || !io->requests[completion->cid].busy)
		return fail(-EIO, name, "a completion came for command %u, which was not sent",
			    completion->cid);
	struct nvme_io_request *request = &io->requests[completion->cid];
	request->busy = false;
	*ret_done = (struct nvme_io_done){ .tag = completion->cid };
	if (NVME_STATUS_IS_ERROR(completion->status))
		ret_done->error = fail(
			-EIO, name,
			"reading %" PRIu32 " blocks from LBA %" PRIu64
			": status type %u, code 0x%02x: %s",
			request->n_blocks, request->lba, NVME_STATUS_TYPE(completion->status),
			NVME_STATUS_CODE(completion->status), nvme_status_text(completion->status));
	return 0;
}

/* Spins: the data is worth more than the core here, and an interrupt would cost more than a wait. */
static int wait_completions(struct nvme_io *io, struct nvme_completion *completions, int capacity)
{
	uint64_t deadline = clock_ms() + IO_TIMEOUT_MS;

	for (uint32_t polls = 1;; polls++) {
		bool late = polls % POLLS_PER_CLOCK == 0 && clock_ms() > deadline;
		int count = nvme_queue_poll(&io->queue, completions, capacity);
		if (count)
			return count;
		if (late)
			return fail(-ETIMEDOUT, io->ctrl->name,
				    "no completion in %d ms with %u reads under way; CSTS is "
				    "0x%08" PRIx32,
				    IO_TIMEOUT_MS, io->queue.in_flight, nvme_ctrl_status(io->ctrl));
		vioc_cpu_relax();
	}
}

int nvme_io_wait(struct nvme_io *io, struct nvme_io_done *dones, int capacity)
{
	struct nvme_completion completions[BATCH];
	int count = wait_completions(io, completions, capacity < BATCH ? capacity : BATCH);
	int error = count < 0 ? count : 0;
	for (int i = 0; i < count && error == 0; i++)
		error = finish(io, &completions[i], &dones[i]);
	if (error < 0) {
		nvme_ctrl_halt(io->ctrl);
		return error;
	}
	return count;
}
