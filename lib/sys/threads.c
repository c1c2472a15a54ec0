// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <signal.h>

#include "sys/threads.h"

/* Signals are the program's: none may be delivered to a thread it doesn't know. */
static unsigned int start(unsigned int n, pthread_t *threads, void *(*work)(void *), char *args,
			  size_t arg_size)
{
	sigset_t all, before;
	unsigned int started = 1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < n &&
	       pthread_create(&threads[started], NULL, work, args + started * arg_size) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void vioci_run_threads(unsigned int n, void *(*work)(void *), void *args, size_t arg_size)
{
	pthread_t threads[VIOCI_MAX_THREADS];
	unsigned int started = start(n, threads, work, args, arg_size);
	work(args);
	for (unsigned int i = started; i < n; i++)
		work((char *)args + i * arg_size);
	for (unsigned int i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
}
