// SPDX-License-Identifier: MIT
/* The whole state: what the library says, what the kernel holds, what the page table has. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static unsigned int count_devices(const struct test *test)
{
	unsigned int count = 0;
	for (size_t i = 0; i < N_DEVICES; i++)
		count += test->devices[i] != NULL;
	return count;
}

void check_info(struct test *test)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	if (test->shared)
		return;
	if (vioc_ioas_get_info(test->ioas, &info) < 0)
		wrong(test, "get_info failed");
	if (info.n_mappings != model_count(&test->model) ||
	    info.n_bytes != model_bytes(&test->model))
		wrong(test,
		      "get_info: %" PRIu64 " mappings of %" PRIu64
		      " bytes, should be %zu of %" PRIu64,
		      info.n_mappings, info.n_bytes, model_count(&test->model),
		      model_bytes(&test->model));
	if (info.n_devices != count_devices(test) || info.backend != test->world->backend ||
	    info.page_size != PAGE)
		wrong(test, "get_info: %u devices, backend %u, page size %" PRIu64, info.n_devices,
		      info.backend, info.page_size);
}

static void add_mapping(void *arg, const struct fake_mapping *mapping)
{
	struct kernel_view *view = arg;
	if (view->count < MAX_VIEW) {
		struct fake_mapping *seen = &view->mappings[view->count];
		*seen = *mapping;
		if (mapping->of_file)
			seen->va = view->memory + mapping->offset;
	}
	view->count++;
}

bool same_mapping(const struct piece *piece, const struct fake_mapping *mapping)
{
	return piece->iova == mapping->iova && piece->last == mapping->last &&
	       piece->va == mapping->va && !!(piece->flags & VIOC_MAP_READ) == mapping->readable &&
	       !!(piece->flags & VIOC_MAP_WRITE) == mapping->writable;
}

void look_at_kernel(struct test *test, struct kernel_view *view)
{
	view->count = 0;
	view->memory = test->world->memory;
	fake_for_each_mapping(test->world->fake, add_mapping, view);
	if (view->count > MAX_VIEW)
		wrong(test, "the kernel has %zu mappings", view->count);
}

static void expect_fact(struct test *test, const struct vioc_diag *diag, const char *key,
			uint64_t value)
{
	const char *fact = vioc_diag_get_fact(diag, key);
	if (!fact || strtoull(fact, NULL, 0) != value)
		wrong(test, "%s is %s, should be 0x%" PRIx64, key, fact ? fact : "not there",
		      value);
}

/* Tries to map over a piece: the refusal names it. */
static void probe_piece(struct test *test, const struct piece *piece)
{
	struct vioc_diag *diag;
	uint64_t page = below(test, piece_length(piece) / PAGE);
	int error = vioc_ioas_map_fixed(test->ioas, piece->iova + page * PAGE, test->world->memory,
					PAGE, RW);
	if (error != -EEXIST)
		wrong(test, "map over 0x%" PRIx64 " returned %d", piece->iova, error);
	if (vioc_ctx_get_diag(test->world->ctx, &diag) < 0)
		wrong(test, "no diag");
	expect_fact(test, diag, "conflict-start", piece->iova);
	expect_fact(test, diag, "conflict-last", piece->last);
	vioc_diag_unref(diag);
}

static void probe_hole(struct test *test, uint64_t iova, uint64_t last)
{
	uint64_t bytes = 77;
	/* All 2^64 bytes can't be said in one length. */
	if (last - iova == UINT64_MAX)
		last -= PAGE;
	int error = vioc_ioas_unmap(test->ioas, iova, last - iova + 1, 0, &bytes);
	if (error || bytes)
		wrong(test, "unmap of the hole at 0x%" PRIx64 " returned %d and removed %" PRIu64,
		      iova, error, bytes);
}

void check_all(struct test *test)
{
	const struct model *model = &test->model;
	/* Other threads' mappings are no holes. */
	uint64_t hole = 0;
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (piece->waiting)
			continue;
		probe_piece(test, piece);
		if (!test->shared && piece->iova > hole)
			probe_hole(test, hole, piece->iova - 1);
		hole = piece->last + 1;
	}
	if (!test->shared && (hole || !model->n_pieces))
		probe_hole(test, hole, UINT64_MAX);
}
