// SPDX-License-Identifier: MIT
/* Whose locked memory an iommufd's mappings count as, and who may say so. */
#include <fcntl.h>
#include <unistd.h>

#include "contract.h"
#include "fake.h"
#include "uapi/iommufd.h"

static const struct vioci_sys *sys_of(const struct world *world)
{
	return world->fake ? fake_sys(world->fake) : &vioci_sys_real;
}

static int open_node(const struct world *world)
{
	int fd = vioci_sys_open(
		sys_of(world),
		world->backend == VIOC_BACKEND_LEGACY ? "/dev/vfio/vfio" : "/dev/iommu", O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

static void expect_mode(struct vioc_ctx *ctx, int fd, uint32_t mode)
{
	uint32_t present = VIOC_MEMLOCK_NONE;
	assert_int_equal(vioc_fd_get_memlock_mode(ctx, fd, &present), 0);
	assert_int_equal(present, mode);
}

/* Nothing can be said of what is no iommufd; the container of legacy always counts for the process. */
static void refuse_others(struct world *world, struct vioc_ctx *ctx)
{
	uint32_t mode = VIOC_MEMLOCK_NONE;
	int fd = open_node(world), files[2];
	if (world->backend == VIOC_BACKEND_LEGACY)
		expect_failure(ctx, vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_PROCESS),
			       -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	vioci_sys_close(sys_of(world), &fd);
	expect_failure(ctx, vioc_fd_set_memlock_mode(ctx, -1, VIOC_MEMLOCK_PROCESS), -EBADF,
		       VIOC_REASON_BAD_ARGUMENT);
	if (!world->fake) {
		assert_int_equal(pipe(files), 0);
		expect_failure(ctx, vioc_fd_get_memlock_mode(ctx, files[0], &mode), -EINVAL,
			       VIOC_REASON_BAD_ARGUMENT);
		close(files[0]);
		close(files[1]);
	}
	assert_int_equal(mode, VIOC_MEMLOCK_NONE);
}

static void set_and_refused(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	refuse_others(world, ctx);
	if (world->backend == VIOC_BACKEND_LEGACY) {
		vioc_ctx_unref(ctx);
		return;
	}
	int fd = open_node(world);
	expect_mode(ctx, fd, VIOC_MEMLOCK_USER);
	expect_failure(ctx, vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_NONE), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_get_memlock_mode(ctx, fd, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_PROCESS), 0);
	expect_mode(ctx, fd, VIOC_MEMLOCK_PROCESS);
	assert_int_equal(vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_USER), 0);
	expect_mode(ctx, fd, VIOC_MEMLOCK_USER);

	world_drop_rights(world, world->first);
	expect_failure(ctx, vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_PROCESS), -EPERM,
		       VIOC_REASON_PERMISSION);
	assert_int_equal(vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_USER), 0);
	world_regain_rights(world, world->first);

	struct vioci_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	assert_int_equal(vioci_sys_ioctl(sys_of(world), fd, VIOCI_IOMMU_IOAS_ALLOC, &alloc), 0);
	expect_failure(ctx, vioc_fd_set_memlock_mode(ctx, fd, VIOC_MEMLOCK_PROCESS), -EBUSY,
		       VIOC_REASON_BUSY);
	expect_mode(ctx, fd, VIOC_MEMLOCK_USER);
	vioci_sys_close(sys_of(world), &fd);
	vioc_ctx_unref(ctx);
}

/* What was set before the fd was handed over is what its mappings count as. */
static void goes_with_the_fd(struct world *world)
{
	struct vioc_ioas_limits limits = VIOC_SIZED(vioc_ioas_limits);
	struct rig rig = { .ctx = world_new_ctx(world) };
	int fd = open_node(world);
	if (world->backend != VIOC_BACKEND_LEGACY)
		assert_int_equal(vioc_fd_set_memlock_mode(rig.ctx, fd, VIOC_MEMLOCK_PROCESS), 0);
	assert_int_equal(vioc_ctx_adopt_fd(rig.ctx, fd, NULL), 0);
	rig.container = world_new_container(world, rig.ctx);
	assert_int_equal(vioc_ioas_new(rig.container, NULL, &rig.ioas), 0);
	struct vioc_device *device = rig_device(&rig, world->first);

	world_limit_memlock(world, 1 << 20);
	char *memory = pages_new(2);
	uint64_t iova;
	assert_int_equal(
		vioc_ioas_map(rig.ioas, memory, 2 * PAGE, VIOC_MAP_READ | VIOC_MAP_WRITE, &iova),
		0);
	assert_int_equal(vioc_ioas_get_limits(rig.ioas, &limits), 0);
	assert_int_equal(limits.memlock_mode, VIOC_MEMLOCK_PROCESS);
	assert_true(limits.memlock_used >= 2 * PAGE);
	world_limit_memlock(world, UINT64_MAX);

	vioc_device_unref(device);
	rig_close(&rig);
	pages_free(memory, 2);
}

const struct contract_case memlock_cases[] = {
	{ "memlock mode: set and refused", set_and_refused, 0 },
	{ "memlock mode: goes with the fd", goes_with_the_fd, 0 },
	{ 0 },
};
