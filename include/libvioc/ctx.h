/* SPDX-License-Identifier: MIT */
/*
 * A context: settings, log function and diagnostics. It is the root of all other objects.
 * Every function here may be called from any thread at any time.
 *
 * Environment (read with secure_getenv(3), once, in vioc_ctx_new()):
 *   VIOC_LOG=error|warning|info|debug   log level; without a log function, lines go to stderr;
 *                                       anything else is ignored
 *   VIOC_BACKEND=auto|legacy|iommufd|compat   what "auto" means for containers of this context;
 *                                       anything else makes vioc_container_new() fail
 */
#ifndef LIBVIOC_CTX_H
#define LIBVIOC_CTX_H

#include <libvioc/base.h>
#include <libvioc/diag.h>

VIOC_BEGIN_DECLS

struct vioc_ctx;

/* Log levels, with syslog(3)'s values. */
#define VIOC_LOG_ERROR	 3
#define VIOC_LOG_WARNING 4
#define VIOC_LOG_INFO	 6
#define VIOC_LOG_DEBUG	 7

/*
 * Receives one line without a newline. May be called from any thread that uses the context, and
 * from several at once; must not call into the library.
 */
typedef void (*vioc_log_fn)(void *data, int level, const char *line);

struct vioc_open_request; /* <libvioc/fds.h> */

/*
 * Asked before the library opens a node of VFIO or iommufd. Returns an fd, which is the library's
 * from then on and is checked to be of that node; VIOC_OPEN_DECLINED to let the library open it; or
 * -errno, which the call that wanted it fails with. May be called from any thread, and from several
 * at once; must not call into the library.
 */
typedef int (*vioc_open_fn)(void *data, const struct vioc_open_request *request);

/*
 * The library opens no node of /dev itself: what is neither adopted nor given by the hook is
 * -EACCES.
 */
#define VIOC_CTX_OPENS_NOTHING 1u

struct vioc_ctx_opts {
	size_t size;
	vioc_log_fn log_fn; /* NULL: silent, unless VIOC_LOG is set */
	void *log_data;
	uint32_t log_level; /* VIOC_LOG_*; 0: VIOC_LOG_WARNING. VIOC_LOG wins over it */
	uint32_t flags;	    /* VIOC_CTX_* */
	/*
	 * Copied. All files (/sys, /proc, /dev) are looked for below this folder, such as the sysfs of
	 * another machine that was copied here. NULL: the system's own.
	 */
	const char *sysroot;
	vioc_open_fn open_fn; /* the open hook; NULL: none */
	void *open_data;
};

/*
 * Makes a context. Opens nothing.
 * -EINVAL, -E2BIG: bad options. -ENAMETOOLONG: sysroot has more than 255 bytes. -ENOMEM.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ctx_new(const struct vioc_ctx_opts *opts,
					  struct vioc_ctx **ret_ctx);
VIOC_API struct vioc_ctx *vioc_ctx_ref(struct vioc_ctx *ctx);
VIOC_API struct vioc_ctx *vioc_ctx_unref(struct vioc_ctx *ctx);
VIOC_DEFINE_UNREFP_(ctx);

/*
 * The diag that the calling thread's last failing call on this context left; a reference of the
 * caller's. A call that succeeds plainly leaves the older diag in place.
 * -ENOENT: there is none. -EINVAL: NULL. A context keeps the diags of the 32 threads that failed
 * last; where memory ran out, a thread has none.
 */
VIOC_API VIOC_MUST_CHECK int vioc_ctx_get_diag(struct vioc_ctx *ctx, struct vioc_diag **ret_diag);

VIOC_END_DECLS

#endif
