// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static bool meets(const struct piece *piece, uint64_t iova, uint64_t last)
{
	return piece->iova <= last && piece->last >= iova;
}

static struct piece *find(struct model *model, bool waiting, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < model->n_pieces; i++)
		if (model->pieces[i].waiting == waiting && meets(&model->pieces[i], iova, last))
			return &model->pieces[i];
	return NULL;
}

struct piece *model_meet(struct model *model, uint64_t iova, uint64_t last)
{
	return find(model, false, iova, last);
}

struct piece *model_meet_waiting(struct model *model, uint64_t iova, uint64_t last)
{
	return find(model, true, iova, last);
}

/* The common part of two lists of ranges. */
static size_t intersect(const struct vioc_iova_range *a, size_t n_a,
			const struct vioc_iova_range *b, size_t n_b,
			struct vioc_iova_range ranges[MAX_RANGES])
{
	size_t count = 0;
	for (size_t i = 0; i < n_a; i++) {
		for (size_t j = 0; j < n_b; j++) {
			uint64_t start = a[i].start > b[j].start ? a[i].start : b[j].start;
			uint64_t last = a[i].last < b[j].last ? a[i].last : b[j].last;
			if (start > last)
				continue;
			if (count == MAX_RANGES)
				abort();
			ranges[count++] = (struct vioc_iova_range){ start, last };
		}
	}
	return count;
}

size_t model_usable(const struct model *model, struct vioc_iova_range ranges[MAX_RANGES])
{
	if (model->n_allowed)
		return intersect(model->ranges, model->n_ranges, model->allowed, model->n_allowed,
				 ranges);
	memcpy(ranges, model->ranges, model->n_ranges * sizeof(ranges[0]));
	return model->n_ranges;
}

bool model_is_usable(const struct model *model, uint64_t iova, uint64_t last)
{
	struct vioc_iova_range ranges[MAX_RANGES];
	size_t count = model_usable(model, ranges);
	for (size_t i = 0; i < count; i++)
		if (ranges[i].start <= iova && last <= ranges[i].last)
			return true;
	return false;
}

/* What keeps [iova, last] from being chosen: what is deferred is flushed first, what is released not. */
static const struct piece *meet_taken(const struct model *model, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (meets(piece, iova, last) && (!piece->waiting || model_is_in_use(model, piece)))
			return piece;
	}
	return NULL;
}

/* Whether an aligned range of this length is free anywhere, but for IOVA 0. */
static bool has_room(const struct model *model, uint64_t length)
{
	struct vioc_iova_range ranges[MAX_RANGES];
	size_t count = model_usable(model, ranges);
	for (size_t i = 0; i < count; i++) {
		uint64_t last = ranges[i].last;
		uint64_t iova = ranges[i].start ? ranges[i].start : PAGE;
		if (iova % PAGE)
			iova += PAGE - iova % PAGE;
		while (iova >= ranges[i].start && iova <= last && last - iova >= length - 1) {
			const struct piece *met = meet_taken(model, iova, iova + (length - 1));
			if (!met)
				return true;
			if (met->last == UINT64_MAX)
				break;
			iova = met->last + 1;
		}
	}
	return false;
}

static bool numbers_are_bad(const struct request *request)
{
	uint64_t iova = request->iova == ANY_IOVA ? 0 : request->iova;
	uint64_t va = (uintptr_t)request->va;
	if (!request->length || iova % PAGE || va % PAGE || request->length % PAGE)
		return true;
	return UINT64_MAX - iova < request->length - 1 || UINT64_MAX - va < request->length - 1;
}

/* Whether [iova, last] meets a part that was given up of an extent that is still in use. */
static bool meets_released(const struct model *model, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (piece->waiting && meets(piece, iova, last) && model_is_in_use(model, piece))
			return true;
	}
	return false;
}

struct answer model_check_map(struct model *model, const struct request *request)
{
	if ((request->flags & ~RW) || !(request->flags & RW) || numbers_are_bad(request))
		return (struct answer){ -EINVAL, VIOC_REASON_BAD_ARGUMENT, 0, false };
	if (request->iova == ANY_IOVA) {
		if (has_room(model, request->length))
			return (struct answer){ 0, 0, 0, false };
		return (struct answer){ -ENOSPC, VIOC_REASON_NO_SPACE, 0, false };
	}
	uint64_t last = request->iova + (request->length - 1);
	if (!model_is_usable(model, request->iova, last))
		return (struct answer){ -ERANGE, VIOC_REASON_OUT_OF_RANGE, 0, false };
	bool is_in_extent = meets_released(model, request->iova, last);
	if (model_meet(model, request->iova, last))
		return (struct answer){ -EEXIST, is_in_extent ? 0 : VIOC_REASON_OVERLAP,
					is_in_extent ? -EBUSY : 0, false };
	if (is_in_extent)
		return (struct answer){ -EBUSY, VIOC_REASON_IN_EXTENT, 0, false };
	return (struct answer){ 0, 0, 0, false };
}

void model_map(struct model *model, const struct request *request, uint64_t origin)
{
	size_t i = 0;
	/* What waits here is taken up again or flushed, with all of its extent. */
	for (size_t j = 0; j < model->n_pieces;) {
		const struct piece piece = model->pieces[j++];
		if (meets(&piece, request->iova, request->iova + (request->length - 1))) {
			model_remove(model, piece.extent_start, piece.extent_last);
			j = 0;
		}
	}
	if (model->n_pieces == MAX_PIECES)
		abort();
	while (i < model->n_pieces && model->pieces[i].iova < request->iova)
		i++;
	memmove(&model->pieces[i + 1], &model->pieces[i],
		(model->n_pieces++ - i) * sizeof(model->pieces[0]));
	model->pieces[i] = (struct piece){
		.iova = request->iova,
		.last = request->iova + (request->length - 1),
		.va = request->va,
		.flags = request->flags,
		.bad = request->bad,
		.origin = origin,
		.extent_start = request->iova,
		.extent_last = request->iova + (request->length - 1),
	};
}

/* What the strict policy says of an extent of which this piece is unmapped, with all in [iova, last]. */
static struct answer check_extent(const struct model *model, const struct piece *piece,
				  uint64_t iova, uint64_t last)
{
	struct answer answer = { 0, 0, 0, false };
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *other = &model->pieces[i];
		if (other->extent_start != piece->extent_start ||
		    (other->iova >= iova && other->last <= last))
			continue;
		if (!other->waiting)
			return (struct answer){ -EBUSY, VIOC_REASON_IN_EXTENT, 0, false };
		/* Everything else of it was given up before: the contract leaves it open. */
		answer.or_error = -EBUSY;
	}
	return answer;
}

static bool policy_is_bad(uint64_t policy)
{
	return policy && policy != VIOC_UNMAP_RELEASE && policy != VIOC_UNMAP_SPLIT &&
	       policy != VIOC_UNMAP_DEFER;
}

struct answer model_check_unmap(struct model *model, const struct request *request,
				uint64_t *ret_bytes)
{
	uint64_t iova = request->iova, last = iova + (request->length - 1);
	struct answer answer = { 0, 0, 0, false };
	*ret_bytes = 0;
	if (policy_is_bad(request->flags) || numbers_are_bad(request))
		return (struct answer){ -EINVAL, VIOC_REASON_BAD_ARGUMENT, 0, false };
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (piece->waiting || !meets(piece, iova, last))
			continue;
		if (piece->iova < iova || piece->last > last)
			return (struct answer){ -EINVAL, VIOC_REASON_CUTS_MAPPING, 0, false };
		*ret_bytes += piece_length(piece);
		struct answer strict = check_extent(model, piece, iova, last);
		if (request->flags || answer.error)
			continue;
		if (strict.error)
			answer = strict;
		else if (strict.or_error)
			answer.or_error = strict.or_error;
	}
	return answer;
}

void model_remove(struct model *model, uint64_t iova, uint64_t last)
{
	size_t kept = 0;
	for (size_t i = 0; i < model->n_pieces; i++)
		if (!meets(&model->pieces[i], iova, last))
			model->pieces[kept++] = model->pieces[i];
	model->n_pieces = kept;
}

bool model_is_in_use(const struct model *model, const struct piece *piece)
{
	for (size_t i = 0; i < model->n_pieces; i++)
		if (!model->pieces[i].waiting &&
		    model->pieces[i].extent_start == piece->extent_start)
			return true;
	return false;
}

/* Removes what waits in extents that have nothing live; with a list of those a call has touched. */
static void remove_unused(struct model *model, const bool touched[MAX_PIECES], bool in_use_too)
{
	struct model before = *model;
	model->n_pieces = 0;
	for (size_t i = 0; i < before.n_pieces; i++) {
		const struct piece *piece = &before.pieces[i];
		bool gone = piece->waiting && touched[i] &&
			    (in_use_too || !model_is_in_use(&before, piece));
		if (!gone)
			model->pieces[model->n_pieces++] = *piece;
	}
}

void model_unmap(struct model *model, uint64_t iova, uint64_t last, uint64_t policy, bool attached)
{
	bool touched[MAX_PIECES] = { false };
	for (size_t i = 0; i < model->n_pieces; i++) {
		struct piece *piece = &model->pieces[i];
		if (piece->waiting || piece->iova < iova || piece->last > last)
			continue;
		piece->waiting = true;
		for (size_t j = 0; j < model->n_pieces; j++)
			touched[j] |= model->pieces[j].extent_start == piece->extent_start;
	}
	if (!attached)
		model_flush(model);
	else if (policy != VIOC_UNMAP_DEFER)
		remove_unused(model, touched, policy == VIOC_UNMAP_SPLIT);
}

void model_flush(struct model *model)
{
	size_t kept = 0;
	for (size_t i = 0; i < model->n_pieces; i++)
		if (!model->pieces[i].waiting)
			model->pieces[kept++] = model->pieces[i];
	model->n_pieces = kept;
}

size_t model_count_waiting(const struct model *model)
{
	return model->n_pieces - model_count(model);
}

uint64_t model_contiguous(struct model *model, uint64_t iova, char **ret_va)
{
	const struct piece *piece = model_meet(model, iova, iova);
	if (!piece)
		return 0;
	char *va = piece->va + (iova - piece->iova);
	uint64_t length = piece->last - iova + 1;
	*ret_va = va;
	while (iova + length > iova) {
		piece = model_meet(model, iova + length, iova + length);
		if (!piece || (uintptr_t)piece->va != (uintptr_t)va + length)
			break;
		length += piece_length(piece);
	}
	return length;
}

size_t model_count(const struct model *model)
{
	size_t count = 0;
	for (size_t i = 0; i < model->n_pieces; i++)
		count += !model->pieces[i].waiting;
	return count;
}

uint64_t model_bytes(const struct model *model)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < model->n_pieces; i++)
		if (!model->pieces[i].waiting)
			bytes += piece_length(&model->pieces[i]);
	return bytes;
}
