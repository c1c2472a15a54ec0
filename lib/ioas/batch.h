/* SPDX-License-Identifier: MIT */
/*
 * A batch of maps goes through three steps: records for all are put into the truth, marked pending;
 * the ioctls are issued; the marks or the records are taken away. Requests that are merged are a
 * group, and so is each of the others. Groups are worked out anew in each step, for they are a matter
 * of the array alone.
 */
#ifndef VIOCI_BATCH_H
#define VIOCI_BATCH_H

#include <libvioc/batch.h>

#include "ioas/map.h"
#include "sys/threads.h"

struct vioci_batch {
	struct vioc_ioas *ioas;
	struct vioc_map_request *requests;
	size_t count;
	uint64_t flags; /* VIOC_BATCH_* */
	unsigned int n_threads;
	size_t one_group; /* the first so many are known to be one group, of requests of one length */
};

/* Requests [begin, end), which become one extent. */
struct vioci_group {
	size_t begin;
	size_t end;
	uint64_t length; /* of all */
};

/* The group that begins with a request. */
struct vioci_group vioci_group_at(const struct vioci_batch *batch, size_t begin);

static inline struct vioc_map_request *vioci_group_head(const struct vioci_batch *batch,
							const struct vioci_group *group)
{
	return &batch->requests[group->begin];
}

/* What came of the ioctls. Group number g was thread g % n_threads', and is mapped if it begins before
 * where that one stopped. */
struct vioci_issued {
	unsigned int n_threads;
	size_t stopped[VIOCI_MAX_THREADS]; /* a request */
	size_t failed; /* the first request of the first group that failed, or count */
	uint64_t n_calls;
	int error; /* of that group */
};

/* Issues the ioctls of all groups, by threads if wanted; without the lock, with a window. */
void vioci_batch_issue(const struct vioci_batch *batch, struct vioci_issued *ret_issued);

#endif
