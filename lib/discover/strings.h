/* SPDX-License-Identifier: MIT */
/* Many strings that live and die together. */
#ifndef VIOCI_STRINGS_H
#define VIOCI_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

struct vioci_chunk;

struct vioci_strings {
	struct vioci_chunk *chunks;
	size_t used;
	bool failed; /* memory ran out at some point */
};

/* A copy, which lives as long as the strings. NULL, and failed is set, if there is no memory. */
const char *vioci_strings_add(struct vioci_strings *strings, const char *text);
/* The same; an empty text, which means that there is none, becomes NULL. */
const char *vioci_strings_add_some(struct vioci_strings *strings, const char *text);
void vioci_strings_free(struct vioci_strings *strings);

#endif
