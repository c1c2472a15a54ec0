// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "ioas/window.h"

void vioci_windows_init(struct vioci_windows *windows)
{
	*windows = (struct vioci_windows){ .end = &windows->first };
	pthread_cond_init(&windows->closed, NULL);
}

void vioci_windows_destroy(struct vioci_windows *windows)
{
	pthread_cond_destroy(&windows->closed);
}

/* The first window before end that meets [iova, last], or end. */
static struct vioci_window *meet_before(const struct vioci_windows *windows,
					const struct vioci_window *end, uint64_t iova,
					uint64_t last)
{
	struct vioci_window *window = windows->first;
	while (window != end && (window->last < iova || window->iova > last))
		window = window->next;
	return window;
}

void vioci_windows_wait(struct vioci_windows *windows, pthread_mutex_t *lock)
{
	windows->n_waiting++;
	pthread_cond_wait(&windows->closed, lock);
	windows->n_waiting--;
}

void vioci_window_open(struct vioci_windows *windows, pthread_mutex_t *lock,
		       struct vioci_window *window, uint64_t iova, uint64_t last)
{
	*window = (struct vioci_window){ .iova = iova, .last = last };
	*windows->end = window;
	windows->end = &window->next;
	while (meet_before(windows, window, iova, last) != window)
		vioci_windows_wait(windows, lock);
}

void vioci_window_close(struct vioci_windows *windows, struct vioci_window *window)
{
	struct vioci_window **link = &windows->first;
	while (*link != window)
		link = &(*link)->next;
	*link = window->next;
	if (!*link)
		windows->end = link;
	if (windows->n_waiting)
		pthread_cond_broadcast(&windows->closed);
}

const struct vioci_window *vioci_windows_meet(const struct vioci_windows *windows, uint64_t iova,
					      uint64_t last)
{
	return meet_before(windows, NULL, iova, last);
}
