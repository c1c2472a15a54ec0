// SPDX-License-Identifier: MIT
/* Memory that is mapped when it is used, and stays mapped for a while. */
#include <string.h>
#include <sys/mman.h>

#include "contract.h"

/* A rig with an edu, a cache, and memory that edu can address when it is mapped. */
struct setup {
	struct rig rig;
	struct vioc_device *device;
	struct vioc_cache *cache;
	char *memory; /* 64 pages */
};

#define N_PAGES 64

static void setup_open(struct world *world, struct setup *s, const char *device)
{
	static const struct vioc_iova_range low = { PAGE, 0xfffffff };
	rig_open(world, &s->rig);
	assert_int_equal(vioc_ioas_set_allowed(s->rig.ioas, &low, 1), 0);
	assert_int_equal(vioc_cache_new(s->rig.ioas, NULL, &s->cache), 0);
	s->memory = pages_new(N_PAGES);
	s->device = device ? rig_device(&s->rig, device) : NULL;
}

static void setup_close(struct setup *s)
{
	vioc_cache_unref(s->cache);
	expect_maps(s->rig.ioas, 0, 0);
	vioc_device_unref(s->device);
	pages_free(s->memory, N_PAGES);
	rig_close(&s->rig);
}

static struct vioc_registration *get(struct setup *s, uint64_t offset, uint64_t length,
				     uint64_t *ret_iova)
{
	struct vioc_registration *registration = NULL;
	assert_int_equal(
		vioc_cache_get(s->cache, s->memory + offset, length, ret_iova, &registration), 0);
	return registration;
}

static void use(struct setup *s, uint64_t offset, uint64_t length)
{
	uint64_t iova;
	vioc_cache_put(s->cache, get(s, offset, length, &iova));
}

static struct vioc_cache_stats stats_of(struct setup *s)
{
	struct vioc_cache_stats stats = VIOC_SIZED(vioc_cache_stats);
	assert_int_equal(vioc_cache_get_stats(s->cache, &stats), 0);
	return stats;
}

static uint64_t count_calls(struct setup *s)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	assert_int_equal(vioc_ioas_get_stats(s->rig.ioas, &stats), 0);
	return stats.n_map_calls + stats.n_unmap_calls;
}

static void get_is_reached(struct world *world)
{
	struct setup s;
	uint64_t iova, again;
	setup_open(world, &s, world->edu);
	edu_start(s.device);
	struct vioc_registration *registration = get(&s, 3 * PAGE + 17, 2 * PAGE, &iova);
	assert_int_equal(iova % PAGE, 17);
	expect_maps(s.rig.ioas, 1, 3 * PAGE);
	for (uint64_t i = 0; i < 3; i++)
		assert_true(edu_reaches(s.device, s.rig.ioas, iova - 17 + i * PAGE,
					s.memory + (3 + i) * PAGE));
	vioc_cache_put(s.cache, registration);
	uint64_t calls = count_calls(&s);
	registration = get(&s, 4 * PAGE, PAGE, &again);
	assert_int_equal(again, iova - 17 + PAGE);
	assert_int_equal(count_calls(&s), calls);
	assert_true(edu_reaches(s.device, s.rig.ioas, again, s.memory + 4 * PAGE));
	vioc_cache_put(s.cache, registration);
	setup_close(&s);
}

static void get_before_attach(struct world *world)
{
	struct setup s;
	uint64_t iova, again;
	setup_open(world, &s, NULL);
	struct vioc_registration *registration = get(&s, 0, PAGE, &iova);
	s.device = rig_device(&s.rig, world->edu);
	edu_start(s.device);
	assert_true(edu_reaches(s.device, s.rig.ioas, iova, s.memory));
	vioc_cache_put(s.cache, registration);
	vioc_cache_put(s.cache, get(&s, 0, PAGE, &again));
	assert_int_equal(again, iova);
	setup_close(&s);
}

static void overlap_and_nest(struct world *world)
{
	static const struct {
		uint64_t page;
		uint64_t count;
	} spans[] = { { 4, 2 }, { 5, 3 }, { 6, 1 }, { 2, 3 }, { 0, 16 }, { 12, 8 } };
	struct vioc_registration *held[6];
	uint64_t iovas[6];
	struct setup s;
	setup_open(world, &s, world->edu);
	edu_start(s.device);
	for (size_t i = 0; i < 6; i++)
		held[i] = get(&s, spans[i].page * PAGE, spans[i].count * PAGE, &iovas[i]);
	assert_ptr_equal(held[2], held[1]);
	expect_maps(s.rig.ioas, 5, 32 * PAGE);
	for (size_t i = 0; i < 6; i++)
		assert_true(edu_reaches(s.device, s.rig.ioas,
					iovas[i] + (spans[i].count - 1) * PAGE,
					s.memory + (spans[i].page + spans[i].count - 1) * PAGE));
	for (size_t i = 0; i < 6; i++)
		vioc_cache_put(s.cache, held[i]);
	/* What lies inside another goes. */
	expect_maps(s.rig.ioas, 2, 24 * PAGE);
	setup_close(&s);
}

static void invalidated_is_not_reached(struct world *world)
{
	struct setup s;
	uint64_t iova;
	setup_open(world, &s, world->edu);
	edu_start(s.device);
	struct vioc_registration *registration = get(&s, 0, 4 * PAGE, &iova);
	expect_failure(s.rig.ctx, vioc_cache_invalidate(s.cache, s.memory + PAGE, 1), -EBUSY,
		       VIOC_REASON_IN_USE);
	assert_true(edu_reaches(s.device, s.rig.ioas, iova, s.memory));
	vioc_cache_put(s.cache, registration);
	expect_maps(s.rig.ioas, 0, 0);
	assert_false(edu_reaches(s.device, s.rig.ioas, iova, s.memory));
	assert_int_equal(vioc_cache_invalidate(s.cache, s.memory, 4 * PAGE), 0);
	use(&s, 8 * PAGE, PAGE);
	assert_int_equal(vioc_cache_invalidate(s.cache, s.memory + 8 * PAGE, PAGE), 0);
	expect_maps(s.rig.ioas, 0, 0);
	setup_close(&s);
}

/* Other memory at the same address: a device must not go on seeing the old one. */
static void memory_is_replaced(struct world *world)
{
	struct setup s;
	uint64_t iova;
	setup_open(world, &s, world->edu);
	edu_start(s.device);
	use(&s, 0, 2 * PAGE);
	assert_int_equal(vioc_cache_invalidate(s.cache, s.memory, 2 * PAGE), 0);
	void *fresh = mmap(s.memory, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	assert_ptr_equal(fresh, s.memory);
	struct vioc_registration *registration = get(&s, PAGE, PAGE, &iova);
	assert_true(edu_reaches(s.device, s.rig.ioas, iova, s.memory + PAGE));
	vioc_cache_put(s.cache, registration);
	setup_close(&s);
}

static void evicts_for_entries(struct world *world)
{
	struct vioc_registration *held[8], *none = NULL;
	struct setup s;
	uint64_t iova;
	if (world->backend != VIOC_BACKEND_LEGACY) {
		print_message("skipped: this backend has no limit of mappings\n");
		skip();
	}
	world_limit_entries(world, 8);
	setup_open(world, &s, world->first);
	for (uint64_t i = 0; i < 20; i++)
		use(&s, 2 * i * PAGE, PAGE);
	expect_maps(s.rig.ioas, 8, 8 * PAGE);
	assert_int_equal(stats_of(&s).n_evictions, 12);
	for (uint64_t i = 0; i < 8; i++)
		held[i] = get(&s, 2 * i * PAGE, PAGE, &iova);
	expect_failure(s.rig.ctx, vioc_cache_get(s.cache, s.memory + 30 * PAGE, PAGE, &iova, &none),
		       -ENOSPC, VIOC_REASON_NO_SPACE);
	assert_null(none);
	for (uint64_t i = 0; i < 8; i++)
		vioc_cache_put(s.cache, held[i]);
	setup_close(&s);
	world_limit_entries(world, 0);
}

static void evicts_for_memlock(struct world *world)
{
	struct setup s;
	setup_open(world, &s, world->first);
	int errors = 0;
	world_limit_memlock(world, 16 * PAGE);
	for (uint64_t i = 0; i < 12; i++) {
		struct vioc_registration *registration = NULL;
		uint64_t iova;
		errors += vioc_cache_get(s.cache, s.memory + 4 * i * PAGE, 4 * PAGE, &iova,
					 &registration) < 0;
		vioc_cache_put(s.cache, registration);
	}
	world_limit_memlock(world, UINT64_MAX);
	assert_int_equal(errors, 0);
	assert_true(stats_of(&s).n_evictions >= 8);
	assert_true(stats_of(&s).n_bytes <= 16 * PAGE);
	setup_close(&s);
}

static void bad_arguments(struct world *world)
{
	struct vioc_cache_opts opts = VIOC_SIZED(vioc_cache_opts);
	struct vioc_registration *none = NULL;
	struct vioc_cache *cache = NULL;
	struct setup s;
	uint64_t iova;
	setup_open(world, &s, world->first);
	opts.flags = 1;
	expect_failure(s.rig.ctx, vioc_cache_new(s.rig.ioas, &opts, &cache), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(s.rig.ctx, vioc_cache_get(s.cache, s.memory, 0, &iova, &none), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(s.rig.ctx, vioc_cache_invalidate(s.cache, s.memory, 0), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	char *gone = pages_new(2);
	pages_free(gone, 2);
	expect_failure(s.rig.ctx, vioc_cache_get(s.cache, gone, 2 * PAGE, &iova, &none), -EFAULT,
		       VIOC_REASON_BAD_MEMORY);
	assert_null(none);
	assert_null(cache);
	expect_maps(s.rig.ioas, 0, 0);
	setup_close(&s);
}

const struct contract_case cache_cases[] = {
	{ "cached memory is reached by a device, and hits make no ioctl", get_is_reached,
	  NEEDS_EDU },
	{ "cached memory got before the first attach", get_before_attach, NEEDS_EDU },
	{ "cached memory that overlaps and nests", overlap_and_nest, NEEDS_EDU },
	{ "cached memory that is invalidated is not reached", invalidated_is_not_reached,
	  NEEDS_EDU },
	{ "cached memory that is replaced", memory_is_replaced, NEEDS_EDU },
	{ "cached memory goes when mappings are short", evicts_for_entries, 0 },
	{ "cached memory goes when memlock is short", evicts_for_memlock, 0 },
	{ "cache calls with bad arguments fail", bad_arguments, 0 },
	{ 0 },
};
