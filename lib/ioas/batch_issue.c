// SPDX-License-Identifier: MIT
/* The ioctls of a batch, by one thread or several. */
#include <errno.h>

#include "ioas/batch.h"
#include "sys/threads.h"

/*
 * Group number g is thread g % n's. A thread goes through its groups in order until one of them fails,
 * or one before it failed in another thread.
 */
struct issue {
	const struct vioci_batch *batch;
	struct vioci_kioas *kioas;
	unsigned int n_threads;
	size_t failed; /* atomic: request; only ever lowered */
};

struct worker {
	struct issue *issue;
	unsigned int number;
	uint64_t n_calls;
	size_t stopped; /* the request it went up to: that of the failure, or behind it */
	int error;	/* its own */
};

static void lower(size_t *failed, size_t request)
{
	size_t now = __atomic_load_n(failed, __ATOMIC_RELAXED);
	while (request < now && !__atomic_compare_exchange_n(failed, &now, request, true,
							     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

/* This thread's next group at or after *begin, which becomes the request behind it. */
static bool next_group(const struct worker *worker, size_t *begin, size_t *number,
		       struct vioci_group *ret_group)
{
	const struct vioci_batch *batch = worker->issue->batch;
	while (*begin < batch->count) {
		*ret_group = vioci_group_at(batch, *begin);
		*begin = ret_group->end;
		if ((*number)++ % worker->issue->n_threads == worker->number)
			return true;
	}
	return false;
}

static void *map_groups(void *arg)
{
	struct worker *worker = arg;
	struct issue *issue = worker->issue;
	size_t begin = 0, number = 0;
	struct vioci_group group;

	while (next_group(worker, &begin, &number, &group)) {
		const struct vioc_map_request *head = vioci_group_head(issue->batch, &group);
		worker->stopped = group.begin;
		if (__atomic_load_n(&issue->failed, __ATOMIC_RELAXED) < group.begin)
			return NULL;
		worker->n_calls++;
		worker->error = issue->kioas->backend->ops->map(issue->kioas, head->iova, head->va,
								group.length, head->flags);
		if (worker->error < 0) {
			lower(&issue->failed, group.begin);
			return NULL;
		}
	}
	worker->stopped = issue->batch->count;
	return NULL;
}

void vioci_batch_issue(const struct vioci_batch *batch, struct vioci_issued *ret_issued)
{
	struct worker workers[VIOCI_MAX_THREADS];
	struct issue issue = {
		.batch = batch,
		.kioas = batch->ioas->kioas,
		.n_threads =
			batch->n_threads < VIOCI_MAX_THREADS ? batch->n_threads : VIOCI_MAX_THREADS,
		.failed = batch->count,
	};
	struct vioci_issued issued = { .n_threads = issue.n_threads, .failed = batch->count };

	for (unsigned int i = 0; i < issue.n_threads; i++)
		workers[i] = (struct worker){ .issue = &issue, .number = i };
	if (issue.kioas)
		vioci_run_threads(issue.n_threads, map_groups, workers, sizeof(workers[0]));
	issued.failed = issue.failed;
	for (unsigned int i = 0; i < issue.n_threads; i++) {
		issued.stopped[i] = workers[i].stopped;
		issued.n_calls += workers[i].n_calls;
		if (workers[i].error < 0 && workers[i].stopped == issue.failed)
			issued.error = workers[i].error;
	}
	*ret_issued = issued;
}
