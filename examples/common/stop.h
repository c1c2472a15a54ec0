/* SPDX-License-Identifier: MIT */
/* For programs that run until they are told to stop: SIGINT and SIGTERM then end them in good order. */
#ifndef EXAMPLE_STOP_H
#define EXAMPLE_STOP_H

#include <stdbool.h>

void stop_on_signals(void);
bool stop_wanted(void);

#endif
