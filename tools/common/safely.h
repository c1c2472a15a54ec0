/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SAFELY_H
#define COMMON_SAFELY_H

#include <stdio.h>

/* Text that may hold anything, with control characters made visible. */
void print_safely(FILE *out, const char *text);

#endif
