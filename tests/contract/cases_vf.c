// SPDX-License-Identifier: MIT
/* A physical function and its virtual function: the token, and a hot reset that hits both. */
#include <string.h>

#include "contract.h"

#define TOKEN "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3"
#define OTHER "00000000-5a5f-4f5a-a211-f591514ba1f3"

static int open_with(struct rig *rig, const char *name, const char *token,
		     struct vioc_device **ret_device)
{
	struct vioc_device_opts opts = VIOC_SIZED(vioc_device_opts);
	opts.vf_token = token;
	return vioc_device_open(rig->ioas, name, &opts, ret_device);
}

/* Kernels before 6.17, as the fake is one, ask nobody for it who comes by the character device. */
static bool asks_everybody(const struct world *world)
{
	return world->backend != VIOC_BACKEND_IOMMUFD ||
	       (!world->fake && strverscmp(world->kernel, "6.17") >= 0);
}

static void expect_refused(struct world *world, struct rig *rig, const char *token)
{
	struct vioc_device *vf = NULL;
	int error = open_with(rig, world->vf, token, &vf);
	if (asks_everybody(world)) {
		expect_failure(rig->ctx, error, -EACCES, VIOC_REASON_VF_TOKEN);
		return;
	}
	assert_int_equal(error, 0);
	vioc_device_unref(vf);
}

/* The token is good until somebody opens the physical function with another. */
static void vf_token(struct world *world)
{
	static const char *const tokens[][2] = { { TOKEN, OTHER }, { OTHER, TOKEN } };
	struct vioc_device *pf, *vf;
	struct rig rig;
	rig_open(world, &rig);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_with(&rig, world->pf, tokens[i][0], &pf), 0);
		world_make_vf(world);
		expect_refused(world, &rig, NULL);
		expect_refused(world, &rig, tokens[i][1]);
		assert_int_equal(open_with(&rig, world->vf, tokens[i][0], &vf), 0);
		vioc_device_unref(vf);
		world_drop_vf(world);
		vioc_device_unref(pf);
	}
	rig_close(&rig);
}

static void bad_vf_token(struct world *world)
{
	static const char *const tokens[] = {
		"",
		"bd8d9d2b",
		TOKEN " ",
		"bd8d9d2b-5a5f-4f5a-a211-f591514ba1fx",
		"bd8d9d2b05a5f-4f5a-a211-f591514ba1f3",
	};
	struct vioc_device *device = NULL;
	struct rig rig;
	rig_open(world, &rig);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		expect_failure(rig.ctx, open_with(&rig, world->pf, tokens[i], &device), -EINVAL,
			       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, open_with(&rig, world->edu, TOKEN, &device), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(device);
	rig_close(&rig);
}

/* The virtual function is in a group that nobody has open. */
static void hot_reset_of_others(struct world *world)
{
	struct vioc_affected_device affected[2];
	struct vioc_device *pf;
	struct rig rig;
	rig_open(world, &rig);
	assert_int_equal(open_with(&rig, world->pf, TOKEN, &pf), 0);
	world_make_vf(world);
	assert_int_equal(vioc_device_get_affected(pf, affected, 2), 2);
	assert_string_equal(affected[0].name, world->pf);
	assert_string_equal(affected[1].name, world->vf);
	assert_int_equal(affected[0].flags & VIOC_AFFECTED_OWNED, VIOC_AFFECTED_OWNED);
	assert_int_equal(affected[1].flags & VIOC_AFFECTED_OWNED, 0);
	assert_true(affected[0].group != affected[1].group);
	expect_failure(rig.ctx, vioc_device_hot_reset(pf), -EBUSY, VIOC_REASON_NOT_OWNED);
	expect_fact(rig.ctx, "affected", world->vf);
	expect_fact(rig.ctx, "driver", "vfio-pci");
	world_drop_vf(world);
	vioc_device_unref(pf);
	rig_close(&rig);
}

const struct contract_case vf_cases[] = {
	{ "VF token", vf_token, NEEDS_VF },
	{ "bad VF token: EINVAL", bad_vf_token, NEEDS_VF | NEEDS_EDU },
	{ "hot reset of others' devices: EBUSY", hot_reset_of_others, NEEDS_VF },
	{ 0 },
};
