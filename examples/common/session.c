// SPDX-License-Identifier: MIT
#include "message.h"
#include "session.h"

int session_open(struct session *session, uint32_t backend)
{
	struct vioc_container_opts opts = VIOC_SIZED(vioc_container_opts);

	opts.backend = backend;
	*session = (struct session){ 0 };
	int error = vioc_ctx_new(NULL, &session->ctx);
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
