// SPDX-License-Identifier: MIT
/* The data path: no call into the library, no lock, no system call, no lookup. */
#include <endian.h>

#include <libvioc/mmio.h>

#include "port.h"

#define MASK	   (NET_RING_LENGTH - 1)
#define HOLD_MAX   32u /* register writes are the dear part */
#define RECLAIM_AT (NET_RING_LENGTH / 2)

static void give(struct net_rx_ring *rx, uint32_t index, struct net_buf *buf)
{
	rx->bufs[index] = buf;
	rx->descs[index].address[0] = htole64(buf->iova);
	/* Where the device will set DD, there must be none. */
	rx->descs[index].address[1] = 0;
}

static void tell_refilled(struct net_rx_ring *rx)
{
	vioc_dma_before_doorbell();
	/* The descriptor at the tail is not the device's yet, so the two never meet. */
	vioc_mmio_write32(rx->tail, (rx->next - 1) & MASK);
	rx->n_held = 0;
}

/* What a device writes is not trusted: a length is checked before it is used. */
static bool is_whole(const struct net_rx_ring *rx, uint32_t status, uint32_t errors,
		     uint32_t length)
{
	return (status & NET_RX_EOP) && !(errors & rx->errors) && length <= NET_BUF_SIZE;
}

uint32_t net_rx_burst(struct net_port *port, struct net_buf **bufs, uint32_t capacity)
{
	struct net_rx_ring *rx = &port->rx;
	uint32_t count = 0;

	while (count < capacity) {
		const volatile uint32_t *words = rx->descs[rx->next].w;
		uint32_t status = vioc_dma_read32(&words[rx->status_word]);
		if (!(status & NET_RX_DD))
			break;
		vioc_dma_after_flag();
		uint32_t length = vioc_dma_read32(&words[rx->length_word]) & 0xffff;
		struct net_buf *buf = rx->bufs[rx->next];
		struct net_buf *fresh = buf;
		if (is_whole(rx, status, status, length)) {
			fresh = net_pool_get(port->pool);
			if (!fresh) {
				port->stats.rx_no_buf++;
				break;
			}
			buf->length = (uint16_t)length;
			port->stats.rx_bytes += length;
			bufs[count++] = buf;
		} else {
			port->stats.rx_errors++;
		}
		give(rx, rx->next, fresh);
		rx->next = (rx->next + 1) & MASK;
		rx->n_held++;
	}
	port->stats.rx_frames += count;
	if (rx->n_held >= HOLD_MAX)
		tell_refilled(rx);
	return count;
}

static uint32_t tx_room(const struct net_tx_ring *tx)
{
	/* One stays free: head and tail that are equal mean an empty ring. */
	return (tx->clean - tx->next - 1) & MASK;
}

/* Burst by burst: only the last descriptor of each reports. */
bool net_tx_reclaim(struct net_port *port)
{
	struct net_tx_ring *tx = &port->tx;

	while (tx->clean != tx->next) {
		uint32_t last = tx->last[tx->clean];
		if (!(vioc_dma_read32(&tx->descs[last].status) & NET_TX_DD))
			return false;
		uint32_t end = (last + 1) & MASK;
		for (; tx->clean != end; tx->clean = (tx->clean + 1) & MASK)
			net_pool_put(port->pool, tx->bufs[tx->clean]);
	}
	return true;
}

uint32_t net_tx_burst(struct net_port *port, struct net_buf *const *bufs, uint32_t count)
{
	struct net_tx_ring *tx = &port->tx;

	if (tx_room(tx) < RECLAIM_AT || tx_room(tx) < count)
		(void)net_tx_reclaim(port);
	if (tx_room(tx) < count) {
		port->stats.tx_full++;
		count = tx_room(tx);
	}
	if (!count)
		return 0;

	uint32_t first = tx->next;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t command = bufs[i]->length | tx->flags | (i == count - 1 ? NET_TX_RS : 0);
		tx->bufs[tx->next] = bufs[i];
		tx->descs[tx->next] = (struct net_tx_desc){
			.address = htole64(bufs[i]->iova),
			.command = htole32(command),
			.status = htole32(bufs[i]->length * tx->length_unit),
		};
		tx->next = (tx->next + 1) & MASK;
		port->stats.tx_bytes += bufs[i]->length;
	}
	tx->last[first] = (uint16_t)((tx->next - 1) & MASK);
	port->stats.tx_frames += count;
	vioc_dma_before_doorbell();
	vioc_mmio_write32(tx->tail, tx->next);
	return count;
}
