/* SPDX-License-Identifier: MIT */
/*
 * Nodes of one size. Memory once used for a node stays one until the pool dies: a reader without a
 * lock may look at a node that was given back, and finds old words but nothing else.
 */
#ifndef VIOCI_POOL_H
#define VIOCI_POOL_H

#include <stddef.h>
#include <stdint.h>

#define VIOCI_POOL_LINE 64 /* of the cache: what nodes are aligned to */

struct vioci_chunk;

struct vioci_pool {
	size_t node_size; /* a multiple of a cache line */
	size_t available; /* on the free list or in the rest of the newest chunk */
	size_t reserved;
	size_t n_chunks;
	uint64_t *unused; /* free list, by the last word of a node */
	char *rest;	  /* nodes of the newest chunk that were never taken */
	char *end;
	struct vioci_chunk *chunks;
};

void vioci_pool_init(struct vioci_pool *pool, size_t node_size);
void vioci_pool_destroy(struct vioci_pool *pool);

int vioci_pool_refill(struct vioci_pool *pool, size_t n_nodes);

/* Promises n_nodes to the caller, until it gives the promise back. -ENOMEM. */
static inline int vioci_pool_reserve(struct vioci_pool *pool, size_t n_nodes)
{
	if (pool->available - pool->reserved < n_nodes)
		return vioci_pool_refill(pool, n_nodes);
	pool->reserved += n_nodes;
	return 0;
}

static inline void vioci_pool_unreserve(struct vioci_pool *pool, size_t n_nodes)
{
	pool->reserved -= n_nodes;
}

/* Never fails within what was promised. A fresh node is all zeroes, another is as it was left. */
void *vioci_pool_take(struct vioci_pool *pool);
void vioci_pool_give(struct vioci_pool *pool, void *node);

/* What the pool holds of the process' memory. */
size_t vioci_pool_bytes(const struct vioci_pool *pool);

#endif
