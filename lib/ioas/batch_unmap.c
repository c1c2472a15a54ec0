// SPDX-License-Identifier: MIT
/* Many unmaps in one window; those with nothing between them by one ioctl. */
#include <errno.h>
#include <stdio.h>

#include <libvioc/batch.h>

#include "core/probe.h"
#include "core/sized.h"
#include "ioas/unmap.h"

/* A batch and how far it came. */
struct unmapping {
	struct vioc_ioas *ioas;
	const struct vioc_unmap_request *requests;
	size_t count;
	uint64_t flags;
	size_t done;
	const char *mistake; /* of requests[done] */
	struct vioci_unmapping result;
};

static uint64_t last_of(const struct vioc_unmap_request *request)
{
	return request->iova + (request->length - 1);
}

/* The first request that makes no sense, or count. */
static size_t find_mistake(struct unmapping *unmapping)
{
	for (size_t i = 0; i < unmapping->count; i++) {
		const struct vioci_request request = {
			.iova = unmapping->requests[i].iova,
			.length = unmapping->requests[i].length,
		};
		unmapping->mistake = vioci_request_mistake(unmapping->ioas, &request);
		if (unmapping->mistake)
			return i;
	}
	return unmapping->count;
}

static void open_window(const struct unmapping *unmapping, size_t count,
			struct vioci_window *window)
{
	uint64_t first = UINT64_MAX, last = 0;
	for (size_t i = 0; i < count; i++) {
		const struct vioc_unmap_request *request = &unmapping->requests[i];
		first = request->iova < first ? request->iova : first;
		last = last_of(request) > last ? last_of(request) : last;
	}
	vioci_unmap_open(unmapping->ioas, window, first, last);
}

static int check_all(struct unmapping *unmapping, size_t count, size_t *ret_failed)
{
	for (size_t i = 0; i < count; i++) {
		const struct vioc_unmap_request *request = &unmapping->requests[i];
		int error = vioci_unmap_check(unmapping->ioas, request->iova, last_of(request),
					      unmapping->flags, &unmapping->result);
		*ret_failed = i;
		if (error < 0)
			return error;
	}
	return 0;
}

/* Whether anything is mapped between two requests, of which the second comes behind the first. */
static bool apart(const struct unmapping *unmapping, const struct vioc_unmap_request *first,
		  const struct vioc_unmap_request *second)
{
	struct vioci_record record;
	uint64_t end = last_of(first) + 1;
	if (last_of(first) == UINT64_MAX || second->iova < end)
		return true;
	return second->iova > end &&
	       vioci_maps_meet(&unmapping->ioas->maps, end, second->iova - 1, &record);
}

/* Whether a request could be unmapped for itself, as it must even if it is not. */
static bool is_sound(const struct unmapping *unmapping, const struct vioc_unmap_request *request)
{
	struct vioci_unmapping ignored = { 0 };
	return vioci_unmap_check(unmapping->ioas, request->iova, last_of(request), unmapping->flags,
				 &ignored) == 0;
}

/* How many requests from done on are one range, with nothing but holes between them. */
static size_t count_run(const struct unmapping *unmapping, size_t count)
{
	const struct vioc_unmap_request *requests = unmapping->requests;
	size_t end = unmapping->done + 1;
	if (!is_sound(unmapping, &requests[end - 1]))
		return 1;
	while (end < count && !apart(unmapping, &requests[end - 1], &requests[end]) &&
	       is_sound(unmapping, &requests[end]))
		end++;
	return end - unmapping->done;
}

/* Unmaps the next n requests at once. */
static int unmap_run(struct unmapping *unmapping, size_t n)
{
	const struct vioc_unmap_request *first = &unmapping->requests[unmapping->done];
	int error = vioci_unmap_within(unmapping->ioas, first->iova, last_of(&first[n - 1]),
				       unmapping->flags, &unmapping->result);
	if (error == 0)
		unmapping->done += n;
	return error;
}

/* Unmaps up to count. A run that failed is gone through one by one: what is gone is a hole now. */
static int unmap_all(struct unmapping *unmapping, size_t count)
{
	while (unmapping->done < count) {
		size_t n = count_run(unmapping, count), end = unmapping->done + n;
		int error = unmap_run(unmapping, n);
		while (error < 0 && n > 1 && unmapping->done < end) {
			unmapping->result = (struct vioci_unmapping){ 0 };
			error = unmap_run(unmapping, 1);
			if (error < 0)
				return error;
			if (unmapping->done < end)
				error = -EAGAIN;
		}
		if (error < 0)
			return error;
	}
	return 0;
}

/* With the lock. *ret_failed is the request that the error is about. */
static int unmap_batch(struct unmapping *unmapping, bool atomic, size_t *ret_failed)
{
	size_t count = find_mistake(unmapping);
	int error = 0, mistake = unmapping->mistake ? -EINVAL : 0;
	*ret_failed = count;
	if (!count)
		return mistake;

	struct vioci_window window;
	open_window(unmapping, count, &window);
	if (atomic)
		error = check_all(unmapping, count, ret_failed);
	if (error == 0)
		*ret_failed = count;
	if (error == 0 && !(atomic && mistake)) {
		error = unmap_all(unmapping, count);
		*ret_failed = unmapping->done;
	}
	vioci_window_close(&unmapping->ioas->windows, &window);
	return error < 0 ? error : mistake;
}

static int refuse(const struct unmapping *unmapping, size_t index, int error)
{
	char verb[64];
	const struct vioci_request request = {
		.verb = verb,
		.iova = unmapping->requests[index].iova,
		.length = unmapping->requests[index].length,
	};
	snprintf(verb, sizeof(verb), "unmap request %zu of a batch:", index);
	if (unmapping->mistake && error == -EINVAL && !unmapping->result.reason)
		return vioci_refuse_argument(unmapping->ioas, &request, unmapping->mistake);
	return vioci_refuse_unmapping(unmapping->ioas, &request, error, &unmapping->result);
}

static int check_options(struct vioc_ioas *ioas, const struct unmapping *unmapping,
			 const struct vioc_batch_opts *given, struct vioc_batch_opts *ret_opts)
{
	const char *mistake = vioci_check_policy(unmapping->flags);
	int error = vioci_sized_read(given, ret_opts, sizeof(*ret_opts));
	if (error == 0 && ((ret_opts->flags & ~VIOC_BATCH_ATOMIC) || ret_opts->reserved ||
			   (unmapping->count && !unmapping->requests) || mistake))
		error = -EINVAL;
	if (error == 0)
		return 0;
	if (!mistake)
		mistake = "no requests are given, or options with flags that do not apply, a bad "
			  "size or unknown fields";
	return vioci_fail(vioci_ioas_ctx(ioas), error, VIOC_REASON_BAD_ARGUMENT, "unmap a batch",
			  "%s", mistake);
}

VIOC_API int vioc_ioas_unmap_batch(struct vioc_ioas *ioas,
				   const struct vioc_unmap_request *requests, size_t count,
				   uint64_t flags, const struct vioc_batch_opts *given,
				   size_t *ret_done)
{
	if (!ioas)
		return -EINVAL;
	struct unmapping unmapping = {
		.ioas = ioas,
		.requests = requests,
		.count = count,
		.flags = flags,
	};
	struct vioc_batch_opts opts;
	size_t failed;
	int error = check_options(ioas, &unmapping, given, &opts);
	if (error == 0) {
		pthread_mutex_lock(&ioas->lock);
		error = unmap_batch(&unmapping, opts.flags & VIOC_BATCH_ATOMIC, &failed);
		bool flush = vioci_flush_is_due(ioas);
		vioci_ioas_unlock(ioas);
		VIOCI_PROBE(unmap_batch, ioas, count, flags, unmapping.done, error);
		if (flush)
			(void)vioci_flush_deferred(ioas);
		if (error < 0)
			error = refuse(&unmapping, failed, error);
	}
	if (ret_done)
		*ret_done = unmapping.done;
	return error;
}
