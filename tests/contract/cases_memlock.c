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

const struct contract_case memlock_cases[] = {
	{ "memlock mode: set and refused", set_and_refused, 0 },
	{ 0 },
};
