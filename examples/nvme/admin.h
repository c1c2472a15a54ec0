/* SPDX-License-Identifier: MIT */
/* Admin commands: one at a time, waited for. */
#ifndef NVME_ADMIN_H
#define NVME_ADMIN_H

#include "controller.h"
#include "queue.h"

/*
 * Runs a command; its cid is chosen here. ret_result gets the completion's first word and may be
 * NULL. A command that does not come back halts the controller: what it was to write into is safe
 * to free then.
 */
int nvme_admin_run(struct nvme_ctrl *ctrl, const struct nvme_command *command, const char *what,
		   uint32_t *ret_result);

/* Asks, once and first of all, for so many I/O queue pairs; ctrl->n_io_queues is what it gave. */
int nvme_admin_request_queues(struct nvme_ctrl *ctrl, uint16_t wanted);
/* Makes an initialised queue pair known to the controller. */
int nvme_admin_create_queue(struct nvme_ctrl *ctrl, const struct nvme_queue *queue);
/* The reverse. Commands still in it are aborted before this returns. */
int nvme_admin_delete_queue(struct nvme_ctrl *ctrl, const struct nvme_queue *queue);

#endif
