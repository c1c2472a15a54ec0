/* SPDX-License-Identifier: MIT */
/* What sets the devices apart that this driver knows. */
#ifndef NET_MODEL_H
#define NET_MODEL_H

#include "access.h"

/* A kind of descriptors: see regs.h. */
struct net_format {
	const char *name;
	uint32_t rx_status_word; /* where status and errors are, and the length */
	uint32_t rx_length_word;
	uint32_t rx_errors;
	uint32_t tx_flags;	 /* in the command of every descriptor */
	uint32_t tx_length_unit; /* what a byte of the frame counts in the status; 0: nothing */
};

struct net_named_reg {
	const char *name;
	uint32_t reg;
};

/* A kind of PCI function: how much of a card it rules. */
struct net_function {
	uint32_t regs_length;
	struct net_named_reg rx_control; /* what tells why nothing comes, or goes */
	struct net_named_reg tx_control;
	bool is_virtual; /* gets no frames but its own */
	int (*reset)(const struct net_port *port);
	/* The address, first byte lowest. */
	int (*read_mac)(const struct net_port *port, uint32_t words[2]);
	/* The rings are set up and empty. */
	int (*start)(const struct net_port *port);
	/* After this no DMA is under way. */
	int (*quiesce)(const struct net_port *port);
	/* Adds to port->stats what was counted since the last time. */
	void (*count)(struct net_port *port);
};

struct net_model {
	uint32_t id; /* device and vendor, as at the start of config space */
	const char *name;
	const struct net_function *function;
	const struct net_format *formats[2]; /* plain, and as net_port_config.extended wants it */
	const struct net_goal *loaded;	     /* after a reset: it has read its settings */
	bool loops_by_link;		     /* loopback, too, takes a link */
	/* Makes the PHY look for a link; NULL: it does so by itself. */
	int (*start_link)(const struct net_port *port);
	/* Sending and receiving begin after this. */
	int (*enable_queues)(const struct net_port *port);
};

extern const struct net_function net_physical;

extern const struct net_model net_e1000e;
extern const struct net_model net_igb;
extern const struct net_model net_igb_vf;

/* What the functions of an 82576 have in common. */
extern const struct net_format net_igb_format;
int net_igb_enable_queues(const struct net_port *port);
int net_igb_disable_queues(const struct net_port *port);

#endif
