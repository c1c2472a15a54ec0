// SPDX-License-Identifier: MIT
/* The registration cache by one thread: what hits, what goes, and when. */
#include "cache/cache.h"
#include "cache_rig.h"

static struct vioc_registration *get(struct rig *rig, uint64_t offset, uint64_t length)
{
	struct vioc_registration *registration = NULL;
	uint64_t iova = 0;
	void *va;
	char *wanted = rig->memory + offset;
	assert_int_equal(vioc_cache_get(rig->cache, wanted, length, &iova, &registration), 0);
	assert_non_null(registration);
	uint64_t there;
	assert_int_equal(vioc_ioas_get_va(rig->ioas, iova, length, &va, &there), 0);
	assert_ptr_equal(va, wanted);
	assert_int_equal(there, length);
	return registration;
}

static void use(struct rig *rig, uint64_t offset, uint64_t length)
{
	vioc_cache_put(rig->cache, get(rig, offset, length));
}

/* The same, and it hits or not. */
static void use_expect(struct rig *rig, uint64_t offset, uint64_t length, bool hit)
{
	uint64_t before = rig_stats(rig).n_misses;
	unsigned int ioctls = rig_ioctls;
	use(rig, offset, length);
	assert_int_equal(rig_stats(rig).n_misses - before, hit ? 0 : 1);
	if (hit)
		assert_int_equal(rig_ioctls, ioctls);
}

static int invalidate(struct rig *rig, uint64_t offset, uint64_t length)
{
	return vioc_cache_invalidate(rig->cache, rig->memory + offset, length);
}

static void expect_diag(struct rig *rig, int error, uint32_t reason)
{
	struct vioc_diag *diag;
	assert_int_equal(vioc_ctx_get_diag(rig->ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), error);
	assert_int_equal(vioc_diag_get_reason(diag), reason);
	vioc_diag_unref(diag);
}

static void expect_entries(struct rig *rig, uint64_t n_entries, uint64_t n_pages, uint64_t n_used)
{
	struct vioc_cache_stats stats = rig_stats(rig);
	assert_int_equal(stats.n_entries, n_entries);
	assert_int_equal(stats.n_bytes, n_pages * PAGE);
	assert_int_equal(stats.n_used, n_used);
	assert_int_equal(fake_count_mappings(rig->fake), n_entries);
	assert_int_equal(fake_count_mapped_bytes(rig->fake), n_pages * PAGE);
}

static void hits_cost_nothing(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 0, 0);
	struct vioc_registration *first = get(&rig, 3 * PAGE + 100, 2 * PAGE);
	unsigned int ioctls = rig_ioctls;
	assert_ptr_equal(get(&rig, 3 * PAGE, 3 * PAGE), first);
	assert_ptr_equal(get(&rig, 6 * PAGE - 1, 1), first);
	expect_entries(&rig, 1, 3, 1);
	for (int i = 0; i < 3; i++)
		vioc_cache_put(rig.cache, first);
	expect_entries(&rig, 1, 3, 0);
	assert_ptr_equal(get(&rig, 4 * PAGE, 1), first);
	vioc_cache_put(rig.cache, first);
	assert_int_equal(rig_ioctls, ioctls);
	struct vioc_cache_stats stats = rig_stats(&rig);
	assert_int_equal(stats.n_hits, 3);
	assert_int_equal(stats.n_misses, 1);
	/* One byte less or more. */
	use_expect(&rig, 3 * PAGE - 1, 2, false);
	use_expect(&rig, 6 * PAGE, 1, false);
	rig_close(&rig);
	assert_int_equal(rig.n_errors, 0);
}

/* Buffers that share pages at their ends. */
static void overlap(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 0, 0);
	const uint64_t step = 2 * PAGE + 512, length = 2 * PAGE + 500;
	for (uint64_t i = 0; i < 40; i++)
		use_expect(&rig, (i * 7 % 40) * step, length, false);
	for (uint64_t i = 0; i < 40; i++)
		use_expect(&rig, i * step, length, true);
	assert_int_equal(invalidate(&rig, 10 * step, 1), 0);
	use_expect(&rig, 9 * step - PAGE, PAGE, true);
	use_expect(&rig, 11 * step + PAGE, PAGE, true);
	use_expect(&rig, 10 * step, length, false);
	rig_close(&rig);
}

/* What lies inside another is of no use any more, but for those who use it. */
static void nest(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 0, 0);
	struct vioc_registration *inner = get(&rig, 4 * PAGE, PAGE);
	use(&rig, 5 * PAGE, 2 * PAGE);
	expect_entries(&rig, 2, 3, 1);
	use(&rig, 2 * PAGE, 8 * PAGE);
	expect_entries(&rig, 2, 9, 1);
	use_expect(&rig, 4 * PAGE, PAGE, true);
	vioc_cache_put(rig.cache, inner);
	expect_entries(&rig, 1, 8, 0);
	rig_close(&rig);
}

static void evicts_in_order(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 3, 0);
	for (uint64_t i = 0; i < 3; i++)
		use(&rig, 2 * i * PAGE, PAGE);
	use(&rig, 0, PAGE);
	use(&rig, 20 * PAGE, PAGE);
	/* The second went, as the first was used since. */
	expect_entries(&rig, 3, 3, 0);
	use_expect(&rig, 0, PAGE, true);
	use_expect(&rig, 4 * PAGE, PAGE, true);
	use_expect(&rig, 20 * PAGE, PAGE, true);
	struct vioc_registration *held = get(&rig, 0, PAGE);
	for (uint64_t i = 0; i < 10; i++)
		use(&rig, (30 + 2 * i) * PAGE, PAGE);
	use_expect(&rig, 0, PAGE, true);
	vioc_cache_put(rig.cache, held);
	assert_int_equal(rig_stats(&rig).n_evictions, 11);
	rig_close(&rig);
}

static void limits_bend_for_use(void **state)
{
	(void)state;
	struct vioc_registration *held[6];
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 4, 8 * PAGE);
	for (uint64_t i = 0; i < 6; i++)
		held[i] = get(&rig, 2 * i * PAGE, PAGE);
	expect_entries(&rig, 6, 6, 6);
	for (uint64_t i = 0; i < 6; i++)
		vioc_cache_put(rig.cache, held[i]);
	expect_entries(&rig, 4, 4, 0);
	use(&rig, 20 * PAGE, 5 * PAGE);
	expect_entries(&rig, 4, 8, 0);
	/* More than is ever kept. */
	held[0] = get(&rig, 40 * PAGE, 9 * PAGE);
	expect_entries(&rig, 1, 9, 1);
	vioc_cache_put(rig.cache, held[0]);
	expect_entries(&rig, 0, 0, 0);
	rig_close(&rig);
}

/* The kernel's limits are felt only when it refuses. */
static void kernel_takes_no_more(void **state)
{
	(void)state;
	struct vioc_registration *held[4], *none = NULL;
	struct vioc_diag *diag;
	uint64_t iova;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_LEGACY, (struct fake_config){ .entry_limit = 4 }, 0, 0);
	for (uint64_t i = 0; i < 20; i++)
		use(&rig, 2 * i * PAGE, PAGE);
	assert_int_equal(vioc_ctx_get_diag(rig.ctx, &diag), -ENOENT);
	expect_entries(&rig, 4, 4, 0);
	for (uint64_t i = 0; i < 4; i++)
		held[i] = get(&rig, 2 * i * PAGE, PAGE);
	assert_int_equal(vioc_cache_get(rig.cache, rig.memory + 90 * PAGE, 1, &iova, &none),
			 -ENOSPC);
	expect_diag(&rig, -ENOSPC, VIOC_REASON_NO_SPACE);
	assert_null(none);
	expect_entries(&rig, 4, 4, 4);
	vioc_cache_put(rig.cache, held[2]);
	use(&rig, 90 * PAGE, PAGE);
	for (uint64_t i = 0; i < 4; i++)
		vioc_cache_put(rig.cache, i == 2 ? NULL : held[i]);
	expect_entries(&rig, 4, 4, 0);
	rig_close(&rig);
}

static void memlock_is_short(uint32_t backend)
{
	struct vioc_registration *held, *none = NULL;
	uint64_t iova;
	struct rig rig;
	rig_open(&rig, backend, (struct fake_config){ 0 }, 0, 0);
	fake_set_memlock(rig.fake, 16 * PAGE);
	for (uint64_t i = 0; i < 8; i++)
		use(&rig, 2 * i * PAGE, 2 * PAGE);
	use(&rig, 100 * PAGE, 10 * PAGE);
	expect_entries(&rig, 4, 16, 0);
	held = get(&rig, 100 * PAGE, PAGE);
	assert_int_equal(vioc_cache_get(rig.cache, rig.memory + 150 * PAGE, 7 * PAGE, &iova, &none),
			 -ENOMEM);
	expect_diag(&rig, -ENOMEM, VIOC_REASON_MEMLOCK);
	assert_null(none);
	expect_entries(&rig, 1, 10, 1);
	vioc_cache_put(rig.cache, held);
	use(&rig, 150 * PAGE, 16 * PAGE);
	expect_entries(&rig, 1, 16, 0);
	rig_close(&rig);
	assert_int_equal(rig.n_errors, 0);
}

static void memlock_legacy(void **state)
{
	(void)state;
	memlock_is_short(VIOC_BACKEND_LEGACY);
}

static void memlock_iommufd(void **state)
{
	(void)state;
	memlock_is_short(VIOC_BACKEND_IOMMUFD);
}

static void invalidate_takes_out(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 0, 0);
	for (uint64_t i = 0; i < 10; i++)
		use(&rig, 4 * i * PAGE, 2 * PAGE);
	assert_int_equal(invalidate(&rig, 2 * PAGE, 2 * PAGE), 0);
	expect_entries(&rig, 10, 20, 0);
	assert_int_equal(invalidate(&rig, 6 * PAGE - 1, 2 * PAGE + 2), 0);
	expect_entries(&rig, 8, 16, 0);
	use_expect(&rig, 4 * PAGE, PAGE, false);

	struct vioc_registration *held = get(&rig, 12 * PAGE, 2 * PAGE);
	assert_int_equal(invalidate(&rig, 0, 14 * PAGE), -EBUSY);
	expect_diag(&rig, -EBUSY, VIOC_REASON_IN_USE);
	expect_entries(&rig, 7, 14, 1);
	use_expect(&rig, 12 * PAGE, 2 * PAGE, false);
	assert_int_equal(invalidate(&rig, 13 * PAGE, 1), -EBUSY);
	vioc_cache_put(rig.cache, held);
	assert_int_equal(invalidate(&rig, 13 * PAGE, 1), 0);
	expect_entries(&rig, 6, 12, 0);
	assert_int_equal(vioc_cache_invalidate(rig.cache, NULL, UINT64_MAX), 0);
	expect_entries(&rig, 0, 0, 0);
	assert_int_equal(rig_stats(&rig).n_invalidations, 12);
	assert_int_equal(rig_stats(&rig).n_evictions, 0);
	rig_close(&rig);
}

/* A device may still reach what the kernel refuses to unmap. */
static void unmap_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	uint64_t iova;
	struct vioc_registration *registration;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 2, 0);
	assert_int_equal(vioc_cache_get(rig.cache, rig.memory, PAGE, &iova, &registration), 0);
	vioc_cache_put(rig.cache, registration);
	fake_fail_unmap(rig.fake, false, iova);
	for (uint64_t i = 1; i < 4; i++)
		use(&rig, 2 * i * PAGE, PAGE);
	assert_true(rig.n_errors > 0);
	expect_entries(&rig, 3, 3, 0);
	assert_int_equal(rig_stats(&rig).n_refused, 1);
	use_expect(&rig, 0, PAGE, false);
	int error = invalidate(&rig, 0, PAGE);
	assert_true(error < 0);
	expect_diag(&rig, error, VIOC_REASON_KERNEL);
	assert_int_equal(invalidate(&rig, 2 * PAGE, 6 * PAGE), 0);
	expect_entries(&rig, 1, 1, 0);
	fake_fail_unmap(rig.fake, false, UINT64_MAX);
	assert_int_equal(invalidate(&rig, 0, PAGE), 0);
	expect_entries(&rig, 0, 0, 0);
	rig_close(&rig);
}

/* It is tried again when something has to be evicted. */
static void refused_goes_later(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 1, 0);
	use(&rig, 0, PAGE);
	fake_fail_ioctl(rig.fake, FAKE_UNMAP, 1, -ENOMEM);
	use(&rig, 2 * PAGE, PAGE);
	expect_entries(&rig, 2, 2, 0);
	use(&rig, 4 * PAGE, PAGE);
	expect_entries(&rig, 1, 1, 0);
	assert_int_equal(rig_stats(&rig).n_refused, 0);
	rig_close(&rig);
	assert_int_equal(rig.n_errors, 1);
}

static void mistakes(void **state)
{
	(void)state;
	const size_t size = sizeof(struct vioc_cache_opts);
	const struct vioc_cache_opts bad[] = {
		{ .size = 0 },
		{ .size = size, .flags = 1 },
		{ .size = size, .map_flags = 4 },
	};
	struct vioc_registration *none = NULL;
	struct vioc_cache *cache = NULL;
	struct rig rig;
	uint64_t iova;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 0, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(vioc_cache_new(rig.ioas, &bad[i], &cache), -EINVAL);
		expect_diag(&rig, -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	}
	assert_int_equal(vioc_cache_new(rig.ioas, NULL, NULL), -EINVAL);
	assert_int_equal(vioc_cache_new(NULL, NULL, &cache), -EINVAL);
	static const uint64_t lengths[] = { 0, UINT64_MAX, UINT64_MAX - 5 * PAGE };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(vioc_cache_get(rig.cache, rig.memory, lengths[i], &iova, &none),
				 -EINVAL);
		expect_diag(&rig, -EINVAL, VIOC_REASON_BAD_ARGUMENT);
		assert_int_equal(invalidate(&rig, 0, lengths[i]), -EINVAL);
		expect_diag(&rig, -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	}
	void *top = (void *)(UINTPTR_MAX - 10);
	assert_int_equal(vioc_cache_get(rig.cache, top, PAGE, &iova, &none), -EINVAL);
	assert_true(vioc_cache_get(rig.cache, top, 1, &iova, &none) < 0);
	assert_int_equal(vioc_cache_get(rig.cache, rig.memory, 1, NULL, &none), -EINVAL);
	assert_int_equal(vioc_cache_get(rig.cache, rig.memory, 1, &iova, NULL), -EINVAL);
	assert_int_equal(vioc_cache_get(NULL, rig.memory, 1, &iova, &none), -EINVAL);
	assert_int_equal(vioc_cache_invalidate(NULL, rig.memory, 1), -EINVAL);
	assert_int_equal(vioc_cache_get_stats(NULL, NULL), -EINVAL);
	assert_int_equal(vioc_cache_get_stats(rig.cache, NULL), -EINVAL);
	assert_null(vioc_cache_ref(NULL));
	assert_null(none);
	expect_entries(&rig, 0, 0, 0);

	/* Memory that is not there. */
	munmap(rig.memory + 100 * PAGE, PAGE);
	assert_int_equal(vioc_cache_get(rig.cache, rig.memory + 99 * PAGE, 2 * PAGE, &iova, &none),
			 -EFAULT);
	expect_diag(&rig, -EFAULT, VIOC_REASON_BAD_MEMORY);
	expect_entries(&rig, 0, 0, 0);

	vioc_cache_put(rig.cache, NULL);
	vioc_cache_put(NULL, NULL);
	struct vioc_registration *held = get(&rig, 0, PAGE);
	vioc_cache_put(rig.cache, held);
	assert_int_equal(rig.n_errors, 0);
	vioc_cache_put(rig.cache, held);
	assert_int_equal(rig.n_errors, 1);
	use_expect(&rig, 0, PAGE, true);
	rig_close(&rig);
}

/* A reader without the lock is late: what it found is on its way out, or serves for other memory. */
static void finds_too_late(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 1, 0);
	struct vioci_span span = { (uintptr_t)rig.memory, (uintptr_t)rig.memory + 9 };
	struct vioc_registration *used = get(&rig, 0, PAGE);
	struct vioc_registration *found = vioci_index_find(rig.cache, span);
	assert_ptr_equal(found, used);
	assert_true(vioci_index_hold(rig.cache, found, span));
	vioc_cache_put(rig.cache, found);
	assert_int_equal(invalidate(&rig, 0, PAGE), -EBUSY);
	assert_false(vioci_index_hold(rig.cache, found, span));
	vioc_cache_put(rig.cache, used);
	assert_false(vioci_index_hold(rig.cache, found, span));
	expect_entries(&rig, 0, 0, 0);
	used = get(&rig, 2 * PAGE, PAGE);
	assert_ptr_equal(found, used);
	assert_false(vioci_index_hold(rig.cache, found, span));
	expect_entries(&rig, 1, 1, 1);
	vioc_cache_put(rig.cache, used);
	expect_entries(&rig, 1, 1, 0);
	rig_close(&rig);
	assert_int_equal(rig.n_errors, 0);
}

static void holds_its_ioas(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig, VIOC_BACKEND_AUTO, (struct fake_config){ 0 }, 0, 0);
	use(&rig, 0, PAGE);
	/* Not put: the user's mistake, but no device may go on. */
	get(&rig, 2 * PAGE, PAGE);
	rig.device = vioc_device_unref(rig.device);
	rig.ioas = vioc_ioas_unref(rig.ioas);
	assert_ptr_equal(vioc_cache_ref(rig.cache), rig.cache);
	vioc_cache_unref(rig.cache);
	rig_close(&rig);
	assert_int_equal(rig.n_errors, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_cost_nothing),
		cmocka_unit_test(overlap),
		cmocka_unit_test(nest),
		cmocka_unit_test(evicts_in_order),
		cmocka_unit_test(limits_bend_for_use),
		cmocka_unit_test(kernel_takes_no_more),
		cmocka_unit_test(memlock_legacy),
		cmocka_unit_test(memlock_iommufd),
		cmocka_unit_test(invalidate_takes_out),
		cmocka_unit_test(unmap_is_refused),
		cmocka_unit_test(refused_goes_later),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(finds_too_late),
		cmocka_unit_test(holds_its_ioas),
	};
	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
