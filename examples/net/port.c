// SPDX-License-Identifier: MIT
/* From a PCI address to a port that sends and receives, and back. The order of the steps matters. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <libvioc/pci.h>
#include <libvioc/region.h>

#include "access.h"
#include "clock.h"
#include "message.h"
#include "model.h"

#define DRAIN_TIMEOUT_MS 100
#define LINK_TIMEOUT_MS	 10000 /* negotiating takes some 3 s */

static int find_model(struct net_port *port)
{
	static const struct net_model *const models[] = { &net_e1000e, &net_igb, &net_igb_vf };
	uint32_t id;
	int error = vioc_pci_config_read(port->device, 0x00, 4, &id);
	if (error < 0)
		return fail_vioc(port->ctx, error, port->name);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (models[i]->id == id)
			port->model = models[i];
	if (!port->model)
		return fail(
			-EOPNOTSUPP, port->name,
			"its vendor and device are %04" PRIx32 ":%04" PRIx32
			", not those of an 82574 (e1000e), 8086:10d3, an 82576 (igb), 8086:10c9, "
			"or a virtual function of that, 8086:10ca",
			id & 0xffff, id >> 16);
	if (port->model->function->is_virtual &&
	    (port->config.loopback || port->config.promiscuous))
		return fail(-EOPNOTSUPP, port->name,
			    "a virtual function has no loopback, and gets no frames for others");
	port->format = port->model->formats[port->config.extended];
	return 0;
}

static int map_registers(struct net_port *port)
{
	void *regs;
	int error = vioc_region_map(port->device, VIOC_PCI_BAR(0), 0,
				    port->model->function->regs_length, &regs);
	if (error < 0)
		return fail_vioc(port->ctx, error, port->name);
	port->regs = regs;
	if (net_read(port, NET_REG_STATUS) == NET_GONE)
		return fail(-EIO, port->name, "STATUS reads 0xffffffff: it is asleep, or gone");
	return 0;
}

static int read_mac(struct net_port *port)
{
	uint32_t words[2];
	int error = port->model->function->read_mac(port, words);
	if (error < 0)
		return error;
	for (uint32_t i = 0; i < NET_MAC_LENGTH; i++)
		port->mac[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	return 0;
}

static int make_rings(struct net_port *port)
{
	struct vioc_mem_opts opts = VIOC_SIZED(vioc_mem_opts);
	const size_t length = NET_RING_LENGTH * sizeof(union net_rx_desc);
	const struct net_format *format = port->format;

	opts.name = "net-rings";
	int error =
		vioc_mem_new(vioc_device_get_ioas(port->device), 2 * length, &opts, &port->rings);
	if (error < 0)
		return fail_vioc(port->ctx, error, port->name);
	port->rx.descs = vioc_mem_get_va(port->rings);
	port->rx.status_word = format->rx_status_word;
	port->rx.length_word = format->rx_length_word;
	port->rx.errors = format->rx_errors;
	port->rx.tail = port->regs + NET_REG_RDT;
	port->tx.descs = (void *)((uint8_t *)vioc_mem_get_va(port->rings) + length);
	port->tx.flags = format->tx_flags;
	port->tx.length_unit = format->tx_length_unit;
	port->tx.tail = port->regs + NET_REG_TDT;
	return 0;
}

static int fill_rx_ring(struct net_port *port)
{
	for (uint32_t i = 0; i < NET_RING_LENGTH; i++) {
		struct net_buf *buf = net_pool_get(port->pool);
		if (!buf)
			return fail(-ENOMEM, port->name,
				    "the pool is too small: it ran out of buffers after %" PRIu32
				    " of %u for receiving",
				    i, NET_RING_LENGTH);
		port->rx.bufs[i] = buf;
		port->rx.descs[i].address[0] = htole64(buf->iova);
	}
	return 0;
}

static void set_ring(const struct net_port *port, uint32_t low, uint64_t iova)
{
	/* Both rings have the same registers, at the same distances from their first. */
	net_write(port, low, (uint32_t)iova);
	net_write(port, low + NET_REG_RDBAH - NET_REG_RDBAL, (uint32_t)(iova >> 32));
	net_write(port, low + NET_REG_RDLEN - NET_REG_RDBAL,
		  NET_RING_LENGTH * (uint32_t)sizeof(union net_rx_desc));
	net_write(port, low + NET_REG_RDH - NET_REG_RDBAL, 0);
	net_write(port, low + NET_REG_RDT - NET_REG_RDBAL, 0);
}

static void set_rings(const struct net_port *port)
{
	uint64_t iova = vioc_mem_get_iova(port->rings);
	set_ring(port, NET_REG_RDBAL, iova);
	set_ring(port, NET_REG_TDBAL, iova + NET_RING_LENGTH * sizeof(union net_rx_desc));
}

static int wait_link(const struct net_port *port)
{
	static const struct net_goal goal = {
		.reg = NET_REG_STATUS,
		.mask = NET_STATUS_LU,
		.value = NET_STATUS_LU,
		.timeout_ms = LINK_TIMEOUT_MS,
		.name = "STATUS",
		.what = "STATUS.LU to become 1, the link",
		.hint = "is the cable plugged in at both ends?",
	};
	bool looped = port->config.loopback && !port->model->loops_by_link;
	return looped ? 0 : net_wait(port, &goal);
}

static int enable_dma(const struct net_port *port)
{
	int error = vioc_pci_set_bus_master(port->device, 1);
	return error < 0 ? fail_vioc(port->ctx, error, port->name) : 0;
}

static int disable_dma(const struct net_port *port)
{
	int error = vioc_pci_stop_dma(port->device);
	return error < 0 ? fail_vioc(port->ctx, error, port->name) : 0;
}

/* The device does DMA from here on. */
static int run(struct net_port *port)
{
	port->running = true;
	set_rings(port);
	int error = port->model->function->start(port);
	if (error < 0)
		return error;
	/* Only now: a ring that has descriptors while it is being set up may be read half way. */
	vioc_dma_before_doorbell();
	net_write(port, NET_REG_RDT, NET_RING_LENGTH - 1);
	return wait_link(port);
}

static int start(struct net_port *port)
{
	int error = find_model(port);
	if (error == 0)
		error = stop_watch_open(&port->watch, port->device);
	if (error == 0)
		error = map_registers(port);
	if (error == 0)
		error = port->model->function->reset(port);
	if (error == 0)
		error = read_mac(port);
	if (error == 0)
		error = make_rings(port);
	if (error == 0)
		error = fill_rx_ring(port);
	/* Only now: the device is reset, and what it is going to reach is mapped. */
	if (error == 0)
		error = enable_dma(port);
	if (error == 0)
		error = run(port);
	if (error < 0)
		return error;
	/* Whatever was counted before is not ours. */
	net_port_read_stats(port);
	port->stats = (struct net_stats){ 0 };
	return 0;
}

int net_port_open(struct net_port *port, struct vioc_ioas *ioas, const char *name,
		  struct net_pool *pool, const struct net_port_config *config)
{
	*port = (struct net_port){
		.ctx = vioc_ioas_get_ctx(ioas),
		.pool = pool,
		.config = config ? *config : (struct net_port_config){ 0 },
	};
	int error = vioc_device_open(ioas, name, NULL, &port->device);
	if (error < 0)
		return fail_vioc(port->ctx, error, name);
	port->name = vioc_device_get_name(port->device);
	error = start(port);
	if (error < 0)
		net_port_close(port);
	return error;
}

/* What was given to net_tx_burst() leaves, unless the link is gone or the device stuck. */
static void drain(struct net_port *port)
{
	uint64_t deadline = clock_ms() + DRAIN_TIMEOUT_MS;
	while (!net_tx_reclaim(port) && clock_ms() <= deadline)
		vioc_cpu_relax();
}

/* Stops all DMA, whatever state the device is in: its memory may be freed afterwards. */
static void stop(struct net_port *port)
{
	const struct net_function *function = port->model->function;
	bool quiet = function->quiesce(port) == 0;
	bool clean = function->reset(port) == 0;
	if (disable_dma(port) == 0 && quiet && clean)
		return;
	/* If it resists even this, the IOMMU refuses it the memory from the moment of unmapping. */
	int error = vioc_device_reset(port->device);
	if (error < 0)
		fail_vioc(port->ctx, error, port->name);
}

static void return_bufs(struct net_port *port, struct net_buf **bufs)
{
	for (uint32_t i = 0; i < NET_RING_LENGTH; i++)
		if (bufs[i])
			net_pool_put(port->pool, bufs[i]);
}

void net_port_close(struct net_port *port)
{
	struct net_tx_ring *tx = &port->tx;

	if (port->running) {
		drain(port);
		stop(port);
	}
	return_bufs(port, port->rx.bufs);
	for (; tx->clean != tx->next; tx->clean = (tx->clean + 1) % NET_RING_LENGTH)
		net_pool_put(port->pool, tx->bufs[tx->clean]);
	vioc_mem_unref(port->rings);
	if (port->regs)
		(void)vioc_region_unmap(port->device, port->regs);
	stop_watch_close(&port->watch);
	vioc_device_unref(port->device);
	*port = (struct net_port){ 0 };
}

void net_port_read_stats(struct net_port *port)
{
	port->model->function->count(port);
}

int net_port_fail_idle(struct net_port *port, int error, uint64_t waited_ms)
{
	const struct net_named_reg *rx = &port->model->function->rx_control;
	const struct net_named_reg *tx = &port->model->function->tx_control;

	net_port_read_stats(port);
	return fail(error, port->name,
		    "no frame came for %" PRIu64 " ms: STATUS is 0x%08" PRIx32 ", %s 0x%08" PRIx32
		    ", RDH %" PRIu32 ", RDT %" PRIu32 ", %s 0x%08" PRIx32 ", TDH %" PRIu32
		    ", TDT %" PRIu32 "; it counted %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64
		    " missed",
		    waited_ms, net_read(port, NET_REG_STATUS), rx->name, net_read(port, rx->reg),
		    net_read(port, NET_REG_RDH), net_read(port, NET_REG_RDT), tx->name,
		    net_read(port, tx->reg), net_read(port, NET_REG_TDH),
		    net_read(port, NET_REG_TDT), port->stats.hw_tx_frames, port->stats.hw_rx_frames,
		    port->stats.hw_missed);
}
