// SPDX-License-Identifier: MIT
/* The 82574. */
#include "model.h"

static int enable_queues(const struct net_port *port)
{
	net_write(port, NET_REG_RFCTL, port->config.extended ? NET_RFCTL_EXTEN : 0);
	/* Thresholds 0: a descriptor that asks for a report gets it at once. */
	net_write(port, NET_REG_TXDCTL, NET_TXDCTL_COUNT_DESC | NET_TXDCTL_GRAN);
	return 0;
}

static const struct net_goal loaded = {
	.reg = NET_REG_EECD,
	.mask = NET_EECD_AUTO_RD,
	.value = NET_EECD_AUTO_RD,
	.timeout_ms = 1000,
	.name = "EECD",
	.what = "EECD.AUTO_RD to become 1, its settings",
	.hint = "its NVM may be damaged",
};

static const struct net_format legacy = {
	.name = "legacy",
	.rx_status_word = 3,
	.rx_length_word = 2,
	.rx_errors = NET_RX_ERRORS_LEGACY,
	.tx_flags = NET_TX_EOP | NET_TX_IFCS,
};

static const struct net_format extended = {
	.name = "extended",
	.rx_status_word = 2,
	.rx_length_word = 3,
	.rx_errors = NET_RX_ERRORS_EXTENDED,
	.tx_flags = NET_TX_EOP | NET_TX_IFCS | NET_TX_DEXT | NET_TX_DTYP_DATA,
};

const struct net_model net_e1000e = {
	.id = NET_DEVICE_82574 << 16 | NET_VENDOR_INTEL,
	.name = "82574 (e1000e)",
	.function = &net_physical,
	.loaded = &loaded,
	.formats = { &legacy, &extended },
	.enable_queues = enable_queues,
};
