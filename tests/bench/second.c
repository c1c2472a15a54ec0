// SPDX-License-Identifier: MIT
#include "second.h"

#include "bench.h"

static void *run_rounds(void *arg)
{
	struct second *second = arg;
	for (;;) {
		pthread_barrier_wait(&second->start);
		if (second->quit)
			return NULL;
		second->run(second->arg);
		pthread_barrier_wait(&second->end);
	}
}

void second_start(struct second *second, void (*run)(void *arg), void *arg)
{
	*second = (struct second){ .run = run, .arg = arg };
	pthread_barrier_init(&second->start, NULL, 2);
	pthread_barrier_init(&second->end, NULL, 2);
	if (pthread_create(&second->thread, NULL, run_rounds, second))
		bench_die("no second thread");
}

void second_beside(struct second *second, void (*run)(void *arg), void *arg)
{
	pthread_barrier_wait(&second->start);
	run(arg);
	pthread_barrier_wait(&second->end);
}

void second_stop(struct second *second)
{
	second->quit = true;
	pthread_barrier_wait(&second->start);
	pthread_join(second->thread, NULL);
	pthread_barrier_destroy(&second->start);
	pthread_barrier_destroy(&second->end);
}
