/* SPDX-License-Identifier: MIT */
/*
 * What every libvioc header needs: attributes and the sized-struct convention.
 *
 * Rules that hold for the whole API, said once here:
 *  - int functions return 0 or a count on success and -errno on failure; the variable errno is not
 *    part of the API. Outputs are untouched on failure, but where a function says otherwise. They are
 *    named ret_* and come last; a buffer whose size the caller gives is followed by that size.
 *  - Only what is said to accept NULL accepts it. Where a context can be reached, a call that fails
 *    leaves a diag (<libvioc/diag.h>), unless memory ran out.
 *  - Objects are opaque and reference counted. unref(NULL) is fine; unref returns NULL.
 *    A child holds its parent, so references may be dropped in any order.
 *  - Objects of one context may be used from any thread; each header says what may run at once.
 *  - Structs that carry a size member come from VIOC_SIZED() and may grow in later releases.
 */
#ifndef LIBVIOC_BASE_H
#define LIBVIOC_BASE_H

#include <stddef.h>
#include <stdint.h>

#define VIOC_API	__attribute__((visibility("default")))
#define VIOC_MUST_CHECK __attribute__((warn_unused_result))

#ifdef __cplusplus
#define VIOC_BEGIN_DECLS extern "C" {
#define VIOC_END_DECLS	 }
#else
#define VIOC_BEGIN_DECLS
#define VIOC_END_DECLS
#endif

/*
 * Initialiser for every struct whose first member is `size_t size`: all other members become zero,
 * which always means "the default".
 *
 *	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);
 *	opts.backend = VIOC_BACKEND_LEGACY;
 *
 * Passing NULL for an options struct means defaults. A struct larger than the library knows is
 * accepted if its unknown tail is zero, else the call fails with -E2BIG; one without a size fails
 * with -EINVAL.
 */
#ifdef __cplusplus
template <typename T> inline T vioc_sized_()
{
	T value = T();
	value.size = sizeof(T);
	return value;
}
#define VIOC_SIZED(type) vioc_sized_<type>()
#else
#define VIOC_SIZED(type)                    \
	{                                   \
		.size = sizeof(struct type) \
	}
#endif

/* Defines vioc_<noun>_unrefp(), for use with __attribute__((cleanup(vioc_<noun>_unrefp))). */
#define VIOC_DEFINE_UNREFP_(noun)                                            \
	static inline void vioc_##noun##_unrefp(struct vioc_##noun **object) \
	{                                                                    \
		if (*object)                                                 \
			vioc_##noun##_unref(*object);                        \
	}                                                                    \
	struct vioc_##noun

#endif
