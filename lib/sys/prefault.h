/* SPDX-License-Identifier: MIT */
/* Having memory there before it is pinned: the kernel clears pages faster for several threads. */
#ifndef VIOCI_PREFAULT_H
#define VIOCI_PREFAULT_H

#include "sys/sys.h"

/*
 * Makes the pages of [va, va + length), whole pages, be there, for writing or for reading, by that
 * many threads, the calling one included (0 is 1). No content changes. Returns the error of the
 * first part that failed; parts behind it may be there or not.
 * -EFAULT: not mapped, not with that access, pages that can't be had, or no ordinary memory: a
 * device's mapped BAR needs none of this. -ENOMEM.
 */
int vioci_prefault(const struct vioci_sys *sys, void *va, uint64_t length, bool write,
		   unsigned int n_threads);

/* The same for pages of that size, if larger than 2 MiB: no two threads work on one of them. */
int vioci_prefault_pages(const struct vioci_sys *sys, void *va, uint64_t length, bool write,
			 unsigned int n_threads, uint64_t page_size);

#endif
