// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "message.h"
#include "pattern.h"
#include "port.h"

/* After the MACs; numbers are in the byte order of this machine, which reads them too. */
#define TYPE_AT	  12
#define LENGTH_AT 14
#define NUMBER_AT 16
#define WORDS_AT  24

/* For private experiments, says IEEE 802. */
static const uint8_t type[2] = { 0x88, 0xb5 };

static uint64_t word_of(uint64_t number, uint32_t offset)
{
	return (number + 1) * UINT64_C(0x9e3779b97f4a7c15) + offset * UINT64_C(0xbf58476d1ce4e5b9);
}

void pattern_fill(struct net_buf *buf, const uint8_t *to, const uint8_t *from, uint64_t number,
		  uint16_t length)
{
	uint8_t *data = buf->data;

	memcpy(data, to, NET_MAC_LENGTH);
	memcpy(data + NET_MAC_LENGTH, from, NET_MAC_LENGTH);
	memcpy(data + TYPE_AT, type, sizeof(type));
	memcpy(data + LENGTH_AT, &length, sizeof(length));
	memcpy(data + NUMBER_AT, &number, sizeof(number));
	/* The last word may go past the frame: the buffer is longer. */
	for (uint32_t at = WORDS_AT; at < length; at += 8) {
		uint64_t word = word_of(number, at);
		memcpy(data + at, &word, sizeof(word));
	}
	buf->length = length;
}

static int check_words(const struct net_buf *buf, const char *port, uint64_t number)
{
	for (uint32_t at = WORDS_AT; at < buf->length; at += 8) {
		uint64_t word = word_of(number, at);
		uint32_t rest = buf->length - at;
		if (memcmp(buf->data + at, &word, rest < 8 ? rest : 8) != 0)
			return fail(-EBADMSG, port,
				    "frame %" PRIu64 " of %u bytes is not what was sent, from byte "
				    "%" PRIu32 " on",
				    number, buf->length, at);
	}
	return 0;
}

int pattern_check(const struct net_buf *buf, const char *port, uint64_t *ret_number)
{
	uint64_t number;
	uint16_t length;

	if (buf->length < NET_FRAME_MIN || memcmp(buf->data + TYPE_AT, type, sizeof(type)) != 0)
		return -ENOMSG;
	memcpy(&length, buf->data + LENGTH_AT, sizeof(length));
	memcpy(&number, buf->data + NUMBER_AT, sizeof(number));
	if (length != buf->length)
		return fail(-EBADMSG, port,
			    "frame %" PRIu64 " came with %u bytes, and was sent with %u", number,
			    buf->length, length);
	int error = check_words(buf, port, number);
	if (error == 0)
		*ret_number = number;
	return error;
}
