// SPDX-License-Identifier: MIT
/* Fds from and to the service manager, as systemd does it. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"

static int listen_for(struct vioc_ctx *ctx, const char *pid, const char *count,
		      struct vioc_listen_fd *fds, size_t capacity)
{
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	return vioc_fd_listen(ctx, 0, fds, capacity);
}

/*
 * In a process of its own, whose fds 3 and 4 can be what was passed. Returns the line that is
 * wrong.
 */
static int listen_in_child(struct vioc_ctx *ctx)
{
	struct vioc_listen_fd fds[2] = { 0 };
	char self[16];
	int ends[2];

	snprintf(self, sizeof(self), "%d", getpid());
	if (pipe(ends) < 0 || dup2(ends[0], 3) < 0 || dup2(ends[0], 4) < 0)
		return __LINE__;
	setenv("LISTEN_FDNAMES", "iommu", 1);
	if (listen_for(ctx, self, "2", fds, 2) != 2 || fds[1].fd != 4)
		return __LINE__;
	if (strcmp(fds[0].name, "iommu") != 0 || strcmp(fds[1].name, "unknown") != 0)
		return __LINE__;
	if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(4, F_GETFD) & FD_CLOEXEC))
		return __LINE__;
	setenv("LISTEN_FDNAMES", "iommu:nvme", 1);
	if (listen_for(ctx, self, "2", NULL, 0) != 2 || vioc_fd_resolve_listen(ctx, "nvme") != 4 ||
	    vioc_fd_resolve_listen(ctx, "gpu") != -ENOENT)
		return __LINE__;
	if (listen_for(ctx, "1", "2", fds, 2) != 0)
		return __LINE__;
	if (listen_for(ctx, self, "two", fds, 2) != -EINVAL ||
	    listen_for(ctx, self, "-1", fds, 2) != -EINVAL ||
	    listen_for(ctx, self, "60000", fds, 2) != -EBADF ||
	    vioc_fd_listen(ctx, VIOC_LISTEN_UNSET << 1, fds, 2) != -EINVAL ||
	    vioc_fd_listen(ctx, 0, NULL, 2) != -EINVAL)
		return __LINE__;
	setenv("LISTEN_FDS", "2", 1);
	if (vioc_fd_listen(ctx, VIOC_LISTEN_UNSET, NULL, 0) != 2 || getenv("LISTEN_FDS") ||
	    getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES"))
		return __LINE__;
	return vioc_fd_listen(ctx, 0, fds, 2) == 0 ? 0 : __LINE__;
}

static void fds_come_from_the_manager(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int line = listen_in_child(ctx);
		if (line)
			fprintf(stderr, "cases_service.c:%d\n", line);
		_exit(line != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(vioc_fd_listen(NULL, 0, NULL, 0), -EINVAL);
	vioc_ctx_unref(ctx);
}

/* A manager that listens to an abstract address. */
static int make_manager(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[sizeof(address.sun_path)];
	int length = snprintf(text, sizeof(text), "@vioc-test-%d", getpid());
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(manager >= 0);
	memcpy(address.sun_path + 1, text + 1, (size_t)length - 1);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
			 0);
	setenv("NOTIFY_SOCKET", text, 1);
	return manager;
}

static void expect_message(int manager, const char *wanted, bool with_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char text[512] = { 0 };
	struct iovec part = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	assert_true(recvmsg(manager, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) > 0);
	assert_string_equal(text, wanted);
	struct cmsghdr *came = CMSG_FIRSTHDR(&header);
	assert_int_equal(came != NULL, with_fd);
	if (!came)
		return;
	int fd;
	memcpy(&fd, CMSG_DATA(came), sizeof(fd));
	close(fd);
}

static void the_manager_keeps_fds(struct world *world)
{
	struct vioc_ctx *ctx = world_new_ctx(world);
	int node = raw_open(world, raw_container_kind(world), NULL);
	struct raw_device raw;
	char name[257];

	unsetenv("NOTIFY_SOCKET");
	expect_failure(ctx, vioc_fd_store(ctx, node, "iommu", 0), -ENOTCONN,
		       VIOC_REASON_NO_INTERFACE);
	int manager = make_manager();
	assert_int_equal(vioc_fd_store(ctx, node, "iommu", 0), 0);
	expect_message(manager, "FDSTORE=1\nFDNAME=iommu", true);
	assert_int_equal(vioc_fd_unstore(ctx, "iommu"), 0);
	expect_message(manager, "FDSTOREREMOVE=1\nFDNAME=iommu", false);

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect_failure(ctx, vioc_fd_store(ctx, node, name, 0), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_store(ctx, node, "0000:00:02.0", 0), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_store(ctx, node, "a\nb", 0), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_unstore(ctx, ""), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_store(ctx, node, "iommu", 2), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_fd_store(ctx, 999, "iommu", 0), -EBADF, VIOC_REASON_WRONG_FD);
	raw_close(world, node);

	raw_start(world, &raw, world->first);
	expect_failure(ctx, vioc_fd_store(ctx, raw.device, "nvme", 0), -EBUSY, VIOC_REASON_BUSY);
	assert_int_equal(vioc_fd_store(ctx, raw.device, "nvme", VIOC_FD_STORE_IN_USE), 0);
	expect_message(manager, "FDSTORE=1\nFDNAME=nvme", true);
	raw_stop(world, &raw);
	close(manager);
	expect_failure(ctx, vioc_fd_unstore(ctx, "nvme"), -ECONNREFUSED, VIOC_REASON_KERNEL);
	unsetenv("NOTIFY_SOCKET");
	vioc_ctx_unref(ctx);
}

const struct contract_case service_cases[] = {
	{ "fds come from the service manager", fds_come_from_the_manager, 0 },
	{ "the service manager keeps fds", the_manager_keeps_fds, 0 },
	{ 0 },
};
