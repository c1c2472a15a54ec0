// SPDX-License-Identifier: MIT
/* What physical functions have in common, and nobody else may touch: the MAC and its filters. */
#include <errno.h>
#include <inttypes.h>

#include "clock.h"
#include "message.h"
#include "model.h"

#define RESET_TIMEOUT_MS 1000
#define QUIET_TIMEOUT_MS 1000

static void mask_interrupts(const struct net_port *port)
{
	net_write(port, NET_REG_IMC, UINT32_MAX);
	(void)net_read(port, NET_REG_ICR);
}

static int reset(const struct net_port *port)
{
	static const struct net_goal done = {
		.reg = NET_REG_CTRL,
		.mask = NET_CTRL_RST,
		.timeout_ms = RESET_TIMEOUT_MS,
		.name = "CTRL",
		.what = "CTRL.RST to become 0, the end of the reset",
		.hint = "power-cycle it",
	};
	mask_interrupts(port);
	net_write(port, NET_REG_CTRL, net_read(port, NET_REG_CTRL) | NET_CTRL_RST);
	/* Registers must not be touched for a microsecond. */
	sleep_ms(1);
	int error = net_wait(port, &done);
	if (error == 0)
		error = net_wait(port, port->model->loaded);
	/* The reset has enabled what it found in its NVM. */
	mask_interrupts(port);
	return error;
}

static int read_mac(const struct net_port *port, uint32_t words[2])
{
	words[0] = net_read(port, NET_REG_RAL0);
	words[1] = net_read(port, NET_REG_RAH0);
	if (!(words[1] & NET_RAH_AV) || (words[0] & NET_RAL_GROUP))
		return fail(-EIO, port->name,
			    "RAL0 is 0x%08" PRIx32 " and RAH0 0x%08" PRIx32
			    ": it has no valid MAC address",
			    words[0], words[1]);
	return 0;
}

static void start_tx(const struct net_port *port)
{
	net_write(port, NET_REG_TIPG, NET_TIPG_COPPER);
	net_write(port, NET_REG_TCTL,
		  NET_TCTL_EN | NET_TCTL_PSP | NET_TCTL_CT(15) | NET_TCTL_COLD(63));
}

static void start_rx(const struct net_port *port)
{
	uint32_t rctl = NET_RCTL_EN | NET_RCTL_BAM | NET_RCTL_SECRC;

	for (uint32_t i = 0; i < NET_MTA_WORDS; i++)
		net_write(port, NET_REG_MTA + 4 * i, 0);
	net_write(port, NET_REG_RXCSUM, 0);
	if (port->config.promiscuous)
		rctl |= NET_RCTL_UPE | NET_RCTL_MPE;
	if (port->config.loopback)
		rctl |= NET_RCTL_LBM;
	net_write(port, NET_REG_RCTL, rctl);
}

static int start(const struct net_port *port)
{
	const struct net_model *model = port->model;

	net_write(port, NET_REG_CTRL_EXT, net_read(port, NET_REG_CTRL_EXT) | NET_CTRL_EXT_DRV_LOAD);
	net_write(port, NET_REG_CTRL, net_read(port, NET_REG_CTRL) | NET_CTRL_SLU | NET_CTRL_FD);
	int error = model->start_link ? model->start_link(port) : 0;
	if (error == 0)
		error = model->enable_queues(port);
	if (error < 0)
		return error;
	start_tx(port);
	start_rx(port);
	return 0;
}

/* The device itself says that no DMA is under way. */
static int quiesce(const struct net_port *port)
{
	static const struct net_goal goal = {
		.reg = NET_REG_STATUS,
		.mask = NET_STATUS_MASTER_ENABLED,
		.timeout_ms = QUIET_TIMEOUT_MS,
		.name = "STATUS",
		.what = "STATUS.GIO_MASTER_ENABLE to become 0, the end of DMA",
		.hint = "it is going to be reset without",
	};
	net_write(port, NET_REG_RCTL, net_read(port, NET_REG_RCTL) & ~NET_RCTL_EN);
	net_write(port, NET_REG_TCTL, net_read(port, NET_REG_TCTL) & ~NET_TCTL_EN);
	net_write(port, NET_REG_CTRL, net_read(port, NET_REG_CTRL) | NET_CTRL_MASTER_DISABLE);
	int error = net_wait(port, &goal);
	net_write(port, NET_REG_CTRL_EXT,
		  net_read(port, NET_REG_CTRL_EXT) & ~NET_CTRL_EXT_DRV_LOAD);
	return error;
}

static void count(struct net_port *port)
{
	port->stats.hw_rx_frames += net_read(port, NET_REG_GPRC);
	port->stats.hw_tx_frames += net_read(port, NET_REG_GPTC);
	port->stats.hw_missed += net_read(port, NET_REG_MPC);
	port->stats.hw_crc_errors += net_read(port, NET_REG_CRCERRS);
	/* QEMU copies totals to GPRC and GPTC with each frame, so those have to be cleared too. */
	(void)net_read(port, NET_REG_TPR);
	(void)net_read(port, NET_REG_TPT);
}

const struct net_function net_physical = {
	.regs_length = 0x20000,
	.rx_control = { "RCTL", NET_REG_RCTL },
	.tx_control = { "TCTL", NET_REG_TCTL },
	.reset = reset,
	.read_mac = read_mac,
	.start = start,
	.quiesce = quiesce,
	.count = count,
};
