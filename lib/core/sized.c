// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "core/diag.h"
#include "core/sized.h"

/* No struct of the API comes near this; a size beyond it is a size never set. */
#define LARGEST 4096

/* The caller's size member, or 0 if it makes no sense. */
static size_t size_of(const void *given)
{
	size_t size;
	memcpy(&size, given, sizeof(size));
	return size < sizeof(size) || size > LARGEST ? 0 : size;
}

int vioci_sized_read(const void *given, void *known, size_t known_size)
{
	memset(known, 0, known_size);
	if (!given)
		return 0;

	size_t size = size_of(given);
	if (!size)
		return -EINVAL;
	for (size_t i = known_size; i < size; i++)
		if (((const unsigned char *)given)[i])
			return -E2BIG;
	memcpy(known, given, size < known_size ? size : known_size);
	return 0;
}

int vioci_sized_write(void *given, const void *known, size_t known_size)
{
	if (!given)
		return -EINVAL;
	size_t size = size_of(given);
	if (!size)
		return -EINVAL;

	size_t common = size < known_size ? size : known_size;
	memcpy((char *)given + sizeof(size), (const char *)known + sizeof(size),
	       common - sizeof(size));
	memset((char *)given + common, 0, size - common);
	return 0;
}

int vioci_ctx_give_sized(struct vioc_ctx *ctx, void *given, const void *known, size_t known_size)
{
	int error = vioci_sized_write(given, known, known_size);
	if (error < 0)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "fill a struct",
				  "there is none, or its size was not set by VIOC_SIZED()");
	return 0;
}
