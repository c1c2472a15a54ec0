/* SPDX-License-Identifier: MIT */
/*
 * An I/O queue pair and the reads in it. A read is known by its tag, a number below the depth that
 * the caller chooses; a tag is free again once its read is done.
 *
 * Like the queue below it, it belongs to one thread at a time.
 */
#ifndef NVME_IO_H
#define NVME_IO_H

#include "controller.h"
#include "identify.h"
#include "queue.h"

/* A read under way. */
struct nvme_io_request {
	uint64_t lba;
	uint32_t n_blocks;
	bool busy;
};

struct nvme_io {
	struct nvme_ctrl *ctrl;
	struct nvme_queue queue;
	uint16_t depth; /* reads that may be under way at once */
	size_t max_length;
	struct nvme_io_request *requests; /* by tag */
	struct nvme_dma lists;		  /* PRP lists by tag, list_pages pages each */
	size_t list_pages;
};

struct nvme_io_done {
	uint16_t tag;
	int error; /* 0 or -errno; the message was printed */
};

/*
 * Makes queue pair number id (from 1 on) for reads of up to max_length bytes each.
 * -EINVAL: more than the controller can do.
 */
int nvme_io_open(struct nvme_io *io, struct nvme_ctrl *ctrl, uint16_t id, uint16_t depth,
		 size_t max_length);
/*
 * Once it returns, the controller no longer touches the memory of any read, even if some were under
 * way, even if it failed.
 */
void nvme_io_close(struct nvme_io *io);

/*
 * Queues a read into memory at iova, which the ioas maps for writing; nvme_io_kick() sends what is
 * queued. -EBUSY: the tag is in use. -EINVAL: too long, or iova not a multiple of 4.
 */
int nvme_io_read(struct nvme_io *io, uint16_t tag, const struct nvme_namespace *namespace,
		 uint64_t lba, uint32_t n_blocks, uint64_t iova);
void nvme_io_kick(struct nvme_io *io);

/*
 * Waits until at least one read is done; returns how many of up to `capacity` are.
 * -ETIMEDOUT, -EIO: the controller doesn't work any more and was halted.
 */
int nvme_io_wait(struct nvme_io *io, struct nvme_io_done *dones, int capacity);

#endif
