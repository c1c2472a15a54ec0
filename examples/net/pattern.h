/* SPDX-License-Identifier: MIT */
/*
 * Frames that can be told apart and checked: each has a number, and every byte of it follows from the
 * number and the length.
 */
#ifndef NET_PATTERN_H
#define NET_PATTERN_H

#include "pool.h"

/* Makes buf a frame of length bytes, from NET_FRAME_MIN to NET_FRAME_MAX. MACs have 6 bytes. */
void pattern_fill(struct net_buf *buf, const uint8_t *to, const uint8_t *from, uint64_t number,
		  uint16_t length);

/*
 * Checks all but the MACs, and tells the frame's number. 0, -ENOMSG: a frame of somebody else, or
 * -EBADMSG after a message that says where it differs.
 */
int pattern_check(const struct net_buf *buf, const char *port, uint64_t *ret_number);

#endif
