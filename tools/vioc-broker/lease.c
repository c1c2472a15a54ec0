// SPDX-License-Identifier: MIT
/* Who has what. A lease ends with its client's process, or when that gives the device back. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"

/* A pidfd can be read from when the process has ended. */
static void client_ended(struct broker *broker, struct watch *watch)
{
	lease_end(broker, (struct lease *)watch, "exit");
}

struct lease *lease_find(struct broker *broker, uint32_t group)
{
	struct lease *lease;
	TAILQ_FOREACH(lease, &broker->leases, link)
	{
		if (lease->group == group)
			return lease;
	}
	return NULL;
}

#define NAME_FORMAT "lease-%s-%" PRIu32 "-%s-%d-%u-%" PRId64

/* What the fd store calls it; a colon would part names. */
static void format_name(const struct lease *lease, char *ret_name, size_t size)
{
	snprintf(ret_name, size, NAME_FORMAT, lease->device, lease->group,
		 vioc_backend_name(lease->backend), lease->pid, lease->uid, lease->since);
	for (char *c = ret_name; *c; c++)
		if (*c == ':')
			*c = '_';
}

/* -ENOTCONN: there is no service manager, and so nobody who starts the broker again. */
static void note_store(const struct lease *lease, int error)
{
	if (error < 0 && error != -ENOTCONN)
		log_event("store-error", "device=%s reason=%s", lease->device,
			  log_quote(strerror(-error)));
}

static void store(const struct broker *broker, const struct lease *lease)
{
	char name[128];
	format_name(lease, name, sizeof(name));
	note_store(lease, vioc_fd_store(broker->ctx, lease->pidfd, name, 0));
}

static void unstore(const struct broker *broker, const struct lease *lease)
{
	char name[128];
	format_name(lease, name, sizeof(name));
	note_store(lease, vioc_fd_unstore(broker->ctx, name));
}

int lease_add(struct broker *broker, const struct lease *made, bool stored)
{
	struct lease *lease = malloc(sizeof(*lease));
	int error = lease ? 0 : -ENOMEM;
	if (lease) {
		*lease = *made;
		lease->watch.ready = client_ended;
		error = loop_add(broker, lease->pidfd, &lease->watch);
	}
	if (error < 0) {
		close(made->pidfd);
		free(lease);
		return error;
	}
	TAILQ_INSERT_TAIL(&broker->leases, lease, link);
	if (!stored)
		store(broker, lease);
	log_event(stored ? "restore" : "lease", "device=%s group=%u backend=%s pid=%d uid=%u",
		  lease->device, lease->group, vioc_backend_name(lease->backend), lease->pid,
		  lease->uid);
	return 0;
}

void lease_end(struct broker *broker, struct lease *lease, const char *reason)
{
	log_event("return", "device=%s pid=%d uid=%u reason=%s", lease->device, lease->pid,
		  lease->uid, reason);
	unstore(broker, lease);
	TAILQ_REMOVE(&broker->leases, lease, link);
	loop_remove(broker, lease->pidfd);
	close(lease->pidfd);
	free(lease);
}

void lease_restore(struct broker *broker, const char *name, int pidfd)
{
	struct lease lease = { .pidfd = pidfd };
	char backend[16];
	int end = 0;
	if (sscanf(name, "lease-%12[0-9a-f_.]-%" SCNu32 "-%15[a-z]-%d-%u-%" SCNd64 "%n",
		   lease.device, &lease.group, backend, &lease.pid, &lease.uid, &lease.since,
		   &end) != 6 ||
	    name[end] || vioc_backend_from_name(backend, &lease.backend) < 0) {
		log_event("restore-error", "name=%s reason=\"no name of a lease\"",
			  log_quote(name));
		close(pidfd);
		return;
	}
	for (char *c = lease.device; *c; c++)
		if (*c == '_')
			*c = ':';
	int error = lease_add(broker, &lease, true);
	if (error < 0)
		log_event("restore-error", "device=%s reason=%s", lease.device,
			  log_quote(strerror(-error)));
}
