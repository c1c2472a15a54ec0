// SPDX-License-Identifier: MIT
/* Devices come and go; and looking at what the ioas says of itself. */
#include <errno.h>
#include <inttypes.h>

#include "test.h"

static size_t attached_set(const struct test *test)
{
	size_t set = 0;
	for (size_t i = 0; i < N_DEVICES; i++)
		set |= test->devices[i] ? (size_t)1 << i : 0;
	return set;
}

bool is_attached(const struct test *test)
{
	return attached_set(test) != 0;
}

bool knows_kernel(const struct test *test)
{
	return !test->shared && is_attached(test);
}

static void set_ranges(struct test *test)
{
	const struct world *world = test->world;
	size_t set = attached_set(test);
	test->model.n_ranges = world->n_ranges[set];
	for (size_t i = 0; i < world->n_ranges[set]; i++)
		test->model.ranges[i] = world->ranges[set][i];
}

/* Whether a piece is outside of what a set of devices can reach. */
static bool is_out_of_reach(const struct world *world, size_t set, const struct piece *piece)
{
	for (size_t i = 0; i < world->n_ranges[set]; i++)
		if (world->ranges[set][i].start <= piece->iova &&
		    piece->last <= world->ranges[set][i].last)
			return false;
	return true;
}

static struct answer check_attach(const struct test *test, size_t set)
{
	const struct model *model = &test->model;
	for (size_t i = 0; i < model->n_pieces; i++)
		if (is_out_of_reach(test->world, set, &model->pieces[i]))
			return (struct answer){ -EADDRINUSE, VIOC_REASON_ADDRESS_CONFLICT, 0,
						false };
	for (size_t i = 0; i < model->n_pieces; i++)
		if (model->pieces[i].bad)
			return (struct answer){ -EFAULT, VIOC_REASON_BAD_MEMORY, 0, false };
	return (struct answer){ 0, 0, 0, false };
}

/* Lets one of the ioctls of a replay fail. */
static void arm_replay(struct test *test, struct answer *answer)
{
	size_t count = test->model.n_pieces;
	if (!test->world->fake || answer->error || is_attached(test) || !count || !once_in(test, 4))
		return;
	/* There may be fewer ioctls than mappings; the first is always there. */
	unsigned int nth = once_in(test, 2) ? 1 : 1 + (unsigned int)below(test, count);
	fake_fail_ioctl(test->world->fake, FAKE_MAP, nth, -ENOMEM);
	note(test, " (the kernel refuses map %u)", nth);
	answer->error = -ENOMEM;
}

/* The outcome is the model's to tell; see check_attach(). */
void attach(struct test *test, size_t index)
{
	struct answer answer = check_attach(test, attached_set(test) | (size_t)1 << index);
	note(test, "attach %zu", index);
	arm_replay(test, &answer);
	int error = vioc_device_open(test->ioas, test->world->names[index], NULL,
				     &test->devices[index]);
	if (test->world->fake) {
		bool fired = fake_fail_ioctl(test->world->fake, FAKE_MAP, 0, 0);
		if (answer.error == -ENOMEM && !fired)
			answer.error = 0;
	}
	expect(test, "attach", error, answer);
	set_ranges(test);
}

void detach(struct test *test, size_t index)
{
	if (!test->devices[index])
		return;
	note(test, "detach %zu", index);
	test->devices[index] = vioc_device_unref(test->devices[index]);
	set_ranges(test);
}

/* It may be a part of an extent. */
#define POLICY VIOC_UNMAP_SPLIT

/* Unmaps what would keep the device out. */
static void make_way(struct test *test, size_t set)
{
	struct model *model = &test->model;
	for (size_t i = 0; i < model->n_pieces;) {
		struct piece piece = model->pieces[i];
		if (!piece.bad && !is_out_of_reach(test->world, set, &piece)) {
			i++;
			continue;
		}
		uint64_t bytes;
		int error = vioc_ioas_unmap(test->ioas, piece.iova, piece_length(&piece), POLICY,
					    &bytes);
		if (error < 0 || (!piece.waiting && bytes != piece_length(&piece)))
			wrong(test, "unmap of 0x%" PRIx64 " returned %d", piece.iova, error);
		model_remove(model, piece.iova, piece.last);
	}
	check_kernel(test);
}

void attach_surely(struct test *test)
{
	if (is_attached(test))
		return;
	make_way(test, 1);
	attach(test, 0);
}

static void toggle(struct test *test)
{
	size_t index = (size_t)below(test, N_DEVICES);
	if (test->shared || !test->world->names[index])
		return;
	/* Little happens without a device, so the last one goes only now and then. */
	bool last = attached_set(test) == (size_t)1 << index;
	if (test->devices[index] && (!last || once_in(test, 3))) {
		detach(test, index);
		return;
	}
	if (test->devices[index])
		return;
	if (once_in(test, 2)) {
		note(test, "make way, ");
		make_way(test, attached_set(test) | (size_t)1 << index);
	}
	attach(test, index);
}

static void look_at_ranges(struct test *test)
{
	struct vioc_iova_range ranges[MAX_RANGES] = { 0 }, should_be[MAX_RANGES];
	size_t capacity = (size_t)below(test, 6);
	if (test->shared)
		return;
	note(test, "get_ranges %zu", capacity);
	size_t count = model_usable(&test->model, should_be);
	int result = vioc_ioas_get_ranges(test->ioas, capacity ? ranges : NULL, capacity);
	if (result != (int)count)
		wrong(test, "get_ranges returned %d, should be %zu", result, count);
	for (size_t i = 0; i < MAX_RANGES; i++) {
		bool is_there = i < count && i < capacity;
		uint64_t start = is_there ? should_be[i].start : 0;
		uint64_t last = is_there ? should_be[i].last : 0;
		if (ranges[i].start != start || ranges[i].last != last)
			wrong(test, "range %zu is 0x%" PRIx64 " to 0x%" PRIx64, i, ranges[i].start,
			      ranges[i].last);
	}
}

const struct op attach_ops[] = {
	{ 2, toggle },
	{ 2, look_at_ranges },
	{ 0 },
};
