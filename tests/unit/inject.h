/* SPDX-License-Identifier: MIT */
/*
 * Makes the Nth system call, or the Nth allocation, of the library fail. Allocations are caught by
 * the linker (--wrap), so only in programs that ask for it; those of the fake kernel don't count.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>

#include "sys/sys.h"

enum inject_kind { INJECT_CALLS, INJECT_ALLOCATIONS };

struct inject {
	struct vioci_sys sys;	/* to give to the library */
	struct vioci_sys inner; /* where calls go */
};

void inject_init(struct inject *inject, const struct vioci_sys *inner);
/* Lets the nth from now fail, once; 0: none. */
void inject_arm(enum inject_kind kind, unsigned int nth);
/* Whether the armed failure has happened. */
bool inject_fired(void);

#endif
