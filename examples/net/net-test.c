// SPDX-License-Identifier: MIT
/* Tests what checks frames, without a device: whatever is wrong with one has to be noticed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"
#include "pattern.h"

#define CHECK(condition)                                                               \
	do {                                                                           \
		if (!(condition)) {                                                    \
			printf("%s:%d: not so: %s\n", __func__, __LINE__, #condition); \
			exit(EXIT_FAILURE);                                            \
		}                                                                      \
	} while (0)

static const struct net_host here = { .mac = { 2, 0, 0, 0, 0, 1 }, .ip = 0x0a000001 };
static const struct net_host there = { .mac = { 2, 0, 0, 0, 0, 2 }, .ip = 0x0a000002 };
static const struct packet_echo echo = { .id = 7, .sequence = 9, .length = 333 };

/* The message about each damaged frame is not for the reader of the test. */
static void test_pattern(void)
{
	uint8_t data[NET_BUF_SIZE];
	struct net_buf buf = { .data = data };
	uint64_t number = 0;

	for (uint16_t length = NET_FRAME_MIN; length <= NET_FRAME_MAX; length += 97) {
		pattern_fill(&buf, there.mac, here.mac, length, length);
		CHECK(pattern_check(&buf, "test", &number) == 0 && number == length);
		for (uint16_t at = 2 * NET_MAC_LENGTH; at < length; at++) {
			data[at] ^= 0x10;
			CHECK(pattern_check(&buf, "test", &number) < 0);
			data[at] ^= 0x10;
		}
		buf.length--;
		CHECK(pattern_check(&buf, "test", &number) < 0);
	}
}

static void test_arp(void)
{
	uint8_t data[NET_BUF_SIZE], mac[NET_MAC_LENGTH];
	struct net_buf buf = { .data = data };

	packet_arp_request(&buf, &here, there.ip);
	CHECK(buf.length == NET_FRAME_MIN);
	CHECK(packet_answer(&buf, &here) == PACKET_NONE);
	CHECK(packet_answer(&buf, &there) == PACKET_ARP);
	CHECK(memcmp(data, here.mac, sizeof(mac)) == 0);
	CHECK(!packet_arp_reply(&buf, &here, here.ip, mac));
	CHECK(packet_arp_reply(&buf, &here, there.ip, mac));
	CHECK(memcmp(mac, there.mac, sizeof(mac)) == 0);
}

static void test_echo(void)
{
	uint8_t data[NET_BUF_SIZE];
	struct net_buf buf = { .data = data };
	struct packet_echo other = echo;

	packet_echo_request(&buf, &here, &there, &echo);
	CHECK(packet_echo_reply(&buf, &there, &here, &echo) == -ENOMSG);
	CHECK(packet_answer(&buf, &here) == PACKET_NONE);
	CHECK(packet_answer(&buf, &there) == PACKET_ECHO);
	CHECK(packet_echo_reply(&buf, &here, &there, &echo) == 0);
	other.sequence++;
	CHECK(packet_echo_reply(&buf, &here, &there, &other) == -ENOMSG);
	other = echo;
	other.length--;
	CHECK(packet_echo_reply(&buf, &here, &there, &other) == -EBADMSG);
}

/* Whatever byte of an IP packet changes, it is not taken for the reply, nor answered. */
static void test_damage(void)
{
	uint8_t data[NET_BUF_SIZE];
	struct net_buf buf = { .data = data };

	packet_echo_request(&buf, &here, &there, &echo);
	for (uint16_t at = 14; at < buf.length; at++) {
		data[at] ^= 0x04;
		CHECK(packet_answer(&buf, &there) == PACKET_NONE);
		data[at] ^= 0x04;
	}
	CHECK(packet_answer(&buf, &there) == PACKET_ECHO);
	for (uint16_t at = 14; at < buf.length; at++) {
		data[at] ^= 0x04;
		CHECK(packet_echo_reply(&buf, &here, &there, &echo) < 0);
		data[at] ^= 0x04;
	}
}

/* Cut anywhere, in memory that ends there, so that a sanitizer sees who reads on. */
static void test_cut(void)
{
	uint8_t data[NET_BUF_SIZE];
	struct net_buf whole = { .data = data }, arp = { .data = data + NET_BUF_SIZE / 2 };

	packet_echo_request(&whole, &here, &there, &echo);
	packet_arp_request(&arp, &here, there.ip);
	for (uint16_t length = 0; length < whole.length; length++) {
		struct net_buf cut = { .data = malloc(length + 1u), .length = length };
		CHECK(cut.data);
		memcpy(cut.data, data, length);
		CHECK(packet_answer(&cut, &there) == PACKET_NONE);
		if (length < 42) {
			memcpy(cut.data, arp.data, length);
			CHECK(packet_answer(&cut, &there) == PACKET_NONE);
		}
		free(cut.data);
	}
}

int main(void)
{
	if (!freopen("/dev/null", "w", stderr))
		return EXIT_FAILURE;
	test_pattern();
	test_arp();
	test_echo();
	test_damage();
	test_cut();
	puts("every damage was noticed");
	return EXIT_SUCCESS;
}
