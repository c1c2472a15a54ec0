// SPDX-License-Identifier: MIT
/*
 * Fails the Nth system call and the Nth allocation while an address space and its device are handed
 * over, for all N. As in faults.c, a step that fails leaves everything as it was, and succeeds
 * right after.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inject.h"
#include "unit.h"

#define BASE ((uint64_t)0x100000)

struct side {
	struct vioc_ctx *ctx;
	struct vioc_container *container;
	struct vioc_ioas *ioas;
	struct vioc_device *device;
};

struct handover {
	struct inject inject;
	struct fake *fake;
	uint32_t backend;
	char *memory;
	struct side giver;
	struct side taker;
	struct vioc_bundle *sent;
	struct vioc_bundle *received;
	int node; /* that a broker has open */
};

static int identify(struct handover *handover)
{
	struct vioc_fd_info info = VIOC_SIZED(vioc_fd_info);
	return vioc_fd_identify(handover->taker.ctx, handover->node, &info);
}

static int adopt_node(struct handover *handover)
{
	struct vioc_fd_opts opts = VIOC_SIZED(vioc_fd_opts);
	opts.flags = VIOC_FD_BORROWED;
	return vioc_ctx_adopt_fd(handover->taker.ctx, handover->node, &opts);
}

static int make_bundle(struct handover *handover)
{
	return vioc_bundle_new(handover->giver.ctx, &handover->sent);
}

static int add_ioas(struct handover *handover)
{
	return vioc_bundle_add_ioas(handover->sent, handover->giver.ioas);
}

static int add_device(struct handover *handover)
{
	return vioc_bundle_add_device(handover->sent, handover->giver.device);
}

static int pass(struct handover *handover)
{
	struct vioc_bundle_opts opts = VIOC_SIZED(vioc_bundle_opts);
	int ends[2];
	opts.timeout_ms = -1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	int error = vioc_bundle_send(handover->sent, ends[0], &opts);
	if (error == 0)
		error = vioc_bundle_recv(handover->taker.ctx, ends[1], &opts, &handover->received);
	close(ends[0]);
	close(ends[1]);
	return error;
}

static int adopt(struct handover *handover)
{
	struct side *taker = &handover->taker;
	int result = vioc_bundle_adopt(handover->received, 0, &taker->container, &taker->ioas, 1);
	return result < 0 ? result : 0;
}

static int open_device(struct handover *handover)
{
	return vioc_device_open(handover->taker.ioas, FIRST, NULL, &handover->taker.device);
}

static int map(struct handover *handover)
{
	return vioc_ioas_map_fixed(handover->taker.ioas, BASE + PAGE, handover->memory, PAGE, RW);
}

static int unmap_foreign(struct handover *handover)
{
	return vioc_ioas_unmap(handover->taker.ioas, BASE, PAGE, 0, NULL);
}

static const struct {
	const char *name;
	int (*run)(struct handover *handover);
} steps[] = {
	{ "identify", identify },
	{ "adopt a node", adopt_node },
	{ "make a bundle", make_bundle },
	{ "add an ioas", add_ioas },
	{ "add a device", add_device },
	{ "pass", pass },
	{ "adopt", adopt },
	{ "open the device", open_device },
	{ "map", map },
	{ "unmap what is foreign", unmap_foreign },
};

static void run_step(struct handover *handover, size_t i)
{
	unsigned int open = fake_count_open(handover->fake);
	uint64_t bytes = fake_count_mapped_bytes(handover->fake);
	bool had_fired = inject_fired();
	int error = steps[i].run(handover);
	if (error == 0)
		return;
	if (had_fired || !inject_fired())
		print_error("%s failed by itself: %d\n", steps[i].name, error);
	assert_true(inject_fired() && !had_fired);
	assert_int_equal(fake_count_open(handover->fake), open);
	assert_int_equal(fake_count_mapped_bytes(handover->fake), bytes);
	error = steps[i].run(handover);
	if (error < 0)
		print_error("%s failed the second time: %d\n", steps[i].name, error);
	assert_int_equal(error, 0);
}

static void begin(struct handover *handover)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	struct side *giver = &handover->giver;
	handover->fake = unit_fake((struct fake_config){ 0 });
	handover->memory =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(handover->memory != MAP_FAILED);
	inject_init(&handover->inject, fake_sys(handover->fake));
	assert_int_equal(vioci_ctx_new_with_sys(NULL, &handover->inject.sys, &giver->ctx), 0);
	assert_int_equal(vioci_ctx_new_with_sys(NULL, &handover->inject.sys, &handover->taker.ctx),
			 0);
	opts.backend = handover->backend;
	assert_int_equal(vioc_container_new(giver->ctx, &opts, &giver->container), 0);
	assert_int_equal(vioc_ioas_new(giver->container, NULL, &giver->ioas), 0);
	assert_int_equal(vioc_device_open(giver->ioas, FIRST, NULL, &giver->device), 0);
	assert_int_equal(vioc_ioas_map_fixed(giver->ioas, BASE, handover->memory, PAGE, RW), 0);
	handover->node = vioci_sys_open(fake_sys(handover->fake), "/dev/vfio/vfio", O_RDWR);
	assert_true(handover->node >= 0);
}

static void close_side(struct side *side)
{
	vioc_device_unref(side->device);
	vioc_ioas_unref(side->ioas);
	vioc_container_unref(side->container);
	vioc_ctx_unref(side->ctx);
}

static void end(struct handover *handover)
{
	assert_int_equal(vioc_ioas_forget(handover->giver.ioas), 0);
	vioc_bundle_unref(handover->sent);
	vioc_bundle_unref(handover->received);
	close_side(&handover->giver);
	close_side(&handover->taker);
	vioci_sys_close(fake_sys(handover->fake), &handover->node);
	assert_int_equal(fake_count_open(handover->fake), 0);
	assert_int_equal(fake_count_mappings(handover->fake), 0);
	fake_free(handover->fake);
	munmap(handover->memory, PAGE);
}

/* False: there were fewer than nth. */
static bool run(uint32_t backend, enum inject_kind kind, unsigned int nth)
{
	struct handover handover = { .backend = backend };
	begin(&handover);
	inject_arm(kind, nth);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		run_step(&handover, i);
	bool fired = inject_fired();
	inject_arm(kind, 0);
	end(&handover);
	return fired;
}

static void run_all(enum inject_kind kind)
{
	for (uint32_t b = VIOC_BACKEND_LEGACY; b <= VIOC_BACKEND_COMPAT; b++) {
		unsigned int n = 1;
		while (run(b, kind, n))
			n++;
		print_message("%s: %u failures injected\n", vioc_backend_name(b), n - 1);
		/* Far below what it takes: the injector is really in the way. */
		assert_true(n > 20);
	}
}

static void calls(void **state)
{
	(void)state;
	run_all(INJECT_CALLS);
}

static void allocations(void **state)
{
	(void)state;
	run_all(INJECT_ALLOCATIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),
		cmocka_unit_test(allocations),
	};
	return cmocka_run_group_tests_name("faults_fds", tests, NULL, NULL);
}
