/* SPDX-License-Identifier: MIT */
/* What the program tells of its work, for people or as one line of JSON. */
#ifndef NVME_READ_REPORT_H
#define NVME_READ_REPORT_H

#include <stdio.h>

#include "copy.h"

struct report {
	FILE *stream;
	bool json;
};

void report_copy(const struct report *report, const struct nvme_ctrl *ctrl,
		 const struct nvme_namespace *namespace, const struct copy_range *range,
		 const struct copy_result *result);

/* The controller, then each namespace, then the end. */
void report_controller(const struct report *report, const struct nvme_ctrl *ctrl);
void report_namespace(const struct report *report, const struct nvme_namespace *namespace,
		      bool is_first);
void report_end(const struct report *report);

#endif
