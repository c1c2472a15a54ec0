// SPDX-License-Identifier: MIT
/*
 * Fails the Nth system call and the Nth allocation of a whole life of a driver, for all N. A step
 * that fails must leave everything as it was, so the same step must succeed right after; in the end
 * nothing may be left, and the next life is in the same fake kernel.
 */
#include <sys/mman.h>

#include "faults.h"

/* What a failed call must not change. */
struct snapshot {
	struct vioc_ioas_info info;
	unsigned int open;
	uint64_t kernel_bytes;
};

static struct snapshot take_snapshot(struct life *life)
{
	struct snapshot snapshot = { .info = VIOC_SIZED(vioc_ioas_info) };
	if (life->ioas)
		assert_int_equal(vioc_ioas_get_info(life->ioas, &snapshot.info), 0);
	snapshot.open = fake_count_open(life->fake);
	snapshot.kernel_bytes = fake_count_mapped_bytes(life->fake);
	return snapshot;
}

static void expect_unchanged(struct life *life, const struct snapshot *before)
{
	struct snapshot after = take_snapshot(life);
	assert_memory_equal(&before->info, &after.info, sizeof(after.info));
	assert_int_equal(before->open, after.open);
	assert_int_equal(before->kernel_bytes, after.kernel_bytes);
}

static void run_step(struct life *life, const struct step *step)
{
	struct snapshot before = take_snapshot(life);
	bool had_fired = inject_fired();
	int error = step->run(life);
	if (error == 0)
		return;
	if (had_fired || !inject_fired())
		print_error("%s failed by itself: %d\n", step->name, error);
	assert_true(inject_fired() && !had_fired);
	expect_unchanged(life, &before);
	error = step->run(life);
	if (error < 0)
		print_error("%s failed the second time: %d\n", step->name, error);
	assert_int_equal(error, 0);
}

static void end(struct life *life)
{
	vioc_cache_unref(life->cache);
	vioc_mem_unref(life->bound);
	vioc_mem_unref(life->huge);
	vioc_device_unref(life->third);
	vioc_device_unref(life->second);
	vioc_device_unref(life->first);
	vioc_mem_unref(life->imported);
	vioc_ioas_unref(life->ioas);
	vioc_container_unref(life->container);
	vioc_ctx_unref(life->ctx);
	assert_int_equal(fake_count_open(life->fake), 0);
	assert_int_equal(fake_count_mappings(life->fake), 0);
	munmap(life->memory, 8 * PAGE);
}

/* One life in which the nth call or allocation fails. False: there were fewer. */
static bool run_life(struct fake *fake, uint32_t backend, enum inject_kind kind, unsigned int nth)
{
	struct life life = { .fake = fake, .backend = backend };
	life.memory =
		mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(life.memory != MAP_FAILED);
	inject_init(&life.inject, fake_sys(life.fake));
	inject_arm(kind, nth);
	for (const struct step *step = faults_steps; step->name; step++)
		run_step(&life, step);
	bool fired = inject_fired();
	inject_arm(kind, 0);
	end(&life);
	return fired;
}

static void run_all(uint32_t backend, enum inject_kind kind)
{
	struct fake *fake = unit_fake((struct fake_config){ 0 });
	unsigned int n = 1;
	fake_set_huge_pages(fake, FAKE_2M, 1);
	while (run_life(fake, backend, kind, n))
		n++;
	fake_free(fake);
	print_message("%u failures injected\n", n - 1);
	/* Far below what a life takes: the injector is really in the way. */
	assert_true(n > 30);
}

/* Looking around, which needs no container. False: there were fewer. */
static bool run_looks(struct fake *fake, enum inject_kind kind, unsigned int nth)
{
	struct life life = { .fake = fake };
	inject_init(&life.inject, fake_sys(life.fake));
	assert_int_equal(faults_make_ctx(&life), 0);
	inject_arm(kind, nth);
	int enumerated = faults_enumerate(&life), explained = faults_explain(&life);
	int monitored = faults_monitor(&life);
	bool fired = inject_fired();
	inject_arm(kind, 0);
	if (kind == INJECT_ALLOCATIONS) {
		assert_true(enumerated == 0 || enumerated == -ENOMEM);
		assert_true(explained == 0 || explained == -ENOMEM);
		assert_true(monitored == 0 || monitored == -ENOMEM);
	}
	assert_int_equal(faults_enumerate(&life), 0);
	assert_int_equal(faults_explain(&life), 0);
	assert_int_equal(faults_monitor(&life), 0);
	vioc_ctx_unref(life.ctx);
	assert_int_equal(fake_count_open(life.fake), 0);
	return fired;
}

static void run_all_looks(enum inject_kind kind)
{
	struct fake *fake = unit_fake((struct fake_config){ 0 });
	unsigned int n = 1;
	fake_hold(fake, "/dev/vfio/2", 4711, "holder");
	while (run_looks(fake, kind, n))
		n++;
	fake_free(fake);
	print_message("%u failures injected\n", n - 1);
	assert_true(n > 10);
}

static void calls_looks(void **state)
{
	(void)state;
	run_all_looks(INJECT_CALLS);
}

static void allocations_looks(void **state)
{
	(void)state;
	run_all_looks(INJECT_ALLOCATIONS);
}

static void calls_legacy(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_LEGACY, INJECT_CALLS);
}

static void calls_iommufd(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_IOMMUFD, INJECT_CALLS);
}

static void calls_compat(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_COMPAT, INJECT_CALLS);
}

static void calls_auto(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_AUTO, INJECT_CALLS);
}

static void allocations_legacy(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_LEGACY, INJECT_ALLOCATIONS);
}

static void allocations_iommufd(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_IOMMUFD, INJECT_ALLOCATIONS);
}

static void allocations_compat(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_COMPAT, INJECT_ALLOCATIONS);
}

static void allocations_auto(void **state)
{
	(void)state;
	run_all(VIOC_BACKEND_AUTO, INJECT_ALLOCATIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_looks),	      cmocka_unit_test(allocations_looks),
		cmocka_unit_test(calls_legacy),	      cmocka_unit_test(calls_iommufd),
		cmocka_unit_test(calls_compat),	      cmocka_unit_test(calls_auto),
		cmocka_unit_test(allocations_legacy), cmocka_unit_test(allocations_iommufd),
		cmocka_unit_test(allocations_compat), cmocka_unit_test(allocations_auto),
	};
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
