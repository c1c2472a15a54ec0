/* SPDX-License-Identifier: MIT */
/*
 * As much of ARP, IPv4 and ICMP as it takes to ping and to be pinged. What comes from the wire is
 * not trusted: every length is checked against that of the frame.
 */
#ifndef NET_PACKET_H
#define NET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"
#include "port.h"

/* IPv4 addresses are numbers in the byte order of this machine: 10.0.2.2 is 0x0a000202. */
struct net_host {
	uint8_t mac[NET_MAC_LENGTH];
	uint32_t ip;
};

#define PACKET_PAYLOAD_MAX (NET_FRAME_MAX - 42u)

/* Who has this address? */
void packet_arp_request(struct net_buf *buf, const struct net_host *self, uint32_t ip);
/* Whether it is the answer; then *ret_mac is set. */
bool packet_arp_reply(const struct net_buf *buf, const struct net_host *self, uint32_t ip,
		      uint8_t ret_mac[NET_MAC_LENGTH]);

struct packet_echo {
	uint16_t id;
	uint16_t sequence;
	uint16_t length; /* of the payload, up to PACKET_PAYLOAD_MAX */
};

void packet_echo_request(struct net_buf *buf, const struct net_host *self,
			 const struct net_host *to, const struct packet_echo *echo);
/*
 * Whether it is the reply to the request: 0, -ENOMSG: something else, or -EBADMSG: a checksum or the
 * payload is wrong.
 */
int packet_echo_reply(const struct net_buf *buf, const struct net_host *self,
		      const struct net_host *from, const struct packet_echo *echo);

#define PACKET_NONE 0
#define PACKET_ARP  1
#define PACKET_ECHO 2

/*
 * If it asks for our address, or for an echo of us, turns it into the answer, and returns which of
 * the two it is; else leaves it as it is.
 */
int packet_answer(struct net_buf *buf, const struct net_host *self);

#endif
