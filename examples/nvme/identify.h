/* SPDX-License-Identifier: MIT */
/* What the controller says of itself and of its namespaces. */
#ifndef NVME_IDENTIFY_H
#define NVME_IDENTIFY_H

#include "controller.h"

struct nvme_namespace {
	uint32_t id;
	uint64_t n_blocks;
	uint32_t block_size;	 /* bytes of data */
	uint32_t metadata_bytes; /* that go with each block */
};

/* Fills the part of *ctrl that comes from Identify. */
int nvme_identify_controller(struct nvme_ctrl *ctrl);

/*
 * The ids of active namespaces above `after`, ascending: the first 1024 of them. Returns how many.
 * Ask again with the last one for more.
 */
int nvme_identify_list(struct nvme_ctrl *ctrl, uint32_t after,
		       uint32_t ret_ids[NVME_NAMESPACE_LIST_MAX]);

/* -ENXIO: not active. */
int nvme_identify_namespace(struct nvme_ctrl *ctrl, uint32_t id,
			    struct nvme_namespace *ret_namespace);

#endif
