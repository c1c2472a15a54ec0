// SPDX-License-Identifier: MIT
/* What cases share: objects to start from, memory, and what they expect. */
#include <string.h>
#include <sys/mman.h>

#include "contract.h"

void rig_open(struct world *world, struct rig *rig)
{
	rig->ctx = world_new_ctx(world);
	rig->container = world_new_container(world, rig->ctx);
	rig->ioas = NULL;
	assert_int_equal(vioc_ioas_new(rig->container, NULL, &rig->ioas), 0);
}

void rig_close(struct rig *rig)
{
	vioc_ioas_unref(rig->ioas);
	vioc_container_unref(rig->container);
	vioc_ctx_unref(rig->ctx);
}

struct vioc_device *rig_device(struct rig *rig, const char *name)
{
	struct vioc_device *device = NULL;
	int error = vioc_device_open(rig->ioas, name, NULL, &device);
	struct vioc_diag *diag = NULL;
	if (error < 0 && vioc_ctx_get_diag(rig->ctx, &diag) == 0)
		print_error("%s\n", vioc_diag_get_text(diag));
	vioc_diag_unref(diag);
	assert_int_equal(error, 0);
	return device;
}

void *pages_new(size_t count)
{
	void *memory = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	assert_true(memory != MAP_FAILED);
	return memory;
}

void pages_free(void *memory, size_t count)
{
	assert_int_equal(munmap(memory, count * PAGE), 0);
}

void expect_failure(struct vioc_ctx *ctx, int result, int error, uint32_t reason)
{
	struct vioc_diag *diag = NULL;
	assert_int_equal(result, error);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	if (vioc_diag_get_error(diag) != error || vioc_diag_get_reason(diag) != reason)
		print_error("%s\n", vioc_diag_get_text(diag));
	assert_int_equal(vioc_diag_get_error(diag), error);
	assert_int_equal(vioc_diag_get_reason(diag), reason);
	assert_true(strlen(vioc_diag_get_tried(diag)) > 0);
	assert_true(strlen(vioc_diag_get_obstacle(diag)) > 0);
	vioc_diag_unref(diag);
}

void expect_fact(struct vioc_ctx *ctx, const char *key, const char *value)
{
	struct vioc_diag *diag = NULL;
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	const char *found = vioc_diag_get_fact(diag, key);
	if (!found || (value && strcmp(found, value) != 0))
		print_error("fact '%s' of: %s\n", key, vioc_diag_get_text(diag));
	assert_non_null(found);
	if (value)
		assert_string_equal(found, value);
	vioc_diag_unref(diag);
}

void expect_maps(struct vioc_ioas *ioas, uint64_t mappings, uint64_t bytes)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	assert_int_equal(vioc_ioas_get_info(ioas, &info), 0);
	assert_int_equal(info.n_mappings, mappings);
	assert_int_equal(info.n_bytes, bytes);
}
