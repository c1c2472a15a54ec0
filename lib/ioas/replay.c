// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>

#include "ioas/kernel.h"
#include "ioas/replay.h"

/* The start of a diag: which mapping is in the device's way. */
static struct vioci_diag_draft conflict_draft(const struct vioci_identity *identity,
					      const struct vioci_record *record)
{
	struct vioci_diag_draft draft = vioci_diag_draft(-EADDRINUSE, VIOC_REASON_ADDRESS_CONFLICT);
	vioci_diag_tried(&draft, "open device %s", identity->name);
	vioci_diag_obstacle(&draft, "the mapping 0x%" PRIx64 " to 0x%" PRIx64, record->iova,
			    record->last);
	vioci_diag_advice(&draft, "unmap it and map elsewhere, or open the device before mapping");
	vioci_diag_fact(&draft, "device", "%s", identity->name);
	vioci_diag_fact(&draft, "iova", "0x%" PRIx64, record->iova);
	vioci_diag_fact(&draft, "length", "%" PRIu64, vioci_record_length(record));
	return draft;
}

struct reserved_check {
	struct vioc_ioas *ioas;
	const struct vioci_identity *identity;
};

static int check_reserved_region(void *arg, const struct vioci_reserved_region *region)
{
	struct reserved_check *check = arg;
	struct vioci_record record;
	if (region->relaxable ||
	    !vioci_maps_meet(&check->ioas->maps, region->start, region->last, &record))
		return 0;
	record = vioci_record_mapping(&record, region->start);
	struct vioci_diag_draft draft = conflict_draft(check->identity, &record);
	vioci_diag_obstacle(&draft,
			    " meets the %s region 0x%" PRIx64 " to 0x%" PRIx64
			    " that the device reserves",
			    region->kind, region->start, region->last);
	vioci_diag_fact(&draft, "conflict-start", "0x%" PRIx64, region->start);
	vioci_diag_fact(&draft, "conflict-last", "0x%" PRIx64, region->last);
	vioci_diag_fact(&draft, "conflict-kind", "%s", region->kind);
	return vioci_ctx_leave(vioci_ioas_ctx(check->ioas), &draft);
}

int vioci_check_reserved(struct vioc_ioas *ioas, const struct vioci_identity *identity)
{
	struct reserved_check check = { .ioas = ioas, .identity = identity };
	int error = vioci_group_list_reserved(&vioci_ioas_ctx(ioas)->sys, identity->group,
					      check_reserved_region, &check);
	/* Without the list, the kernel's own check remains. */
	return error == -EADDRINUSE ? error : 0;
}

static int refuse_limits(struct vioc_ioas *ioas, const struct vioci_identity *identity,
			 const struct vioci_record *record, const struct vioci_limits *limits,
			 bool aligned)
{
	struct vioci_diag_draft draft = conflict_draft(identity, record);
	if (aligned)
		vioci_diag_obstacle(&draft,
				    " is outside the addresses that the device and its IOMMU "
				    "can translate");
	else
		vioci_diag_obstacle(&draft, " is not aligned to its IOMMU's page size, %" PRIu64,
				    limits->page_size);
	return vioci_ctx_leave(vioci_ioas_ctx(ioas), &draft);
}

static bool is_outside(const struct vioci_limits *limits, const struct vioci_record *record,
		       bool *ret_aligned)
{
	uint64_t mask = limits->page_size - 1;
	*ret_aligned = !((record->iova | (record->last + 1) | record->va) & mask);
	return !*ret_aligned || !vioci_limits_allow(limits, record->iova, record->last);
}

/* Of a record that is outside, the first mapping that is. */
static struct vioci_record find_culprit(const struct vioci_limits *limits,
					const struct vioci_record *record, bool *ret_aligned)
{
	struct vioci_record mapping = vioci_record_mapping(record, record->iova);
	while (!is_outside(limits, &mapping, ret_aligned) && mapping.last < record->last)
		mapping = vioci_record_mapping(record, mapping.last + 1);
	return mapping;
}

bool vioci_find_outside(const struct vioc_ioas *ioas, const struct vioci_limits *limits,
			bool waiting, struct vioci_record *ret_record, bool *ret_aligned)
{
	struct vioci_cursor cursor;
	struct vioci_record record;
	bool found = vioci_maps_seek(&ioas->maps, 0, &cursor, &record);

	for (; found; found = vioci_maps_next(&ioas->maps, &cursor, &record)) {
		if ((!waiting && !vioci_record_is_live(&record)) ||
		    !is_outside(limits, &record, ret_aligned))
			continue;
		*ret_record = find_culprit(limits, &record, ret_aligned);
		return true;
	}
	return false;
}

int vioci_check_limits(struct vioc_ioas *ioas, const struct vioci_identity *identity,
		       const struct vioci_limits *limits)
{
	struct vioci_record record;
	bool aligned;
	if (!vioci_find_outside(ioas, limits, true, &record, &aligned))
		return 0;
	return refuse_limits(ioas, identity, &record, limits, aligned);
}

static int refuse_replay(struct vioci_kioas *kioas, const struct vioci_identity *identity,
			 const struct vioci_record *record, int error)
{
	struct vioc_ctx *ctx = kioas->backend->ctx;
	uint64_t length = vioci_record_length(record);
	struct vioci_diag_draft draft = vioci_attach_draft(kioas, identity, error, 0);
	vioci_diag_obstacle(&draft,
			    "the mapping 0x%" PRIx64 " to 0x%" PRIx64
			    " of its ioas can't be put in force: ",
			    record->iova, record->last);
	vioci_diag_fact(&draft, "iova", "0x%" PRIx64, record->iova);
	vioci_diag_fact(&draft, "length", "%" PRIu64, length);
	vioci_explain_map(ctx, &draft, kioas->memlock_mode, (const void *)(uintptr_t)record->va,
			  length, error);
	return vioci_ctx_leave(ctx, &draft);
}

/* 1: by its file. Nobody else changes the maps meanwhile. */
static int replay_extent(struct vioc_ioas *ioas, struct vioci_kioas *kioas,
			 const struct vioci_record *extent)
{
	if (extent->meta & VIOCI_FILE) {
		struct vioci_file_part part = vioci_files_at(&ioas->maps, extent->iova);
		return vioci_map_file(kioas, extent, &part);
	}
	return kioas->backend->ops->map(kioas, extent->iova, (const void *)(uintptr_t)extent->va,
					vioci_record_length(extent), extent->meta & VIOCI_PROT);
}

int vioci_replay(struct vioc_ioas *ioas, struct vioci_kioas *kioas,
		 const struct vioci_identity *identity)
{
	struct vioci_cursor cursor;
	struct vioci_record next;
	uint64_t n_calls = 0, n_by_file = 0;
	int error = 0;
	bool found = vioci_maps_seek(&ioas->maps, 0, &cursor, &next);

	while (found && error == 0) {
		struct vioci_record extent = next;
		while ((found = vioci_maps_next(&ioas->maps, &cursor, &next)) &&
		       (next.meta & VIOCI_JOINED))
			extent.last = next.last;
		n_calls++;
		int result = replay_extent(ioas, kioas, &extent);
		n_by_file += result > 0;
		if (result < 0)
			error = refuse_replay(kioas, identity, &extent, result);
	}
	pthread_mutex_lock(&ioas->lock);
	ioas->calls.n_map += n_calls;
	ioas->calls.n_map_by_file += n_by_file;
	pthread_mutex_unlock(&ioas->lock);
	return error;
}
