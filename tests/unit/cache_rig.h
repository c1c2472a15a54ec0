/* SPDX-License-Identifier: MIT */
/* A cache on a fake kernel whose ioctls are counted. */
#ifndef CACHE_RIG_H
#define CACHE_RIG_H

#include <string.h>
#include <sys/mman.h>

#include "unit.h"

#define N_PAGES 256 /* of memory, from rig.memory on */

struct rig {
	struct fake *fake;
	struct vioci_sys_ops ops;
	struct vioci_sys sys;
	struct vioc_ctx *ctx;
	struct vioc_ioas *ioas;
	struct vioc_device *device;
	struct vioc_cache *cache;
	char *memory;
	_Atomic unsigned int n_errors; /* logged */
};

static const struct vioci_sys *rig_below;
static _Atomic unsigned int rig_ioctls;

static int rig_ioctl(void *data, int fd, unsigned long request, void *arg)
{
	rig_ioctls++;
	return rig_below->ops->ioctl(data, fd, request, arg);
}

static void rig_log(void *data, int level, const char *line)
{
	(void)line;
	struct rig *rig = data;
	rig->n_errors += level == VIOC_LOG_ERROR;
}

static inline void rig_open(struct rig *rig, uint32_t backend, struct fake_config config,
			    uint64_t max_entries, uint64_t max_bytes)
{
	struct vioc_ctx_opts ctx_opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_container_opts container_opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_cache_opts cache_opts = VIOC_SIZED(vioc_cache_opts);
	struct vioc_container *container;

	memset(rig, 0, sizeof(*rig));
	rig->fake = unit_fake(config);
	rig_below = fake_sys(rig->fake);
	rig->ops = *rig_below->ops;
	rig->ops.ioctl = rig_ioctl;
	rig->sys = (struct vioci_sys){ .ops = &rig->ops, .data = rig_below->data };
	ctx_opts.log_fn = rig_log;
	ctx_opts.log_data = rig;
	container_opts.backend = backend;
	cache_opts.max_entries = max_entries;
	cache_opts.max_bytes = max_bytes;
	rig->memory = mmap(NULL, N_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(rig->memory != MAP_FAILED);
	assert_int_equal(vioci_ctx_new_with_sys(&ctx_opts, &rig->sys, &rig->ctx), 0);
	assert_int_equal(vioc_container_new(rig->ctx, &container_opts, &container), 0);
	assert_int_equal(vioc_ioas_new(container, NULL, &rig->ioas), 0);
	assert_int_equal(vioc_cache_new(rig->ioas, &cache_opts, &rig->cache), 0);
	assert_int_equal(vioc_device_open(rig->ioas, FIRST, NULL, &rig->device), 0);
	vioc_container_unref(container);
}

static inline void rig_close(struct rig *rig)
{
	assert_null(vioc_cache_unref(rig->cache));
	assert_int_equal(fake_count_mappings(rig->fake), 0);
	vioc_device_unref(rig->device);
	vioc_ioas_unref(rig->ioas);
	vioc_ctx_unref(rig->ctx);
	assert_int_equal(fake_count_open(rig->fake), 0);
	fake_free(rig->fake);
	munmap(rig->memory, N_PAGES * PAGE);
}

static inline struct vioc_cache_stats rig_stats(struct rig *rig)
{
	struct vioc_cache_stats stats = VIOC_SIZED(vioc_cache_stats);
	assert_int_equal(vioc_cache_get_stats(rig->cache, &stats), 0);
	return stats;
}

#endif
