// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "packet.h"

/* Offsets in a frame; the IP header has no options when we make it. */
#define ETHER_TO     0
#define ETHER_FROM   6
#define ETHER_TYPE   12
#define ETHER_LENGTH 14u
#define TYPE_IP	     0x0800
#define TYPE_ARP     0x0806

#define ARP_FIXED      ETHER_LENGTH /* hardware, protocol and their lengths: 6 bytes */
#define ARP_OPERATION  (ETHER_LENGTH + 6)
#define ARP_SENDER_MAC (ETHER_LENGTH + 8)
#define ARP_SENDER_IP  (ETHER_LENGTH + 14)
#define ARP_TARGET_MAC (ETHER_LENGTH + 18)
#define ARP_TARGET_IP  (ETHER_LENGTH + 24)
#define ARP_END	       (ETHER_LENGTH + 28)
#define ARP_OP_REQUEST 1
#define ARP_OP_REPLY   2

#define IP_VERSION     ETHER_LENGTH
#define IP_TOTAL       (ETHER_LENGTH + 2)
#define IP_FRAGMENT    (ETHER_LENGTH + 6)
#define IP_TTL	       (ETHER_LENGTH + 8)
#define IP_PROTOCOL    (ETHER_LENGTH + 9)
#define IP_CHECKSUM    (ETHER_LENGTH + 10)
#define IP_SOURCE      (ETHER_LENGTH + 12)
#define IP_DESTINATION (ETHER_LENGTH + 16)
#define IP_LENGTH      20
#define IP_ICMP	       1
#define IP_NOT_WHOLE   0x3fff /* more fragments, or not the first */

/* Offsets in the ICMP message */
#define ICMP_TYPE     0
#define ICMP_CHECKSUM 2
#define ICMP_ID	      4
#define ICMP_SEQUENCE 6
#define ICMP_PAYLOAD  8u
#define ICMP_REPLY    0
#define ICMP_REQUEST  8

static const uint8_t arp_fixed[6] = { 0, 1, 8, 0, NET_MAC_LENGTH, 4 }; /* Ethernet, IPv4 */
static const uint8_t broadcast[NET_MAC_LENGTH] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* The Internet checksum; 0 over data that includes a right one. */
static uint16_t checksum(const uint8_t *data, uint32_t length)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i + 1 < length; i += 2)
		sum += get16(data + i);
	if (length & 1)
		sum += (uint32_t)data[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_checksum(uint8_t *at, const uint8_t *data, uint32_t length)
{
	put16(at, 0);
	put16(at, checksum(data, length));
}

static void put_ether(struct net_buf *buf, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	memcpy(buf->data + ETHER_TO, to, NET_MAC_LENGTH);
	memcpy(buf->data + ETHER_FROM, from, NET_MAC_LENGTH);
	put16(buf->data + ETHER_TYPE, type);
}

static void set_length(struct net_buf *buf, uint32_t length)
{
	/* Short frames are padded, by zeroes and not by what the buffer had before. */
	if (length < NET_FRAME_MIN)
		memset(buf->data + length, 0, NET_FRAME_MIN - length);
	buf->length = (uint16_t)(length < NET_FRAME_MIN ? NET_FRAME_MIN : length);
}

static void put_arp(struct net_buf *buf, uint16_t operation, const struct net_host *self,
		    const uint8_t *target_mac, uint32_t target_ip)
{
	memcpy(buf->data + ARP_FIXED, arp_fixed, sizeof(arp_fixed));
	put16(buf->data + ARP_OPERATION, operation);
	memcpy(buf->data + ARP_SENDER_MAC, self->mac, NET_MAC_LENGTH);
	put32(buf->data + ARP_SENDER_IP, self->ip);
	memcpy(buf->data + ARP_TARGET_MAC, target_mac, NET_MAC_LENGTH);
	put32(buf->data + ARP_TARGET_IP, target_ip);
	set_length(buf, ARP_END);
}

void packet_arp_request(struct net_buf *buf, const struct net_host *self, uint32_t ip)
{
	static const uint8_t unknown[NET_MAC_LENGTH];
	put_ether(buf, broadcast, self->mac, TYPE_ARP);
	put_arp(buf, ARP_OP_REQUEST, self, unknown, ip);
}

static bool is_arp(const struct net_buf *buf, uint16_t operation, uint32_t target_ip)
{
	return buf->length >= ARP_END && get16(buf->data + ETHER_TYPE) == TYPE_ARP &&
	       memcmp(buf->data + ARP_FIXED, arp_fixed, sizeof(arp_fixed)) == 0 &&
	       get16(buf->data + ARP_OPERATION) == operation &&
	       get32(buf->data + ARP_TARGET_IP) == target_ip;
}

bool packet_arp_reply(const struct net_buf *buf, const struct net_host *self, uint32_t ip,
		      uint8_t ret_mac[NET_MAC_LENGTH])
{
	if (!is_arp(buf, ARP_OP_REPLY, self->ip) || get32(buf->data + ARP_SENDER_IP) != ip)
		return false;
	memcpy(ret_mac, buf->data + ARP_SENDER_MAC, NET_MAC_LENGTH);
	return true;
}

static uint8_t payload_byte(const struct packet_echo *echo, uint32_t index)
{
	return (uint8_t)(echo->sequence * 31u + index * 7u + (index >> 8));
}

void packet_echo_request(struct net_buf *buf, const struct net_host *self,
			 const struct net_host *to, const struct packet_echo *echo)
{
	uint32_t total = IP_LENGTH + ICMP_PAYLOAD + echo->length;
	uint8_t *icmp = buf->data + ETHER_LENGTH + IP_LENGTH;

	put_ether(buf, to->mac, self->mac, TYPE_IP);
	memset(buf->data + ETHER_LENGTH, 0, IP_LENGTH + ICMP_PAYLOAD);
	buf->data[IP_VERSION] = 0x45;
	put16(buf->data + IP_TOTAL, total);
	buf->data[IP_TTL] = 64;
	buf->data[IP_PROTOCOL] = IP_ICMP;
	put32(buf->data + IP_SOURCE, self->ip);
	put32(buf->data + IP_DESTINATION, to->ip);
	put_checksum(buf->data + IP_CHECKSUM, buf->data + ETHER_LENGTH, IP_LENGTH);
	icmp[ICMP_TYPE] = ICMP_REQUEST;
	put16(icmp + ICMP_ID, echo->id);
	put16(icmp + ICMP_SEQUENCE, echo->sequence);
	for (uint32_t i = 0; i < echo->length; i++)
		icmp[ICMP_PAYLOAD + i] = payload_byte(echo, i);
	put_checksum(icmp + ICMP_CHECKSUM, icmp, ICMP_PAYLOAD + echo->length);
	set_length(buf, ETHER_LENGTH + total);
}

/* The ICMP message for us in a frame. -ENOMSG: there is none. -EBADMSG: a checksum is wrong. */
static int find_icmp(const struct net_buf *buf, const struct net_host *self, uint8_t **ret_icmp,
		     uint32_t *ret_length)
{
	uint8_t *ip = buf->data + ETHER_LENGTH;
	if (buf->length < ETHER_LENGTH + IP_LENGTH || get16(buf->data + ETHER_TYPE) != TYPE_IP ||
	    ip[0] >> 4 != 4)
		return -ENOMSG;
	uint32_t header = (ip[0] & 15u) * 4, total = get16(buf->data + IP_TOTAL);
	if (header < IP_LENGTH || total < header + ICMP_PAYLOAD ||
	    total > buf->length - ETHER_LENGTH || buf->data[IP_PROTOCOL] != IP_ICMP ||
	    (get16(buf->data + IP_FRAGMENT) & IP_NOT_WHOLE) ||
	    get32(buf->data + IP_DESTINATION) != self->ip)
		return -ENOMSG;
	if (checksum(ip, header) || checksum(ip + header, total - header))
		return -EBADMSG;
	*ret_icmp = ip + header;
	*ret_length = total - header;
	return 0;
}

int packet_echo_reply(const struct net_buf *buf, const struct net_host *self,
		      const struct net_host *from, const struct packet_echo *echo)
{
	uint8_t *icmp;
	uint32_t length;
	int error = find_icmp(buf, self, &icmp, &length);
	if (error < 0)
		return error;
	if (icmp[ICMP_TYPE] != ICMP_REPLY || get32(buf->data + IP_SOURCE) != from->ip ||
	    get16(icmp + ICMP_ID) != echo->id || get16(icmp + ICMP_SEQUENCE) != echo->sequence)
		return -ENOMSG;
	if (length != ICMP_PAYLOAD + echo->length)
		return -EBADMSG;
	for (uint32_t i = 0; i < echo->length; i++)
		if (icmp[ICMP_PAYLOAD + i] != payload_byte(echo, i))
			return -EBADMSG;
	return 0;
}

static void answer_arp(struct net_buf *buf, const struct net_host *self)
{
	struct net_host asker = { .ip = get32(buf->data + ARP_SENDER_IP) };
	memcpy(asker.mac, buf->data + ARP_SENDER_MAC, NET_MAC_LENGTH);
	put_ether(buf, asker.mac, self->mac, TYPE_ARP);
	put_arp(buf, ARP_OP_REPLY, self, asker.mac, asker.ip);
}

/* The payload stays, and so does the IP header's checksum: it does not mind that addresses swap. */
static void answer_echo(struct net_buf *buf, const struct net_host *self, uint8_t *icmp,
			uint32_t length)
{
	uint32_t asker = get32(buf->data + IP_SOURCE);
	put32(buf->data + IP_SOURCE, self->ip);
	put32(buf->data + IP_DESTINATION, asker);
	memcpy(buf->data + ETHER_TO, buf->data + ETHER_FROM, NET_MAC_LENGTH);
	memcpy(buf->data + ETHER_FROM, self->mac, NET_MAC_LENGTH);
	icmp[ICMP_TYPE] = ICMP_REPLY;
	put_checksum(icmp + ICMP_CHECKSUM, icmp, length);
}

int packet_answer(struct net_buf *buf, const struct net_host *self)
{
	uint8_t *icmp;
	uint32_t length;
	if (is_arp(buf, ARP_OP_REQUEST, self->ip)) {
		answer_arp(buf, self);
		return PACKET_ARP;
	}
	if (find_icmp(buf, self, &icmp, &length) < 0 || icmp[ICMP_TYPE] != ICMP_REQUEST)
		return PACKET_NONE;
	answer_echo(buf, self, icmp, length);
	return PACKET_ECHO;
}
