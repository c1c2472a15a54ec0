// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "broker.h"

int loop_add(struct broker *broker, int fd, struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };
	return epoll_ctl(broker->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void loop_remove(struct broker *broker, int fd)
{
	(void)epoll_ctl(broker->epoll, EPOLL_CTL_DEL, fd, NULL);
}

uint64_t loop_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* While there is no place for a client, those who connect wait in the socket's queue. */
static int watch_listener(struct broker *broker)
{
	bool wanted = broker->n_clients < BROKER_CLIENTS && broker->deaf_until_ms <= loop_now_ms();
	if (wanted == broker->is_listening)
		return 0;
	broker->is_listening = wanted;
	if (wanted)
		return loop_add(broker, broker->listen_fd, &broker->listener);
	loop_remove(broker, broker->listen_fd);
	return 0;
}

/* One event at a time: what it does may end what the next one would have been of. Nobody starves, as the
 * kernel goes round. */
int loop_run(struct broker *broker)
{
	while (!broker->is_ending) {
		struct epoll_event event;
		int sleep_ms = client_make_room(broker);
		int error = watch_listener(broker);
		if (error < 0)
			return error;
		int n = epoll_wait(broker->epoll, &event, 1, sleep_ms);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			struct watch *watch = event.data.ptr;
			watch->ready(broker, watch);
		}
	}
	return 0;
}
