// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ioas/limits.h"

int vioci_limits_everything(struct vioci_limits *ret_limits)
{
	struct vioc_iova_range *range = malloc(sizeof(*range));
	if (!range)
		return -ENOMEM;
	*range = (struct vioc_iova_range){ .start = 0, .last = UINT64_MAX };
	*ret_limits = (struct vioci_limits){
		.ranges = range,
		.n_ranges = 1,
		.page_size = vioci_page_size(),
	};
	return 0;
}

bool vioci_limits_allow(const struct vioci_limits *limits, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < limits->n_ranges; i++)
		if (limits->ranges[i].start <= iova && last <= limits->ranges[i].last)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct vioc_iova_range *)a)->start;
	uint64_t y = ((const struct vioc_iova_range *)b)->start;
	return x < y ? -1 : x > y;
}

/* Sorted ranges, joined where they meet or touch. Returns how many are left. */
static size_t join(struct vioc_iova_range *ranges, size_t n_ranges)
{
	size_t n = 0;
	for (size_t i = 1; i < n_ranges; i++) {
		if (ranges[n].last != UINT64_MAX && ranges[i].start > ranges[n].last + 1)
			ranges[++n] = ranges[i];
		else if (ranges[i].last > ranges[n].last)
			ranges[n].last = ranges[i].last;
	}
	return n + 1;
}

int vioci_allowed_make(const struct vioc_iova_range *ranges, size_t n_ranges,
		       struct vioci_allowed *ret_allowed)
{
	struct vioci_allowed allowed = { 0 };
	for (size_t i = 0; i < n_ranges; i++)
		if (ranges[i].last < ranges[i].start)
			return -EINVAL;
	if (n_ranges) {
		allowed.ranges = calloc(n_ranges, sizeof(*ranges));
		if (!allowed.ranges)
			return -ENOMEM;
		memcpy(allowed.ranges, ranges, n_ranges * sizeof(*ranges));
		qsort(allowed.ranges, n_ranges, sizeof(*ranges), compare);
		allowed.n_ranges = join(allowed.ranges, n_ranges);
	}
	*ret_allowed = allowed;
	return 0;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int vioci_limits_restrict(const struct vioci_limits *kernel, const struct vioci_allowed *allowed,
			  uint64_t address_last, struct vioci_limits *ret_limits)
{
	static const struct vioc_iova_range everything = { 0, UINT64_MAX };
	const struct vioc_iova_range *other = allowed->n_ranges ? allowed->ranges : &everything;
	size_t n_other = allowed->n_ranges ? allowed->n_ranges : 1;
	struct vioci_limits limits = { .page_size = kernel->page_size };

	/* Each step of the merge below leaves one range behind and makes at most one. */
	limits.ranges = calloc(kernel->n_ranges + n_other, sizeof(*limits.ranges));
	if (!limits.ranges)
		return -ENOMEM;
	for (size_t i = 0, j = 0; i < kernel->n_ranges && j < n_other;) {
		const struct vioc_iova_range *a = &kernel->ranges[i], *b = &other[j];
		uint64_t start = max(a->start, b->start);
		uint64_t last = min(min(a->last, b->last), address_last);
		if (start <= last)
			limits.ranges[limits.n_ranges++] =
				(struct vioc_iova_range){ .start = start, .last = last };
		if (a->last < b->last)
			i++;
		else
			j++;
	}
	*ret_limits = limits;
	return 0;
}
