// SPDX-License-Identifier: MIT
#include <signal.h>
#include <stddef.h>

#include "stop.h"

static volatile sig_atomic_t wanted;

static void note(int signal)
{
	(void)signal;
	wanted = 1;
}

void stop_on_signals(void)
{
	/* Without SA_RESTART: what waits is interrupted. The second signal kills. */
	struct sigaction action = { .sa_handler = note, .sa_flags = (int)SA_RESETHAND };
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool stop_wanted(void)
{
	return wanted;
}
