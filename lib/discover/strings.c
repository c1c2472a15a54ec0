// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "discover/strings.h"

#define CHUNK_SIZE 16384

struct vioci_chunk {
	struct vioci_chunk *next;
	char text[];
};

static bool add_chunk(struct vioci_strings *strings, size_t size)
{
	struct vioci_chunk *chunk = malloc(sizeof(*chunk) + size);
	if (!chunk) {
		strings->failed = true;
		return false;
	}
	chunk->next = strings->chunks;
	strings->chunks = chunk;
	strings->used = 0;
	return true;
}

const char *vioci_strings_add(struct vioci_strings *strings, const char *text)
{
	size_t size = strlen(text) + 1;
	bool fits = strings->chunks && size <= CHUNK_SIZE - strings->used;
	if (!fits && !add_chunk(strings, size > CHUNK_SIZE ? size : CHUNK_SIZE))
		return NULL;
	char *copy = strings->chunks->text + strings->used;
	memcpy(copy, text, size);
	/* A chunk made for one long string is full. */
	strings->used = size > CHUNK_SIZE ? CHUNK_SIZE : strings->used + size;
	return copy;
}

const char *vioci_strings_add_some(struct vioci_strings *strings, const char *text)
{
	return *text ? vioci_strings_add(strings, text) : NULL;
}

void vioci_strings_free(struct vioci_strings *strings)
{
	while (strings->chunks) {
		struct vioci_chunk *chunk = strings->chunks;
		strings->chunks = chunk->next;
		free(chunk);
	}
}
