/* SPDX-License-Identifier: MIT */
/* Reads a range of blocks, several commands at a time, and writes it out in order. */
#ifndef NVME_READ_COPY_H
#define NVME_READ_COPY_H

#include "controller.h"
#include "identify.h"

struct copy_range {
	uint64_t lba;
	uint64_t n_blocks;
};

struct copy_result {
	uint64_t bytes;
	double seconds;
};

/*
 * fd -1: reads only. out_name is for messages.
 * The first error ends it; then *ret_result is untouched, and out holds what came before.
 */
int copy_run(struct nvme_ctrl *ctrl, const struct nvme_namespace *namespace,
	     const struct copy_range *range, int fd, const char *out_name,
	     struct copy_result *ret_result);

#endif
