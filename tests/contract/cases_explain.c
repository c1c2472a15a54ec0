// SPDX-License-Identifier: MIT
/* Why a device can or can't be opened: what vioc_device_explain() says agrees with what opening does. */
#include <stdio.h>
#include <string.h>

#include "contract.h"

static int explain(struct world *world, struct vioc_ctx *ctx, const char *name, uint64_t memory,
		   struct vioc_diag **ret_diag)
{
	struct vioc_explain_opts opts = VIOC_SIZED(vioc_explain_opts);
	opts.backend = world->backend;
	opts.memory = memory;
	*ret_diag = NULL;
	return vioc_device_explain(ctx, name, &opts, ret_diag);
}

static const struct vioc_diag *find(const struct vioc_diag *diag, uint32_t reason)
{
	while (diag && vioc_diag_get_reason(diag) != reason)
		diag = vioc_diag_get_other(diag);
	return diag;
}

/* It is told that the device can't be opened, for this reason with this fact; so it is. */
static void expect_refusal(struct world *world, const char *name, uint32_t reason, const char *fact)
{
	struct vioc_device *device = NULL;
	struct vioc_diag *diag;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(explain(world, rig.ctx, name, 0, &diag), 0);
	const struct vioc_diag *found = find(diag, reason);
	assert_non_null(found);
	assert_true(vioc_diag_get_error(found) < 0);
	assert_string_not_equal(vioc_diag_get_obstacle(found), "");
	assert_string_not_equal(vioc_diag_get_advice(found), "");
	if (fact)
		assert_non_null(vioc_diag_get_fact(found, fact));
	assert_true(vioc_device_open(rig.ioas, name, NULL, &device) < 0);
	vioc_diag_unref(diag);
	rig_close(&rig);
}

static void nothing_in_the_way(struct world *world)
{
	struct vioc_diag *diag;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(explain(world, rig.ctx, world->first, 0, &diag), 1);
	for (const struct vioc_diag *d = diag; d; d = vioc_diag_get_other(d))
		assert_int_equal(vioc_diag_get_error(d), 0);
	vioc_diag_unref(diag);
	/* Asking opened nothing. */
	vioc_device_unref(rig_device(&rig, world->first));
	rig_close(&rig);
}

static void kernel_bound(struct world *world)
{
	expect_refusal(world, world->kernel_bound, VIOC_REASON_OTHER_DRIVER, "driver");
}

static void unbound(struct world *world)
{
	expect_refusal(world, world->unbound, VIOC_REASON_NOT_BOUND, NULL);
}

static void bypassing(struct world *world)
{
	expect_refusal(world, world->no_group, VIOC_REASON_BYPASS, NULL);
}

static void blocked(struct world *world)
{
	expect_refusal(world, world->blocked, VIOC_REASON_SIBLING_BOUND, "sibling");
}

static void held(struct world *world)
{
	int pid = world_hold_group(world, world->first);
	expect_refusal(world, world->first, VIOC_REASON_BUSY, "pid");
	world_release_group(world, world->first, pid);
}

static void open_here(struct world *world)
{
	struct vioc_diag *diag;
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(explain(world, rig.ctx, world->first, 0, &diag), 0);
	const struct vioc_diag *found = find(diag, VIOC_REASON_BUSY);
	assert_non_null(found);
	assert_non_null(strstr(vioc_diag_get_obstacle(found), "this process"));
	vioc_diag_unref(diag);
	vioc_device_unref(device);
	assert_int_equal(explain(world, rig.ctx, world->first, 0, &diag), 1);
	vioc_diag_unref(diag);
	rig_close(&rig);
}

static void without_permission(struct world *world)
{
	struct vioc_diag *diag;
	struct vioc_ctx *ctx = world_new_ctx(world);
	world_drop_rights(world, world->first);
	int result = explain(world, ctx, world->first, 0, &diag);
	world_regain_rights(world, world->first);
	assert_int_equal(result, 0);
	const struct vioc_diag *found = find(diag, VIOC_REASON_PERMISSION);
	assert_non_null(found);
	assert_non_null(vioc_diag_get_fact(found, "mode"));
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void for_another_user(struct world *world)
{
	const uint32_t gids[] = { 65533, 65534 };
	struct vioc_explain_opts opts = VIOC_SIZED(vioc_explain_opts);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_diag *diag = NULL;
	opts.backend = world->backend;
	opts.flags = VIOC_EXPLAIN_USER;
	opts.uid = 65534;
	opts.gids = gids;
	opts.n_gids = 2;
	assert_int_equal(vioc_device_explain(ctx, world->first, &opts, &diag), 0);
	assert_non_null(find(diag, VIOC_REASON_PERMISSION));
	vioc_diag_unref(diag);
	diag = NULL;
	opts.uid = 0;
	assert_int_equal(vioc_device_explain(ctx, world->first, &opts, &diag), 1);
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void node_missing(struct world *world)
{
	struct vioc_diag *diag;
	struct vioc_ctx *ctx = world_new_ctx(world);
	world_hide_node(world);
	int result = explain(world, ctx, world->first, 0, &diag);
	world_show_node(world);
	assert_int_equal(result, 0);
	assert_non_null(find(diag, VIOC_REASON_NO_INTERFACE));
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

static void too_little_memlock(struct world *world)
{
	struct vioc_diag *diag;
	struct vioc_ctx *ctx = world_new_ctx(world);
	world_limit_memlock(world, 1 << 20);
	int result = explain(world, ctx, world->first, UINT64_C(1) << 30, &diag);
	world_limit_memlock(world, UINT64_MAX);
	assert_int_equal(result, 0);
	const struct vioc_diag *found = find(diag, VIOC_REASON_MEMLOCK);
	assert_non_null(found);
	assert_string_equal(vioc_diag_get_fact(found, "needed"), "1073741824");
	vioc_diag_unref(diag);
	vioc_ctx_unref(ctx);
}

/* Closed is not given up: memory of it that stays mapped keeps the device, and the diag says so. */
static void left_mapped(struct world *world)
{
	char text[16];
	struct rig rig;
	struct vioc_device *device = NULL;
	int pid = world_leave_mapped(world, world->first);
	snprintf(text, sizeof(text), "%d", pid);
	rig_open(world, &rig);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &device), -EBUSY,
		       VIOC_REASON_BUSY);
	expect_fact(rig.ctx, "pid", text);
	rig_close(&rig);
	world_release_group(world, world->first, pid);
}

static void bad_arguments(struct world *world)
{
	struct vioc_explain_opts opts = VIOC_SIZED(vioc_explain_opts);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_diag *diag = NULL;
	expect_failure(ctx, vioc_device_explain(ctx, "../what", NULL, &diag), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_device_explain(ctx, "ffff:ff:1f.7", NULL, &diag), -ENODEV,
		       VIOC_REASON_NO_DEVICE);
	opts.backend = 77;
	expect_failure(ctx, vioc_device_explain(ctx, world->first, &opts, &diag), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(diag);
	vioc_ctx_unref(ctx);
}

const struct contract_case explain_cases[] = {
	{ "explain: nothing in the way", nothing_in_the_way, 0 },
	{ "explain: held by a kernel driver", kernel_bound, NEEDS_KERNEL_BOUND },
	{ "explain: without a driver", unbound, NEEDS_UNBOUND },
	{ "explain: not behind the IOMMU", bypassing, NEEDS_NO_GROUP },
	{ "explain: sibling held by a kernel driver", blocked, NEEDS_BLOCKED },
	{ "explain: group held by another process", held, 0 },
	{ "explain: open in this process", open_here, 0 },
	{ "explain: memory of it left mapped", left_mapped, 0 },
	{ "explain: no permission", without_permission, 0 },
	{ "explain: another user", for_another_user, 0 },
	{ "explain: backend's node missing", node_missing, 0 },
	{ "explain: memlock too small", too_little_memlock, 0 },
	{ "explain: bad arguments", bad_arguments, 0 },
	{ 0 },
};
