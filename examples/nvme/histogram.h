/* SPDX-License-Identifier: MIT */
/* Times, counted in buckets that are at most 1/32 wide, so percentiles are that exact. */
#ifndef NVME_HISTOGRAM_H
#define NVME_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS	  5
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t n_values;
	uint64_t sum;
	uint64_t most;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The value that `share` (0 to 1) of all values do not exceed; 0 if there are none. */
uint64_t histogram_percentile(const struct histogram *histogram, double share);

#endif
