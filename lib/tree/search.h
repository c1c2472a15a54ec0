/* SPDX-License-Identifier: MIT */
/* How many of the keys: without branches, as random ones would be mispredicted half of the time. */
#ifndef VIOCI_SEARCH_H
#define VIOCI_SEARCH_H

#include <stdint.h>

/* For words that readers without a lock look at, see seq.h. */
static inline uint64_t vioci_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void vioci_store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Three sums, as each addition waits for the one before; so n is a multiple of three. */
static inline unsigned int vioci_count_upto(const uint64_t *keys, unsigned int n, uint64_t key)
{
	unsigned int first = 0, second = 0, third = 0;
	for (unsigned int i = 0; i < n; i += 3) {
		first += vioci_load(&keys[i]) <= key;
		second += vioci_load(&keys[i + 1]) <= key;
		third += vioci_load(&keys[i + 2]) <= key;
	}
	return first + second + third;
}

static inline unsigned int vioci_count_below(const uint64_t *keys, unsigned int n, uint64_t key)
{
	return key ? vioci_count_upto(keys, n, key - 1) : 0;
}

#endif
