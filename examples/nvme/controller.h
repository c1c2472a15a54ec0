/* SPDX-License-Identifier: MIT */
/* An NVMe controller: from a PCI address to a device that takes commands, and back. */
#ifndef NVME_CONTROLLER_H
#define NVME_CONTROLLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <libvioc/ctx.h>
#include <libvioc/device.h>
#include <libvioc/ioas.h>

#include "dma.h"
#include "regs.h"
#include "stop.h"

struct nvme_queue;

struct nvme_ctrl_opts {
	uint16_t n_io_queues; /* I/O queue pairs to ask for; 0: 1 */
	bool interrupts;      /* completions of I/O come with MSI-X, a vector for each queue */
};

struct nvme_ctrl {
	struct vioc_ctx *ctx;	/* borrowed */
	struct vioc_ioas *ioas; /* borrowed */
	struct vioc_device *device;
	const char *name; /* the device's */

	uint8_t *regs; /* BAR 0 */
	uint64_t regs_length;
	uint64_t cap;
	uint32_t version;
	uint32_t page_size; /* the controller's, not the host's */
	uint32_t max_entries;

	struct nvme_queue *admin;
	struct nvme_dma page; /* what Identify returns */
	uint16_t next_cid;    /* of admin commands */
	atomic_bool failed;   /* halted after an error: takes no commands any more */
	struct stop_watch watch;
	bool interrupts;

	/* From Identify */
	char model[NVME_MN_LENGTH + 1];
	char serial[NVME_SN_LENGTH + 1];
	char firmware[NVME_FR_LENGTH + 1];
	uint64_t max_transfer; /* bytes per command; UINT64_MAX: no limit */
	uint32_t n_namespaces; /* the highest namespace id there may be */
	uint32_t shutdown_ms;  /* how long CC.SHN may take */
	uint16_t n_io_queues;  /* I/O queue pairs it gave us, numbered from 1 */
	bool has_sgl;
};

/*
 * Opens the device in ioas, lets a request for it want a stop, resets and enables it, and identifies it. *ctrl needs no preparation;
 * opts may be NULL.
 * Errors are those of vioc_device_open(), and -ETIMEDOUT, -EIO, -EOPNOTSUPP, -ENOMEM.
 */
int nvme_ctrl_open(struct nvme_ctrl *ctrl, struct vioc_ctx *ctx, struct vioc_ioas *ioas,
		   const char *name, const struct nvme_ctrl_opts *opts);
/* Shuts the controller down and gives the device back. Its I/O queues must be gone. */
void nvme_ctrl_close(struct nvme_ctrl *ctrl);

/*
 * Stops all DMA, whatever state the controller is in: memory may be freed afterwards. It takes no
 * commands any more. For when a command does not come back. From any thread: only the first call does
 * anything, so memory is freed by whoever waited for the others.
 */
void nvme_ctrl_halt(struct nvme_ctrl *ctrl);

/* CSTS, for error messages. */
uint32_t nvme_ctrl_status(const struct nvme_ctrl *ctrl);
/* For when it is late with something: 0, or -EIO after a message if it does not work any more. */
int nvme_ctrl_check(const struct nvme_ctrl *ctrl);
/* The doorbells of a queue pair. -EOPNOTSUPP: they are not in BAR 0. */
int nvme_ctrl_doorbells(const struct nvme_ctrl *ctrl, uint16_t queue_id,
			volatile void **ret_sq_doorbell, volatile void **ret_cq_doorbell);
/* nvme_dma_alloc(), with a message on failure. */
int nvme_ctrl_alloc(const struct nvme_ctrl *ctrl, size_t length, uint64_t flags,
		    struct nvme_dma *ret_dma);

#endif
