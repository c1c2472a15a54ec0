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

struct net_model {
	uint32_t id; /* device and vendor, as at the start of config space */
	const char *name;
	const struct net_format *formats[2]; /* plain, and as net_port_config.extended wants it */
	const struct net_goal *loaded;	     /* after a reset: it has read its settings */
	bool loops_by_link;		     /* loopback, too, takes a link */
	/* Makes the PHY look for a link; NULL: it does so by itself. */
	int (*start_link)(const struct net_port *port);
	/* The rings are set up and empty; sending and receiving begin after this. */
	int (*enable_queues)(const struct net_port *port);
};

extern const struct net_model net_e1000e;
extern const struct net_model net_igb;

#endif
