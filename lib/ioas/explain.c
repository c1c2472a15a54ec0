// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>

#include "core/explain.h"
#include "ioas/ioas.h"

void vioci_explain_map(struct vioc_ctx *ctx, struct vioci_diag_draft *draft, uint32_t memlock_mode,
		       const void *va, uint64_t length, int error)
{
	switch (error) {
	case -ENOMEM:
		vioci_explain_memlock(ctx, draft, memlock_mode, length);
		return;
	case -EFAULT:
		draft->reason = VIOC_REASON_BAD_MEMORY;
		vioci_diag_obstacle(draft,
				    "the memory at %p is not mapped in this process for %" PRIu64
				    " bytes with that access, or is no ordinary memory",
				    va, length);
		return;
	case -ENOSPC:
		draft->reason = VIOC_REASON_NO_SPACE;
		vioci_diag_obstacle(draft, "the kernel's limit of mappings is reached");
		vioci_diag_advice(draft, "map fewer, larger ranges, or raise the module parameter "
					 "dma_entry_limit of vfio_iommu_type1");
		return;
	case -EEXIST:
		draft->reason = VIOC_REASON_OUT_OF_STEP;
		vioci_diag_obstacle(draft, "the kernel has a mapping there that the library didn't "
					   "make: somebody else uses its file descriptor");
		return;
	default:
		draft->reason = VIOC_REASON_KERNEL;
		vioci_diag_obstacle(draft, "the kernel refused");
	}
}
