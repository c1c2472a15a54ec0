// SPDX-License-Identifier: MIT
/*
 * A virtual function of the 82576: one pair of queues, and a mailbox. All else is the physical function's,
 * whose driver gives it an address and opens the card's switch to it when it is asked to, by mail.
 */
#include <errno.h>
#include <inttypes.h>

#include "clock.h"
#include "message.h"
#include "model.h"

#define MAIL_TIMEOUT_MS 1000
#define MAILS_MAX	16 /* that are not the answer */
#define PF_HINT		"is its physical function's driver loaded, and that interface up?"

static int reset(const struct net_port *port)
{
	net_write(port, NET_REG_VTEIMC, NET_VTEIMC_ALL);
	net_write(port, NET_REG_CTRL, NET_CTRL_RST);
	/* As long as its physical function is told to wait. */
	sleep_ms(1);
	return 0;
}

static int take_mailbox(const struct net_port *port)
{
	static const struct net_goal taken = {
		.reg = NET_REG_V2PMAILBOX,
		.mask = NET_V2PMAILBOX_VFU,
		.value = NET_V2PMAILBOX_VFU,
		.attempt = NET_V2PMAILBOX_VFU,
		.timeout_ms = MAIL_TIMEOUT_MS,
		.name = "V2PMAILBOX",
		.what = "V2PMAILBOX.VFU to become 1, the mailbox",
		.hint = PF_HINT,
	};
	return net_wait(port, &taken);
}

static int ask_for_reset(const struct net_port *port)
{
	static const struct net_goal ready = {
		.reg = NET_REG_V2PMAILBOX,
		.mask = NET_V2PMAILBOX_RSTI,
		.timeout_ms = MAIL_TIMEOUT_MS,
		.name = "V2PMAILBOX",
		.what = "V2PMAILBOX.RSTI to become 0, the end of its physical function's reset",
		.hint = PF_HINT,
	};
	int error = net_wait(port, &ready);
	if (error == 0)
		error = take_mailbox(port);
	if (error < 0)
		return error;
	net_write(port, NET_REG_VMBMEM, NET_MESSAGE_RESET);
	net_write(port, NET_REG_V2PMAILBOX, NET_V2PMAILBOX_REQ);
	return 0;
}

static int receive_mail(const struct net_port *port, uint32_t *ret_message, uint32_t mac[2])
{
	static const struct net_goal received = {
		.reg = NET_REG_V2PMAILBOX,
		.mask = NET_V2PMAILBOX_PFSTS,
		.value = NET_V2PMAILBOX_PFSTS,
		.timeout_ms = MAIL_TIMEOUT_MS,
		.name = "V2PMAILBOX",
		.what = "V2PMAILBOX.PFSTS to become 1, the answer to its request for a reset",
		.hint = PF_HINT,
	};
	int error = net_wait(port, &received);
	if (error == 0)
		error = take_mailbox(port);
	if (error < 0)
		return error;
	*ret_message = net_read(port, NET_REG_VMBMEM);
	mac[0] = net_read(port, NET_REG_VMBMEM + 4);
	mac[1] = net_read(port, NET_REG_VMBMEM + 8);
	net_write(port, NET_REG_V2PMAILBOX, NET_V2PMAILBOX_ACK);
	return 0;
}

/* Before it has asked for this, the switch lets nothing in or out. */
static int read_mac(const struct net_port *port, uint32_t words[2])
{
	uint32_t message = 0;

	int error = ask_for_reset(port);
	/* There may be news first, of the link. */
	for (int i = 0;
	     error == 0 && i < MAILS_MAX && (message & NET_MESSAGE_TYPE) != NET_MESSAGE_RESET; i++)
		error = receive_mail(port, &message, words);
	if (error < 0)
		return error;
	if (!(message & NET_MESSAGE_YES) || (words[0] & NET_RAL_GROUP))
		return fail(-EIO, port->name,
			    "VMBMEM (0x%05x) is 0x%08" PRIx32
			    ": its physical function's driver gives it no address; set one: "
			    "ip link set dev INTERFACE vf NUMBER mac ADDRESS",
			    NET_REG_VMBMEM, message);
	return 0;
}

static uint32_t count_since(const struct net_port *port, uint32_t reg, uint32_t *last)
{
	uint32_t now = net_read(port, reg), since = now - *last;
	*last = now;
	return since;
}

static void count(struct net_port *port)
{
	port->stats.hw_rx_frames += count_since(port, NET_REG_VFGPRC, &port->vf_counted[0]);
	port->stats.hw_tx_frames += count_since(port, NET_REG_VFGPTC, &port->vf_counted[1]);
}

static const struct net_function virtual_function = {
	.regs_length = 0x4000,
	.rx_control = { "RXDCTL", NET_REG_RXDCTL },
	.tx_control = { "TXDCTL", NET_REG_TXDCTL },
	.is_virtual = true,
	.reset = reset,
	.read_mac = read_mac,
	.start = net_igb_enable_queues,
	.quiesce = net_igb_disable_queues,
	.count = count,
};

const struct net_model net_igb_vf = {
	.id = NET_DEVICE_82576_VF << 16 | NET_VENDOR_INTEL,
	.name = "82576 virtual function (igbvf)",
	.function = &virtual_function,
	.formats = { &net_igb_format, &net_igb_format },
};
