// SPDX-License-Identifier: MIT
/* What a monitor tells, and waiting for nodes. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"

#define ENOUGH_MS 20000

/* lab-run has given udevd a rule for them; other kernels' tests have no udevd. */
#define UDEVD	   "/run/udev/control"
#define UDEVD_MODE 0640

/* udevd is done with all that the kernel has told so far. */
static void settle(void)
{
	if (access(UDEVD, F_OK) == 0)
		assert_int_equal(system("udevadm settle"), 0);
}

struct ear {
	struct vioc_ctx *ctx;
	struct vioc_monitor *monitor;
};

static struct ear listen_to(struct world *world, const char *device, uint32_t buffer_size)
{
	struct vioc_monitor_opts opts = VIOC_SIZED(vioc_monitor_opts);
	struct ear ear = { .ctx = world_new_ctx(world) };
	opts.device = device;
	opts.buffer_size = buffer_size;
	settle();
	assert_int_equal(vioc_monitor_new(ear.ctx, &opts, &ear.monitor), 0);
	return ear;
}

static void stop(struct ear *ear)
{
	vioc_monitor_unref(ear->monitor);
	vioc_ctx_unref(ear->ctx);
}

/* Waits for the next event, which must come; or for the loss of some. */
static int next(struct ear *ear, struct vioc_event *event)
{
	struct pollfd ready = { .fd = vioc_monitor_get_fd(ear->monitor), .events = POLLIN };
	int result;
	*event = (struct vioc_event)VIOC_SIZED(vioc_event);
	while ((result = vioc_monitor_next(ear->monitor, event)) == 0)
		assert_int_equal(poll(&ready, 1, ENOUGH_MS), 1);
	return result;
}

static void expect_mode(const char *node)
{
	struct stat st;
	if (!node || access(UDEVD, F_OK) < 0)
		return;
	assert_int_equal(stat(node, &st), 0);
	assert_int_equal(st.st_mode & 07777, UDEVD_MODE);
}

static void expect_sense(const struct vioc_event *event, const char *device)
{
	bool is_node =
		event->kind == VIOC_EVENT_NODE_ADDED || event->kind == VIOC_EVENT_NODE_REMOVED;
	assert_true(event->kind > 0 && event->kind < 32);
	assert_string_not_equal(vioc_event_name(event->kind), "unknown");
	assert_int_equal(event->node != NULL, is_node);
	if (event->device)
		assert_string_equal(event->device, device);
	else
		assert_true(event->group >= 0 && is_node);
	if (event->kind == VIOC_EVENT_BOUND)
		assert_string_equal(event->driver, "vfio-pci");
	if (event->kind == VIOC_EVENT_NODE_ADDED)
		expect_mode(event->node);
}

#define KIND(kind) (1u << (kind))

/* Hears nothing but these kinds, and each of them; udevd keeps no order between nodes and devices. */
static void hear_all(struct ear *ear, const char *device, unsigned int kinds)
{
	struct vioc_event event;
	unsigned int heard = 0;
	while (heard != kinds) {
		assert_int_equal(next(ear, &event), 1);
		expect_sense(&event, device);
		heard |= KIND(event.kind);
		assert_int_equal(heard & ~kinds, 0);
	}
}

static void expect_modes(struct vioc_ctx *ctx, const char *device)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_found_device found = VIOC_SIZED(vioc_found_device);
	struct vioc_enumerator *enumerator;
	opts.slot = device;
	assert_int_equal(vioc_enumerator_new(ctx, &opts, &enumerator), 0);
	assert_int_equal(vioc_enumerator_get_device(enumerator, 0, &found), 1);
	assert_non_null(found.group_node);
	expect_mode(found.group_node);
	expect_mode(found.cdev);
	vioc_enumerator_unref(enumerator);
}

static void driver_changes(struct world *world)
{
	struct ear ear = listen_to(world, world->second, 0);
	world_give_back(world, world->second, world_take_away(world, world->second));
	hear_all(&ear, world->second,
		 KIND(VIOC_EVENT_UNBOUND) | KIND(VIOC_EVENT_NODE_REMOVED) | KIND(VIOC_EVENT_BOUND) |
			 KIND(VIOC_EVENT_NODE_ADDED));
	stop(&ear);
}

/* The node that the monitor waited for is one that opens. */
static void node_comes(struct world *world)
{
	struct ear ear = listen_to(world, world->second, 0);
	struct ear waiter = listen_to(world, world->second, 0);
	struct rig rig;
	assert_int_equal(vioc_monitor_wait_node(waiter.monitor, world->second, world->backend, 0),
			 0);
	int pid = world_take_away(world, world->second);
	hear_all(&ear, world->second, KIND(VIOC_EVENT_UNBOUND) | KIND(VIOC_EVENT_NODE_REMOVED));
	expect_failure(waiter.ctx,
		       vioc_monitor_wait_node(waiter.monitor, world->second, world->backend, 50),
		       -ETIMEDOUT, VIOC_REASON_NOT_BOUND);
	world_give_back(world, world->second, pid);
	assert_int_equal(
		vioc_monitor_wait_node(waiter.monitor, world->second, VIOC_BACKEND_AUTO, ENOUGH_MS),
		0);
	expect_modes(waiter.ctx, world->second);
	assert_int_equal(vioc_monitor_wait_node(waiter.monitor, world->second, world->backend,
						VIOC_WAIT_FOREVER),
			 0);
	rig_open(world, &rig);
	vioc_device_unref(rig_device(&rig, world->second));
	rig_close(&rig);
	stop(&waiter);
	stop(&ear);
}

static void only_its_device(struct world *world)
{
	struct ear ear = listen_to(world, world->first, 0), all = listen_to(world, NULL, 0);
	struct vioc_event event;
	world_tell_change(world, world->kernel_bound);
	world_tell_change(world, world->first);
	assert_int_equal(next(&ear, &event), 1);
	assert_int_equal(event.kind, VIOC_EVENT_CHANGED);
	assert_int_equal(event.group, -1);
	assert_string_equal(event.device, world->first);
	assert_int_equal(vioc_monitor_next(ear.monitor, &event), 0);
	do
		assert_int_equal(next(&all, &event), 1);
	while (strcmp(event.device, world->kernel_bound) != 0);
	stop(&all);
	stop(&ear);
}

/* What is lost is told, once; what comes afterwards is heard. */
static void too_many(struct world *world)
{
	struct ear ear = listen_to(world, NULL, 1);
	struct vioc_event event;
	int result;
	for (unsigned int i = 0; i < 300; i++)
		world_tell_change(world, world->first);
	settle();
	while ((result = next(&ear, &event)) == 1)
		;
	expect_failure(ear.ctx, result, -ENOBUFS, VIOC_REASON_KERNEL);
	while (vioc_monitor_next(ear.monitor, &event) > 0)
		;
	world_tell_change(world, world->first);
	assert_int_equal(next(&ear, &event), 1);
	assert_int_equal(vioc_monitor_wait_node(ear.monitor, world->first, world->backend, 0), 0);
	stop(&ear);
}

static void bad_arguments(struct world *world)
{
	struct ear ear = listen_to(world, NULL, 0);
	struct vioc_monitor_opts opts = VIOC_SIZED(vioc_monitor_opts);
	struct vioc_monitor *monitor = NULL;
	struct vioc_event unsized = { 0 };
	opts.source = 77;
	expect_failure(ear.ctx, vioc_monitor_new(ear.ctx, &opts, &monitor), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	opts.source = VIOC_MONITOR_KERNEL;
	opts.device = "../what";
	expect_failure(ear.ctx, vioc_monitor_new(ear.ctx, &opts, &monitor), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_null(monitor);
	expect_failure(ear.ctx, vioc_monitor_wait_node(ear.monitor, world->first, 77, 0), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ear.ctx, vioc_monitor_wait_node(ear.monitor, "ffff:ff:1f.7", 0, 0),
		       -ETIMEDOUT, VIOC_REASON_NO_DEVICE);
	world_tell_change(world, world->first);
	settle();
	expect_failure(ear.ctx, vioc_monitor_next(ear.monitor, &unsized), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	assert_int_equal(vioc_monitor_get_source(ear.monitor),
			 access(UDEVD, F_OK) == 0 ? VIOC_MONITOR_UDEV : VIOC_MONITOR_KERNEL);
	vioc_monitor_unref(vioc_monitor_ref(ear.monitor));
	stop(&ear);
}

#define NEEDS_OTHER (NEEDS_EVENTS | NEEDS_SECOND)

const struct contract_case monitor_cases[] = {
	{ "monitor: a driver goes and comes, with its nodes", driver_changes, NEEDS_OTHER },
	{ "monitor: wait for a node", node_comes, NEEDS_OTHER },
	{ "monitor: only its device", only_its_device, NEEDS_EVENTS | NEEDS_KERNEL_BOUND },
	{ "monitor: lost events are told", too_many, NEEDS_EVENTS },
	{ "monitor: bad arguments", bad_arguments, NEEDS_EVENTS },
	{ 0 },
};
