// SPDX-License-Identifier: MIT
/* The 82576: of its 16 pairs of queues the first, whose registers are where the 82574 has its own. */
#include <errno.h>
#include <inttypes.h>

#include "message.h"
#include "model.h"

#define MDIC_TIMEOUT_MS	 100
#define QUEUE_TIMEOUT_MS 100

/* One access to a register of the PHY: it is a device of its own, on a bus that the MAC drives. */
static int access_phy(const struct net_port *port, uint32_t command, uint32_t *ret_value)
{
	static const struct net_goal done = {
		.reg = NET_REG_MDIC,
		.mask = NET_MDIC_READY,
		.value = NET_MDIC_READY,
		.timeout_ms = MDIC_TIMEOUT_MS,
		.name = "MDIC",
		.what = "MDIC.R to become 1, the PHY's answer",
		.hint = "power-cycle it",
	};
	net_write(port, NET_REG_MDIC, command | NET_MDIC_PHY);
	int error = net_wait(port, &done);
	if (error < 0)
		return error;
	*ret_value = net_read(port, NET_REG_MDIC);
	if (*ret_value & NET_MDIC_ERROR)
		return fail(-EIO, port->name, "MDIC is 0x%08" PRIx32 ": the PHY does not answer",
			    *ret_value);
	*ret_value &= NET_MDIC_DATA;
	return 0;
}

/* The 82574 negotiates by itself. */
static int start_link(const struct net_port *port)
{
	uint32_t control, ignored;
	int error = access_phy(port, NET_MDIC_READ | NET_PHY_CONTROL, &control);
	if (error < 0)
		return error;
	control |= NET_PHY_AUTONEGOTIATE | NET_PHY_RESTART;
	return access_phy(port, NET_MDIC_WRITE | NET_PHY_CONTROL | control, &ignored);
}

static const struct net_goal rx_obeys = {
	.reg = NET_REG_RXDCTL,
	.mask = NET_QUEUE_ENABLE,
	.timeout_ms = QUEUE_TIMEOUT_MS,
	.name = "RXDCTL",
	.what = "RXDCTL.ENABLE to become what was written, the switch of the receive queue",
	.hint = "power-cycle it",
};

static const struct net_goal tx_obeys = {
	.reg = NET_REG_TXDCTL,
	.mask = NET_QUEUE_ENABLE,
	.timeout_ms = QUEUE_TIMEOUT_MS,
	.name = "TXDCTL",
	.what = "TXDCTL.ENABLE to become what was written, the switch of the transmit queue",
	.hint = "power-cycle it",
};

static int switch_queue(const struct net_port *port, struct net_goal goal, uint32_t enable)
{
	goal.value = enable;
	net_write(port, goal.reg, enable);
	return net_wait(port, &goal);
}

static int switch_queues(const struct net_port *port, uint32_t enable)
{
	int error = switch_queue(port, rx_obeys, enable);
	return error < 0 ? error : switch_queue(port, tx_obeys, enable);
}

int net_igb_enable_queues(const struct net_port *port)
{
	net_write(port, NET_REG_SRRCTL, NET_SRRCTL_ADVANCED | NET_SRRCTL_KIB(NET_BUF_SIZE / 1024));
	return switch_queues(port, NET_QUEUE_ENABLE);
}

int net_igb_disable_queues(const struct net_port *port)
{
	return switch_queues(port, 0);
}

/* It has EECD.AUTO_RD too, but QEMU's never sets that. */
static const struct net_goal loaded = {
	.reg = NET_REG_RAH0,
	.mask = NET_RAH_AV,
	.value = NET_RAH_AV,
	.timeout_ms = 1000,
	.name = "RAH0",
	.what = "RAH0.AV to become 1, its address",
	.hint = "its NVM may be damaged",
};

const struct net_format net_igb_format = {
	.name = "advanced",
	.rx_status_word = 2,
	.rx_length_word = 3,
	.rx_errors = NET_RX_ERRORS_ADVANCED,
	.tx_flags = NET_TX_EOP | NET_TX_IFCS | NET_TX_DEXT | NET_TX_DTYP_ADVANCED,
	.tx_length_unit = NET_TX_PAYLEN_BYTE,
};

const struct net_model net_igb = {
	.id = NET_DEVICE_82576 << 16 | NET_VENDOR_INTEL,
	.name = "82576 (igb)",
	.function = &net_physical,
	.loaded = &loaded,
	.formats = { &net_igb_format, &net_igb_format },
	.loops_by_link = true,
	.start_link = start_link,
	.enable_queues = net_igb_enable_queues,
};
