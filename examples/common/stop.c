// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libvioc/irq.h>
#include <libvioc/pci.h>

#include "message.h"
#include "stop.h"

static atomic_bool wanted;

static void note(int signal)
{
	(void)signal;
	wanted = true;
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
	return atomic_load_explicit(&wanted, memory_order_relaxed);
}

static void *run_watch(void *arg)
{
	const struct stop_watch *watch = arg;
	struct pollfd fds[] = {
		{ .fd = watch->end, .events = POLLIN },
		{ .fd = watch->request, .events = POLLIN },
	};
	if (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		fail(0, vioc_device_get_name(watch->device),
		     "somebody wants it back, as by unplugging it: stopping");
		wanted = true;
	}
	return NULL;
}

/* Signals are for the thread that waits for something else. */
static int start_thread(struct stop_watch *watch)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int error = pthread_create(&watch->thread, NULL, run_watch, watch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int stop_watch_open(struct stop_watch *watch, struct vioc_device *device)
{
	struct vioc_ctx *ctx = vioc_ioas_get_ctx(vioc_device_get_ioas(device));
	const char *name = vioc_device_get_name(device);
	int error = vioc_irq_enable(device, VIOC_PCI_REQ, 1, NULL);
	if (error == 0)
		error = vioc_irq_get_fd(device, VIOC_PCI_REQ, 0);
	if (error < 0)
		return fail_vioc(ctx, error, name);
	*watch = (struct stop_watch){ .request = error, .end = eventfd(0, EFD_CLOEXEC) };
	if (watch->end < 0)
		return fail(-errno, name, "can't make an eventfd: %s", strerror(errno));
	watch->device = device;
	error = start_thread(watch);
	if (error == 0)
		return 0;
	close(watch->end);
	watch->device = NULL;
	return fail(error, name, "can't start a thread: %s", strerror(-error));
}

void stop_watch_close(struct stop_watch *watch)
{
	if (!watch->device)
		return;
	(void)eventfd_write(watch->end, 1);
	pthread_join(watch->thread, NULL);
	close(watch->end);
	*watch = (struct stop_watch){ 0 };
}
