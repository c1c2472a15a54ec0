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

/* By fives: n is a multiple of five. */
static inline unsigned int vioci_count_upto(const uint64_t *keys, unsigned int n, uint64_t key)
{
	unsigned int count = 0;
	for (const uint64_t *end = keys + n; keys != end; keys += 5) {
		unsigned int a = vioci_load(&keys[0]) <= key, b = vioci_load(&keys[1]) <= key;
		unsigned int c = vioci_load(&keys[2]) <= key, d = vioci_load(&keys[3]) <= key;
		count += (a + b) + (c + d) + (vioci_load(&keys[4]) <= key);
	}
	return count;
}

static inline unsigned int vioci_count_below(const uint64_t *keys, unsigned int n, uint64_t key)
{
	return key ? vioci_count_upto(keys, n, key - 1) : 0;
}

#endif
