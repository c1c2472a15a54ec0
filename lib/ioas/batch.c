// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>

#include "core/probe.h"
#include "core/sized.h"
#include "ioas/batch.h"
#include "sys/prefault.h"

#define MAP_FLAGS (VIOC_BATCH_ATOMIC | VIOC_BATCH_MERGE | VIOC_BATCH_ANY_IOVA | VIOC_BATCH_PREFAULT)
#define MAX_TRIES 3

/* What was in the way was another thread, and is gone. */
#define TRY_AGAIN 1

/* Whether b is where a ends, which is not the end of the address space. */
static bool is_next(uint64_t a, uint64_t length, uint64_t b)
{
	return b == a + length && b > a;
}

/* Whether a request goes on where the one before it ends. */
static bool continues(const struct vioci_batch *batch, const struct vioc_map_request *before,
		      const struct vioc_map_request *next)
{
	bool anywhere = batch->flags & VIOC_BATCH_ANY_IOVA;
	return next->flags == before->flags &&
	       is_next((uintptr_t)before->va, before->length, (uintptr_t)next->va) &&
	       (anywhere || is_next(before->iova, before->length, next->iova));
}

struct vioci_group vioci_group_at(const struct vioci_batch *batch, size_t begin)
{
	const struct vioc_map_request *requests = batch->requests;
	struct vioci_group group = { begin, begin + 1, requests[begin].length };
	if (!(batch->flags & VIOC_BATCH_MERGE))
		return group;
	if (begin == 0 && batch->one_group >= batch->count) {
		group.end = batch->count;
		group.length *= batch->count;
		return group;
	}
	while (group.end < batch->count &&
	       continues(batch, &requests[group.end - 1], &requests[group.end]))
		group.length += requests[group.end++].length;
	return group;
}

/* The record of the group's requests from begin on that are of one length. */
static struct vioci_record record_at(const struct vioci_batch *batch,
				     const struct vioci_group *group, size_t begin, size_t *ret_end)
{
	const struct vioc_map_request *first = &batch->requests[begin];
	size_t end = begin + 1;
	if (begin == 0 && batch->one_group >= group->end)
		end = group->end;
	while (end < group->end && batch->requests[end].length == first->length)
		end++;
	*ret_end = end;
	return (struct vioci_record){
		.iova = first->iova,
		.last = first->iova + first->length * (end - begin) - 1,
		.va = (uintptr_t)first->va,
		.meta = first->flags | VIOCI_PENDING | (begin > group->begin ? VIOCI_JOINED : 0) |
			(end - begin > 1 ? first->length : 0),
	};
}

static struct vioci_request as_request(const struct vioci_batch *batch, size_t index, char *verb,
				       size_t size)
{
	const struct vioc_map_request *request = &batch->requests[index];
	snprintf(verb, size, "map request %zu of a batch:", index);
	return (struct vioci_request){
		.verb = verb,
		.iova = request->iova,
		.length = request->length,
		.va = request->va,
		.any_iova = batch->flags & VIOC_BATCH_ANY_IOVA,
	};
}

/* What is wrong with a request in itself, or NULL. */
static const char *mistake_of(const struct vioci_batch *batch,
			      const struct vioc_map_request *request)
{
	const struct vioci_request as = {
		.iova = batch->flags & VIOC_BATCH_ANY_IOVA ? 0 : request->iova,
		.length = request->length,
		.va = request->va,
	};
	const char *mistake = vioci_check_map_flags(request->flags);
	return mistake ? mistake : vioci_request_mistake(batch->ioas, &as);
}

/* How many requests from the first on are equal neighbours: for a large batch often all of them. */
static size_t count_equal(const struct vioci_batch *batch)
{
	const struct vioc_map_request *first = batch->requests, *next = first + 1;
	const struct vioc_map_request *end = first + batch->count;
	bool anywhere = batch->flags & VIOC_BATCH_ANY_IOVA;
	uint64_t length = first->length, flags = first->flags, whole;
	uint64_t iova = first->iova + length, va = (uintptr_t)first->va + length;

	for (; next != end && next->length == length && next->flags == flags &&
	       (uintptr_t)next->va == va && (anywhere || next->iova == iova);
	     next++, iova += length, va += length)
		continue;
	size_t n = (size_t)(next - first);
	if (__builtin_mul_overflow(n, length, &whole) || va < whole || (!anywhere && iova < whole))
		return 1; /* there is an end of the address space among them */
	return n;
}

/*
 * The first request that makes no sense, or count. Also finds out, for later steps, whether those before
 * it are one group of equal requests: of these the first stands for all.
 */
static size_t survey(struct vioci_batch *batch, struct vioci_map_refusal *refusal)
{
	batch->one_group = count_equal(batch);
	for (size_t i = 0; i < batch->count; i = i ? i + 1 : batch->one_group) {
		refusal->mistake = mistake_of(batch, &batch->requests[i]);
		if (refusal->mistake)
			return i;
	}
	return batch->count;
}

/* Gives the group's requests neighbouring IOVAs from iova on. */
static void place(const struct vioci_batch *batch, const struct vioci_group *group, uint64_t iova)
{
	for (size_t i = group->begin; i < group->end; i++) {
		batch->requests[i].iova = iova;
		iova += batch->requests[i].length;
	}
}

static int insert_pending(const struct vioci_batch *batch, const struct vioci_group *group)
{
	struct vioci_maps *maps = &batch->ioas->maps;
	for (size_t begin = group->begin, end; begin < group->end; begin = end) {
		struct vioci_record record = record_at(batch, group, begin, &end);
		if (vioci_maps_reserve(maps, 1) < 0) {
			uint64_t iova = vioci_group_head(batch, group)->iova;
			if (begin > group->begin)
				vioci_maps_remove_range(maps, iova, record.iova - 1);
			return -ENOMEM;
		}
		vioci_maps_insert(maps, &record);
		vioci_maps_unreserve(maps, 1);
	}
	return 0;
}

/* Whether all of a group can be where it shall; if not, its first request that can't. */
static int check_group(const struct vioci_batch *batch, const struct vioci_group *group,
		       struct vioci_map_refusal *refusal)
{
	const struct vioc_map_request *head = vioci_group_head(batch, group);
	struct vioci_record wanted = {
		.iova = head->iova,
		.last = head->iova + (group->length - 1),
	};
	int error = vioci_check_place(batch->ioas, &wanted, refusal);
	size_t i = group->begin;
	for (int one = 0; error < 0 && one == 0 && i < group->end; i++) {
		wanted.iova = batch->requests[i].iova;
		wanted.last = wanted.iova + (batch->requests[i].length - 1);
		*refusal = (struct vioci_map_refusal){ .index = i };
		one = vioci_check_place(batch->ioas, &wanted, refusal);
		if (one < 0)
			error = one;
	}
	return error;
}

/* Puts pending records of a group into the truth, where there must be room, or is. */
static int plan_group(const struct vioci_batch *batch, const struct vioci_group *group,
		      struct vioci_map_refusal *refusal)
{
	struct vioc_ioas *ioas = batch->ioas;
	struct vioc_map_request *head = vioci_group_head(batch, group);
	int error;

	refusal->index = group->begin;
	if (batch->flags & VIOC_BATCH_ANY_IOVA) {
		uint64_t iova;
		error = vioci_find_iova(ioas, (uintptr_t)head->va, group->length, &iova);
		refusal->reason = error == -ENOSPC ? VIOC_REASON_NO_SPACE : 0;
		if (error == 0)
			place(batch, group, iova);
	} else {
		error = check_group(batch, group, refusal);
	}
	if (error == 0 && insert_pending(batch, group) < 0) {
		refusal->reason = VIOC_REASON_NO_MEMORY;
		error = -ENOMEM;
	}
	return error;
}

/* Takes the records of a group away again. */
static void forget_group(const struct vioci_batch *batch, const struct vioci_group *group)
{
	uint64_t iova = vioci_group_head(batch, group)->iova;
	vioci_maps_remove_range(&batch->ioas->maps, iova, iova + (group->length - 1));
}

static void forget(const struct vioci_batch *batch)
{
	struct vioci_group group;
	for (size_t begin = 0; begin < batch->count; begin = group.end) {
		group = vioci_group_at(batch, begin);
		forget_group(batch, &group);
	}
}

/* Plans all groups. *ret_failed is the first request that has no place, or count. */
static int plan(const struct vioci_batch *batch, size_t *ret_failed,
		struct vioci_map_refusal *refusal)
{
	struct vioci_group group;
	for (size_t begin = 0; begin < batch->count; begin = group.end) {
		group = vioci_group_at(batch, begin);
		int error = plan_group(batch, &group, refusal);
		if (error < 0) {
			*ret_failed = begin;
			return error;
		}
	}
	*ret_failed = batch->count;
	return 0;
}

/* Makes mappings of the pending records of a group. */
static void commit(const struct vioci_batch *batch, const struct vioci_group *group)
{
	for (size_t i = group->begin, end; i < group->end; i = end) {
		struct vioci_record record = record_at(batch, group, i, &end);
		vioci_maps_set_meta(&batch->ioas->maps, record.iova, record.meta & ~VIOCI_PENDING);
	}
}

/* Unmaps a group. What the kernel won't give back waits for a flush. Gives up the lock meanwhile. */
static void take_back(const struct vioci_batch *batch, const struct vioci_group *group)
{
	uint64_t iova = vioci_group_head(batch, group)->iova, last = iova + (group->length - 1);
	uint64_t ignored;
	if (vioci_kernel_unmap(batch->ioas, iova, last, &ignored) < 0) {
		struct vioci_removed nothing = { 0 };
		commit(batch, group);
		(void)vioci_release(batch->ioas, iova, last, &nothing);
		return;
	}
	forget_group(batch, group);
}

/* Brings the truth in step: of all groups, those up to request keep are to stay. */
static void settle(const struct vioci_batch *batch, const struct vioci_issued *issued, size_t keep)
{
	struct vioci_group group;
	size_t number = 0;
	for (size_t begin = 0; begin < batch->count; begin = group.end) {
		group = vioci_group_at(batch, begin);
		bool mapped = begin < issued->stopped[number++ % issued->n_threads];
		if (begin < keep)
			commit(batch, &group);
		else if (mapped)
			take_back(batch, &group);
		else
			forget_group(batch, &group);
	}
}

/* The IOVAs from the first to the last of the batch. */
static void open_window(const struct vioci_batch *batch, struct vioci_window *window)
{
	uint64_t first = UINT64_MAX, last = 0;
	bool merged = (batch->flags & VIOC_BATCH_MERGE) && batch->one_group >= batch->count;
	/* Of one group the first and the last are enough. */
	size_t step = merged && batch->count > 1 ? batch->count - 1 : 1;
	for (size_t i = 0; i < batch->count; i += step) {
		const struct vioc_map_request *request = &batch->requests[i];
		uint64_t end = request->iova + (request->length - 1);
		first = request->iova < first ? request->iova : first;
		last = end > last ? end : last;
	}
	vioci_window_open(&batch->ioas->windows, &batch->ioas->lock, window, first, last);
}

/*
 * Plans, with a window open in the end if there is anything to do. IOVAs that the library chooses are
 * outside of all windows, and the window follows before the lock is given up.
 */
static int plan_and_open(struct vioci_batch *batch, struct vioci_window *window, size_t *ret_failed,
			 struct vioci_map_refusal *refusal)
{
	struct vioci_windows *windows = &batch->ioas->windows;
	bool anywhere = batch->flags & VIOC_BATCH_ANY_IOVA;

	if (!anywhere)
		open_window(batch, window);
	int error = plan(batch, ret_failed, refusal);
	batch->count = *ret_failed;
	if (error == -EAGAIN) {
		forget(batch);
		return TRY_AGAIN;
	}
	if (error < 0 && ((batch->flags & VIOC_BATCH_ATOMIC) || refusal->deferred)) {
		forget(batch);
		batch->count = 0;
	}
	if (anywhere && batch->count)
		open_window(batch, window);
	if (!anywhere && !batch->count)
		vioci_window_close(windows, window);
	return error;
}

/* Issues what is planned and settles it. *ret_done requests are mapped. Gives up the lock meanwhile. */
static int carry_out(const struct vioci_batch *batch, struct vioci_window *window,
		     size_t *ret_failed, size_t *ret_done)
{
	struct vioc_ioas *ioas = batch->ioas;
	struct vioci_issued issued;
	pthread_mutex_unlock(&ioas->lock);
	vioci_batch_issue(batch, &issued);
	pthread_mutex_lock(&ioas->lock);

	bool nothing = issued.error < 0 && (batch->flags & VIOC_BATCH_ATOMIC);
	*ret_failed = issued.failed;
	*ret_done = nothing ? 0 : issued.failed;
	settle(batch, &issued, *ret_done);
	ioas->calls.n_map += issued.n_calls;
	if (ioas->kioas && *ret_done > issued.n_calls)
		ioas->calls.n_map_saved += *ret_done - issued.n_calls;
	vioci_window_close(&ioas->windows, window);
	return issued.error;
}

/* One try, with the lock. *ret_done requests are done; *ret_failed is the one that error is about. */
static int map_once(const struct vioci_batch *given, size_t *ret_done, size_t *ret_failed,
		    struct vioci_map_refusal *refusal)
{
	struct vioci_batch batch = *given;
	struct vioci_window window;
	bool atomic = batch.flags & VIOC_BATCH_ATOMIC;

	*refusal = (struct vioci_map_refusal){ 0 };
	*ret_done = 0;
	batch.count = *ret_failed = survey(&batch, refusal);
	int mistake = refusal->mistake ? -EINVAL : 0;
	if (!batch.count)
		return mistake;

	size_t failed;
	struct vioci_map_refusal place = { 0 };
	int error = plan_and_open(&batch, &window, &failed, &place);
	if (error == TRY_AGAIN) {
		vioci_windows_wait(&batch.ioas->windows, &batch.ioas->lock);
		return TRY_AGAIN;
	}
	if (error < 0) {
		*ret_failed = place.index;
		*refusal = place;
	}
	if (error == 0 && mistake && atomic) {
		forget(&batch);
		vioci_window_close(&batch.ioas->windows, &window);
		return mistake;
	}
	if (!batch.count)
		return error;
	int issued = carry_out(&batch, &window, &failed, ret_done);
	if (issued < 0) {
		*ret_failed = failed;
		*refusal = (struct vioci_map_refusal){ 0 };
		return issued;
	}
	return error < 0 ? error : mistake;
}

/* Populates memory, neighbours at once. What can't be is for the map to tell. */
static void prefault(const struct vioci_batch *batch)
{
	struct vioci_batch whole = *batch;
	struct vioci_group group;
	whole.flags |= VIOC_BATCH_MERGE | VIOC_BATCH_ANY_IOVA;
	for (size_t begin = 0; begin < batch->count; begin = group.end) {
		group = vioci_group_at(&whole, begin);
		const struct vioc_map_request *head = vioci_group_head(batch, &group);
		uint64_t va = (uintptr_t)head->va;
		if (va + group.length > va)
			(void)vioci_prefault(&vioci_ioas_ctx(batch->ioas)->sys, head->va,
					     group.length, head->flags & VIOC_MAP_WRITE,
					     batch->n_threads);
	}
}

static int fail_options(struct vioc_ioas *ioas, int error)
{
	return vioci_fail(vioci_ioas_ctx(ioas), error, VIOC_REASON_BAD_ARGUMENT, "map a batch",
			  "no requests are given, or options with unknown flags, a bad size or "
			  "unknown fields");
}

/* Tries until it is done, or flushing what was deferred helps no more. *done grows. */
static int map_batch(struct vioci_batch *batch, size_t *done)
{
	struct vioc_ioas *ioas = batch->ioas;
	struct vioci_map_refusal refusal;
	size_t failed;

	for (int tries = 1;;) {
		size_t n;
		pthread_mutex_lock(&ioas->lock);
		int error = map_once(batch, &n, &failed, &refusal);
		bool waiting = ioas->maps.tally.n_deferred;
		bool flush = waiting && vioci_flush_is_due(ioas);
		pthread_mutex_unlock(&ioas->lock);
		if (flush)
			(void)vioci_flush_deferred(ioas);
		*done += n;
		batch->requests += n;
		batch->count -= n;
		if (error == TRY_AGAIN)
			continue;
		if (error == 0)
			return 0;
		if (!waiting || tries++ == MAX_TRIES || !vioci_flush_may_help(&refusal, error)) {
			char verb[64];
			batch->requests -= *done;
			struct vioci_request request =
				as_request(batch, *done + failed - n, verb, sizeof(verb));
			return vioci_refuse_mapping(ioas, &request, error, &refusal);
		}
		(void)vioci_flush_deferred(ioas);
	}
}

VIOC_API int vioc_ioas_map_batch(struct vioc_ioas *ioas, struct vioc_map_request *requests,
				 size_t count, const struct vioc_batch_opts *given,
				 size_t *ret_done)
{
	if (!ioas)
		return -EINVAL;
	struct vioc_batch_opts opts;
	size_t done = 0;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error == 0 && ((opts.flags & ~MAP_FLAGS) || opts.reserved || (count && !requests)))
		error = -EINVAL;
	if (error < 0) {
		error = fail_options(ioas, error);
	} else if (count) {
		struct vioci_batch batch = {
			.ioas = ioas,
			.requests = requests,
			.count = count,
			.flags = opts.flags,
			.n_threads = opts.n_threads ? opts.n_threads : 1,
		};
		if (opts.flags & VIOC_BATCH_PREFAULT)
			prefault(&batch);
		error = map_batch(&batch, &done);
		VIOCI_PROBE(map_batch, ioas, count, opts.flags, done, error);
	}
	if (ret_done)
		*ret_done = done;
	return error;
}
