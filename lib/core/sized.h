/* SPDX-License-Identifier: MIT */
/* Structs of the public API that begin with `size_t size` and may grow. */
#ifndef VIOCI_SIZED_H
#define VIOCI_SIZED_H

#include <stddef.h>

struct vioc_ctx;

/*
 * Copies the caller's struct into *known, of size known_size, zero-filling what the caller's
 * version doesn't have. NULL gives defaults. -EINVAL: no size. -E2BIG: a non-zero tail this version
 * doesn't know.
 */
int vioci_sized_read(const void *given, void *known, size_t known_size);

/*
 * Copies *known, of size known_size, into the caller's struct as far as that goes, zero-filling the
 * rest; its size member stays. -EINVAL: no struct or no size.
 */
int vioci_sized_write(void *given, const void *known, size_t known_size);

/* The same, leaving a diag on failure. */
int vioci_ctx_give_sized(struct vioc_ctx *ctx, void *given, const void *known, size_t known_size);

#endif
