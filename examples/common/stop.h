/* SPDX-License-Identifier: MIT */
/* For programs that end in good order when they are told to stop, by a signal or because of a device. */
#ifndef EXAMPLE_STOP_H
#define EXAMPLE_STOP_H

#include <pthread.h>
#include <stdbool.h>

#include <libvioc/device.h>

/* SIGINT and SIGTERM want a stop from now on. */
void stop_on_signals(void);
/* To look at between any two pieces of work: it costs one read of memory. */
bool stop_wanted(void);

/* Sleeps until somebody wants the device back, which unplugging or an unbind of its driver do. */
struct stop_watch {
	struct vioc_device *device; /* borrowed; NULL: not watching */
	int request;		    /* the eventfd of VIOC_PCI_REQ, borrowed */
	int end;
	pthread_t thread;
};

/* 0, or -errno after a message. When the device is wanted back it says so, and wants a stop. */
int stop_watch_open(struct stop_watch *watch, struct vioc_device *device);
/* Before the device is closed. All zeroes is fine. */
void stop_watch_close(struct stop_watch *watch);

#endif
