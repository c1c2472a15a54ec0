// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>

#include <libvioc/mmio.h>

#include "admin.h"
#include "clock.h"
#include "message.h"
#include "status.h"

#define ADMIN_TIMEOUT_MS 60000

static int wait_completion(struct nvme_ctrl *ctrl, uint16_t cid, const char *what,
			   struct nvme_completion *ret_completion)
{
	uint64_t deadline = clock_ms() + ADMIN_TIMEOUT_MS;

	for (;;) {
		bool late = clock_ms() > deadline;
		if (nvme_queue_poll(ctrl->admin, ret_completion, 1) == 1) {
			if (ret_completion->cid == cid)
				return 0;
			return fail(-EIO, ctrl->name,
				    "%s: a completion came for command %u instead of %u", what,
				    ret_completion->cid, cid);
		}
		if (late)
			return fail(-ETIMEDOUT, ctrl->name,
				    "%s: no completion in %d ms; CSTS is 0x%08" PRIx32, what,
				    ADMIN_TIMEOUT_MS, nvme_ctrl_status(ctrl));
		vioc_cpu_relax();
	}
}

int nvme_admin_run(struct nvme_ctrl *ctrl, const struct nvme_command *command, const char *what,
		   uint32_t *ret_result)
{
	struct nvme_command numbered = *command;
	struct nvme_completion completion;

	if (ctrl->failed)
		return fail(-EIO, ctrl->name, "%s: the controller was halted", what);
	numbered.cid = ctrl->next_cid++;
	int error = nvme_queue_submit(ctrl->admin, &numbered);
	if (error < 0)
		return fail(error, ctrl->name, "%s: the admin queue is full", what);
	nvme_queue_ring(ctrl->admin);
	error = wait_completion(ctrl, numbered.cid, what, &completion);
	if (error < 0) {
		nvme_ctrl_halt(ctrl);
		return error;
	}
	if (NVME_STATUS_IS_ERROR(completion.status))
		return fail(-EIO, ctrl->name, "%s: status type %u, code 0x%02x: %s", what,
			    NVME_STATUS_TYPE(completion.status),
			    NVME_STATUS_CODE(completion.status),
			    nvme_status_text(completion.status));
	if (ret_result)
		*ret_result = completion.result;
	return 0;
}

int nvme_admin_request_queues(struct nvme_ctrl *ctrl, uint16_t wanted)
{
	uint32_t granted;
	const uint32_t last = wanted - 1u;
	const struct nvme_command command = {
		.opcode = NVME_ADMIN_SET_FEATURES,
		.cdw10 = NVME_FEATURE_N_QUEUES,
		.cdw11 = last << 16 | last,
	};
	int error = nvme_admin_run(ctrl, &command, "Set Features, number of queues", &granted);
	if (error < 0)
		return error;
	/* Submission queues below, completion queues above, both less 1; it may grant more. */
	uint32_t n_sq = (granted & 0xffff) + 1, n_cq = (granted >> 16) + 1;
	uint32_t pairs = n_sq < n_cq ? n_sq : n_cq;
	ctrl->n_io_queues = pairs < wanted ? (uint16_t)pairs : wanted;
	return 0;
}

static int create(struct nvme_ctrl *ctrl, const struct nvme_queue *queue, uint8_t opcode,
		  const struct nvme_dma *memory, uint32_t cdw11, const char *what)
{
	const struct nvme_command command = {
		.opcode = opcode,
		.prp1 = memory->iova,
		.cdw10 = (uint32_t)(queue->n_entries - 1) << 16 | queue->id,
		.cdw11 = NVME_QUEUE_CONTIGUOUS | cdw11,
	};
	return nvme_admin_run(ctrl, &command, what, NULL);
}

static int forget(struct nvme_ctrl *ctrl, const struct nvme_queue *queue, uint8_t opcode,
		  const char *what)
{
	const struct nvme_command command = { .opcode = opcode, .cdw10 = queue->id };
	return nvme_admin_run(ctrl, &command, what, NULL);
}

int nvme_admin_create_queue(struct nvme_ctrl *ctrl, const struct nvme_queue *queue)
{
	/* Completions first: a submission queue names the completion queue that it reports to. */
	uint32_t interrupt = ctrl->interrupts ? NVME_CQ_INTERRUPT(queue->vector) : 0;
	int error = create(ctrl, queue, NVME_ADMIN_CREATE_CQ, &queue->cq_memory, interrupt,
			   "Create I/O Completion Queue");
	if (error < 0)
		return error;
	error = create(ctrl, queue, NVME_ADMIN_CREATE_SQ, &queue->sq_memory,
		       (uint32_t)queue->id << 16, "Create I/O Submission Queue");
	if (error == 0 || ctrl->failed)
		return error;
	/* The caller is going to free the rings, so by then the controller must have let go. */
	if (forget(ctrl, queue, NVME_ADMIN_DELETE_CQ, "Delete I/O Completion Queue") < 0)
		nvme_ctrl_halt(ctrl);
	return error;
}

int nvme_admin_delete_queue(struct nvme_ctrl *ctrl, const struct nvme_queue *queue)
{
	int error = forget(ctrl, queue, NVME_ADMIN_DELETE_SQ, "Delete I/O Submission Queue");
	if (error < 0)
		return error;
	return forget(ctrl, queue, NVME_ADMIN_DELETE_CQ, "Delete I/O Completion Queue");
}
