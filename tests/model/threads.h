/* SPDX-License-Identifier: MIT */
#ifndef THREADS_H
#define THREADS_H

#include "test.h"

#define MAX_THREADS 16

/*
 * One ioas, a thread and a model per slice of its addresses, readers, and devices that come and go.
 * Each thread does that many steps. On the fake kernel only.
 */
void run_threads(struct world *world, unsigned int count, uint64_t seed, uint64_t steps);

#endif
