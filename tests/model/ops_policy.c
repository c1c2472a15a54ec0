// SPDX-License-Identifier: MIT
/* Flush, lookups, the allowed list, and the counters. */
#include <errno.h>
#include <inttypes.h>

#include <libvioc/stats.h>

#include "test.h"

static void flush(struct test *test)
{
	note(test, "flush");
	expect(test, "flush", vioc_ioas_flush(test->ioas), (struct answer){ 0, 0, 0, false });
	model_flush(&test->model);
}

static uint64_t draw_address(struct test *test)
{
	const struct model *model = &test->model;
	if (!model->n_pieces || once_in(test, 4))
		return (test->shared ? test->slice : test->world->places[0]) +
		       below(test, PLACE_PAGES * PAGE);
	const struct piece *piece = &model->pieces[below(test, model->n_pieces)];
	return piece->iova + below(test, piece_length(piece));
}

static uint64_t draw_wanted(struct test *test)
{
	return once_in(test, 2) ? UINT64_MAX : 1 + below(test, 16 * PAGE);
}

static void look_up_va(struct test *test)
{
	uint64_t iova = draw_address(test), wanted = draw_wanted(test), length = 77;
	char *should_be = NULL;
	void *va = NULL;
	uint64_t contiguous = model_contiguous(&test->model, iova, &should_be);
	if (contiguous > wanted)
		contiguous = wanted;
	int error = vioc_ioas_get_va(test->ioas, iova, wanted, &va, &length);
	note(test, "get_va 0x%" PRIx64 " = %d, length 0x%" PRIx64, iova, error, length);
	if (error != (contiguous ? 0 : -ENOENT))
		wrong(test, "get_va returned %d", error);
	/* Behind it another thread may have gone on, by chance. */
	bool is_long = test->shared && length > contiguous && length <= wanted;
	if (error == 0 && (va != should_be || (length != contiguous && !is_long)))
		wrong(test, "get_va: %p for 0x%" PRIx64 ", should be %p for 0x%" PRIx64, va, length,
		      (void *)should_be, contiguous);
}

static bool is_mapped_at_all(const struct model *model, const char *va)
{
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (!piece->waiting && (uintptr_t)va - (uintptr_t)piece->va < piece_length(piece))
			return true;
	}
	return false;
}

static void look_up_iova(struct test *test)
{
	char *va = test->world->memory + below(test, 256 * PAGE), *behind = NULL;
	uint64_t iova = 77, wanted = draw_wanted(test), length = 77;
	int error = vioc_ioas_get_iova(test->ioas, va, wanted, &iova, &length);
	bool is_mapped = is_mapped_at_all(&test->model, va);
	note(test, "get_iova = %d, 0x%" PRIx64 ", length 0x%" PRIx64, error, iova, length);
	/* Others may have mapped it. */
	if (test->shared && (error == 0 || !is_mapped))
		return;
	if (error != (is_mapped ? 0 : -ENOENT))
		wrong(test, "get_iova returned %d", error);
	if (error < 0)
		return;
	uint64_t contiguous = model_contiguous(&test->model, iova, &behind);
	if (behind != va || length != (contiguous > wanted ? wanted : contiguous))
		wrong(test, "get_iova: 0x%" PRIx64 " for 0x%" PRIx64, iova, length);
}

static bool lies_within(const struct piece *piece, const struct vioc_iova_range *ranges,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].start <= piece->iova && piece->last <= ranges[i].last)
			return true;
	return false;
}

/* Ascending ranges with gaps between: from one random address to another. */
static size_t draw_allowed(struct test *test, struct vioc_iova_range ranges[3])
{
	size_t count = once_in(test, 2) ? 0 : 1 + (size_t)below(test, 3);
	uint64_t start = below(test, 4) * PAGE;
	for (size_t i = 0; i < count; i++) {
		uint64_t last = start + (UINT64_C(1) << (12 + below(test, 50))) - 1;
		ranges[i] = (struct vioc_iova_range){ start, last };
		start = last + 1 + (1 + below(test, 64)) * PAGE;
	}
	return count;
}

static void set_allowed(struct test *test)
{
	struct vioc_iova_range ranges[3], given[3];
	struct model *model = &test->model;
	struct answer answer = { 0, 0, 0, false };
	if (test->shared)
		return;
	flush(test);
	size_t count = draw_allowed(test, ranges);
	for (size_t i = 0; i < count; i++)
		given[i] = ranges[count - 1 - i];
	for (size_t i = 0; i < model->n_pieces && count; i++)
		if (!lies_within(&model->pieces[i], ranges, count))
			answer.error = -EADDRINUSE;
	if (count && once_in(test, 8)) {
		given[0].start = given[0].last + 1;
		answer.error = -EINVAL;
	}
	note(test, ", set_allowed %zu", count);
	int error = vioc_ioas_set_allowed(test->ioas, count ? given : NULL, count);
	expect(test, "set_allowed", error, answer);
	if (error < 0)
		return;
	model->n_allowed = count;
	for (size_t i = 0; i < count; i++)
		model->allowed[i] = ranges[i];
}

struct waiting {
	uint64_t extents;
	uint64_t deferred;
	uint64_t released;
};

static struct waiting count_waiting(const struct model *model)
{
	struct waiting waiting = { 0 };
	uint64_t previous = UINT64_MAX;
	for (size_t i = 0; i < model->n_pieces; i++) {
		const struct piece *piece = &model->pieces[i];
		if (!piece->waiting)
			continue;
		if (model_is_in_use(model, piece)) {
			waiting.released += piece_length(piece);
			continue;
		}
		waiting.deferred += piece_length(piece);
		waiting.extents += piece->extent_start != previous;
		previous = piece->extent_start;
	}
	return waiting;
}

static void look_at_stats(struct test *test)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	note(test, "get_stats");
	if (vioc_ioas_get_stats(test->ioas, &stats) < 0)
		wrong(test, "get_stats failed");
	if (stats.deferred_count > DEFERRED_MAX_COUNT || stats.deferred_bytes > DEFERRED_MAX_BYTES)
		wrong(test, "%" PRIu64 " extents of %" PRIu64 " bytes wait", stats.deferred_count,
		      stats.deferred_bytes);
	/* On the real kernel nobody else knows what was flushed. */
	if (test->shared || !test->world->fake)
		return;
	struct waiting waiting = count_waiting(&test->model);
	if (stats.deferred_count != waiting.extents || stats.deferred_bytes != waiting.deferred ||
	    stats.released_bytes != waiting.released)
		wrong(test,
		      "stats: %" PRIu64 " extents of %" PRIu64 " bytes wait, %" PRIu64 " released",
		      stats.deferred_count, stats.deferred_bytes, stats.released_bytes);
	if (is_attached(test) && stats.n_extents != fake_count_mappings(test->world->fake))
		wrong(test, "stats: %" PRIu64 " extents", stats.n_extents);
}

const struct op policy_ops[] = {
	{ 4, flush },	    { 10, look_up_va },	  { 10, look_up_iova },
	{ 2, set_allowed }, { 4, look_at_stats }, { 0 },
};
