// SPDX-License-Identifier: MIT
/* Bundles: fds and address spaces that go to somebody else, in this process or another. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"
#include "world.h"

#define IOVA   UINT64_C(0x100000)
#define OTHERS UINT64_C(0x200000)
#define RW     (VIOC_MAP_READ | VIOC_MAP_WRITE)

static void open_pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void close_pair(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

/* A context that has only what it is given. */
static struct vioc_ctx *new_guest(struct world *world)
{
	struct vioc_ctx_opts opts = VIOC_SIZED(vioc_ctx_opts);
	opts.flags = VIOC_CTX_OPENS_NOTHING;
	return world_new_ctx_with(world, &opts);
}

static void show_diag(struct vioc_ctx *ctx)
{
	struct vioc_diag *diag = NULL;
	if (vioc_ctx_get_diag(ctx, &diag) == 0)
		print_error("%s\n", vioc_diag_get_text(diag));
	vioc_diag_unref(diag);
}

/* What is sent is received; the sender's goes. */
static struct vioc_bundle *pass(struct vioc_bundle *bundle, struct vioc_ctx *to)
{
	struct vioc_bundle_opts opts = VIOC_SIZED(vioc_bundle_opts);
	struct vioc_bundle *received = NULL;
	int ends[2];
	open_pair(ends);
	opts.timeout_ms = -1;
	assert_int_equal(vioc_bundle_send(bundle, ends[0], &opts), 0);
	int error = vioc_bundle_recv(to, ends[1], &opts, &received);
	if (error < 0)
		show_diag(to);
	assert_int_equal(error, 0);
	vioc_bundle_unref(bundle);
	close_pair(ends);
	return received;
}

static struct vioc_bundle *export(struct rig *rig, struct vioc_device *device)
{
	struct vioc_bundle *bundle = NULL;
	assert_int_equal(vioc_bundle_new(rig->ctx, &bundle), 0);
	assert_int_equal(vioc_bundle_add_ioas(bundle, rig->ioas), 0);
	if (device)
		assert_int_equal(vioc_bundle_add_device(bundle, device), 0);
	return bundle;
}

static void adopt(struct vioc_bundle *bundle, uint64_t flags, struct rig *rig)
{
	rig->ioas = NULL;
	int n_spaces = vioc_bundle_adopt(bundle, flags, &rig->container, &rig->ioas, 1);
	if (n_spaces < 0)
		show_diag(rig->ctx);
	assert_true(n_spaces >= 0);
	if (!n_spaces)
		assert_int_equal(vioc_ioas_new(rig->container, NULL, &rig->ioas), 0);
	vioc_bundle_unref(bundle);
}

static int note_mapping(void *arg, const struct vioc_mapping *mapping)
{
	*(struct vioc_mapping *)arg = *mapping;
	return 0;
}

static void expect_content(const struct world *world, const struct vioc_bundle *bundle,
			   const char *device)
{
	struct vioc_bundle_space space;
	struct vioc_bundle_fd fds[2];
	struct vioc_iova_range range;
	assert_int_equal(vioc_bundle_get_fds(bundle, fds, 2), 2);
	assert_int_equal(fds[0].kind, raw_container_kind(world));
	assert_string_equal(fds[1].device, device);
	assert_true(fds[1].flags & VIOC_FD_IN_USE);
	assert_int_equal(fds[1].space, 0);
	assert_int_equal(vioc_bundle_get_spaces(bundle, &space, 1), 1);
	assert_int_equal(space.backend, world->backend);
	assert_int_equal(space.n_mappings, 1);
	assert_true(vioc_bundle_get_ranges(bundle, 0, &range, 1) >= 1);
	assert_int_equal(vioc_bundle_get_ranges(bundle, 1, &range, 1), -EINVAL);
	assert_int_equal(vioc_bundle_get_fds(NULL, fds, 2), -EINVAL);
}

/* One address space handed on with its device, while the device could be doing DMA. */
static void an_address_space_is_handed_on(struct world *world)
{
	struct vioc_mapping mapping = { 0 };
	void *memory = pages_new(1), *va;
	struct rig giver, taker;
	uint64_t iova, bytes;

	rig_open(world, &giver);
	struct vioc_device *edu = rig_device(&giver, world->edu);
	assert_int_equal(vioc_ioas_map_fixed(giver.ioas, OTHERS, memory, PAGE, RW), 0);
	taker.ctx = new_guest(world);
	struct vioc_bundle *bundle = pass(export(&giver, edu), taker.ctx);
	expect_content(world, bundle, world->edu);
	assert_int_equal(vioc_ioas_forget(giver.ioas), 0);
	vioc_device_unref(edu);
	rig_close(&giver);

	adopt(bundle, 0, &taker);
	edu = rig_device(&taker, world->edu);
	expect_maps(taker.ioas, 1, PAGE);
	assert_int_equal(vioc_ioas_walk(taker.ioas, 0, UINT64_MAX, note_mapping, &mapping), 0);
	assert_int_equal(mapping.iova, OTHERS);
	assert_int_equal(mapping.flags, RW);
	assert_null(mapping.va);
	assert_int_equal(vioc_ioas_get_va(taker.ioas, OTHERS, 1, &va, NULL), -ENOENT);
	assert_int_equal(vioc_ioas_get_iova(taker.ioas, memory, 1, &iova, NULL), -ENOENT);
	expect_failure(taker.ctx, vioc_ioas_map_fixed(taker.ioas, OTHERS, memory, PAGE, RW),
		       -EEXIST, VIOC_REASON_OVERLAP);
	edu_start(edu);
	assert_true(edu_reaches(edu, taker.ioas, OTHERS, memory));

	assert_int_equal(vioc_ioas_unmap(taker.ioas, OTHERS, PAGE, 0, &bytes), 0);
	assert_int_equal(bytes, PAGE);
	assert_false(edu_reaches(edu, taker.ioas, OTHERS, memory));
	expect_maps(taker.ioas, 0, 0);
	vioc_device_unref(edu);
	rig_close(&taker);
	pages_free(memory, 1);
}

/* What a broker gives: nothing in use yet. */
static void nodes_are_handed_out(struct world *world)
{
	struct vioc_fd_opts borrowed = VIOC_SIZED(vioc_fd_opts);
	struct vioc_bundle *bundle = NULL;
	struct vioc_ctx *broker = world_new_ctx(world);
	void *memory = pages_new(1);
	struct rig rig;

	assert_int_equal(vioc_bundle_new(broker, &bundle), 0);
	int node = raw_open(world, raw_device_kind(world), world->edu);
	borrowed.flags = VIOC_FD_BORROWED;
	assert_int_equal(vioc_bundle_add_fd(bundle, node, &borrowed), 0);
	raw_close(world, node);
	assert_int_equal(
		vioc_bundle_add_fd(bundle, raw_open(world, raw_container_kind(world), NULL), NULL),
		0);
	rig.ctx = new_guest(world);
	adopt(pass(bundle, rig.ctx), 0, &rig);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	assert_int_equal(vioc_ioas_map_fixed(rig.ioas, IOVA, memory, PAGE, RW), 0);
	edu_start(edu);
	assert_true(edu_reaches(edu, rig.ioas, IOVA, memory));
	vioc_device_unref(edu);
	rig_close(&rig);
	vioc_ctx_unref(broker);
	pages_free(memory, 1);
}

#define MANY 3000u

/* More than one message takes; both ends in one thread, so that what the socket holds must do. */
static void many_mappings_are_known(struct world *world)
{
	void *memory = pages_new(1);
	struct rig giver, taker;

	rig_open(world, &giver);
	struct vioc_device *edu = rig_device(&giver, world->edu);
	for (uint64_t i = 0; i < MANY; i++)
		assert_int_equal(
			vioc_ioas_map_fixed(giver.ioas, IOVA + 2 * i * PAGE, memory, PAGE, RW), 0);
	taker.ctx = new_guest(world);
	adopt(pass(export(&giver, edu), taker.ctx), VIOC_IOAS_BORROWED, &taker);
	expect_maps(taker.ioas, MANY, MANY * PAGE);
	/* They are the giver's, and stay when the taker goes. */
	rig_close(&taker);
	edu_start(edu);
	assert_true(edu_reaches(edu, giver.ioas, IOVA + 2 * (MANY - 1) * PAGE, memory));
	vioc_device_unref(edu);
	rig_close(&giver);
	pages_free(memory, 1);
}

static void bundles_refuse_what_is_not_theirs(struct world *world)
{
	struct vioc_bundle *bundle = NULL;
	struct vioc_container *container;
	struct rig rig;
	int ends[2];

	rig_open(world, &rig);
	assert_int_equal(vioc_bundle_new(NULL, &bundle), -EINVAL);
	assert_int_equal(vioc_bundle_new(rig.ctx, &bundle), 0);
	expect_failure(rig.ctx, vioc_bundle_add_ioas(bundle, rig.ioas), -ENODEV,
		       VIOC_REASON_CLOSED);
	expect_failure(rig.ctx, vioc_bundle_add_device(bundle, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	struct vioc_device *device = rig_device(&rig, world->first);
	expect_failure(rig.ctx, vioc_bundle_add_device(bundle, device), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_bundle_add_ioas(bundle, rig.ioas), 0);
	vioc_device_close(device);
	expect_failure(rig.ctx, vioc_bundle_add_device(bundle, device), -ENODEV,
		       VIOC_REASON_CLOSED);
	vioc_device_unref(device);
	vioc_bundle_unref(bundle);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(vioc_bundle_new(rig.ctx, &bundle), 0);
	expect_failure(rig.ctx, vioc_bundle_add_fd(bundle, ends[0], NULL), -EBADFD,
		       VIOC_REASON_WRONG_FD);
	expect_failure(rig.ctx, vioc_bundle_adopt(bundle, 0, &container, NULL, 0), -ENOENT,
		       VIOC_REASON_NO_FD);
	expect_failure(rig.ctx, vioc_bundle_adopt(bundle, 2, &container, NULL, 0), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	close_pair(ends);
	vioc_bundle_unref(bundle);
	assert_null(vioc_bundle_unref(NULL));
	rig_close(&rig);
}

static void sockets_are_looked_at(struct world *world)
{
	struct vioc_bundle_opts opts = VIOC_SIZED(vioc_bundle_opts);
	struct vioc_ctx *ctx = world_new_ctx(world);
	struct vioc_bundle *bundle = NULL, *received = NULL;
	struct vioc_peer peer;
	int ends[2], stream[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	open_pair(ends);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(vioc_bundle_new(ctx, &bundle), 0);
	assert_int_equal(vioc_bundle_send(bundle, null, NULL), -ENOTSOCK);
	assert_int_equal(vioc_bundle_send(bundle, stream[0], NULL), -EPROTOTYPE);
	assert_int_equal(vioc_bundle_recv(ctx, -1, NULL, &received), -EBADF);
	opts.timeout_ms = -1;
	assert_int_equal(vioc_bundle_recv(ctx, ends[0], &opts, &received), -EAGAIN);
	opts.timeout_ms = 1;
	assert_int_equal(vioc_bundle_recv(ctx, ends[0], &opts, &received), -ETIMEDOUT);
	opts.flags = VIOC_BUNDLE_ANY_PEER << 1;
	expect_failure(ctx, vioc_bundle_recv(ctx, ends[0], &opts, &received), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);

	assert_int_equal(vioc_fd_get_peer(ctx, ends[0], &peer), 0);
	assert_int_equal(peer.uid, getuid());
	assert_int_equal(peer.pid, getpid());
	if (peer.pidfd >= 0)
		close(peer.pidfd);
	assert_int_equal(vioc_fd_get_peer(ctx, null, &peer), -ENOTSOCK);

	close(ends[1]);
	assert_int_equal(vioc_bundle_recv(ctx, ends[0], NULL, &received), -ECONNRESET);
	assert_int_equal(vioc_bundle_send(bundle, ends[0], NULL), -EPIPE);
	assert_null(received);
	vioc_bundle_unref(bundle);
	close(ends[0]);
	close_pair(stream);
	close(null);
	vioc_ctx_unref(ctx);
}

/* The other process: takes the bundle, and lets edu copy the first page at OTHERS to the second. */
int drive_bundle(struct world *world, int socket)
{
	struct vioc_bundle *bundle = NULL;
	struct rig rig = { .ctx = new_guest(world) };
	int error = vioc_bundle_recv(rig.ctx, socket, NULL, &bundle);
	if (error < 0)
		show_diag(rig.ctx);
	assert_int_equal(error, 0);
	adopt(bundle, VIOC_IOAS_BORROWED, &rig);
	expect_maps(rig.ioas, 1, 2 * PAGE);
	struct vioc_device *edu = rig_device(&rig, world->edu);
	edu_start(edu);
	edu_read(edu, OTHERS, (uint32_t)PAGE - 8);
	edu_write(edu, OTHERS + PAGE, (uint32_t)PAGE - 8);
	vioc_device_unref(edu);
	rig_close(&rig);
	return 0;
}

static int start_driver(struct world *world, const int ends[2])
{
	char socket[16];
	snprintf(socket, sizeof(socket), "%d", ends[1]);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fcntl(ends[1], F_SETFD, 0);
		execl("/proc/self/exe", "contract", "--backend", vioc_backend_name(world->backend),
		      "--first", world->first, "--edu", world->edu, "--drive", socket, NULL);
		_exit(127);
	}
	return pid;
}

/* On iommufd who maps has no device at all; elsewhere an address space comes with its first device. */
static struct vioc_bundle *share(struct world *world, struct rig *rig, void *memory)
{
	struct vioc_device *edu = NULL;
	struct vioc_bundle *bundle = NULL;
	rig_open(world, rig);
	if (world->backend == VIOC_BACKEND_IOMMUFD) {
		vioc_ioas_unref(rig->ioas);
		assert_int_equal(vioc_ioas_adopt(rig->container, 0, 0, NULL, &rig->ioas), 0);
	} else {
		edu = rig_device(rig, world->edu);
	}
	assert_int_equal(vioc_ioas_map_fixed(rig->ioas, OTHERS, memory, 2 * PAGE, RW), 0);
	bundle = export(rig, edu);
	if (!edu)
		assert_int_equal(
			vioc_bundle_add_fd(bundle, raw_open(world, VIOC_FD_CDEV, world->edu), NULL),
			0);
	/* Who maps lets go of the device: it is the other's to drive. */
	vioc_ioas_forget(rig->ioas);
	vioc_device_unref(edu);
	return bundle;
}

static void two_processes_share_an_address_space(struct world *world)
{
	unsigned char *memory = pages_new(2);
	struct rig rig;
	int ends[2], status;

	if (world->fake) {
		print_message("skipped: a fake kernel has no other process\n");
		skip();
	}
	open_pair(ends);
	memset(memory, 0x5a, PAGE);
	int pid = start_driver(world, ends);
	struct vioc_bundle *bundle = share(world, &rig, memory);
	assert_int_equal(vioc_bundle_send(bundle, ends[0], NULL), 0);
	vioc_bundle_unref(bundle);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_memory_equal(memory, memory + PAGE, PAGE - 8);
	rig_close(&rig);
	close_pair(ends);
	pages_free(memory, 2);
}

const struct contract_case bundle_cases[] = {
	{ "an address space is handed on", an_address_space_is_handed_on, NEEDS_EDU },
	{ "nodes are handed out", nodes_are_handed_out, NEEDS_EDU },
	{ "many mappings are known", many_mappings_are_known, NEEDS_EDU },
	{ "bundles refuse what is not theirs", bundles_refuse_what_is_not_theirs, 0 },
	{ "sockets are looked at", sockets_are_looked_at, 0 },
	{ "two processes share an address space", two_processes_share_an_address_space, NEEDS_EDU },
	{ 0 },
};
