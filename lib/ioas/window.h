/* SPDX-License-Identifier: MIT */
/*
 * Windows: the ranges of IOVAs in which threads are at work without the lock. What is mapped inside
 * a window changes only by the thread that opened it, so truth and kernel can be brought in step
 * one after the other. Windows that meet are granted in the order they were asked for.
 */
#ifndef VIOCI_WINDOW_H
#define VIOCI_WINDOW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Lives on the stack of the thread that opens it. */
struct vioci_window {
	uint64_t iova;
	uint64_t last;
	struct vioci_window *next;
};

struct vioci_windows {
	struct vioci_window *first;
	struct vioci_window **end; /* where the next one is linked */
	pthread_cond_t closed;
	unsigned int n_waiting;
};

void vioci_windows_init(struct vioci_windows *windows);
void vioci_windows_destroy(struct vioci_windows *windows);

/* All of these: with the lock that guards the windows held. */

/* Waits, giving up the lock, until no window opened before meets [iova, last]. */
void vioci_window_open(struct vioci_windows *windows, pthread_mutex_t *lock,
		       struct vioci_window *window, uint64_t iova, uint64_t last);
void vioci_window_close(struct vioci_windows *windows, struct vioci_window *window);

/* A window that meets [iova, last], granted or waited for, or NULL. */
const struct vioci_window *vioci_windows_meet(const struct vioci_windows *windows, uint64_t iova,
					      uint64_t last);
/* Waits until any window has closed. */
void vioci_windows_wait(struct vioci_windows *windows, pthread_mutex_t *lock);

#endif
