// SPDX-License-Identifier: MIT
/* The small parts: sized structs, diags, logging, device names, capability chains. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"
#include "core/log.h"
#include "core/sized.h"
#include "sys/vfio_info.h"
#include "uapi/vfio.h"
#include "unit.h"

struct small {
	size_t size;
	uint64_t a;
};

struct large {
	size_t size;
	uint64_t a;
	uint64_t b;
};

static void sized_structs_grow_both_ways(void **state)
{
	(void)state;
	struct small old_caller = { sizeof(old_caller), 1 }, old_library;
	struct large new_caller = { sizeof(new_caller), 1, 0 }, new_library = { .b = 7 };

	assert_int_equal(vioci_sized_read(&old_caller, &new_library, sizeof(new_library)), 0);
	assert_int_equal(new_library.a, 1);
	assert_int_equal(new_library.b, 0);
	assert_int_equal(vioci_sized_read(&new_caller, &old_library, sizeof(old_library)), 0);
	new_caller.b = 1;
	assert_int_equal(vioci_sized_read(&new_caller, &old_library, sizeof(old_library)), -E2BIG);
	assert_int_equal(vioci_sized_read(NULL, &new_library, sizeof(new_library)), 0);
	assert_int_equal(new_library.a, 0);
	old_caller.size = 0;
	assert_int_equal(vioci_sized_read(&old_caller, &old_library, sizeof(old_library)), -EINVAL);
	old_caller.size = SIZE_MAX;
	assert_int_equal(vioci_sized_read(&old_caller, &old_library, sizeof(old_library)), -EINVAL);
}

static void sized_outputs_fill_what_fits(void **state)
{
	(void)state;
	const struct large known = { sizeof(known), 1, 2 };
	struct {
		struct large known;
		uint64_t later;
	} newer = { { .size = sizeof(newer) }, 7 };
	struct small older = { .size = sizeof(older) };

	assert_int_equal(vioci_sized_write(&newer, &known, sizeof(known)), 0);
	assert_int_equal(newer.known.size, sizeof(newer));
	assert_int_equal(newer.known.b, 2);
	assert_int_equal(newer.later, 0);
	assert_int_equal(vioci_sized_write(&older, &known, sizeof(known)), 0);
	assert_int_equal(older.size, sizeof(older));
	assert_int_equal(older.a, 1);
	assert_int_equal(vioci_sized_write(NULL, &known, sizeof(known)), -EINVAL);
}

static void context_refuses_bad_options(void **state)
{
	(void)state;
	struct vioc_ctx *ctx = NULL;
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	opts.flags = VIOC_CTX_OPENS_NOTHING << 1;
	assert_int_equal(vioc_ctx_new(&opts, &ctx), -EINVAL);
	opts.flags = 0;
	opts.log_level = 8;
	assert_int_equal(vioc_ctx_new(&opts, &ctx), -EINVAL);
	assert_null(ctx);
	assert_null(vioc_ctx_unref(NULL));
}

static int leave_one(struct vioc_ctx *ctx, int error)
{
	struct vioci_diag_draft draft = vioci_diag_draft(error, VIOC_REASON_BUSY);
	vioci_diag_tried(&draft, "open %s", "it");
	vioci_diag_obstacle(&draft, "held by pid %d", 12);
	vioci_diag_advice(&draft, "wait");
	vioci_diag_fact(&draft, "pid", "%d", 12);
	vioci_diag_fact(&draft, "pid", "%d", 13);
	vioci_diag_fact(&draft, "process", "%s", "qemu");
	return vioci_ctx_leave(ctx, &draft);
}

static void diag_tells_all(void **state)
{
	(void)state;
	struct vioc_ctx *ctx;
	struct vioc_diag *diag = NULL;
	const char *key, *value;
	assert_int_equal(vioc_ctx_new(NULL, &ctx), 0);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), -ENOENT);
	assert_int_equal(leave_one(ctx, -EBUSY), -EBUSY);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), -EBUSY);
	assert_int_equal(vioc_diag_get_reason(diag), VIOC_REASON_BUSY);
	assert_string_equal(vioc_diag_get_tried(diag), "open it");
	assert_string_equal(vioc_diag_get_obstacle(diag), "held by pid 12");
	assert_string_equal(vioc_diag_get_advice(diag), "wait");
	assert_string_equal(vioc_diag_get_fact(diag, "pid"), "12");
	assert_string_equal(vioc_diag_get_fact(diag, "process"), "qemu");
	assert_null(vioc_diag_get_fact(diag, "qemu"));
	assert_int_equal(vioc_diag_get_fact_at(diag, 1, &key, &value), 1);
	assert_string_equal(key, "pid");
	assert_string_equal(value, "13");
	assert_int_equal(vioc_diag_get_fact_at(diag, 3, &key, &value), 0);
	assert_string_equal(vioc_diag_get_text(diag),
			    "can't open it: held by pid 12 (busy, EBUSY)\n  wait");
	/* It outlives its context. */
	vioc_ctx_unref(ctx);
	assert_string_equal(vioc_diag_get_tried(diag), "open it");
	vioc_diag_unref(diag);
}

static void diags_chain(void **state)
{
	(void)state;
	struct vioc_ctx *ctx;
	struct vioc_diag *diag, *failures = NULL;
	assert_int_equal(vioc_ctx_new(NULL, &ctx), 0);
	vioci_fail(ctx, -EACCES, VIOC_REASON_PERMISSION, "one", "first");
	failures = vioci_ctx_chain_diag(ctx, failures);
	vioci_fail(ctx, -EBUSY, VIOC_REASON_BUSY, "two", "second");
	failures = vioci_ctx_chain_diag(ctx, failures);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), -ENOENT);
	vioci_ctx_put_diag(ctx, failures);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), -EBUSY);
	assert_int_equal(vioc_diag_get_error(vioc_diag_get_other(diag)), -EACCES);
	assert_null(vioc_diag_get_other(vioc_diag_get_other(diag)));
	assert_string_equal(vioc_diag_get_text(diag),
			    "can't two: second (busy, EBUSY)\n"
			    "also tried: can't one: first (permission, EACCES)");
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void *leave_in_thread(void *arg)
{
	struct vioc_ctx *ctx = arg;
	struct vioc_diag *diag;
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), -ENOENT);
	leave_one(ctx, -EIO);
	return NULL;
}

static void each_thread_has_its_diag(void **state)
{
	(void)state;
	struct vioc_ctx *ctx;
	struct vioc_diag *diag;
	pthread_t thread;
	assert_int_equal(vioc_ctx_new(NULL, &ctx), 0);
	leave_one(ctx, -EBUSY);
	assert_int_equal(pthread_create(&thread, NULL, leave_in_thread, ctx), 0);
	pthread_join(thread, NULL);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_int_equal(vioc_diag_get_error(diag), -EBUSY);
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void every_reason_has_a_name(void **state)
{
	(void)state;
	for (uint32_t i = 0; i <= VIOC_REASON_GONE; i++) {
		assert_non_null(vioc_reason_name(i));
		assert_string_not_equal(vioc_reason_name(i), "unknown");
	}
	assert_string_equal(vioc_reason_name(VIOC_REASON_GONE + 1), "unknown");
	assert_string_equal(vioc_reason_name(UINT32_MAX), "unknown");
}

static void keep_line(void *data, int level, const char *line)
{
	char *kept = data;
	if (level == VIOC_LOG_WARNING)
		strcpy(kept, line);
	else
		strcpy(kept, "wrong level");
}

static void log_goes_to_the_function(void **state)
{
	(void)state;
	char line[64] = "";
	struct vioc_ctx *ctx;
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	opts.log_fn = keep_line;
	opts.log_data = line;
	assert_int_equal(vioc_ctx_new(&opts, &ctx), 0);
	vioci_log(ctx, VIOC_LOG_INFO, "not wanted");
	assert_string_equal(line, "");
	vioci_log(ctx, VIOC_LOG_WARNING, "IOAS %d", 7);
	assert_string_equal(line, "IOAS 7");
	vioc_ctx_unref(ctx);
}

static void environment_sets_backend(void **state)
{
	(void)state;
	struct fake *fake = unit_fake((struct fake_config){ 0 });
	struct vioc_container_opts named = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container;
	struct vioc_diag *diag;
	struct vioc_ctx *ctx;

	setenv("VIOC_BACKEND", "compat", 1);
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(fake), &ctx), 0);
	assert_int_equal(vioc_container_new(ctx, NULL, &container), 0);
	assert_int_equal(vioc_container_get_backend(container), VIOC_BACKEND_COMPAT);
	vioc_container_unref(container);
	/* A program that names one gets that one. */
	named.backend = VIOC_BACKEND_LEGACY;
	assert_int_equal(vioc_container_new(ctx, &named, &container), 0);
	assert_int_equal(vioc_container_get_backend(container), VIOC_BACKEND_LEGACY);
	vioc_container_unref(container);
	vioc_ctx_unref(ctx);

	setenv("VIOC_BACKEND", "spapr", 1);
	assert_int_equal(vioci_ctx_new_with_sys(NULL, fake_sys(fake), &ctx), 0);
	assert_int_equal(vioc_container_new(ctx, NULL, &container), -EINVAL);
	assert_int_equal(vioc_ctx_get_diag(ctx, &diag), 0);
	assert_non_null(strstr(vioc_diag_get_text(diag), "VIOC_BACKEND=spapr"));
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
	unsetenv("VIOC_BACKEND");
	fake_free(fake);
}

static void backend_names(void **state)
{
	(void)state;
	uint32_t backend = 77;
	for (uint32_t i = 0; i <= VIOC_BACKEND_COMPAT; i++) {
		assert_int_equal(vioc_backend_from_name(vioc_backend_name(i), &backend), 0);
		assert_int_equal(backend, i);
	}
	assert_string_equal(vioc_backend_name(4), "unknown");
	backend = 77;
	assert_int_equal(vioc_backend_from_name("unknown", &backend), -EINVAL);
	assert_int_equal(vioc_backend_from_name(NULL, &backend), -EINVAL);
	assert_int_equal(backend, 77);
}

/* Info structs with a capability chain, as bytes: the parser may not run out of them. */
static bool find(const unsigned char *info, uint32_t first, uint16_t id, size_t fixed)
{
	unsigned char out[64];
	struct vioci_vfio_tail tail;
	return vioci_vfio_find_cap(info, first, id, out, fixed, &tail);
}

static void capability_chains_end(void **state)
{
	(void)state;
	unsigned char info[40] = { 0 };
	const uint32_t size = sizeof(info);
	struct vioci_vfio_cap_header one = { .id = 1, .next = 28 }, two = { .id = 2 };

	memcpy(info, &size, sizeof(size));
	memcpy(info + 12, &one, sizeof(one));
	memcpy(info + 28, &two, sizeof(two));
	assert_true(find(info, 12, 1, 8));
	assert_true(find(info, 12, 2, 8));
	assert_true(find(info, 12, 2, 12));
	assert_false(find(info, 12, 2, 13));
	assert_false(find(info, 12, 3, 8));
	assert_false(find(info, 0, 1, 8));
	assert_false(find(info, 33, 1, 8));
	assert_false(find(info, UINT32_MAX, 1, 8));
	two.next = 12;
	memcpy(info + 28, &two, sizeof(two));
	assert_false(find(info, 12, 3, 8));
	two.next = 28;
	memcpy(info + 28, &two, sizeof(two));
	assert_false(find(info, 12, 3, 8));
	two.next = 4000;
	memcpy(info + 28, &two, sizeof(two));
	assert_false(find(info, 12, 3, 8));
}

/* By name, and by path, whichever of the buses it is on. */
static void names_on_other_buses(void **state)
{
	static const struct fake_device_spec devices[] = {
		{ .name = "fff51000.ethernet",
		  .bus = "platform",
		  .driver = "vfio-platform",
		  .group = 5 },
		{ .name = "05.0004", .bus = "ap", .driver = "vfio_ap", .group = 6 },
		{ .name = "0.0.1234", .bus = "ccw", .group = -1 },
		{ 0 },
	};
	struct fake *fake = fake_new(&(struct fake_config){ .devices = devices });
	struct vioci_identity identity;
	char path[128];
	(void)state;
	for (size_t i = 0; devices[i].name; i++) {
		snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", devices[i].bus,
			 devices[i].name);
		const char *const ways[] = { devices[i].name, path };
		for (size_t way = 0; way < 2; way++) {
			assert_int_equal(vioci_identity_read(fake_sys(fake), ways[way], &identity),
					 0);
			assert_string_equal(identity.name, devices[i].name);
			assert_string_equal(identity.path, path);
			assert_string_equal(identity.driver,
					    devices[i].driver ? devices[i].driver : "");
			assert_int_equal(identity.vfio_bound, devices[i].driver != NULL);
			assert_int_equal(identity.has_group, devices[i].group >= 0);
			assert_false(identity.noiommu);
		}
	}
	assert_int_equal(vioci_identity_read(fake_sys(fake), "fff51000.serial", &identity),
			 -ENODEV);
	assert_int_equal(
		vioci_identity_read(fake_sys(fake), "/sys/bus/ap/devices/05.0005", &identity),
		-ENODEV);
	assert_int_equal(vioci_identity_read(fake_sys(fake), "../05.0004", &identity), -EINVAL);
	fake_free(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sized_structs_grow_both_ways),
		cmocka_unit_test(sized_outputs_fill_what_fits),
		cmocka_unit_test(context_refuses_bad_options),
		cmocka_unit_test(diag_tells_all),
		cmocka_unit_test(diags_chain),
		cmocka_unit_test(each_thread_has_its_diag),
		cmocka_unit_test(every_reason_has_a_name),
		cmocka_unit_test(log_goes_to_the_function),
		cmocka_unit_test(environment_sets_backend),
		cmocka_unit_test(backend_names),
		cmocka_unit_test(capability_chains_end),
		cmocka_unit_test(names_on_other_buses),
	};
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
