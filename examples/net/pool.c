// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "message.h"
#include "pool.h"

int net_pool_open(struct net_pool *pool, struct vioc_ioas *ioas, uint32_t n_bufs)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);

	*pool = (struct net_pool){ .n_bufs = n_bufs };
	pool->bufs = calloc(n_bufs, sizeof(*pool->bufs));
	pool->free = calloc(n_bufs, sizeof(struct net_buf *));
	if (!pool->bufs || !pool->free) {
		net_pool_close(pool);
		return fail(-ENOMEM, "buffers", "out of memory");
	}
	/* With huge pages the IOMMU's cache holds all of it, and so does the CPU's. */
	opts.flags = VIOC_MEM_HUGETLB_2M | VIOC_MEM_THP | VIOC_MEM_PREFER;
	opts.name = "net-pool";
	int error = vioc_mem_new(ioas, (uint64_t)n_bufs * NET_BUF_SIZE, &opts, &pool->memory);
	if (error < 0) {
		net_pool_close(pool);
		return fail_vioc(vioc_ioas_get_ctx(ioas), error, "buffers");
	}
	for (uint32_t i = 0; i < n_bufs; i++) {
		uint64_t offset = (uint64_t)i * NET_BUF_SIZE;
		pool->bufs[i] = (struct net_buf){
			.data = (uint8_t *)vioc_mem_get_va(pool->memory) + offset,
			.iova = vioc_mem_get_iova(pool->memory) + offset,
		};
		net_pool_put(pool, &pool->bufs[i]);
	}
	return 0;
}

void net_pool_close(struct net_pool *pool)
{
	vioc_mem_unref(pool->memory);
	free(pool->free);
	free(pool->bufs);
	*pool = (struct net_pool){ 0 };
}
