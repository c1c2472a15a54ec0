// SPDX-License-Identifier: MIT
/* Fds that others opened, used in place of opening nodes: adopted, or given by the open hook. */
#include <fcntl.h>

#include "raw.h"

#define IOVA UINT64_C(0x100000)
#define RW   (VIOC_MAP_READ | VIOC_MAP_WRITE)

/* A context that opens no nodes: what it has it was given. */
static void open_given(struct world *world, struct rig *rig)
{
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	opts.flags = VIOC_CTX_OPENS_NOTHING;
	*rig = (struct rig){ .ctx = world_new_ctx_with(world, &opts) };
}

static void open_rest(struct world *world, struct rig *rig)
{
	rig->container = world_new_container(world, rig->ctx);
	assert_int_equal(vioc_ioas_new(rig->container, NULL, &rig->ioas), 0);
}

static void adopt_rest(struct world *world, struct rig *rig, uint32_t id, uint64_t flags)
{
	rig->container = world_new_container(world, rig->ctx);
	assert_int_equal(vioc_ioas_adopt(rig->container, id, flags, NULL, &rig->ioas), 0);
}

static void adopt(struct rig *rig, int fd, uint64_t flags, const char *device)
{
	struct vioc_fd_opts opts = VIOC_SIZED(vioc_fd_opts);
	opts.flags = flags;
	opts.device = device;
	int error = vioc_ctx_adopt_fd(rig->ctx, fd, &opts);
	struct vioc_diag *diag = NULL;
	if (error < 0 && vioc_ctx_get_diag(rig->ctx, &diag) == 0)
		print_error("%s\n", vioc_diag_get_text(diag));
	vioc_diag_unref(diag);
	assert_int_equal(error, 0);
}

static void expect_dma(struct vioc_device *edu, struct rig *rig, uint64_t iova)
{
	void *memory = pages_new(1);
	assert_int_equal(vioc_ioas_map_fixed(rig->ioas, iova, memory, PAGE, RW), 0);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig->ioas, iova, memory));
	assert_int_equal(vioc_ioas_unmap(rig->ioas, iova, PAGE, 0, NULL), 0);
	pages_free(memory, 1);
}

static void drive_and_close(struct world *world, struct rig *rig)
{
	struct vioc_device *edu = rig_device(rig, world->edu);
	expect_dma(edu, rig, IOVA);
	vioc_device_unref(edu);
	rig_close(rig);
}

static void a_context_opens_nothing(struct world *world)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *container = NULL;
	struct vioc_device *device;
	struct rig rig;

	open_given(world, &rig);
	opts.backend = world->backend;
	expect_failure(rig.ctx, vioc_container_new(rig.ctx, &opts, &container), -EACCES,
		       VIOC_REASON_NO_FD);
	expect_fact(rig.ctx, "path", NULL);
	assert_null(container);

	adopt(&rig, raw_open(world, raw_container_kind(world), NULL), 0, NULL);
	open_rest(world, &rig);
	expect_failure(rig.ctx, vioc_device_open(rig.ioas, world->first, NULL, &device), -EACCES,
		       VIOC_REASON_NO_FD);
	rig_close(&rig);
}

static void devices_come_by_adopted_fds(struct world *world)
{
	struct rig rig;
	open_given(world, &rig);
	adopt(&rig, raw_open(world, raw_container_kind(world), NULL), 0, NULL);
	adopt(&rig, raw_open(world, raw_device_kind(world), world->edu), 0, NULL);
	open_rest(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	int flags = fcntl(vioc_device_get_fd(edu), F_GETFD);
	assert_true(world->fake || flags & FD_CLOEXEC);
	expect_dma(edu, &rig, IOVA);
	vioc_device_unref(edu);
	rig_close(&rig);
}

/* What was lent out works again in other hands. */
static void borrowed_fds_stay(struct world *world)
{
	int container = raw_open(world, raw_container_kind(world), NULL);
	int node = raw_open(world, raw_device_kind(world), world->edu);
	struct vioc_ctx *ctx = world_new_ctx(world);
	for (int i = 0; i < 2; i++) {
		struct rig rig;
		open_given(world, &rig);
		adopt(&rig, container, VIOC_FD_BORROWED, NULL);
		adopt(&rig, node, VIOC_FD_BORROWED, NULL);
		open_rest(world, &rig);
		struct vioc_device *edu = rig_device(&rig, world->edu);
		expect_dma(edu, &rig, IOVA);
		vioc_device_unref(edu);
		rig_close(&rig);
		/* A group is out of its container again; a device can't be unbound. */
		bool in_use = raw_identify(ctx, node).flags & VIOC_FD_IN_USE;
		assert_int_equal(in_use, raw_device_kind(world) == VIOC_FD_CDEV);
	}
	vioc_ctx_unref(ctx);
	raw_close(world, node);
	raw_close(world, container);
}

static void adopt_started(struct rig *rig, const struct raw_device *raw, uint64_t flags,
			  const char *device)
{
	adopt(rig, raw->container, flags, NULL);
	adopt(rig, raw->device, flags, device);
}

static void a_device_in_use_is_adopted(struct world *world)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	struct raw_device raw;
	struct rig rig;

	raw_start(world, &raw, world->edu);
	open_given(world, &rig);
	adopt_started(&rig, &raw, 0, world->edu);
	adopt_rest(world, &rig, raw.ioas_id, 0);
	assert_int_equal(vioc_ioas_get_info(rig.ioas, &info), 0);
	assert_int_equal(info.kernel_id, raw.ioas_id);
	assert_int_equal(info.backend, world->backend);
	drive_and_close(world, &rig);
	if (raw.device != raw.node)
		raw_close(world, raw.node);
}

/* The others' device goes on, and has their mappings, when the library is done. */
static void what_was_in_use_stays_in_use(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct raw_device raw;
	struct rig rig;

	raw_start(world, &raw, world->edu);
	open_given(world, &rig);
	adopt_started(&rig, &raw, VIOC_FD_BORROWED, world->edu);
	adopt_rest(world, &rig, raw.ioas_id, VIOC_IOAS_BORROWED);
	drive_and_close(world, &rig);
	assert_true(raw_identify(ctx, raw.device).flags & VIOC_FD_IN_USE);

	open_given(world, &rig);
	adopt_started(&rig, &raw, VIOC_FD_BORROWED, world->edu);
	adopt_rest(world, &rig, raw.ioas_id, VIOC_IOAS_BORROWED);
	drive_and_close(world, &rig);
	vioc_ctx_unref(ctx);
	raw_stop(world, &raw);
}

static void an_open_that_fails_takes_nothing(struct world *world)
{
	struct vioc_device *device;
	void *memory = pages_new(1);
	struct rig rig;

	open_given(world, &rig);
	adopt(&rig, raw_open(world, raw_container_kind(world), NULL), 0, NULL);
	adopt(&rig, raw_open(world, raw_device_kind(world), world->edu), 0, NULL);
	open_rest(world, &rig);
	/* Memory that isn't there any more when the device shall have it. */
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, IOVA, memory, PAGE, RW), 0);
	pages_free(memory, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(vioc_device_open(rig.ioas, world->edu, NULL, &device), -EFAULT);
	assert_int_equal(vioc_ioas_unmap(rig.ioas, IOVA, PAGE, 0, NULL), 0);
	drive_and_close(world, &rig);
}

struct hook {
	struct world *world;
	unsigned int n_asked;
	int answer; /* instead of a node; 0: the node */
};

static int give_node(void *data, const struct vioc_open_request *request)
{
	struct hook *hook = data;
	hook->n_asked++;
	if (hook->answer)
		return hook->answer;
	assert_true(request->flags & O_CLOEXEC);
	if (request->device) {
		assert_string_equal(request->device, hook->world->edu);
		assert_int_equal(request->group, raw_group_of(hook->world, request->device));
	}
	return raw_open(hook->world, request->kind, request->device);
}

static void the_open_hook_gives_nodes(struct world *world)
{
	struct hook hook = { .world = world };
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_container_opts container_opts = VIOC_SIZED(vioc_container_opts);
	struct vioc_container *none;
	struct rig rig = { 0 };

	opts.flags = VIOC_CTX_OPENS_NOTHING;
	opts.open_fn = give_node;
	opts.open_data = &hook;
	rig.ctx = world_new_ctx_with(world, &opts);
	open_rest(world, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_true(hook.n_asked >= 2);
	expect_dma(edu, &rig, IOVA);
	vioc_device_unref(edu);
	vioc_ioas_unref(rig.ioas);
	vioc_container_unref(rig.container);

	container_opts.backend = world->backend;
	hook.answer = -EHOSTDOWN;
	expect_failure(rig.ctx, vioc_container_new(rig.ctx, &container_opts, &none), -EHOSTDOWN,
		       VIOC_REASON_NO_FD);
	hook.answer = VIOC_OPEN_DECLINED;
	expect_failure(rig.ctx, vioc_container_new(rig.ctx, &container_opts, &none), -EACCES,
		       VIOC_REASON_NO_FD);
	hook.answer = 999;
	expect_failure(rig.ctx, vioc_container_new(rig.ctx, &container_opts, &none), -EBADF,
		       VIOC_REASON_WRONG_FD);
	hook.answer = raw_open(world, raw_device_kind(world), world->first);
	expect_failure(rig.ctx, vioc_container_new(rig.ctx, &container_opts, &none), -EBADFD,
		       VIOC_REASON_WRONG_FD);
	vioc_ctx_unref(rig.ctx);
}

static void adopt_claimed(struct rig *rig, int fd, uint32_t kind, uint32_t group,
			  const char *device)
{
	struct vioc_fd_opts opts = VIOC_SIZED(vioc_fd_opts);
	opts.kind = kind;
	opts.group = group;
	opts.device = device;
	opts.flags = device ? VIOC_FD_IN_GROUP : 0;
	assert_int_equal(vioc_ctx_adopt_fd(rig->ctx, fd, &opts), 0);
}

static void no_sysfs_is_needed(struct world *world)
{
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	struct vioc_fd_opts as = VIOC_SIZED(vioc_fd_opts);
	uint32_t group = raw_group_of(world, world->edu);
	struct raw_device raw;
	struct rig rig = { 0 };

	opts.flags = VIOC_CTX_OPENS_NOTHING;
	opts.sysroot = "/nonexistent";
	rig.ctx = world_new_ctx_with(world, &opts);
	raw_start(world, &raw, world->edu);
	/* What doesn't answer as what it is said to be. */
	as.kind = VIOC_FD_GROUP;
	expect_failure(rig.ctx, vioc_ctx_adopt_fd(rig.ctx, raw.container, &as), -EBADFD,
		       VIOC_REASON_WRONG_FD);

	adopt_claimed(&rig, raw.container, raw_container_kind(world), 0, NULL);
	adopt_claimed(&rig, raw.device, raw.ioas_id ? VIOC_FD_CDEV : VIOC_FD_DEVICE, group,
		      world->edu);
	adopt_rest(world, &rig, raw.ioas_id, 0);
	drive_and_close(world, &rig);
	if (raw.device != raw.node)
		raw_close(world, raw.node);
}

/* One maps, the other drives the device. */
static void two_containers_share_an_address_space(struct world *world)
{
	struct rig maps, drives;
	struct raw_device raw;
	void *memory = pages_new(1);

	raw_start(world, &raw, world->edu);
	open_given(world, &maps);
	adopt(&maps, raw.container, VIOC_FD_BORROWED, NULL);
	adopt_rest(world, &maps, raw.ioas_id, VIOC_IOAS_BORROWED);
	open_given(world, &drives);
	adopt_started(&drives, &raw, VIOC_FD_BORROWED, world->edu);
	adopt_rest(world, &drives, raw.ioas_id, VIOC_IOAS_BORROWED);
	struct vioc_device *edu = rig_device(&drives, world->edu);

	assert_int_equal(vioc_ioas_map_fixed(maps.ioas, IOVA, memory, PAGE, RW), 0);
	edu_start(edu);
	assert_true(edu_reaches(edu, drives.ioas, IOVA, memory));
	/* The other one does not know it, but can't map over it. */
	expect_maps(drives.ioas, 0, 0);
	assert_int_equal(vioc_ioas_map_fixed(drives.ioas, IOVA, memory, PAGE, RW), -EEXIST);
	assert_int_equal(vioc_ioas_map_fixed(drives.ioas, IOVA + PAGE, memory, PAGE, RW), 0);

	/* Who goes takes his mappings along, and leaves the other's. */
	rig_close(&maps);
	assert_false(edu_reaches(edu, drives.ioas, IOVA, memory));
	assert_true(edu_reaches(edu, drives.ioas, IOVA + PAGE, memory));
	vioc_device_unref(edu);
	rig_close(&drives);
	raw_stop(world, &raw);
	pages_free(memory, 1);
}

static void a_forgotten_ioas_stays(struct world *world)
{
	struct rig first, next;
	struct raw_device raw;
	void *memory = pages_new(1);

	raw_start(world, &raw, world->edu);
	open_given(world, &first);
	adopt_started(&first, &raw, VIOC_FD_BORROWED, world->edu);
	adopt_rest(world, &first, raw.ioas_id, 0);
	struct vioc_device *edu = rig_device(&first, world->edu);
	assert_int_equal(vioc_ioas_map_fixed(first.ioas, IOVA, memory, PAGE, RW), 0);
	assert_int_equal(vioc_ioas_forget(first.ioas), 0);
	vioc_device_unref(edu);
	rig_close(&first);

	open_given(world, &next);
	adopt_started(&next, &raw, VIOC_FD_BORROWED, world->edu);
	adopt_rest(world, &next, raw.ioas_id, VIOC_IOAS_BORROWED);
	edu = rig_device(&next, world->edu);
	edu_start(edu);
	assert_true(edu_reaches(edu, next.ioas, IOVA, memory));
	vioc_device_unref(edu);
	rig_close(&next);
	raw_stop(world, &raw);
	pages_free(memory, 1);
}

static void an_ioas_can_be_there_before_devices(struct world *world)
{
	struct vioc_ioas_info info = VIOC_SIZED(vioc_ioas_info);
	struct vioc_ioas *ioas = NULL;
	struct rig rig;

	rig_open(world, &rig);
	assert_int_equal(vioc_ioas_forget(rig.ioas), -ENODEV);
	assert_int_equal(vioc_ioas_forget(NULL), -EINVAL);
	expect_failure(rig.ctx, vioc_ioas_adopt(rig.container, 0, 2, NULL, &ioas), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	if (world->backend != VIOC_BACKEND_IOMMUFD) {
		expect_failure(rig.ctx, vioc_ioas_adopt(rig.container, 0, 0, NULL, &ioas),
			       -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
		expect_failure(rig.ctx, vioc_ioas_adopt(rig.container, 1, 0, NULL, &ioas), -EINVAL,
			       VIOC_REASON_BAD_ARGUMENT);
		rig_close(&rig);
		return;
	}
	expect_failure(rig.ctx, vioc_ioas_adopt(rig.container, 77, 0, NULL, &ioas), -ENOENT,
		       VIOC_REASON_WRONG_FD);
	vioc_ioas_unref(rig.ioas);
	assert_int_equal(vioc_ioas_adopt(rig.container, 0, 0, NULL, &rig.ioas), 0);
	assert_int_equal(vioc_ioas_get_info(rig.ioas, &info), 0);
	assert_true(info.kernel_id > 0);
	assert_int_equal(info.n_devices, 0);
	for (int i = 0; i < 2; i++) {
		struct vioc_device *edu = rig_device(&rig, world->edu);
		expect_dma(edu, &rig, IOVA);
		vioc_device_unref(edu);
	}
	rig_close(&rig);
}

const struct contract_case adopt_cases[] = {
	{ "a context can be made to open no nodes", a_context_opens_nothing, 0 },
	{ "a device comes by adopted fds", devices_come_by_adopted_fds, NEEDS_EDU },
	{ "borrowed fds stay the caller's", borrowed_fds_stay, NEEDS_EDU },
	{ "a device in use is adopted", a_device_in_use_is_adopted, NEEDS_EDU },
	{ "what was in use stays in use", what_was_in_use_stays_in_use, NEEDS_EDU },
	{ "an open that fails takes no adopted fd", an_open_that_fails_takes_nothing, NEEDS_EDU },
	{ "the open hook gives nodes", the_open_hook_gives_nodes, NEEDS_EDU },
	{ "adopted fds need no sysfs", no_sysfs_is_needed, NEEDS_EDU },
	{ "two containers share an address space", two_containers_share_an_address_space,
	  NEEDS_EDU },
	{ "a forgotten ioas stays in the kernel", a_forgotten_ioas_stays, NEEDS_EDU },
	{ "an ioas can be there before devices", an_ioas_can_be_there_before_devices, NEEDS_EDU },
	{ 0 },
};
