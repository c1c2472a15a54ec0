/* SPDX-License-Identifier: MIT */
/*
 * Buffers for frames, out of one piece of DMA memory that is mapped once: the IOVA of a buffer is that
 * of the memory plus an offset, so nothing has to be looked up or mapped per frame.
 *
 * The headers are apart from the data: a device that goes astray inside what it may write changes
 * frames, never pointers. A pool takes no locks and belongs to one thread.
 */
#ifndef NET_POOL_H
#define NET_POOL_H

#include <stdint.h>

#include <libvioc/ioas.h>
#include <libvioc/mem.h>

#define NET_BUF_SIZE 2048u /* what RCTL.BSIZE 0 tells the device */

struct net_buf {
	uint8_t *data; /* NET_BUF_SIZE bytes */
	uint64_t iova; /* of data */
	uint16_t length;
};

struct net_pool {
	struct vioc_mem *memory;
	struct net_buf *bufs;
	struct net_buf **free; /* a stack: what was used last is still in the caches */
	uint32_t n_bufs;
	uint32_t n_free;
};

/* 0, or -errno after a message. *pool needs no preparation. */
int net_pool_open(struct net_pool *pool, struct vioc_ioas *ioas, uint32_t n_bufs);
/* All ports that use it must be closed. All zeroes is fine. */
void net_pool_close(struct net_pool *pool);

/* NULL: none is left. */
static inline struct net_buf *net_pool_get(struct net_pool *pool)
{
	return pool->n_free ? pool->free[--pool->n_free] : NULL;
}

static inline void net_pool_put(struct net_pool *pool, struct net_buf *buf)
{
	pool->free[pool->n_free++] = buf;
}

#endif
