// SPDX-License-Identifier: MIT
/* Random requests: mostly sensible, often next to each other, now and then absurd. */
#include <inttypes.h>

#include "test.h"

static const uint64_t bad_flags[] = { 0, 4, 8, 16, UINT64_C(1) << 63 };

#define N_BAD_FLAGS (sizeof(bad_flags) / sizeof(bad_flags[0]))

/* Spoils one number; some of these are still right, the model knows. */
static void spoil(struct test *test, struct request *request)
{
	/* The last ones reach far: into what other threads have. */
	switch (below(test, test->shared ? 6 : 9)) {
	case 0:
		request->length = 0;
		break;
	case 1:
		request->length += 1 + below(test, PAGE - 1);
		break;
	case 2:
		request->iova += 1 + below(test, PAGE - 1);
		break;
	case 3:
		request->va = (char *)((uintptr_t)request->va + 1 + below(test, PAGE - 1));
		break;
	case 4:
		request->flags = bad_flags[below(test, N_BAD_FLAGS)];
		break;
	case 5:
		request->flags |= bad_flags[below(test, N_BAD_FLAGS)];
		break;
	case 6:
		request->length = ~(PAGE - 1) - below(test, 8) * PAGE;
		break;
	case 7:
		request->iova = ~(PAGE - 1) - below(test, 8) * PAGE;
		break;
	default:
		/* Nearly everything: too long for any device, and not wrapping. */
		request->va = (char *)(uintptr_t)PAGE;
		request->length = ~(PAGE - 1) - (1 + below(test, 4)) * PAGE;
		request->bad = true;
		break;
	}
}

static uint64_t draw_pages(struct test *test)
{
	if (once_in(test, 12))
		return 1 + below(test, PLACE_PAGES);
	return 1 + below(test, 6);
}

static uint64_t draw_iova(struct test *test)
{
	const struct world *world = test->world;
	/* The end of the 64-bit space can be mapped only now. */
	if (!test->shared && !is_attached(test) && once_in(test, 4))
		return world->places[TOP_PLACE] + below(test, PLACE_PAGES) * PAGE;
	/* Half of all in one place, so that they meet. */
	size_t place = once_in(test, 2) ? 0 : (size_t)below(test, world->n_places);
	uint64_t start = test->shared ? test->slice : world->places[place];
	return start + below(test, PLACE_PAGES) * PAGE;
}

/* The same memory often, and memory that goes on where the IOVA's neighbour's ends. */
static char *draw_memory(struct test *test, const struct request *request)
{
	uint64_t pages = request->length / PAGE;
	uint64_t page = once_in(test, 2) ? request->iova / PAGE : below(test, 64);
	return test->world->memory + page % (MEMORY_PAGES - pages) * PAGE;
}

static uint64_t draw_flags(struct test *test)
{
	static const uint64_t flags[] = { RW, RW, RW, RW, RW, VIOC_MAP_READ, VIOC_MAP_WRITE };
	return flags[below(test, sizeof(flags) / sizeof(flags[0]))];
}

void draw_map(struct test *test, struct request *request)
{
	*request = (struct request){
		.iova = draw_iova(test),
		.length = draw_pages(test) * PAGE,
		.flags = draw_flags(test),
	};
	/* Long enough for a large page. */
	if (!test->shared && once_in(test, 200))
		request->length = (512 + below(test, 512)) * PAGE;
	request->va = draw_memory(test, request);
	if (!test->shared && once_in(test, 100)) {
		request->va = test->world->gone;
		request->length = PAGE;
		request->bad = true;
	}
	if (once_in(test, 40))
		spoil(test, request);
}

/* From the start of one mapping to the end of it or of a later one. */
static void draw_run(struct test *test, struct request *request)
{
	const struct model *model = &test->model;
	size_t first = (size_t)below(test, model->n_pieces), last = first;
	if (once_in(test, 2))
		last += (size_t)below(test, 6);
	if (last >= model->n_pieces)
		last = model->n_pieces - 1;
	request->iova = model->pieces[first].iova;
	request->length = model->pieces[last].last - request->iova + 1;
}

/* A run whose ends are moved by some pages: cuts, and holes at the ends. */
static void draw_ragged_run(struct test *test, struct request *request)
{
	draw_run(test, request);
	request->iova += (below(test, 5) - 2) * PAGE;
	request->length += (below(test, 7) - 3) * PAGE;
}

uint64_t draw_policy(struct test *test)
{
	static const uint64_t policies[] = { 0, VIOC_UNMAP_RELEASE, VIOC_UNMAP_SPLIT,
					     VIOC_UNMAP_DEFER };
	return policies[below(test, 4)];
}

static bool is_in_slice(const struct test *test, const struct request *request)
{
	uint64_t offset = request->iova - test->slice;
	return offset < SLICE_LENGTH && request->length <= SLICE_LENGTH - offset;
}

static void draw_any_unmap(struct test *test, struct request *request)
{
	uint64_t shape = below(test, 8);
	*request = (struct request){ 0 };
	if (shape < 4 && test->model.n_pieces) {
		draw_run(test, request);
	} else if (shape < 6 && test->model.n_pieces) {
		draw_ragged_run(test, request);
	} else {
		request->iova = draw_iova(test);
		request->length = draw_pages(test) * PAGE;
	}
}

void draw_unmap(struct test *test, struct request *request)
{
	draw_any_unmap(test, request);
	if (test->shared && !is_in_slice(test, request)) {
		request->iova = test->slice;
		request->length = PAGE * (1 + below(test, PLACE_PAGES));
	}
	request->flags = draw_policy(test);
	if (!once_in(test, 40))
		return;
	spoil(test, request);
	request->va = NULL;
}

void note_request(struct test *test, const char *verb, const struct request *request)
{
	note(test, "%s", verb);
	if (request->iova != ANY_IOVA)
		note(test, " 0x%" PRIx64, request->iova);
	note(test, " length 0x%" PRIx64, request->length);
	if (request->va)
		note(test, " va memory%+" PRId64,
		     (int64_t)((uintptr_t)request->va - (uintptr_t)test->world->memory));
	if (request->flags)
		note(test, " flags 0x%" PRIx64, request->flags);
}
