/* SPDX-License-Identifier: MIT */
#ifndef BROKER_TEST_H
#define BROKER_TEST_H

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/*
 * Runs the command, the broker, as a service manager does: with a listening socket, and with what it has
 * put into the fd store. SIGHUP: kills it, and starts it again. SIGTERM: ends it, and itself.
 */
int manage(const char *path, char **command);

#endif
