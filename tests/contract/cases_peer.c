// SPDX-License-Identifier: MIT
/* DMA of one device into the memory of another. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"

#define RW	(VIOC_MAP_READ | VIOC_MAP_WRITE)
#define SINK	UINT64_C(0xe000000)
#define FIXED	UINT64_C(0x7000000)
#define DMA_BUF 11 /* VFIO_DEVICE_FEATURE_DMA_BUF */

/* Registers of 64 bits that keep what is written: NVMe's ASQ and ACQ. */
#define FROM 0x28
#define TO   0x30

struct peers {
	struct rig rig;
	struct vioc_device *edu;  /* does the DMA, to addresses of 28 bits */
	struct vioc_device *peer; /* is reached */
	char *sink;
};

static void peers_open(struct world *world, struct peers *peers)
{
	struct vioc_device_opts opts = VIOC_SIZED(vioc_device_opts);
	opts.address_bits = 28;
	rig_open(world, &peers->rig);
	assert_int_equal(vioc_device_open(peers->rig.ioas, world->edu, &opts, &peers->edu), 0);
	peers->peer = rig_device(&peers->rig, world->first);
	peers->sink = pages_new(1);
	assert_int_equal(vioc_ioas_map_fixed(peers->rig.ioas, SINK, peers->sink, PAGE, RW), 0);
	edu_start(peers->edu);
}

static void peers_close(struct peers *peers)
{
	vioc_device_unref(peers->peer);
	vioc_device_unref(peers->edu);
	rig_close(&peers->rig);
	pages_free(peers->sink, 1);
}

/* Whether this kernel can, by its own word. */
static bool can_map(const struct world *world, struct vioc_device *device)
{
	if (world->backend == VIOC_BACKEND_LEGACY)
		return true;
	return world->backend == VIOC_BACKEND_IOMMUFD &&
	       vioc_device_probe_feature(device, DMA_BUF) == VIOC_FEATURE_GET;
}

static void skip_unless_can_map(const struct world *world, struct peers *peers)
{
	if (can_map(world, peers->peer))
		return;
	print_message("skipped: this kernel maps no BARs for this backend\n");
	peers_close(peers);
	skip();
}

static uint64_t get_register(struct peers *peers, uint64_t offset)
{
	uint64_t value = 0;
	assert_int_equal(vioc_region_read(peers->peer, VIOC_PCI_BAR(0), offset, &value, 8), 0);
	return value;
}

static void set_register(struct peers *peers, uint64_t offset, uint64_t value)
{
	assert_int_equal(vioc_region_write(peers->peer, VIOC_PCI_BAR(0), offset, &value, 8), 0);
}

/* Whether edu reads the peer's register at iova, which gets a new value. */
static bool reads(struct peers *peers, uint64_t iova)
{
	static uint64_t stamp;
	uint64_t seen;
	stamp += 0x123000;
	set_register(peers, FROM, stamp);
	edu_read(peers->edu, iova + FROM, 8);
	edu_write(peers->edu, SINK, 8);
	memcpy(&seen, peers->sink, sizeof(seen));
	return seen == stamp;
}

/* Whether what edu writes at iova lands in the peer's register. */
static bool writes(struct peers *peers, uint64_t iova)
{
	static uint64_t stamp = 0x55000;
	stamp += 0x321000;
	set_register(peers, TO, 0);
	memcpy(peers->sink, &stamp, sizeof(stamp));
	edu_read(peers->edu, SINK, 8);
	edu_write(peers->edu, iova + TO, 8);
	return get_register(peers, TO) == stamp;
}

static int map_at(struct peers *peers, uint64_t iova)
{
	return vioc_region_map_dma_fixed(peers->peer, iova, VIOC_PCI_BAR(0), 0, PAGE, RW);
}

static void map_for_others(struct world *world)
{
	struct peers peers;
	uint64_t iova = 77;
	void *va;
	peers_open(world, &peers);
	int error = vioc_region_map_dma(peers.peer, VIOC_PCI_BAR(0), 0, PAGE, RW, &iova);
	if (can_map(world, peers.peer)) {
		assert_int_equal(error, 0);
		expect_maps(peers.rig.ioas, 2, 2 * PAGE);
		assert_true(reads(&peers, iova));
		assert_true(writes(&peers, iova));
		assert_int_equal(vioc_ioas_get_va(peers.rig.ioas, iova + TO, 8, &va, NULL), 0);
		assert_int_equal(vioc_mmio_read64(va), get_register(&peers, TO));
		assert_int_equal(vioc_ioas_unmap(peers.rig.ioas, iova, PAGE, 0, NULL), 0);
		assert_false(reads(&peers, iova));
	} else {
		expect_failure(peers.rig.ctx, error, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
		expect_failure(peers.rig.ctx, map_at(&peers, FIXED), -EOPNOTSUPP,
			       VIOC_REASON_UNSUPPORTED);
		assert_int_equal(iova, 77);
	}
	expect_maps(peers.rig.ioas, 1, PAGE);
	peers_close(&peers);
}

/* The peer goes, and with it what others reach of it, also what only waits to be unmapped. */
static void peer_closes(struct world *world)
{
	struct vioc_ioas_stats stats = VIOC_SIZED(vioc_ioas_stats);
	struct peers peers;
	peers_open(world, &peers);
	skip_unless_can_map(world, &peers);
	assert_int_equal(map_at(&peers, FIXED), 0);
	assert_int_equal(map_at(&peers, FIXED + PAGE), 0);
	assert_int_equal(map_at(&peers, FIXED + 4 * PAGE), 0);
	assert_int_equal(
		vioc_ioas_unmap(peers.rig.ioas, FIXED + PAGE, PAGE, VIOC_UNMAP_DEFER, NULL), 0);
	vioc_device_close(peers.peer);
	expect_maps(peers.rig.ioas, 1, PAGE);
	assert_int_equal(vioc_ioas_get_stats(peers.rig.ioas, &stats), 0);
	assert_int_equal(stats.deferred_bytes, 0);

	vioc_device_unref(peers.peer);
	peers.peer = rig_device(&peers.rig, world->first);
	assert_false(reads(&peers, FIXED));
	assert_int_equal(map_at(&peers, FIXED), 0);
	assert_true(reads(&peers, FIXED));
	vioc_device_close(peers.edu);
	peers_close(&peers);
}

static void bad_arguments(struct world *world)
{
	const uint32_t bar = VIOC_PCI_BAR(0);
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	struct peers peers;
	uint64_t iova = 77;
	peers_open(world, &peers);
	struct vioc_ctx *ctx = peers.rig.ctx;
	struct vioc_device *peer = peers.peer;
	assert_int_equal(vioc_region_get_info(peer, bar, &info), 0);
	expect_failure(ctx, vioc_region_map_dma(peer, bar, 0, PAGE, 0, &iova), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_region_map_dma(peer, bar, 0, PAGE, 1u << 30, &iova), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_region_map_dma(peer, bar, 0, PAGE, RW, NULL), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_region_map_dma(peer, bar, 16, PAGE, RW, &iova), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_region_map_dma(peer, 1000, 0, PAGE, RW, &iova), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(ctx, vioc_region_map_dma(peer, bar, 0, info.length + PAGE, RW, &iova),
		       -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	expect_failure(ctx, vioc_region_map_dma(peer, VIOC_PCI_CONFIG, 0, 0, RW, &iova),
		       -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	assert_int_equal(vioc_region_map_dma(NULL, bar, 0, PAGE, RW, &iova), -EINVAL);
	if (can_map(world, peer)) {
		expect_failure(ctx, map_at(&peers, SINK), -EEXIST, VIOC_REASON_OVERLAP);
		expect_failure(ctx, map_at(&peers, FIXED + 16), -EINVAL, VIOC_REASON_BAD_ARGUMENT);
		expect_failure(ctx, map_at(&peers, UINT64_C(1) << 32), -ERANGE,
			       VIOC_REASON_OUT_OF_RANGE);
	}
	vioc_device_close(peer);
	expect_failure(ctx, map_at(&peers, FIXED), -ENODEV, VIOC_REASON_CLOSED);
	expect_maps(peers.rig.ioas, 1, PAGE);
	assert_int_equal(iova, 77);
	peers_close(&peers);
}

/* Memory that is off can't be mapped. What is mapped when it goes off must be mapped again. */
static void memory_off(struct world *world)
{
	uint32_t command;
	struct peers peers;
	peers_open(world, &peers);
	skip_unless_can_map(world, &peers);
	assert_int_equal(map_at(&peers, FIXED), 0);
	assert_int_equal(vioc_pci_config_read(peers.peer, 4, 2, &command), 0);
	assert_int_equal(vioc_pci_config_write(peers.peer, 4, 2, command & ~2u), 0);
	expect_failure(peers.rig.ctx, map_at(&peers, FIXED + PAGE), -EIO, VIOC_REASON_KERNEL);
	assert_int_equal(vioc_pci_config_write(peers.peer, 4, 2, command | 2), 0);
	assert_int_equal(reads(&peers, FIXED), world->backend == VIOC_BACKEND_LEGACY);
	assert_int_equal(vioc_ioas_unmap(peers.rig.ioas, FIXED, PAGE, 0, NULL), 0);
	assert_int_equal(map_at(&peers, FIXED), 0);
	assert_true(reads(&peers, FIXED));
	peers_close(&peers);
}

/* Where the kernel makes dma-bufs, it does so for every backend. */
static void export(struct world *world)
{
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	int fd = vioc_region_export_dma_buf(device, VIOC_PCI_BAR(0), PAGE, PAGE);
	if (vioc_device_probe_feature(device, DMA_BUF) == VIOC_FEATURE_GET) {
		assert_true(fd > 2);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		if (!world->fake)
			assert_int_equal(lseek(fd, 0, SEEK_END), PAGE);
		vioc_device_close(device);
		world_close(world, fd);
	} else {
		expect_failure(rig.ctx, fd, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	}
	vioc_device_unref(device);
	rig_close(&rig);
}

static void bad_export(struct world *world)
{
	const uint32_t bar = VIOC_PCI_BAR(0);
	struct vioc_region_info info = VIOC_SIZED(vioc_region_info);
	struct rig rig;
	rig_open(world, &rig);
	struct vioc_device *device = rig_device(&rig, world->first);
	assert_int_equal(vioc_region_get_info(device, bar, &info), 0);
	expect_failure(rig.ctx, vioc_region_export_dma_buf(device, 1000, 0, PAGE), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_export_dma_buf(device, bar, 16, PAGE), -EINVAL,
		       VIOC_REASON_BAD_ARGUMENT);
	expect_failure(rig.ctx, vioc_region_export_dma_buf(device, bar, 0, info.length + PAGE),
		       -ERANGE, VIOC_REASON_OUT_OF_RANGE);
	expect_failure(rig.ctx, vioc_region_export_dma_buf(device, VIOC_PCI_CONFIG, 0, 0),
		       -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED);
	assert_int_equal(vioc_region_export_dma_buf(NULL, bar, 0, PAGE), -EINVAL);
	vioc_device_close(device);
	expect_failure(rig.ctx, vioc_region_export_dma_buf(device, bar, 0, PAGE), -ENODEV,
		       VIOC_REASON_CLOSED);
	vioc_device_unref(device);
	rig_close(&rig);
}

const struct contract_case peer_cases[] = {
	{ "map a BAR for other devices", map_for_others, NEEDS_EDU },
	{ "a device goes whose BAR others reach", peer_closes, NEEDS_EDU },
	{ "bad BAR maps for other devices: EINVAL, ERANGE, EEXIST", bad_arguments, NEEDS_EDU },
	{ "a BAR that others reach is switched off: EIO", memory_off, NEEDS_EDU },
	{ "export a BAR as a dma-buf", export, 0 },
	{ "bad exports of BARs: EINVAL, ERANGE, EOPNOTSUPP", bad_export, 0 },
	{ 0 },
};
