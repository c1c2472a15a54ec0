// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>

#include "access.h"
#include "clock.h"
#include "message.h"

int net_wait(const struct net_port *port, const struct net_goal *goal)
{
	uint64_t deadline = clock_ms() + goal->timeout_ms;

	for (;;) {
		/* In this order: a process that slept past the deadline still looks once more. */
		bool late = clock_ms() > deadline;
		if (goal->attempt)
			net_write(port, goal->reg, goal->attempt);
		uint32_t value = net_read(port, goal->reg);
		if (value == NET_GONE)
			return fail(-EIO, port->name,
				    "waiting for %s: %s (0x%05" PRIx32 ") reads 0x%08" PRIx32
				    ": nobody answers; is it still in its slot?",
				    goal->what, goal->name, goal->reg, value);
		if ((value & goal->mask) == goal->value)
			return 0;
		if (late)
			return fail(-ETIMEDOUT, port->name,
				    "waited %" PRIu32 " ms for %s, but %s (0x%05" PRIx32
				    ") is 0x%08" PRIx32 "; %s",
				    goal->timeout_ms, goal->what, goal->name, goal->reg, value,
				    goal->hint);
		sleep_ms(1);
	}
}
