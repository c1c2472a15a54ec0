/* SPDX-License-Identifier: MIT */
/*
 * A port: an 82574, an 82576 or a virtual function of one that is polled. The shape is the one that users of
 * DPDK know: open it, then call net_rx_burst() and net_tx_burst() from one thread for ever.
 */
#ifndef NET_PORT_H
#define NET_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <libvioc/device.h>
#include <libvioc/mem.h>

#include "pool.h"
#include "regs.h"
#include "stop.h"

#define NET_MAC_LENGTH	6
#define NET_FRAME_MIN	60u /* without the CRC */
#define NET_FRAME_MAX	1514u
#define NET_BURST	32u
#define NET_RING_LENGTH 256u /* descriptors in each ring; a power of 2 */

struct net_model;
struct net_format;

struct net_port_config {
	/* Not of a virtual function: */
	bool loopback;	  /* what is sent comes back, and nothing goes out */
	bool promiscuous; /* takes frames for others too */
	bool extended;	  /* descriptors of the extended kind, where there are two */
};

struct net_stats {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t rx_errors; /* damaged, or larger than a buffer */
	uint64_t rx_no_buf; /* polls that found the pool empty; the frames wait */
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_full; /* bursts that the ring had no room for, or not for all of */
	/* What the device counted, as of net_port_read_stats() */
	uint64_t hw_rx_frames;
	uint64_t hw_tx_frames;
	uint64_t hw_missed; /* for want of descriptors */
	uint64_t hw_crc_errors;
};

struct net_rx_ring {
	union net_rx_desc *descs;
	volatile void *tail;
	uint32_t status_word; /* where status and errors are, and the length: see regs.h */
	uint32_t length_word;
	uint32_t errors;
	uint32_t next;	 /* the next to be filled by the device */
	uint32_t n_held; /* refilled, but the device does not know yet */
	struct net_buf *bufs[NET_RING_LENGTH];
};

struct net_tx_ring {
	struct net_tx_desc *descs;
	volatile void *tail;
	uint32_t flags;	      /* in the command of every descriptor */
	uint32_t length_unit; /* see struct net_format */
	uint32_t next;	      /* the next to be filled by us */
	uint32_t clean;	      /* the oldest that is not known to be sent */
	struct net_buf *bufs[NET_RING_LENGTH];
	uint16_t last[NET_RING_LENGTH]; /* by a burst's first descriptor: its last one */
};

struct net_port {
	struct vioc_ctx *ctx;  /* borrowed */
	struct net_pool *pool; /* borrowed; for received frames */
	struct vioc_device *device;
	const char *name; /* the device's */
	uint8_t *regs;	  /* BAR 0 */
	struct vioc_mem *rings;
	struct net_port_config config;
	const struct net_model *model;
	const struct net_format *format;
	uint8_t mac[NET_MAC_LENGTH];
	bool running;
	struct stop_watch watch;
	struct net_rx_ring rx;
	struct net_tx_ring tx;
	uint32_t vf_counted[2]; /* a virtual function's VFGPRC and VFGPTC, as last read */
	struct net_stats stats;
};

/*
 * Opens the device in ioas, resets it, gives it rings and buffers, and waits for the link. 0, or
 * -errno after a message. *port needs no preparation; config may be NULL.
 */
int net_port_open(struct net_port *port, struct vioc_ioas *ioas, const char *name,
		  struct net_pool *pool, const struct net_port_config *config);
/*
 * Sends what is in the ring, stops DMA, then takes the memory away; buffers return to the pool. All
 * zeroes is fine.
 */
void net_port_close(struct net_port *port);

/*
 * Takes up to `capacity` frames that are there now; they are the caller's. Returns how many. All that
 * touches the device is one register write per 32 frames.
 */
uint32_t net_rx_burst(struct net_port *port, struct net_buf **bufs, uint32_t capacity);
/*
 * Sends the first of `count` frames that there is room for, and returns how many: those are the
 * port's until sent, then the pool's. Lengths are up to NET_BUF_SIZE.
 */
uint32_t net_tx_burst(struct net_port *port, struct net_buf *const *bufs, uint32_t count);

/* Returns the buffers of frames that are sent to the pool; true if that is all. Bursts do it as needed. */
bool net_tx_reclaim(struct net_port *port);

/* Adds what the device counted since the last time. */
void net_port_read_stats(struct net_port *port);
/* A message on what the port looks like when no frames come: the registers that tell. Returns error. */
int net_port_fail_idle(struct net_port *port, int error, uint64_t waited_ms);

#endif
