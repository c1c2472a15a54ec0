// SPDX-License-Identifier: MIT
#include "histogram.h"

#define PER_POWER (1u << HISTOGRAM_BITS)

/* Values below 32 have a bucket each; above, each power of two is divided into 32. */
static uint32_t bucket_of(uint64_t value)
{
	if (value < PER_POWER)
		return (uint32_t)value;
	uint32_t shift = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_BITS;
	return (shift << HISTOGRAM_BITS) + (uint32_t)(value >> shift);
}

/* The largest value that falls into it. */
static uint64_t last_of(uint32_t bucket)
{
	if (bucket < 2 * PER_POWER)
		return bucket;
	uint32_t shift = (bucket >> HISTOGRAM_BITS) - 1;
	uint64_t first = (uint64_t)(PER_POWER + bucket % PER_POWER) << shift;
	return first + (UINT64_C(1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->n_values++;
	histogram->sum += value;
	histogram->most = value > histogram->most ? value : histogram->most;
	histogram->buckets[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	into->n_values += from->n_values;
	into->sum += from->sum;
	into->most = from->most > into->most ? from->most : into->most;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)histogram->n_values), count = 0;

	if (wanted < 1)
		wanted = 1;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += histogram->buckets[i];
		if (histogram->n_values && count >= wanted)
			return last_of(i) < histogram->most ? last_of(i) : histogram->most;
	}
	return histogram->most;
}
