// SPDX-License-Identifier: MIT
/* Fds that others opened: told apart, refused, and named. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "raw.h"

static void an_fd_is_told(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_fd_info info = VIOC_SIZED(vioc_fd_info);
	uint32_t group = raw_group_of(world, world->first);
	struct raw_device raw;
	int ends[2];

	int container = raw_open(world, raw_container_kind(world), NULL);
	info = raw_identify(ctx, container);
	assert_int_equal(info.kind, raw_container_kind(world));
	assert_int_equal(info.flags, 0);
	raw_close(world, container);

	int node = raw_open(world, raw_device_kind(world), world->first);
	info = raw_identify(ctx, node);
	assert_int_equal(info.kind, raw_device_kind(world));
	assert_int_equal(info.flags, VIOC_FD_IN_GROUP);
	assert_int_equal(info.group, group);
	if (info.kind == VIOC_FD_CDEV)
		assert_string_equal(info.device, world->first);
	raw_close(world, node);

	raw_start(world, &raw, world->first);
	info = raw_identify(ctx, raw.device);
	assert_int_equal(info.kind, raw.ioas_id ? VIOC_FD_CDEV : VIOC_FD_DEVICE);
	assert_true(info.flags & VIOC_FD_IN_USE);
	assert_true(raw_identify(ctx, raw.node).flags & VIOC_FD_IN_USE);
	bool shows_use = world->backend == VIOC_BACKEND_LEGACY;
	assert_int_equal(raw_identify(ctx, raw.container).flags, shows_use ? VIOC_FD_IN_USE : 0);
	raw_stop(world, &raw);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	info = raw_identify(ctx, ends[0]);
	assert_int_equal(info.kind, VIOC_FD_NONE);
	assert_string_equal(info.what, "a pipe");
	close(ends[0]);
	close(ends[1]);
	expect_failure(ctx, vioc_fd_identify(ctx, ends[0], &info), -EBADF, VIOC_REASON_WRONG_FD);
	info.size = 0;
	assert_int_equal(vioc_fd_identify(ctx, 0, &info), -EINVAL);
	assert_int_equal(vioc_fd_identify(NULL, 0, &info), -EINVAL);
	vioc_ctx_unref(ctx);
}

static void refuse(struct vioc_ctx *ctx, int fd, uint32_t kind, const char *device, int error)
{
	struct vioc_fd_opts opts = VIOC_SIZED(vioc_fd_opts);
	opts.kind = kind;
	opts.device = device;
	expect_failure(ctx, vioc_ctx_adopt_fd(ctx, fd, &opts), error, VIOC_REASON_WRONG_FD);
	expect_fact(ctx, "fd", NULL);
}

static void wrong_fds_are_refused(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_fd_opts opts = VIOC_SIZED(vioc_fd_opts);
	int ends[2], file = memfd_create("wrong", MFD_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int container = raw_open(world, raw_container_kind(world), NULL);
	int node = raw_open(world, raw_device_kind(world), world->first);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	refuse(ctx, ends[0], 0, NULL, -EBADFD);
	refuse(ctx, file, VIOC_FD_IOMMUFD, NULL, -EBADFD);
	refuse(ctx, null, VIOC_FD_GROUP, NULL, -EBADFD);
	refuse(ctx, container, raw_device_kind(world), NULL, -EBADFD);
	refuse(ctx, node, raw_container_kind(world), NULL, -EBADFD);
	close(ends[0]);
	refuse(ctx, ends[0], 0, NULL, -EBADF);
	refuse(ctx, -1, 0, NULL, -EBADF);

	opts.flags = VIOC_FD_IN_GROUP;
	opts.group = raw_group_of(world, world->first) + 1;
	expect_failure(ctx, vioc_ctx_adopt_fd(ctx, node, &opts), -ENODEV, VIOC_REASON_WRONG_FD);
	opts.flags = VIOC_FD_BORROWED << 1;
	expect_failure(ctx, vioc_ctx_adopt_fd(ctx, node, &opts), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	opts.flags = 0;
	opts.kind = VIOC_FD_DEVICE + 1;
	expect_failure(ctx, vioc_ctx_adopt_fd(ctx, node, &opts), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_ctx_adopt_fd(NULL, node, NULL), -EINVAL);

	/* They are the caller's still. */
	raw_close(world, node);
	raw_close(world, container);
	close(null);
	close(file);
	close(ends[1]);
	vioc_ctx_unref(ctx);
}

static void the_wrong_device_is_refused(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct raw_device raw;

	raw_start(world, &raw, world->edu);
	refuse(ctx, raw.device, 0, world->first, -ENODEV);
	raw_stop(world, &raw);
	vioc_ctx_unref(ctx);
}

static int resolve(void *data, const char *name)
{
	return strcmp(name, "given") == 0 ? *(int *)data : -ENOENT;
}

static void specs_name_fds(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	int node = raw_open(world, raw_container_kind(world), NULL), fd = -1;
	char number[16];

	snprintf(number, sizeof(number), "%d", node);
	assert_int_equal(vioc_fd_from_spec(ctx, number, NULL, NULL, &fd), 0);
	assert_int_equal(fd, node);
	assert_int_equal(vioc_fd_from_spec(ctx, "given", resolve, &node, &fd), 0);
	assert_int_equal(fd, node);
	fd = -1;
	assert_int_equal(vioc_fd_from_spec(ctx, "other", resolve, &node, &fd), -ENOENT);
	expect_failure(ctx, vioc_fd_from_spec(ctx, "given", NULL, NULL, &fd), -ENOENT,
		       VIOC_REASON_NO_FD);
	expect_failure(ctx, vioc_fd_from_spec(ctx, "22x", resolve, &node, &fd), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_from_spec(ctx, "99999999999", NULL, NULL, &fd), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_from_spec(ctx, "", NULL, NULL, &fd), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_from_spec(ctx, "999", NULL, NULL, &fd), -EBADF,
		       VIOC_REASON_NO_FD);
	expect_failure(ctx, vioc_fd_from_spec(ctx, "/dev/vfio/nothing", NULL, NULL, &fd), -ENOENT,
		       VIOC_REASON_NO_FD);
	assert_int_equal(fd, -1);
	const char *path =
		raw_container_kind(world) == VIOC_FD_IOMMUFD ? "/dev/iommu" : "/dev/vfio/vfio";
	assert_int_equal(vioc_fd_from_spec(ctx, path, NULL, NULL, &fd), 0);
	assert_int_equal(raw_identify(ctx, fd).kind, raw_container_kind(world));
	raw_close(world, fd);
	raw_close(world, node);
	vioc_ctx_unref(ctx);
}

const struct contract_case fds_cases[] = {
	{ "an fd is told for what it is", an_fd_is_told, 0 },
	{ "wrong fds are refused", wrong_fds_are_refused, 0 },
	{ "the wrong device is refused", the_wrong_device_is_refused, NEEDS_EDU },
	{ "specs name fds", specs_name_fds, 0 },
	{ 0 },
};
