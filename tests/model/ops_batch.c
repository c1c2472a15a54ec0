// SPDX-License-Identifier: MIT
/* Batches: what is done is a prefix, and the count of it exact. */
#include <errno.h>
#include <inttypes.h>

#include <libvioc/batch.h>

#include "test.h"

#define MAX_BATCH 12

struct batch {
	struct request wanted[MAX_BATCH];
	struct vioc_map_request requests[MAX_BATCH];
	size_t run_start[MAX_BATCH]; /* of those that may become one extent, the first */
	size_t count;
	struct vioc_batch_opts opts;
};

static bool has(const struct batch *batch, uint64_t flag)
{
	return batch->opts.flags & flag;
}

static bool is_next(uint64_t a, uint64_t length, uint64_t b)
{
	return b == a + length && b > a;
}

/* IOVAs that the library chooses it chooses so that they follow each other too. */
static bool follows(const struct batch *batch, const struct request *before,
		    const struct request *request)
{
	return (has(batch, VIOC_BATCH_ANY_IOVA) ||
		is_next(before->iova, before->length, request->iova)) &&
	       is_next((uintptr_t)before->va, before->length, (uintptr_t)request->va) &&
	       request->flags == before->flags;
}

/* Where the one before ends, in IOVA and memory, if there is more of its memory. */
static void draw_neighbour(struct test *test, const struct request *before, struct request *request)
{
	uint64_t offset = (uintptr_t)before->va + before->length - (uintptr_t)test->world->memory;
	draw_map(test, request);
	if (before->bad || offset > (MEMORY_PAGES - 4) * PAGE || offset % PAGE || once_in(test, 4))
		return;
	*request = (struct request){
		.iova = before->iova + before->length,
		.va = test->world->memory + offset,
		.length = (1 + below(test, 4)) * PAGE,
		.flags = once_in(test, 8) ? VIOC_MAP_READ : before->flags,
	};
}

static uint64_t draw_flags(struct test *test)
{
	uint64_t flags = 0;
	if (once_in(test, 3))
		flags |= VIOC_BATCH_ATOMIC;
	/* Extents are known only to who is alone. */
	if (!test->shared && once_in(test, 2))
		flags |= VIOC_BATCH_MERGE;
	if (once_in(test, 3))
		flags |= VIOC_BATCH_ANY_IOVA;
	return flags;
}

static void draw_batch(struct test *test, struct batch *batch)
{
	*batch = (struct batch){ .opts = VIOC_SIZED(vioc_batch_opts) };
	batch->count = (size_t)below(test, MAX_BATCH + 1);
	batch->opts.flags = draw_flags(test);
	batch->opts.n_threads = once_in(test, 50) ? 2 : 1;
	for (size_t i = 0; i < batch->count; i++) {
		struct request *request = &batch->wanted[i];
		if (i)
			draw_neighbour(test, request - 1, request);
		else
			draw_map(test, request);
		bool joins =
			i && has(batch, VIOC_BATCH_MERGE) && follows(batch, request - 1, request);
		batch->run_start[i] = joins ? batch->run_start[i - 1] : i;
		batch->requests[i] = (struct vioc_map_request){
			.iova = request->iova,
			.va = request->va,
			.length = request->length,
			.flags = request->flags,
		};
	}
}

/*
 * The first request that fails, or count; what comes before it is done in *model. An atomic batch asks
 * the kernel only when all that the library can check is right.
 */
static size_t predict(struct test *test, const struct batch *batch, struct model *model,
		      struct answer *ret_answer)
{
	size_t first_bad = batch->count;
	*ret_answer = (struct answer){ 0, 0, 0, false };
	for (size_t i = 0; i < batch->count; i++) {
		struct request request = batch->wanted[i];
		if (has(batch, VIOC_BATCH_ANY_IOVA))
			request.iova = ANY_IOVA;
		*ret_answer = model_check_map(model, &request);
		if (ret_answer->error)
			return i;
		if (request.bad && is_attached(test) && first_bad == batch->count)
			first_bad = i;
		if (first_bad < batch->count && !has(batch, VIOC_BATCH_ATOMIC))
			break;
		if (request.iova != ANY_IOVA)
			model_map(model, &request, 0);
	}
	if (first_bad < batch->count)
		*ret_answer = (struct answer){ -EFAULT, VIOC_REASON_BAD_MEMORY, 0, false };
	return first_bad;
}

/* A failure of the kernel's, somewhere in the batch. */
static int arm(struct test *test, const struct batch *batch)
{
	if (!test->world->fake || !knows_kernel(test) || !batch->count || !once_in(test, 8))
		return 0;
	unsigned int nth = 1 + (unsigned int)below(test, batch->count);
	fake_fail_ioctl(test->world->fake, FAKE_MAP, nth, -EBUSY);
	note(test, " (the kernel refuses map %u)", nth);
	return -EBUSY;
}

static void check_done(struct test *test, const struct batch *batch, size_t failed, bool by_kernel,
		       size_t done)
{
	if (done == batch->count && failed == batch->count && !by_kernel)
		return;
	if (has(batch, VIOC_BATCH_ATOMIC) ? done != 0 : done >= batch->count)
		wrong(test, "the batch says that %zu are done", done);
	if (has(batch, VIOC_BATCH_ATOMIC))
		return;
	/* An extent fails as a whole. */
	if (by_kernel && batch->run_start[done] != done)
		wrong(test, "the batch stopped inside of an extent, at %zu", done);
	if (!by_kernel && (done > failed || done < batch->run_start[failed]))
		wrong(test, "the batch says that %zu are done, should be %zu", done, failed);
}

static void take_done(struct test *test, struct batch *batch, size_t done)
{
	uint64_t origin = test->model.next_origin;
	for (size_t i = 0; i < done; i++) {
		struct request request = batch->wanted[i];
		request.iova = batch->requests[i].iova;
		if (has(batch, VIOC_BATCH_ANY_IOVA))
			check_choice(test, &request);
		else if (request.iova != batch->wanted[i].iova)
			wrong(test, "the batch moved request %zu", i);
		model_map(&test->model, &request, origin + 1 + batch->run_start[i]);
	}
	test->model.next_origin = origin + 1 + MAX_BATCH;
}

/* Neighbours that the caller allowed to merge are one extent. */
static void check_merged(struct test *test, const struct batch *batch, size_t done)
{
	check_kernel(test);
	for (size_t i = 1; i < done; i++) {
		if (batch->run_start[i] == i)
			continue;
		const struct piece *before = model_meet(&test->model, batch->requests[i - 1].iova,
							batch->requests[i - 1].iova);
		const struct piece *piece =
			model_meet(&test->model, batch->requests[i].iova, batch->requests[i].iova);
		if (piece->extent_start != before->extent_start)
			wrong(test, "requests %zu and %zu were not merged", i - 1, i);
	}
}

static void note_batch(struct test *test, const struct batch *batch)
{
	note(test, "map_batch %zu flags %" PRIu64 ":", batch->count, batch->opts.flags);
	for (size_t i = 0; i < batch->count; i++)
		note(test, " %" PRIx64 "+%" PRIx64 "%s", batch->wanted[i].iova,
		     batch->wanted[i].length, batch->run_start[i] == i ? "" : "~");
}

/* The model doesn't know where the library puts things, so it can't tell when room runs out. */
static bool ran_out_of_room(struct test *test, struct batch *batch, int error, size_t done)
{
	struct request request = { .iova = ANY_IOVA, .flags = VIOC_MAP_READ };
	if (error != -ENOSPC || !has(batch, VIOC_BATCH_ANY_IOVA))
		return false;
	take_done(test, batch, done);
	if (has(batch, VIOC_BATCH_ATOMIC) || done >= batch->count)
		return true;
	for (size_t i = done; i < batch->count && batch->run_start[i] == batch->run_start[done];
	     i++)
		request.length += batch->wanted[i].length;
	if (!test->shared && !model_check_map(&test->model, &request).error)
		wrong(test, "there is room for 0x%" PRIx64 " bytes", request.length);
	return true;
}

static void map_batch(struct test *test)
{
	struct model model = test->model;
	struct answer answer;
	struct batch batch;
	size_t done = 77;
	if (test->model.n_pieces > test->world->many)
		return;
	draw_batch(test, &batch);
	note_batch(test, &batch);
	size_t failed = predict(test, &batch, &model, &answer);
	int injected = answer.error ? 0 : arm(test, &batch);
	before_choice(test);
	int error =
		vioc_ioas_map_batch(test->ioas, batch.requests, batch.count, &batch.opts, &done);
	bool fired = injected && fake_fail_ioctl(test->world->fake, FAKE_MAP, 0, 0);
	if (fired)
		answer = (struct answer){ injected, 0, 0, false };
	note(test, ", %zu done", done);
	if ((!answer.error || answer.error == -ENOSPC) && !fired &&
	    ran_out_of_room(test, &batch, error, done))
		return;
	expect(test, "map_batch", error, answer);
	check_done(test, &batch, failed, fired, done);
	take_done(test, &batch, done);
	if (!test->shared)
		check_merged(test, &batch, done);
}

/* One range of an unmap batch. Whether it is clear what should happen. */
static bool predict_unmap(struct model *model, const struct request *request,
			  struct answer *ret_answer)
{
	uint64_t bytes;
	*ret_answer = model_check_unmap(model, request, &bytes);
	return !ret_answer->or_error;
}

static void unmap_batch(struct test *test)
{
	struct vioc_batch_opts opts = VIOC_SIZED(vioc_batch_opts);
	struct vioc_unmap_request requests[6];
	struct model model = test->model;
	struct answer answer = { 0, 0, 0, false }, first;
	size_t count = (size_t)below(test, 7), failed = count, done = 77;
	uint64_t policy = draw_policy(test);
	opts.flags = once_in(test, 3) ? VIOC_BATCH_ATOMIC : 0;
	note(test, "unmap_batch flags %" PRIu64 " policy %" PRIu64 ":", opts.flags, policy);
	for (size_t i = 0; i < count; i++) {
		struct request request;
		draw_unmap(test, &request);
		request.flags = policy;
		requests[i] = (struct vioc_unmap_request){ request.iova, request.length };
		note(test, " %" PRIx64 "+%" PRIx64, request.iova, request.length);
		if (failed < count)
			continue;
		/* Checked beforehand and checked in turn may differ where ranges meet. */
		if (!predict_unmap(&test->model, &request, &first) ||
		    !predict_unmap(&model, &request, &answer) || first.error != answer.error)
			return;
		if (answer.error)
			failed = i;
		else
			model_unmap(&model, request.iova, request.iova + (request.length - 1),
				    policy, knows_kernel(test));
	}
	int error = vioc_ioas_unmap_batch(test->ioas, requests, count, policy, &opts, &done);
	note(test, ", %zu done", done);
	expect(test, "unmap_batch", error, answer);
	bool nothing = error < 0 && opts.flags;
	if (done != (nothing ? 0 : failed))
		wrong(test, "unmap_batch says that %zu are done, should be %zu", done, failed);
	if (!nothing)
		test->model = model;
}

const struct op batch_ops[] = {
	{ 25, map_batch },
	{ 15, unmap_batch },
	{ 0 },
};
