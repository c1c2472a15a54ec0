/* SPDX-License-Identifier: MIT */
/*
 * The registration cache. A registration is one mapping; where it stands in its life is its stage,
 * and the lock guards all of them. What readers without the lock see is the index (index.c) and the
 * state of registrations:
 *
 * - Memory of a registration stays one until the cache dies, so an old pointer may be looked through.
 * - A user is counted in only while GONE is not set, which is set once and for all before the
 *   registration is unmapped. Who was counted in holds it, and so can see whether it is still for the
 *   memory that was looked for.
 */
#ifndef VIOCI_CACHE_H
#define VIOCI_CACHE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <libvioc/cache.h>

#include "core/ref.h"
#include "tree/tree.h"

/* Of a state: the lowest bit, and the number of users above it. */
#define VIOCI_GONE UINT64_C(1)
#define VIOCI_USER UINT64_C(2)

enum vioci_stage {
	VIOCI_PENDING,	 /* being mapped, by the thread that missed it */
	VIOCI_DOOMED,	 /* the same, invalidated meanwhile */
	VIOCI_CACHED,	 /* in the index */
	VIOCI_LEFT,	 /* no longer, but in use */
	VIOCI_IDLE,	 /* to be unmapped by whoever holds the lock, before it gives it up */
	VIOCI_UNMAPPING, /* by a thread that gave up the lock for it */
	VIOCI_REFUSED,	 /* the kernel refused to unmap it */
	VIOCI_N_STAGES,
};

/* A cache line. */
struct vioc_registration {
	_Atomic uint64_t state;
	_Atomic uint64_t hits;
	/* Constant while it has users. */
	uint64_t start;
	uint64_t last;
	uint64_t iova;
	/* With the lock. */
	uint32_t seen; /* hits when it was last looked at for eviction, the lower half */
	int16_t error; /* that the kernel refused it with */
	uint16_t stage;
	struct vioc_registration *prev;
	struct vioc_registration *next; /* last, as the pool may use it: see pool.h */
};

/* Those of one stage, in the order in which they came to it. */
struct vioci_stage_list {
	struct vioc_registration *first;
	struct vioc_registration *last;
};

struct vioc_cache {
	vioci_ref refs;
	struct vioc_ioas *ioas;
	struct vioc_cache_opts opts; /* no zeroes left where they mean a default */

	/* Read without the lock. */
	struct vioci_tree index;
	struct vioci_seq seq;
	atomic_bool over; /* a limit is exceeded: who puts a registration last has to look */

	/* Never held across a system call, nor while anything else is locked. */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* something is not pending, doomed or unmapping any more */
	struct vioci_stage_list stages[VIOCI_N_STAGES];
	struct vioci_pool registrations;
	uint64_t n_kept; /* cached or left: what the limits are for */
	uint64_t kept_bytes;
	uint64_t n_unmapped; /* ever */
	uint64_t n_hits;     /* of registrations that are no more */
	uint64_t n_misses;
	uint64_t n_evictions;
	uint64_t n_invalidations;
};

/* Memory, by its first and last byte. */
struct vioci_span {
	uint64_t start;
	uint64_t last;
};

static inline uint64_t vioci_registration_length(const struct vioc_registration *registration)
{
	return registration->last - registration->start + 1;
}

static inline bool vioci_registration_covers(const struct vioc_registration *registration,
					     struct vioci_span span)
{
	return registration->start <= span.start && span.last <= registration->last;
}

static inline bool vioci_registration_meets(const struct vioc_registration *registration,
					    struct vioci_span span)
{
	return registration->start <= span.last && span.start <= registration->last;
}

/* index.c: the registrations that can be hit. */

/*
 * One that covers the span; the caller becomes a user. NULL if there is none, and without the lock
 * perhaps even if there is one.
 */
struct vioc_registration *vioci_index_look(struct vioc_cache *cache, struct vioci_span span);
/* Its two halves: one that did cover the span; and whether the caller became a user of one that does. */
struct vioc_registration *vioci_index_find(const struct vioc_cache *cache, struct vioci_span span);
bool vioci_index_hold(struct vioc_cache *cache, struct vioc_registration *registration,
		      struct vioci_span span);

/* The others: with the lock. */

bool vioci_index_covers(const struct vioc_cache *cache, struct vioci_span span);
/*
 * One that meets the span, or that lies inside it. NULL: none. Of several that meet it, those that
 * reach in from before are found when what starts behind them is out.
 */
struct vioc_registration *vioci_index_meet(const struct vioc_cache *cache, struct vioci_span span);
struct vioc_registration *vioci_index_inside(const struct vioc_cache *cache,
					     struct vioci_span span);
/* Nothing covers it, nothing is inside it, and room in the tree was reserved. */
void vioci_index_insert(struct vioc_cache *cache, struct vioc_registration *registration);
void vioci_index_remove(struct vioc_cache *cache, const struct vioc_registration *registration);

/* stage.c: the life of a registration. With the lock. */

/* A new one, pending, for the span. NULL: no memory. */
struct vioc_registration *vioci_registration_new(struct vioc_cache *cache, struct vioci_span span);
void vioci_registration_free(struct vioc_cache *cache, struct vioc_registration *registration);
/* To the end of the stage's list. */
void vioci_stage_move(struct vioc_cache *cache, struct vioc_registration *registration,
		      enum vioci_stage stage);
/* The first of the stage that meets the span. */
struct vioc_registration *vioci_stage_meet(const struct vioc_cache *cache, enum vioci_stage stage,
					   struct vioci_span span);
/* It was pending and is mapped; it has one user. */
void vioci_registration_publish(struct vioc_cache *cache, struct vioc_registration *registration);
/* Takes a cached one out: nobody finds it any more. */
void vioci_registration_retire(struct vioc_cache *cache, struct vioc_registration *registration);
/* The same, if nobody uses it. */
bool vioci_registration_evict(struct vioc_cache *cache, struct vioc_registration *registration);
/* Takes one that left and that nobody uses to those that are to be unmapped. */
void vioci_registration_reap(struct vioc_cache *cache, struct vioc_registration *registration);

/* evict.c. With the lock, which both give up in between. */

/* Unmaps what is idle. */
void vioci_cache_drain(struct vioc_cache *cache);
/* Evicts while a limit is exceeded, and drains. */
void vioci_cache_trim(struct vioc_cache *cache);
/* Lets those that the kernel refused to unmap be drained again, if they meet the span. */
void vioci_cache_retry(struct vioc_cache *cache, struct vioci_span span);
/*
 * Without the lock. After the kernel refused to map length bytes with this error: evicts what may be
 * enough. False: there is nothing to evict.
 */
bool vioci_cache_make_room(struct vioc_cache *cache, uint64_t length, int error);

#endif
