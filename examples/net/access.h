/* SPDX-License-Identifier: MIT */
/* Registers of a port, and waiting for them. */
#ifndef NET_ACCESS_H
#define NET_ACCESS_H

#include <libvioc/mmio.h>

#include "port.h"

static inline uint32_t net_read(const struct net_port *port, uint32_t reg)
{
	return vioc_mmio_read32(port->regs + reg);
}

static inline void net_write(const struct net_port *port, uint32_t reg, uint32_t value)
{
	vioc_mmio_write32(port->regs + reg, value);
}

/* Bits of a register that should become something, and how to say it. */
struct net_goal {
	uint32_t reg;
	uint32_t mask;
	uint32_t value;
	uint32_t attempt; /* written to it before each look; 0: nothing */
	uint32_t timeout_ms;
	const char *name; /* the register's */
	const char *what;
	const char *hint;
};

/* 0, or -EIO or -ETIMEDOUT after a message with the register and its value. */
int net_wait(const struct net_port *port, const struct net_goal *goal);

#endif
