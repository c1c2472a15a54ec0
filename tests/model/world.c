// SPDX-License-Identifier: MIT
/* The fake kernel or the real one, memory to map, and places to map it at. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/ctx.h"
#include "test.h"

static const struct fake_device_spec fake_devices[] = {
	{ .name = "0000:00:02.0", .driver = "vfio-pci", .group = 2 },
	{ .name = "0000:00:03.0", .driver = "vfio-pci", .group = 3 },
	{ 0 },
};

static void die(const char *what, int error)
{
	printf("%s: %d\n", what, error);
	exit(2);
}

static char *get_memory(uint64_t pages)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (memory == MAP_FAILED)
		die("no memory", 0);
	return memory;
}

static char *get_file_memory(uint64_t pages, int *ret_fd)
{
	int fd = memfd_create("model", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)(pages * PAGE)) < 0)
		die("no file", 0);
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("no memory", 0);
	*ret_fd = fd;
	return memory;
}

void world_open(struct world *world)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
	int error;
	world->memory = get_file_memory(MEMORY_PAGES, &world->memory_fd);
	world->gone = get_memory(1);
	if (mprotect(world->gone, PAGE, PROT_NONE) < 0)
		die("mprotect", 0);
	if (world->names[0]) {
		error = vioc_ctx_new(NULL, &world->ctx);
	} else {
		world->fake = fake_new(&(struct fake_config){ .devices = fake_devices });
		world->names[0] = fake_devices[0].name;
		world->names[1] = fake_devices[1].name;
		fake_trust_memory(world->fake, world->memory, MEMORY_PAGES * PAGE);
		error = vioci_ctx_new_with_sys(NULL, fake_sys(world->fake), &world->ctx);
	}
	if (error < 0)
		die("no context", error);
	opts.backend = world->backend;
	error = vioc_container_new(world->ctx, &opts, &world->container);
	if (error < 0)
		die("no container", error);
}

void world_close(struct world *world)
{
	vioc_container_unref(world->container);
	vioc_ctx_unref(world->ctx);
	munmap(world->memory, MEMORY_PAGES * PAGE);
	close(world->memory_fd);
	munmap(world->gone, PAGE);
	if (!world->fake)
		return;
	if (fake_count_open(world->fake) || fake_count_mappings(world->fake))
		die("left open in the fake kernel", (int)fake_count_open(world->fake));
	fake_free(world->fake);
}

static void learn_ranges(struct world *world, struct test *test, size_t set)
{
	int count = vioc_ioas_get_ranges(test->ioas, world->ranges[set], MAX_RANGES);
	if (count < 1 || count > MAX_RANGES)
		die("get_ranges", count);
	world->n_ranges[set] = (size_t)count;
	for (int i = 0; i < count; i++) {
		const struct vioc_iova_range *range = &world->ranges[set][i];
		if (range->start > range->last || (i && range->start <= range[-1].last))
			die("the ranges do not ascend", i);
		if (set && range->start <= 0xfeefffff && range->last >= 0xfee00000)
			die("the ranges have the MSI window", i);
	}
}

static void open_set(struct world *world, struct test *test, size_t set)
{
	for (size_t i = 0; i < N_DEVICES; i++) {
		if (!(set & (size_t)1 << i))
			continue;
		int error = vioc_device_open(test->ioas, world->names[i], NULL, &test->devices[i]);
		if (error < 0)
			die(world->names[i], error);
	}
	learn_ranges(world, test, set);
	for (size_t i = 0; i < N_DEVICES; i++)
		test->devices[i] = vioc_device_unref(test->devices[i]);
}

static void add_place(struct world *world, uint64_t middle)
{
	uint64_t before = PLACE_PAGES / 2 * PAGE;
	world->places[world->n_places++] = (middle & ~(PAGE - 1)) - before;
}

void world_learn(struct world *world, struct test *test)
{
	for (size_t set = 0; set < (1 << N_DEVICES); set++)
		if (world->names[1] || set < 2)
			open_set(world, test, set);
	const size_t n = world->n_ranges[1];
	const struct vioc_iova_range *first = &world->ranges[1][0],
				     *last = &world->ranges[1][n - 1];
	add_place(world, UINT64_C(0x10000000));
	add_place(world, PLACE_PAGES / 2 * PAGE); /* from 0 on */
	add_place(world, first->last + 1);
	add_place(world, last->start);
	add_place(world, last->last + 1);
	if (world->n_places != TOP_PLACE)
		die("the top place is elsewhere", (int)world->n_places);
	add_place(world, UINT64_MAX - PLACE_PAGES / 4 * PAGE); /* over the end, and wrapping */
	add_place(world, UINT64_C(1) << 32);
	add_place(world, last->last / 2 + 1);
}
