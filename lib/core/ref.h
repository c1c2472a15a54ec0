/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_REF_H
#define VIOCI_REF_H

#include <stdatomic.h>
#include <stdbool.h>

/* A reference count; objects start with one. */
typedef atomic_uint vioci_ref;

static inline void vioci_ref_get(vioci_ref *ref)
{
	atomic_fetch_add_explicit(ref, 1, memory_order_relaxed);
}

/* True for the caller that dropped the last one and now frees the object. */
static inline bool vioci_ref_put(vioci_ref *ref)
{
	return atomic_fetch_sub_explicit(ref, 1, memory_order_acq_rel) == 1;
}

#endif
