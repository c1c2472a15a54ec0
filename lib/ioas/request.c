// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>

#include "core/explain.h"
#include "ioas/request.h"

static struct vioci_diag_draft draft_for(const struct vioci_request *request, int error,
					 uint32_t reason)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, reason);
	vioci_diag_tried(&draft, "%s", request->verb);
	if (request->everything)
		return draft;
	vioci_diag_tried(&draft, " %" PRIu64 " bytes", request->length);
	vioci_diag_fact(&draft, "length", "%" PRIu64, request->length);
	if (request->any_iova)
		return draft;
	vioci_diag_tried(&draft, " at IOVA 0x%" PRIx64, request->iova);
	vioci_diag_fact(&draft, "iova", "0x%" PRIx64, request->iova);
	return draft;
}

int vioci_refuse_argument(struct vioc_ioas *ioas, const struct vioci_request *request,
			  const char *obstacle)
{
	struct vioci_diag_draft draft = draft_for(request, -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	vioci_diag_obstacle(&draft, "%s", obstacle);
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

int vioci_refuse_conflict(struct vioc_ioas *ioas, const struct vioci_request *request, int error,
			  uint32_t reason, const struct vioci_record *record)
{
	struct vioci_diag_draft draft = draft_for(request, error, reason);
	vioci_diag_obstacle(&draft, "%s the mapping 0x%" PRIx64 " to 0x%" PRIx64,
			    reason == VIOC_REASON_OVERLAP ? "the range meets" : "that would cut",
			    record->iova, record->last);
	vioci_diag_fact(&draft, "conflict-start", "0x%" PRIx64, record->iova);
	vioci_diag_fact(&draft, "conflict-last", "0x%" PRIx64, record->last);
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

int vioci_refuse_extent(struct vioc_ioas *ioas, const struct vioci_request *request,
			const struct vioci_record *extent)
{
	struct vioci_diag_draft draft = draft_for(request, -EBUSY, VIOC_REASON_IN_EXTENT);
	vioci_diag_obstacle(&draft,
			    "a part of the range belongs to the merged extent 0x%" PRIx64
			    " to 0x%" PRIx64,
			    extent->iova, extent->last);
	vioci_diag_advice(&draft, "unmap all of it, or say what is to become of the rest: "
				  "VIOC_UNMAP_RELEASE, VIOC_UNMAP_SPLIT or vioc_ioas_flush()");
	vioci_diag_fact(&draft, "extent-start", "0x%" PRIx64, extent->iova);
	vioci_diag_fact(&draft, "extent-last", "0x%" PRIx64, extent->last);
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

int vioci_refuse_lost(struct vioc_ioas *ioas, const struct vioci_request *request, uint64_t iova,
		      uint64_t last)
{
	struct vioci_diag_draft draft = draft_for(request, -EIO, VIOC_REASON_KERNEL);
	vioci_diag_obstacle(&draft,
			    "the kernel refused to map the rest of an extent again: 0x%" PRIx64
			    " to 0x%" PRIx64 " is unmapped",
			    iova, last);
	vioci_diag_advice(&draft, "map it anew");
	vioci_diag_fact(&draft, "lost-start", "0x%" PRIx64, iova);
	vioci_diag_fact(&draft, "lost-last", "0x%" PRIx64, last);
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

int vioci_refuse_range(struct vioc_ioas *ioas, const struct vioci_request *request)
{
	struct vioci_diag_draft draft = draft_for(request, -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	vioci_diag_obstacle(&draft, "the range is not inside one usable range of the ioas");
	vioci_diag_advice(&draft, "see vioc_ioas_get_ranges(), or let vioc_ioas_map() choose");
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

int vioci_refuse_space(struct vioc_ioas *ioas, const struct vioci_request *request)
{
	struct vioci_diag_draft draft = draft_for(request, -ENOSPC, VIOC_REASON_NO_SPACE);
	vioci_diag_obstacle(&draft, "no free IOVA range of that length is left");
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

/* That in use. Of one whose devices have gone meanwhile, the best one. */
static uint32_t memlock_mode_of(struct vioc_ioas *ioas)
{
	pthread_mutex_lock(&ioas->lock);
	const struct vioci_kioas *kioas = ioas->kioas;
	uint32_t mode =
		kioas ? kioas->memlock_mode : ioas->container->backends[0]->ops->memlock_mode;
	pthread_mutex_unlock(&ioas->lock);
	return mode;
}

static void explain_device(struct vioci_diag_draft *draft, int error)
{
	if (error == -EIO) {
		vioci_diag_obstacle(draft, "the device's memory can't be reached");
		vioci_diag_advice(draft, "see that it is awake and its memory space on");
		return;
	}
	draft->reason = VIOC_REASON_UNSUPPORTED;
	vioci_diag_obstacle(draft, "the kernel maps no memory of devices this way");
	vioci_diag_advice(draft, "use the legacy backend, or iommufd with Linux 6.19 or later; "
				 "else move the data through memory");
}

int vioci_refuse_map(struct vioc_ioas *ioas, const struct vioci_request *request, int error)
{
	bool of_device = request->file && request->file->device;
	if (of_device && (error == -EIO || error == -EOPNOTSUPP)) {
		struct vioci_diag_draft draft = draft_for(request, error, VIOC_REASON_KERNEL);
		explain_device(&draft, error);
		return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
	}
	struct vioci_diag_draft draft = draft_for(request, error, VIOC_REASON_KERNEL);
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	vioci_explain_map(ctx, &draft, memlock_mode_of(ioas), request->va, request->length, error);
	return vioci_ctx_leave(ctx, &draft);
}

int vioci_refuse_unmap(struct vioc_ioas *ioas, const struct vioci_request *request, int error)
{
	bool out_of_step = error == -EIO;
	struct vioci_diag_draft draft = draft_for(
		request, error, out_of_step ? VIOC_REASON_OUT_OF_STEP : VIOC_REASON_KERNEL);
	if (out_of_step)
		vioci_diag_obstacle(&draft, "the kernel had less mapped there than the library: "
					    "somebody else uses its file descriptor");
	else
		vioci_diag_obstacle(&draft, "the kernel refused");
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

const char *vioci_request_mistake(const struct vioc_ioas *ioas, const struct vioci_request *request)
{
	uint64_t mask = ioas->limits.page_size - 1;
	if (!request->length)
		return "the length is 0";
	/* The offset is 0 but of files. */
	if ((request->iova | request->length | (uintptr_t)request->va | request->offset) & mask)
		return "address or length is not a multiple of the page size";
	if (request->iova + (request->length - 1) < request->iova)
		return "the IOVA range wraps around the end of the address space";
	if ((uintptr_t)request->va + (request->length - 1) < (uintptr_t)request->va)
		return "the memory range wraps around the end of the address space";
	return NULL;
}
