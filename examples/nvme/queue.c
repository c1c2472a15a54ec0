// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>

#include <libvioc/mmio.h>

#include "message.h"
#include "queue.h"
#include "regs.h"

int nvme_queue_init(struct nvme_ctrl *ctrl, uint16_t id, uint16_t n_entries,
		    struct nvme_queue *queue)
{
	struct nvme_queue new = { .id = id, .n_entries = n_entries, .phase = 1 };
	int error = nvme_ctrl_doorbells(ctrl, id, &new.sq_doorbell, &new.cq_doorbell);
	if (error < 0)
		return error;
	/* The controller only reads commands and only writes completions: that is all it may. */
	error = nvme_ctrl_alloc(ctrl, n_entries * sizeof(struct nvme_sqe), VIOC_MAP_READ,
				&new.sq_memory);
	if (error == 0)
		error = nvme_ctrl_alloc(ctrl, n_entries * sizeof(struct nvme_cqe), VIOC_MAP_WRITE,
					&new.cq_memory);
	if (error < 0) {
		nvme_queue_exit(&new);
		return error;
	}
	new.sq = new.sq_memory.va;
	new.cq = new.cq_memory.va;
	*queue = new;
	return 0;
}

void nvme_queue_exit(struct nvme_queue *queue)
{
	nvme_dma_free(&queue->sq_memory);
	nvme_dma_free(&queue->cq_memory);
	*queue = (struct nvme_queue){ 0 };
}

int nvme_queue_submit(struct nvme_queue *queue, const struct nvme_command *command)
{
	/*
	 * A ring with one entry free is full: head and tail must differ. Counting what is in
	 * flight, not what was fetched, keeps the completion ring from overflowing too.
	 */
	if (queue->in_flight == queue->n_entries - 1)
		return -EAGAIN;
	queue->sq[queue->sq_tail] = (struct nvme_sqe){
		.opcode = command->opcode,
		.flags = command->flags,
		.cid = htole16(command->cid),
		.nsid = htole32(command->nsid),
		.prp1 = htole64(command->prp1),
		.prp2 = htole64(command->prp2),
		.cdw10 = htole32(command->cdw10),
		.cdw11 = htole32(command->cdw11),
		.cdw12 = htole32(command->cdw12),
	};
	queue->sq_tail = (uint16_t)((queue->sq_tail + 1) % queue->n_entries);
	queue->in_flight++;
	return 0;
}

void nvme_queue_ring(struct nvme_queue *queue)
{
	vioc_dma_before_doorbell();
	vioc_mmio_write32(queue->sq_doorbell, queue->sq_tail);
}

/* The completion at the head, if it is there. */
static int take(struct nvme_queue *queue, struct nvme_completion *ret_completion)
{
	volatile struct nvme_cqe *cqe = &queue->cq[queue->cq_head];
	uint16_t status = vioc_dma_read16(&cqe->status);
	if ((status & 1) != queue->phase || !queue->in_flight)
		return 0;

	/* The controller writes the phase last, so the rest of the entry is there, and the data. */
	vioc_dma_after_flag();
	*ret_completion = (struct nvme_completion){
		.cid = le16toh(cqe->cid),
		.status = (uint16_t)(status >> 1),
		.result = le32toh(cqe->result),
	};
	/* It inverts the phase with each round, so entries of the last round look old. */
	if (++queue->cq_head == queue->n_entries) {
		queue->cq_head = 0;
		queue->phase ^= 1;
	}
	queue->in_flight--;
	return 1;
}

int nvme_queue_poll(struct nvme_queue *queue, struct nvme_completion *completions, int capacity)
{
	int count = 0;
	while (count < capacity && take(queue, &completions[count]))
		count++;
	/* Once for all of them: register writes are the dear part. */
	if (count)
		vioc_mmio_write32(queue->cq_doorbell, queue->cq_head);
	return count;
}
