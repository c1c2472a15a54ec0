// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "tree/pool.h"

#define NODES_OF_CHUNK 64
#define LINE	       VIOCI_POOL_LINE

struct vioci_chunk {
	struct vioci_chunk *next;
};

void vioci_pool_init(struct vioci_pool *pool, size_t node_size)
{
	*pool = (struct vioci_pool){ .node_size = (node_size + LINE - 1) / LINE * LINE };
}

void vioci_pool_destroy(struct vioci_pool *pool)
{
	while (pool->chunks) {
		struct vioci_chunk *chunk = pool->chunks;
		pool->chunks = chunk->next;
		free(chunk);
	}
	vioci_pool_init(pool, pool->node_size);
}

/* The last word is the one that readers may never take for a pointer or a count. */
static uint64_t *link_of(const struct vioci_pool *pool, void *node)
{
	return (uint64_t *)node + pool->node_size / sizeof(uint64_t) - 1;
}

void vioci_pool_give(struct vioci_pool *pool, void *node)
{
	__atomic_store_n(link_of(pool, node), (uint64_t)(uintptr_t)pool->unused, __ATOMIC_RELAXED);
	pool->unused = node;
	pool->available++;
}

void *vioci_pool_take(struct vioci_pool *pool)
{
	pool->available--;
	void *node = pool->unused;
	if (node) {
		pool->unused = (uint64_t *)(uintptr_t)*link_of(pool, node);
		return node;
	}
	node = pool->rest;
	pool->rest += pool->node_size;
	return node;
}

static size_t chunk_bytes(const struct vioci_pool *pool)
{
	return (NODES_OF_CHUNK + 1) * pool->node_size;
}

static int add_chunk(struct vioci_pool *pool)
{
	struct vioci_chunk *chunk = calloc(1, chunk_bytes(pool));
	if (!chunk)
		return -ENOMEM;
	for (; pool->rest != pool->end; pool->available--, pool->rest += pool->node_size)
		vioci_pool_give(pool, pool->rest);
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	pool->n_chunks++;
	uintptr_t nodes = ((uintptr_t)(chunk + 1) + LINE - 1) / LINE * LINE;
	pool->rest = (char *)chunk + (nodes - (uintptr_t)chunk);
	pool->end = pool->rest + NODES_OF_CHUNK * pool->node_size;
	pool->available += NODES_OF_CHUNK;
	return 0;
}

int vioci_pool_refill(struct vioci_pool *pool, size_t n_nodes)
{
	while (pool->available - pool->reserved < n_nodes) {
		int error = add_chunk(pool);
		if (error < 0)
			return error;
	}
	pool->reserved += n_nodes;
	return 0;
}

size_t vioci_pool_bytes(const struct vioci_pool *pool)
{
	return pool->n_chunks * chunk_bytes(pool);
}
