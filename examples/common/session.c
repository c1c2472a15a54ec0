// SPDX-License-Identifier: MIT
#include <libvioc/fds.h>

#include "message.h"
#include "session.h"

#define MAX_GIVEN 64

/* What vioc-run, vioc-broker or systemd passed on is used in place of opening it. */
static int adopt_given(struct vioc_ctx *ctx)
{
	struct vioc_listen_fd given[MAX_GIVEN];
	int n = vioc_fd_listen(ctx, VIOC_LISTEN_UNSET, given, MAX_GIVEN);
	for (int i = 0; i < n && i < MAX_GIVEN; i++) {
		int error = vioc_ctx_adopt_fd(ctx, given[i].fd, NULL);
		if (error < 0)
			return error;
	}
	return n < 0 ? n : 0;
}

int session_open(struct session *session, uint32_t backend)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);

	opts.backend = backend;
	*session = (struct session){ 0 };
	int error = vioc_ctx_new(NULL, &session->ctx);
	if (error == 0)
		error = adopt_given(session->ctx);
	if (error == 0)
		error = vioc_container_new(session->ctx, &opts, &session->container);
	if (error == 0)
		error = vioc_ioas_new(session->container, NULL, &session->ioas);
	if (error < 0) {
		fail_vioc(session->ctx, error, vioc_backend_name(backend));
		session_close(session);
	}
	return error;
}

void session_close(struct session *session)
{
	vioc_ioas_unref(session->ioas);
	vioc_container_unref(session->container);
	vioc_ctx_unref(session->ctx);
	*session = (struct session){ 0 };
}
