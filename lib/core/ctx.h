/* SPDX-License-Identifier: MIT */
#ifndef VIOCI_CTX_H
#define VIOCI_CTX_H

#include <pthread.h>

#include <libvioc/ctx.h>

#include "core/diag.h"
#include "core/ref.h"
#include "core/text.h"
#include "sys/sys.h"

#define VIOCI_CTX_DIAGS 32

/* The diag of one thread. */
struct vioci_diag_slot {
	uint32_t thread;
	struct vioc_diag *diag; /* NULL: the slot is free */
	uint64_t stamp;		/* higher is newer */
};

struct vioci_adopted;

struct vioc_ctx {
	vioci_ref refs;
	struct vioci_sys sys;
	char *sysroot; /* or NULL */

	vioc_log_fn log_fn;
	void *log_data;
	int log_level; /* 0: nothing */

	char *backend_name; /* what VIOC_BACKEND says, or NULL */

	/* Where fds come from, see node.h. */
	vioc_open_fn open_fn; /* or NULL */
	void *open_data;
	bool opens_nothing;
	pthread_mutex_t adopted_lock;
	struct vioci_adopted *adopted;

	pthread_mutex_t diag_lock;
	struct vioci_diag_slot diags[VIOCI_CTX_DIAGS];
	uint64_t diag_stamp;
};

/* vioc_ctx_new() on another operating system than the real one. */
int vioci_ctx_new_with_sys(const struct vioc_ctx_opts *opts, const struct vioci_sys *sys,
			   struct vioc_ctx **ret_ctx);

#endif
