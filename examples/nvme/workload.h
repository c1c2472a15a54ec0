/* SPDX-License-Identifier: MIT */
/*
 * Reads or writes of one size, in order or at random, by one thread per queue pair, each in a part of
 * the range of its own.
 */
#ifndef NVME_WORKLOAD_H
#define NVME_WORKLOAD_H

#include "controller.h"
#include "histogram.h"
#include "identify.h"

#define WORKLOAD_QUEUES_MAX 32
#define WORKLOAD_DEPTH_MAX  256

struct workload {
	bool write;
	bool random;
	bool sgl;
	/*
	 * First writes all of the range, with content that tells what was written where and in which
	 * round; then checks what each read brings; reads and checks everything at the end.
	 */
	bool verify;
	uint16_t n_queues;
	uint16_t depth;
	uint32_t op_bytes; /* a multiple of the block size */
	uint64_t n_bytes;  /* the range, from block 0 on; 0: the whole namespace */
	uint64_t ms;
};

struct workload_result {
	double seconds;
	uint64_t n_ops;
	uint64_t n_checked;	  /* reads whose content was compared */
	struct histogram latency; /* in ns, from submission to the look that found it done */
};

/* 0, or -errno after a message; then the result is untouched. */
int workload_run(struct nvme_ctrl *ctrl, const struct nvme_namespace *namespace,
		 const struct workload *workload, struct workload_result *ret_result);

#endif
