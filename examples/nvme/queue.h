/* SPDX-License-Identifier: MIT */
/*
 * A queue pair: a ring of commands that the controller reads, and a ring of completions that it
 * writes. Nothing here takes a lock: one thread uses a queue pair at a time, and threads that want
 * to work in parallel have a pair each.
 */
#ifndef NVME_QUEUE_H
#define NVME_QUEUE_H

#include "controller.h"
#include "dma.h"

/* A command as this driver makes it; what it leaves out is 0 on the wire. In host byte order. */
struct nvme_command {
	uint8_t opcode;
	uint8_t flags; /* NVME_DATA_* */
	uint16_t cid;  /* comes back in the completion; unique among those in flight */
	uint32_t nsid;
	uint64_t prp1; /* with NVME_DATA_SGL the two are the descriptor */
	uint64_t prp2;
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12;
};

struct nvme_completion {
	uint16_t cid;
	uint16_t status; /* NVME_STATUS_*; without the phase bit */
	uint32_t result;
};

struct nvme_queue {
	struct nvme_sqe *sq;
	volatile struct nvme_cqe *cq;
	volatile void *sq_doorbell;
	volatile void *cq_doorbell;
	uint16_t id; /* 0: admin */
	uint16_t n_entries;
	uint16_t sq_tail; /* the entry to be filled next */
	uint16_t cq_head; /* the entry to be completed next */
	uint16_t phase;	  /* the phase bit of a completion that is new */
	uint16_t in_flight;
	uint16_t vector; /* of MSI-X, if the controller uses it */
	struct nvme_dma sq_memory;
	struct nvme_dma cq_memory;
};

/* Makes the rings of n_entries each; the controller doesn't know of them yet. */
int nvme_queue_init(struct nvme_ctrl *ctrl, uint16_t id, uint16_t n_entries,
		    struct nvme_queue *queue);
/* The controller must have forgotten them. All zeroes is fine. */
void nvme_queue_exit(struct nvme_queue *queue);

/* Puts a command into the ring. -EAGAIN: it is full until completions are taken. */
int nvme_queue_submit(struct nvme_queue *queue, const struct nvme_command *command);
/* Tells the controller of everything submitted so far. */
void nvme_queue_ring(struct nvme_queue *queue);
/* Takes up to `capacity` completions that are there now; returns how many. */
int nvme_queue_poll(struct nvme_queue *queue, struct nvme_completion *completions, int capacity);

#endif
