// SPDX-License-Identifier: MIT
/* Unmapping when the kernel refuses, or has something else than the library believes. */
#include <sys/mman.h>

#include "unit.h"

#define BASE	((uint64_t)0x100000)
#define N_PAGES 8

struct rig {
	struct fake *fake;
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
	struct vioc_device *device;
	char *memory;
};

/* Eight neighbours of a page each, in force. */
static void rig_open(struct rig *rig, uint32_t backend)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	opts.backend = backend;
	rig->fake = unit_fake((struct fake_config){ 0 });
	rig->memory = mmap(NULL, N_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(rig->memory != MAP_FAILED);
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(rig->fake), &rig->ctx), 0);
	assert_int_equal(vioc_container_new(rig->ctx, &opts, &rig->container), 0);
	assert_int_equal(vioc_ioas_new(rig->container, NULL, &rig->ioas), 0);
	assert_int_equal(vioc_device_open(rig->ioas, FIRST, NULL, &rig->device), 0);
	for (size_t i = 0; i < N_PAGES; i++)
		assert_int_equal(vioc_ioas_map_fixed(rig->ioas, BASE + i * PAGE,
						     rig->memory + i * PAGE, PAGE, RW),
				 0);
}

static void rig_close(struct rig *rig)
{
	vioc_device_unref(rig->device);
	vioc_ioas_unref(rig->ioas);
	vioc_container_unref(rig->container);
	vioc_ctx_unref(rig->ctx);
	assert_int_equal(fake_count_open(rig->fake), 0);
	fake_free(rig->fake);
	munmap(rig->memory, N_PAGES * PAGE);
}

static void expect_in_step(struct rig *rig, uint64_t mappings)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	assert_int_equal(vioc_ioas_get_info(rig->ioas, &info), 0);
	assert_int_equal(info.n_mappings, mappings);
	assert_int_equal(fake_count_mappings(rig->fake), mappings);
	assert_int_equal(info.n_bytes, fake_count_mapped_bytes(rig->fake));
}

static void expect_reason(struct rig *rig, uint32_t reason)
{
	struct vioc_diag *diag;
	assert_int_equal(vioc_ctx_get_diag(rig->ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_reason(diag), reason);
	vioc_diag_unref(diag);
}

/*
 * The kernel refuses a run of many but takes each alone; iommufd has by then removed the first of the
 * run without saying so. The library must find out which are left.
 */
static void run_is_refused(void **state)
{
	struct rig rig;
	uint64_t bytes = 77;
	rig_open(&rig, *(uint32_t *)*state);
	fake_fail_unmap(rig.fake, true, UINT64_MAX);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, N_PAGES * PAGE, 0, &bytes), 0);
	assert_int_equal(bytes, N_PAGES * PAGE);
	expect_in_step(&rig, 0);
	rig_close(&rig);
}

static void one_is_refused(void **state)
{
	struct rig rig;
	uint64_t bytes = 77;
	rig_open(&rig, *(uint32_t *)*state);
	fake_fail_unmap(rig.fake, false, BASE + 5 * PAGE);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE + 5 * PAGE, PAGE, 0, &bytes), -EBUSY);
	expect_reason(&rig, VIOC_REASON_KERNEL);
	assert_int_equal(bytes, 0);
	expect_in_step(&rig, N_PAGES);
	/* In the middle: what was removed before it stays removed, and is told. */
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, N_PAGES * PAGE, 0, &bytes), -EBUSY);
	assert_int_equal(bytes, 5 * PAGE);
	expect_in_step(&rig, 3);
	fake_fail_unmap(rig.fake, false, UINT64_MAX);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, N_PAGES * PAGE, 0, &bytes), 0);
	assert_int_equal(bytes, 3 * PAGE);
	expect_in_step(&rig, 0);
	rig_close(&rig);
}

static void kernel_had_less(void **state)
{
	struct rig rig;
	uint64_t bytes = 77;
	rig_open(&rig, *(uint32_t *)*state);
	fake_remove_mapping(rig.fake, BASE + 3 * PAGE);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, BASE, N_PAGES * PAGE, 0, &bytes), -EIO);
	expect_reason(&rig, VIOC_REASON_OUT_OF_STEP);
	expect_in_step(&rig, 0);
	rig_close(&rig);
}

int main(void)
{
	static uint32_t backends[] = { VIOC_BACKEND_LEGACY, VIOC_BACKEND_IOMMUFD,
				       VIOC_BACKEND_COMPAT };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(run_is_refused, &backends[0]),
		cmocka_unit_test_prestate(run_is_refused, &backends[1]),
		cmocka_unit_test_prestate(run_is_refused, &backends[2]),
		cmocka_unit_test_prestate(one_is_refused, &backends[0]),
		cmocka_unit_test_prestate(one_is_refused, &backends[1]),
		cmocka_unit_test_prestate(one_is_refused, &backends[2]),
		cmocka_unit_test_prestate(kernel_had_less, &backends[0]),
		cmocka_unit_test_prestate(kernel_had_less, &backends[1]),
		cmocka_unit_test_prestate(kernel_had_less, &backends[2]),
	};
	return cmocka_run_group_tests_name("unmap", tests, NULL, NULL);
}
