/* SPDX-License-Identifier: MIT */
/*
 * An I/O queue pair and the commands in it. A command is known by its tag, a number below the depth
 * that the caller chooses; a tag is free again once its command is done.
 *
 * Like the queue below it, it belongs to one thread at a time; opening and closing use the admin queue,
 * so they belong to the thread that has the controller.
 */
#ifndef NVME_IO_H
#define NVME_IO_H

#include "controller.h"
#include "identify.h"
#include "queue.h"

struct nvme_io_config {
	uint16_t id;	   /* number of the queue pair, from 1 on */
	uint16_t depth;	   /* commands that may be under way at once */
	size_t max_length; /* bytes per command */
	bool sgl;	   /* say where data is by an SGL, else by PRPs */
};

/* A command under way. */
struct nvme_io_request {
	uint64_t lba;
	uint32_t n_blocks;
	uint8_t opcode;
	bool busy;
};

struct nvme_io {
	struct nvme_ctrl *ctrl;
	struct nvme_queue queue;
	struct nvme_io_config config;
	struct nvme_io_request *requests; /* by tag */
	struct nvme_dma lists;		  /* PRP lists by tag, list_pages pages each */
	size_t list_pages;
	int irq; /* the eventfd of its vector, borrowed; -1: polled */
};

struct nvme_io_done {
	uint16_t tag;
	int error; /* 0 or -errno; the message was printed */
};

/* Makes the queue pair. -EINVAL: more than the controller can do. -EOPNOTSUPP: it has no SGLs. */
int nvme_io_open(struct nvme_io *io, struct nvme_ctrl *ctrl, const struct nvme_io_config *config);
/*
 * Once it returns, the controller no longer touches the memory of any command, even if some were
 * under way, even if it failed. All zeroes is fine.
 */
void nvme_io_close(struct nvme_io *io);

/*
 * Queues a read into memory at iova, which the ioas maps for writing, or a write of memory that it
 * maps for reading; nvme_io_kick() sends what is queued. -EBUSY: the tag is in use. -EINVAL: too long,
 * or iova not a multiple of 4.
 */
int nvme_io_read(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace,
		 uint64_t lba, uint32_t n_blocks, uint64_t iova);
int nvme_io_write(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace,
		  uint64_t lba, uint32_t n_blocks, uint64_t iova);
/* Once done, all writes that were done before it are safe from a loss of power. */
int nvme_io_flush(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace);
void nvme_io_kick(struct nvme_io *io);

/*
 * Waits until at least one command is done, spinning or for an interrupt; returns how many of up to
 * `capacity` are. -ETIMEDOUT, -EIO: the controller doesn't work any more and was halted.
 */
int nvme_io_wait(struct nvme_io *io, struct nvme_io_done *dones, int capacity);

#endif
