/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_THREADS_H
#define VIOCI_THREADS_H

#include <stddef.h>

#define VIOCI_MAX_THREADS 64

/*
 * Calls work n times, at most VIOCI_MAX_THREADS, with args, args + arg_size and so on, each by a thread
 * of its own, and returns when all have. The caller's thread is one of them, and does what is left if
 * there are no more threads to be had. They take none of the program's signals.
 */
void vioci_run_threads(unsigned int n, void *(*work)(void *), void *args, size_t arg_size);

#endif
