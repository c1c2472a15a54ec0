// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "copy.h"
#include "io.h"
#include "message.h"

/*
 * Memory for data in flight: enough to keep a drive busy, and less than the 8 MiB of RLIMIT_MEMLOCK
 * that users have by default. At least two commands share it.
 */
#define POOL_BYTES   (UINT64_C(6) << 20)
#define MAX_TRANSFER (POOL_BYTES / 2)
#define MAX_DEPTH    32u

/* Piece n of the range uses tag and buffer n % depth, so pieces leave in the order they came. */
struct copy {
	struct nvme_io io;
	struct nvme_dma buffers;
	const struct nvme_namespace *namespace;
	struct copy_range range;
	uint32_t piece_blocks; /* in each piece, but for the last */
	uint64_t n_pieces;
	uint64_t sent;
	uint64_t taken;
	bool done[MAX_DEPTH]; /* by tag: read, not taken yet */
	int fd;
	const char *out_name;
};

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static size_t piece_size(const struct copy *copy)
{
	return (size_t)copy->piece_blocks * copy->namespace->block_size;
}

static uint32_t blocks_of(const struct copy *copy, uint64_t piece)
{
	return (uint32_t)min(copy->piece_blocks, copy->range.n_blocks - piece * copy->piece_blocks);
}

static uint16_t tag_of(const struct copy *copy, uint64_t piece)
{
	return (uint16_t)(piece % copy->io.config.depth);
}

static int send_piece(struct copy *copy)
{
	uint64_t piece = copy->sent;
	uint16_t tag = tag_of(copy, piece);
	int error = nvme_io_read(
		&copy->io, tag, copy->namespace, copy->range.lba + piece * copy->piece_blocks,
		blocks_of(copy, piece), copy->buffers.iova + tag * piece_size(copy));
	if (error < 0)
		return fail(error, copy->io.ctrl->name, "can't queue a read: %s", strerror(-error));
	copy->sent++;
	return 0;
}

/* As many as there are buffers. */
static int send_pieces(struct copy *copy)
{
	uint64_t before = copy->sent;
	int error = 0;
	while (error == 0 && copy->sent < copy->n_pieces &&
	       copy->sent - copy->taken < copy->io.config.depth)
		error = send_piece(copy);
	if (copy->sent != before)
		nvme_io_kick(&copy->io);
	return error;
}

static int wait_pieces(struct copy *copy)
{
	struct nvme_io_done dones[MAX_DEPTH];
	int count = nvme_io_wait(&copy->io, dones, MAX_DEPTH);
	for (int i = 0; i < count; i++) {
		if (dones[i].error < 0)
			return dones[i].error;
		copy->done[dones[i].tag] = true;
	}
	return count < 0 ? count : 0;
}

static int write_all(const struct copy *copy, const uint8_t *data, size_t length)
{
	while (length) {
		ssize_t written = write(copy->fd, data, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(-errno, copy->out_name, "can't write: %s", strerror(errno));
		data += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Writes out what is complete at the front, while the controller works on the rest. */
static int take_pieces(struct copy *copy)
{
	while (copy->taken < copy->sent) {
		uint16_t tag = tag_of(copy, copy->taken);
		if (!copy->done[tag])
			return 0;
		const uint8_t *data = (const uint8_t *)copy->buffers.va + tag * piece_size(copy);
		size_t length = (size_t)blocks_of(copy, copy->taken) * copy->namespace->block_size;
		int error = copy->fd < 0 ? 0 : write_all(copy, data, length);
		if (error < 0)
			return error;
		copy->done[tag] = false;
		copy->taken++;
	}
	return 0;
}

static int copy_all(struct copy *copy)
{
	while (copy->taken < copy->n_pieces) {
		int error = stop_wanted() ? -ECANCELED : send_pieces(copy);
		if (error == 0)
			error = wait_pieces(copy);
		if (error == 0)
			error = take_pieces(copy);
		if (error < 0)
			return error;
	}
	return 0;
}

/* How the range is cut into pieces. Returns how many are under way at once. */
static int plan(struct copy *copy, const struct nvme_ctrl *ctrl)
{
	uint32_t block_size = copy->namespace->block_size;
	uint64_t blocks = min(min(ctrl->max_transfer, MAX_TRANSFER) / block_size, NVME_MAX_BLOCKS);
	blocks = min(blocks, copy->range.n_blocks);
	if (!blocks)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "a block of %" PRIu32 " bytes is more than one command may carry",
			    block_size);
	copy->piece_blocks = (uint32_t)blocks;
	copy->n_pieces = copy->range.n_blocks / blocks + (copy->range.n_blocks % blocks != 0);
	uint64_t depth = min(POOL_BYTES / (blocks * block_size), MAX_DEPTH);
	depth = min(depth, ctrl->max_entries - 1);
	return (int)min(depth, copy->n_pieces);
}

static int open_io(struct copy *copy, struct nvme_ctrl *ctrl)
{
	int depth = plan(copy, ctrl);
	if (depth < 0)
		return depth;
	int error = nvme_ctrl_alloc(ctrl, (size_t)depth * piece_size(copy), VIOC_MAP_WRITE,
				    &copy->buffers);
	if (error < 0)
		return error;
	const struct nvme_io_config config = {
		.id = 1,
		.depth = (uint16_t)depth,
		.max_length = piece_size(copy),
	};
	error = nvme_io_open(&copy->io, ctrl, &config);
	if (error < 0)
		nvme_dma_free(&copy->buffers);
	return error;
}

int copy_run(struct nvme_ctrl *ctrl, const struct nvme_namespace *namespace,
	     const struct copy_range *range, int fd, const char *out_name,
	     struct copy_result *ret_result)
{
	struct copy copy = {
		.namespace = namespace, .range = *range, .fd = fd, .out_name = out_name
	};
	int error = open_io(&copy, ctrl);
	if (error < 0)
		return error;
	uint64_t begin = clock_ns();
	error = copy_all(&copy);
	uint64_t end = clock_ns();
	/* In this order: reads may be under way after an error, and into these buffers. */
	nvme_io_close(&copy.io);
	nvme_dma_free(&copy.buffers);
	if (error < 0)
		return error;
	*ret_result = (struct copy_result){
		.bytes = range->n_blocks * namespace->block_size,
		.seconds = (double)(end - begin) / 1e9,
	};
	return 0;
}
