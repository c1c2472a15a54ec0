// SPDX-License-Identifier: MIT
/*
 * What the library walks over and what the kernel holds, against the model. Which mappings share an
 * extent, and what of the unmapped ones still waits, is the library's to choose within the contract:
 * the model checks that it may and takes it over.
 */
#include <inttypes.h>

#include <libvioc/stats.h>

#include "test.h"

struct walk_view {
	struct vioc_mapping mappings[MAX_PIECES];
	size_t count;
};

static int add_walked(void *arg, const struct vioc_mapping *mapping)
{
	struct walk_view *view = arg;
	if (view->count == MAX_PIECES)
		return 1;
	view->mappings[view->count++] = *mapping;
	return 0;
}

static void take_walked(struct test *test, struct piece *piece, const struct vioc_mapping *mapping)
{
	if (mapping->iova != piece->iova || mapping->length != piece_length(piece) ||
	    mapping->va != piece->va || mapping->flags != piece->flags)
		wrong(test, "the walk has 0x%" PRIx64 ", should be 0x%" PRIx64, mapping->iova,
		      piece->iova);
	piece->extent_start = mapping->extent_iova;
	piece->extent_last = mapping->extent_iova + (mapping->extent_length - 1);
}

/* The live pieces among these must be all that was walked over. */
static void take_walk(struct test *test, uint64_t start, uint64_t last)
{
	struct model *model = &test->model;
	struct walk_view view;
	size_t next = 0;
	view.count = 0;
	int result = vioc_ioas_walk(test->ioas, start, last, add_walked, &view);
	if (result)
		wrong(test, "walk returned %d", result);
	for (size_t i = 0; i < model->n_pieces; i++) {
		struct piece *piece = &model->pieces[i];
		if (piece->waiting || piece->iova < start || piece->iova > last)
			continue;
		if (next == view.count)
			wrong(test, "the walk lacks 0x%" PRIx64, piece->iova);
		take_walked(test, piece, &view.mappings[next++]);
	}
	if (next != view.count)
		wrong(test, "the walk has 0x%" PRIx64, view.mappings[next].iova);
}

/* Whether the extent in which a piece waited has become another one: then it waits no more. */
static bool was_split(const struct model *model, const struct piece *waiting)
{
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (!piece->waiting && piece->iova >= waiting->extent_start &&
		    piece->last <= waiting->extent_last &&
		    (piece->extent_start != waiting->extent_start ||
		     piece->extent_last != waiting->extent_last))
			return true;
	}
	return false;
}

static bool is_in_kernel(const struct kernel_view *view, const struct piece *piece)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->mappings[i].iova == piece->extent_start &&
		    view->mappings[i].last == piece->extent_last)
			return true;
	return false;
}

static void drop_flushed(struct test *test, const struct kernel_view *view)
{
	struct model *model = &test->model;
	bool gone[MAX_PIECES];
	size_t kept = 0;
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		gone[i] = piece->waiting &&
			  (was_split(model, piece) || (view && !is_in_kernel(view, piece)));
	}
	for (size_t i = 0; i < model->n_pieces; i++)
		if (!gone[i])
			model->pieces[kept++] = model->pieces[i];
	model->n_pieces = kept;
}

/* An extent is made of pieces that one call made, side by side in IOVA and memory, alike. */
static void check_extent(struct test *test, size_t index)
{
	const struct model *model = &test->model;
	const struct piece *first = &model->pieces[index];
	uint64_t iova = first->extent_start;
	for (size_t i = 0; i < model->n_pieces && iova <= first->extent_last; i++) {
		const struct piece *piece = &model->pieces[i];
		if (piece->iova != iova)
			continue;
		if (piece->origin != first->origin || piece->flags != first->flags ||
		    (uintptr_t)piece->va - piece->iova != (uintptr_t)first->va - first->iova)
			wrong(test, "0x%" PRIx64 " and 0x%" PRIx64 " may not share an extent",
			      first->iova, iova);
		if (piece->last >= first->extent_last)
			return;
		iova = piece->last + 1;
	}
	wrong(test, "the extent 0x%" PRIx64 " has 0x%" PRIx64 ", which nobody mapped",
	      first->extent_start, iova);
}

static void check_kernel_mapping(struct test *test, const struct fake_mapping *mapping)
{
	const struct model *model = &test->model;
	for (size_t i = 0; i < model->n_pieces; i++) {
		struct piece whole = model->pieces[i];
		if (whole.iova != mapping->iova || whole.extent_start != mapping->iova ||
		    whole.extent_last != mapping->last)
			continue;
		whole.last = whole.extent_last;
		if (!same_mapping(&whole, mapping))
			break;
		return;
	}
	wrong(test, "the kernel has 0x%" PRIx64 " to 0x%" PRIx64, mapping->iova, mapping->last);
}

static void check_view(struct test *test, const struct kernel_view *view)
{
	const struct model *model = &test->model;
	for (size_t i = 0; i < view->count; i++)
		check_kernel_mapping(test, &view->mappings[i]);
	for (size_t i = 0; i < model->n_pieces; i++)
		if (is_attached(test) && !is_in_kernel(view, &model->pieces[i]))
			wrong(test, "the kernel lacks 0x%" PRIx64, model->pieces[i].extent_start);
}

void check_kernel(struct test *test)
{
	static struct kernel_view view;
	if (test->shared) {
		take_walk(test, test->slice, test->slice + (SLICE_LENGTH - 1));
		return;
	}
	take_walk(test, 0, UINT64_MAX);
	if (!is_attached(test))
		model_flush(&test->model);
	if (test->world->fake)
		look_at_kernel(test, &view);
	drop_flushed(test, test->world->fake ? &view : NULL);
	for (size_t i = 0; i < test->model.n_pieces; i++)
		if (!test->model.pieces[i].waiting)
			check_extent(test, i);
	if (test->world->fake)
		check_view(test, &view);
}
