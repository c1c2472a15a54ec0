/* SPDX-License-Identifier: MIT */
/*
 * A sequence count: odd while a writer works. A reader looks without a lock, and believes what it saw
 * if the count is still the even one it began with. There are no fences, which ThreadSanitizer would
 * not understand: what both sides share is stored with release and loaded with acquire.
 */
#ifndef VIOCI_SEQ_H
#define VIOCI_SEQ_H

#include <stdbool.h>
#include <stdint.h>

struct vioci_seq {
	uint64_t count;
};

/* Writers exclude each other by a lock. */
static inline void vioci_seq_begin(struct vioci_seq *seq)
{
	__atomic_store_n(&seq->count, seq->count + 1, __ATOMIC_RELAXED);
}

static inline void vioci_seq_end(struct vioci_seq *seq)
{
	__atomic_store_n(&seq->count, seq->count + 1, __ATOMIC_RELEASE);
}

static inline uint64_t vioci_seq_read(const struct vioci_seq *seq)
{
	return __atomic_load_n(&seq->count, __ATOMIC_ACQUIRE);
}

/* Was all that was loaded since then true at one time? */
static inline bool vioci_seq_holds(const struct vioci_seq *seq, uint64_t since)
{
	return !(since & 1) && __atomic_load_n(&seq->count, __ATOMIC_RELAXED) == since;
}

#endif
