// SPDX-License-Identifier: MIT
/* What of vioc_mem the contract suite can't bring about on a real kernel. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "unit.h"

#define BASE ((uint64_t)0x100000)
#define GIB  (UINT64_C(1) << 30)

struct rig {
	struct fake *fake;
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
	struct vioc_device *device;
	unsigned int n_errors; /* logged */
};

static void count_errors(void *data, int level, const char *line)
{
	(void)line;
	struct rig *rig = data;
	rig->n_errors += level == VIOC_LOG_ERROR;
}

static void rig_open(struct rig *rig, struct fake_config config)
{
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	memset(rig, 0, sizeof(*rig));
	opts.log_fn = count_errors;
	opts.log_data = rig;
	rig->fake = unit_fake(config);
	assert_int_equal(vioci_ctx_new_with_sys(&opts, fake_sys(rig->fake), &rig->ctx), 0);
	assert_int_equal(vioc_container_new(rig->ctx, NULL, &rig->container), 0);
	assert_int_equal(vioc_ioas_new(rig->container, NULL, &rig->ioas), 0);
	assert_int_equal(vioc_device_open(rig->ioas, FIRST, NULL, &rig->device), 0);
}

static void rig_close(struct rig *rig, unsigned int open)
{
	vioc_device_unref(rig->device);
	vioc_ioas_unref(rig->ioas);
	vioc_container_unref(rig->container);
	vioc_ctx_unref(rig->ctx);
	assert_int_equal(fake_count_open(rig->fake), open);
	fake_free(rig->fake);
}

static uint32_t reason_of_last(struct rig *rig)
{
	struct vioc_diag *diag;
	assert_int_equal(vioc_ctx_get_diag(rig->ctx, &diag), 0);
	uint32_t reason = vioc_diag_get_reason(diag);
	vioc_diag_unref(diag);
	return reason;
}

/* Memory that a device may still reach is not given back. */
static void unmap_is_refused(void **state)
{
	(void)state;
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem;
	struct rig rig;
	rig_open(&rig, (struct fake_config){ 0 });
	opts.flags = VIOC_MEM_FIXED_IOVA;
	opts.iova = BASE;
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &mem), 0);
	char *va = vioc_mem_get_va(mem);
	*va = 'k';
	fake_fail_unmap(rig.fake, false, BASE);
	assert_null(vioc_mem_unref(mem));
	assert_int_equal(rig.n_errors, 1);
	assert_int_equal(*va, 'k');
	assert_int_equal(fake_count_mappings(rig.fake), 1);
	/* The memory, and nothing else. */
	rig_close(&rig, 1);
	munmap(va, PAGE);
}

/* Somebody else unmapped it, which the library finds out: nothing is mapped, so it is freed. */
static void mapping_is_gone(void **state)
{
	(void)state;
	struct vioc_mem *mem;
	struct rig rig;
	rig_open(&rig, (struct fake_config){ 0 });
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, NULL, &mem), 0);
	fake_remove_mapping(rig.fake, vioc_mem_get_iova(mem));
	vioc_mem_unref(mem);
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, NULL, &mem), 0);
	assert_int_equal(vioc_ioas_unmap_all(rig.ioas, NULL), 0);
	vioc_mem_unref(mem);
	assert_int_equal(rig.n_errors, 0);
	rig_close(&rig, 0);
}

static void pages_of_1g(void **state)
{
	(void)state;
	struct vioc_mem_info info = VIOC_SIZED(vioc_mem_info);
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem = NULL;
	struct rig rig;
	rig_open(&rig, (struct fake_config){ 0 });
	fake_set_huge_pages(rig.fake, FAKE_1G, 1);
	opts.flags = VIOC_MEM_HUGETLB_1G | VIOC_MEM_HUGETLB_2M;
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &mem), 0);
	assert_int_equal(vioc_mem_get_info(mem, &info), 0);
	assert_int_equal(info.length, GIB);
	assert_int_equal(info.page_size, GIB);
	assert_int_equal(info.flags, VIOC_MEM_HUGETLB_1G | VIOC_MEM_SEALED);
	assert_int_equal((uintptr_t)info.va % GIB, 0);

	/* None is left of either size; then there are smaller ones. */
	struct vioc_mem *second = NULL;
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &second), -ENOMEM);
	assert_int_equal(reason_of_last(&rig), VIOC_REASON_NO_MEMORY);
	fake_set_huge_pages(rig.fake, FAKE_2M, 1);
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &second), 0);
	assert_int_equal(reason_of_last(&rig), VIOC_REASON_FALLBACK);
	assert_int_equal(vioc_mem_get_info(second, &info), 0);
	assert_int_equal(info.flags, VIOC_MEM_HUGETLB_2M | VIOC_MEM_SEALED);
	vioc_mem_unref(mem);
	vioc_mem_unref(second);
	rig_close(&rig, 0);
}

static void no_such_pages(void **state)
{
	(void)state;
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	struct vioc_mem *mem = NULL;
	struct rig rig;
	rig_open(&rig, (struct fake_config){ 0 });
	fake_set_huge_pages(rig.fake, FAKE_1G, UINT64_MAX);
	opts.flags = VIOC_MEM_HUGETLB_1G;
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &mem), -EOPNOTSUPP);
	assert_int_equal(reason_of_last(&rig), VIOC_REASON_UNSUPPORTED);
	opts.flags |= VIOC_MEM_HUGETLB_2M;
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &mem), -ENOMEM);
	opts.flags |= VIOC_MEM_PREFER;
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, &opts, &mem), 0);
	vioc_mem_unref(mem);
	rig_close(&rig, 0);
}

/* The fake is then as Linux before 5.14: pages are touched, and the memory is real. */
static void kernel_cannot_populate(void **state)
{
	(void)state;
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	unsigned char present[512];
	struct vioc_mem *mem;
	struct rig rig;
	rig_open(&rig, (struct fake_config){ .no_populate = true });
	opts.n_threads = 2;
	assert_int_equal(vioc_mem_new(rig.ioas, 512 * PAGE, &opts, &mem), 0);
	assert_int_equal(mincore(vioc_mem_get_va(mem), 512 * PAGE, present), 0);
	for (size_t i = 0; i < 512; i++)
		assert_int_equal(present[i] & 1, 1);
	vioc_mem_unref(mem);
	rig_close(&rig, 0);
}

/* The fake is then as Linux before 6.13, which is found out once. */
static void kernel_cannot_map_files(void **state)
{
	(void)state;
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	struct vioc_mem *first, *second;
	struct rig rig;
	rig_open(&rig, (struct fake_config){ .no_map_file = true });
	assert_int_equal(vioc_device_get_backend(rig.device), VIOC_BACKEND_IOMMUFD);
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, NULL, &first), 0);
	assert_int_equal(vioc_mem_new(rig.ioas, PAGE, NULL, &second), 0);
	assert_int_equal(vioc_ioas_get_stats(rig.ioas, &stats), 0);
	assert_int_equal(stats.n_map_calls, 2);
	assert_int_equal(stats.n_map_by_file, 0);
	assert_int_equal(fake_count_mappings(rig.fake), 2);
	vioc_mem_unref(first);
	vioc_mem_unref(second);
	rig_close(&rig, 0);
}

static void null_arguments(void **state)
{
	(void)state;
	struct vioc_mem_info info = VIOC_SIZED(vioc_mem_info);
	struct vioc_mem *mem = NULL;
	uint64_t iova;
	assert_int_equal(vioc_mem_new(NULL, PAGE, NULL, &mem), -EINVAL);
	assert_int_equal(vioc_mem_import(NULL, 0, 0, PAGE, NULL, &mem), -EINVAL);
	assert_int_equal(vioc_mem_get_info(NULL, &info), -EINVAL);
	assert_int_equal(vioc_ioas_map_file(NULL, 0, 0, NULL, PAGE, VIOC_MAP_READ, &iova), -EINVAL);
	assert_int_equal(vioc_ioas_map_file_fixed(NULL, 0, 0, 0, NULL, PAGE, VIOC_MAP_READ),
			 -EINVAL);
	assert_null(vioc_mem_ref(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmap_is_refused),
		cmocka_unit_test(mapping_is_gone),
		cmocka_unit_test(pages_of_1g),
		cmocka_unit_test(no_such_pages),
		cmocka_unit_test(kernel_cannot_populate),
		cmocka_unit_test(kernel_cannot_map_files),
		cmocka_unit_test(null_arguments),
	};
	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
