// SPDX-License-Identifier: MIT
/* Map, unmap and unmap_all, with ioctls that fail. */
#include <errno.h>
#include <inttypes.h>

#include "test.h"
#include <libvioc/stats.h>

/* Lets one of the next map ioctls fail. Returns the error, or 0 if none will. */
static int arm_map(struct test *test)
{
	static const int errors[] = { -ENOMEM, -ENOSPC, -EFAULT, -EBUSY };
	if (!test->world->fake || test->shared || !is_attached(test) || !once_in(test, 20))
		return 0;
	int error = errors[below(test, sizeof(errors) / sizeof(errors[0]))];
	fake_fail_ioctl(test->world->fake, FAKE_MAP, 1, error);
	note(test, " (the kernel says %d)", error);
	return error;
}

/* After the call: what the failure that was armed makes of the answer. */
static void settle(struct test *test, int armed, struct answer *answer)
{
	if (!armed)
		return;
	if (!fake_fail_ioctl(test->world->fake, FAKE_MAP, 0, 0))
		return;
	*answer = (struct answer){ .error = armed };
	/* What waits is flushed, and the map tried again. */
	if (armed == -ENOMEM || armed == -ENOSPC)
		answer->or_success = model_count_waiting(&test->model) != 0;
}

/* What the kernel adds to what the model says of a map; the error that was armed, or 0. */
static int ask_kernel(struct test *test, const struct request *request, struct answer *answer)
{
	if (answer->error)
		return 0;
	if (!request->bad || !is_attached(test))
		return arm_map(test);
	*answer = (struct answer){ -EFAULT, VIOC_REASON_BAD_MEMORY, 0, false };
	return 0;
}

/* Whether to map by the file, whose bounds are those of the memory. */
static bool draw_by_file(struct test *test, const struct request *request)
{
	uint64_t offset = (uint64_t)(request->va - test->world->memory);
	uint64_t end = MEMORY_PAGES * PAGE;
	return !request->bad && offset % PAGE == 0 && offset < end &&
	       request->length <= end - offset && once_in(test, 3);
}

static int call_map_fixed(struct test *test, const struct request *request)
{
	const struct world *world = test->world;
	if (!draw_by_file(test, request))
		return vioc_ioas_map_fixed(test->ioas, request->iova, request->va, request->length,
					   request->flags);
	note(test, " by file");
	return vioc_ioas_map_file_fixed(test->ioas, request->iova, world->memory_fd,
					(uint64_t)(request->va - world->memory), request->va,
					request->length, request->flags);
}

static int call_map(struct test *test, const struct request *request, uint64_t *ret_iova)
{
	const struct world *world = test->world;
	if (!draw_by_file(test, request))
		return vioc_ioas_map(test->ioas, request->va, request->length, request->flags,
				     ret_iova);
	note(test, " by file");
	return vioc_ioas_map_file(test->ioas, world->memory_fd,
				  (uint64_t)(request->va - world->memory), request->va,
				  request->length, request->flags, ret_iova);
}

static void map_fixed(struct test *test)
{
	struct request request;
	draw_map(test, &request);
	note_request(test, "map_fixed", &request);
	struct answer answer = model_check_map(&test->model, &request);
	int armed = ask_kernel(test, &request, &answer);
	int error = call_map_fixed(test, &request);
	settle(test, armed, &answer);
	expect(test, "map_fixed", error, answer);
	if (error == 0)
		model_map(&test->model, &request, ++test->model.next_origin);
}

static uint64_t count_flushes(struct test *test)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	if (vioc_ioas_get_stats(test->ioas, &stats) < 0)
		wrong(test, "get_stats failed");
	return stats.n_flushes;
}

void before_choice(struct test *test)
{
	test->n_flushes = count_flushes(test);
}

/* What waits may be chosen only to be taken up again as it was, or once it is flushed. */
static void check_waiting_choice(struct test *test, const struct request *request)
{
	uint64_t last = request->iova + (request->length - 1);
	const struct piece *met = model_meet_waiting(&test->model, request->iova, last);
	if (!met || count_flushes(test) > test->n_flushes)
		return;
	/* An unmap around it may have flushed it, which only the fake kernel shows. */
	if (!test->world->fake && !model_is_in_use(&test->model, met))
		return;
	if (met->extent_start != request->iova || met->extent_last != last ||
	    met->va != request->va || met->flags != request->flags)
		wrong(test, "0x%" PRIx64 " is taken while 0x%" PRIx64 " waits", request->iova,
		      met->iova);
}

void check_choice(struct test *test, const struct request *request)
{
	uint64_t iova = request->iova, last = iova + (request->length - 1);
	if (!iova || iova % PAGE || last < iova)
		wrong(test, "0x%" PRIx64 " is no good choice", iova);
	if (test->shared && last >= SLICES_START && iova < SLICES_START + 64 * SLICE_LENGTH)
		wrong(test, "0x%" PRIx64 " is where the threads' slices are", iova);
	/* In a shared ioas the ranges may have changed since. */
	if (!test->shared && !model_is_usable(&test->model, iova, last))
		wrong(test, "0x%" PRIx64 " is outside of what may be used", iova);
	const struct piece *met = model_meet(&test->model, iova, last);
	if (met)
		wrong(test, "0x%" PRIx64 " meets 0x%" PRIx64, iova, met->iova);
	check_waiting_choice(test, request);
}

static void map_anywhere(struct test *test)
{
	struct request request;
	uint64_t iova = 77;
	draw_map(test, &request);
	request.iova = ANY_IOVA;
	note_request(test, "map", &request);
	struct answer answer = model_check_map(&test->model, &request);
	int armed = ask_kernel(test, &request, &answer);
	before_choice(test);
	int error = call_map(test, &request, &iova);
	settle(test, armed, &answer);
	note(test, " at 0x%" PRIx64, iova);
	expect(test, "map", error, answer);
	if (error < 0 && iova != 77)
		wrong(test, "a failing map wrote 0x%" PRIx64, iova);
	if (error < 0)
		return;
	request.iova = iova;
	check_choice(test, &request);
	model_map(&test->model, &request, ++test->model.next_origin);
}

/*
 * Lets the kernel refuse to unmap one of the mappings in [iova, last], or several at once. Returns the
 * one that will be refused, or NULL.
 */
static const struct piece *arm_unmap(struct test *test, uint64_t iova, uint64_t last)
{
	struct model *model = &test->model;
	/* A flush in the middle of it would fail too; who could tell which came first? */
	if (!test->world->fake || !knows_kernel(test) || !once_in(test, 12) ||
	    model_count_waiting(model))
		return NULL;
	const struct piece *victim = NULL;
	if (model->n_pieces && once_in(test, 2)) {
		victim = &model->pieces[below(test, model->n_pieces)];
		if (victim->extent_start < iova || victim->extent_last > last)
			victim = NULL;
	}
	bool many = once_in(test, 2);
	fake_fail_unmap(test->world->fake, many, victim ? victim->extent_start : UINT64_MAX);
	if (many)
		note(test, " (the kernel refuses several)");
	if (victim)
		note(test, " (the kernel refuses 0x%" PRIx64 ")", victim->extent_start);
	return victim;
}

static uint64_t bytes_before(const struct model *model, uint64_t iova, uint64_t last)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < model->n_pieces; i++)
		if (!model->pieces[i].waiting && model->pieces[i].iova >= iova &&
		    model->pieces[i].last <= last)
			bytes += piece_length(&model->pieces[i]);
	return bytes;
}

static void expect_bytes(struct test *test, uint64_t bytes, uint64_t should_be)
{
	note(test, ", %" PRIu64 " bytes", bytes);
	if (bytes != should_be)
		wrong(test, "said to have removed %" PRIu64 " bytes, should be %" PRIu64, bytes,
		      should_be);
}

/* Removes in the model what is before the victim, or all. Returns the bytes. */
static uint64_t remove_until(struct test *test, uint64_t iova, uint64_t last, uint64_t policy,
			     const struct piece *victim)
{
	struct model *model = &test->model;
	if (victim && victim->extent_start == iova)
		return 0;
	if (victim)
		last = victim->extent_start - 1;
	uint64_t bytes = bytes_before(model, iova, last);
	model_unmap(model, iova, last, policy, knows_kernel(test));
	return bytes;
}

static void unmap_some(struct test *test)
{
	struct request request;
	uint64_t bytes = 77, should_be;
	draw_unmap(test, &request);
	note_request(test, "unmap", &request);
	struct answer answer = model_check_unmap(&test->model, &request, &should_be);
	const struct piece *victim = NULL;
	uint64_t last = request.iova + (request.length - 1);
	if (!answer.error && !request.flags)
		victim = arm_unmap(test, request.iova, last);
	int error =
		vioc_ioas_unmap(test->ioas, request.iova, request.length, request.flags, &bytes);
	if (test->world->fake && !test->shared)
		fake_fail_unmap(test->world->fake, false, UINT64_MAX);
	if (answer.error || (answer.or_error && error == answer.or_error)) {
		should_be = 77;
	} else {
		should_be = remove_until(test, request.iova, last, request.flags, victim);
		answer.error = victim ? -EBUSY : 0;
	}
	expect(test, "unmap", error, answer);
	expect_bytes(test, bytes, should_be);
}

/* Of a great many there must be enough first. */
static void unmap(struct test *test)
{
	size_t many = test->world->many;
	if (many > DEFAULT_MANY && test->model.n_pieces < many / 4 * 3)
		map_anywhere(test);
	else
		unmap_some(test);
}

static void unmap_all(struct test *test)
{
	uint64_t bytes = 77;
	/* Rarely, so that the ioas fills; always possible, so that it doesn't overflow. */
	if (test->shared || (test->model.n_pieces < test->world->many && !once_in(test, 4)) ||
	    (test->world->many > DEFAULT_MANY && !once_in(test, 100))) {
		unmap_some(test);
		return;
	}
	note(test, "unmap_all");
	const struct piece *victim = arm_unmap(test, 0, UINT64_MAX);
	int error = vioc_ioas_unmap_all(test->ioas, &bytes);
	if (test->world->fake)
		fake_fail_unmap(test->world->fake, false, UINT64_MAX);
	struct answer answer = { .error = victim ? -EBUSY : 0 };
	uint64_t should_be = remove_until(test, 0, UINT64_MAX, 0, victim);
	if (!victim)
		model_flush(&test->model);
	expect(test, "unmap_all", error, answer);
	expect_bytes(test, bytes, should_be);
}

/* Keeps the number of mappings in bounds. */
static void map_or_unmap(struct test *test)
{
	if (test->model.n_pieces > test->world->many)
		unmap_some(test);
	else if (once_in(test, 4))
		map_anywhere(test);
	else
		map_fixed(test);
}

const struct op map_ops[] = {
	{ 100, map_or_unmap },
	{ 60, unmap },
	{ 4, unmap_all },
	{ 0 },
};
