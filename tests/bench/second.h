/* SPDX-License-Identifier: MIT */
/* A second thread that works beside the first, round by round, so that starting it isn't measured. */
#ifndef SECOND_H
#define SECOND_H

#include <pthread.h>
#include <stdbool.h>

struct second {
	pthread_t thread;
	pthread_barrier_t start;
	pthread_barrier_t end;
	void (*run)(void *arg);
	void *arg;
	bool quit;
};

/* run(arg) is what it does in each round. */
void second_start(struct second *second, void (*run)(void *arg), void *arg);
/* A round: run(arg) here, its own there; returns when both have. */
void second_beside(struct second *second, void (*run)(void *arg), void *arg);
void second_stop(struct second *second);

#endif
