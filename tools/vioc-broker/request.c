// SPDX-License-Identifier: MIT
/* Requests and their answers. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"

/* A request that was understood, and what became of it. */
struct job {
	struct broker *broker;
	struct client *client;
	char devices[BROKER_DEVICES][16];
	uint32_t groups[BROKER_DEVICES];
	struct handout_request request;
	FILE *complaints;
};

static bool refuse(struct job *job, int error, const char *complaints)
{
	char text[2048];
	struct client *client = job->client;
	client->n_refused++;
	log_event("refuse", "pid=%d uid=%u device=%s error=%d reason=%s", client->pid, client->uid,
		  job->request.n_devices ? job->devices[0] : "-", -error, log_quote(complaints));
	int length = snprintf(text, sizeof(text), "refused %d\n%s", -error, complaints);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	return wire_send(client->fd, text, (size_t)length) == 0;
}

static int take_device(struct job *job, const char *name)
{
	struct handout_request *request = &job->request;
	if (request->n_devices == BROKER_DEVICES) {
		fprintf(job->complaints, "more than %d devices in one request\n", BROKER_DEVICES);
		return -E2BIG;
	}
	if (!handout_full_name(name, job->devices[request->n_devices]))
		return -EINVAL;
	request->devices[request->n_devices] = job->devices[request->n_devices];
	request->n_devices++;
	return 0;
}

static int parse(struct job *job, char *words)
{
	char *rest = NULL;
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		int error = -EINVAL;
		if (strncmp(word, "device=", 7) == 0)
			error = take_device(job, word + 7);
		else if (strncmp(word, "backend=", 8) == 0)
			error = vioc_backend_from_name(word + 8, &job->request.backend);
		if (error == -EINVAL)
			fprintf(job->complaints, "\"%.64s\" makes no sense here\n", word);
		if (error < 0)
			return error;
	}
	if (!job->request.n_devices) {
		fputs("which device?\n", job->complaints);
		return -EINVAL;
	}
	return 0;
}

/* The client has ended, though its lease has not been looked at since. */
static bool has_ended(const struct lease *lease)
{
	struct pollfd poll_fd = { .fd = lease->pidfd, .events = POLLIN };
	return poll(&poll_fd, 1, 0) > 0;
}

/* Nobody may have another device of the group: the kernel would not part them. */
static int check_free(struct job *job, uint32_t group, const char *device)
{
	struct lease *lease;
	while ((lease = lease_find(job->broker, group)) && has_ended(lease))
		lease_end(job->broker, lease, "exit");
	if (!lease)
		return 0;
	fprintf(job->complaints, "%s: %s, of its IOMMU group %u, is with pid %d of uid %u\n",
		device, lease->device, group, lease->pid, lease->uid);
	return -EBUSY;
}

static int check_devices(struct job *job, const struct vioc_enumerator *all,
			 const struct rule *rule)
{
	for (size_t i = 0; i < job->request.n_devices; i++) {
		char other[64];
		const char *device = job->devices[i];
		job->groups[i] = UINT32_MAX;
		if (policy_lacks_sibling(all, rule, device, other, &job->groups[i])) {
			fprintf(job->complaints,
				"%s is in IOMMU group %u with %s, which the policy's line %u "
				"lacks\n",
				device, job->groups[i], other, rule->line);
			return -EPERM;
		}
		int error =
			job->groups[i] == UINT32_MAX ? 0 : check_free(job, job->groups[i], device);
		if (error < 0)
			return error;
	}
	return 0;
}

static int allow(struct job *job)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	struct vioc_enumerator *all = NULL;
	const struct rule *rule =
		policy_find(job->broker, job->client, &job->request, job->complaints);
	if (!rule)
		return -EPERM;
	/* Where the rule names one backend, that is what "auto" comes to. */
	for (uint32_t i = 1; job->request.backend == VIOC_BACKEND_AUTO && i < 32; i++)
		if (rule->backends == 1u << i)
			job->request.backend = i;
	int error = vioc_enumerator_new(job->broker->ctx, &opts, &all);
	if (error < 0) {
		fprintf(job->complaints, "sysfs: %s\n", strerror(-error));
		return error;
	}
	error = check_devices(job, all, rule);
	vioc_enumerator_unref(all);
	return error;
}

/* Linux before 6.5 can't tell of the very process; that the connection is still open then has to do. */
static int open_pidfd(const struct job *job)
{
	struct vioc_peer peer;
	if (vioc_fd_get_peer(job->broker->ctx, job->client->fd, &peer) == 0 && peer.pidfd >= 0)
		return peer.pidfd;
	int fd = pidfd_open(job->client->pid, 0);
	return fd < 0 ? -errno : fd;
}

static void give_back(struct job *job, const char *reason)
{
	struct lease *lease, *next;
	for (lease = TAILQ_FIRST(&job->broker->leases); lease; lease = next) {
		next = TAILQ_NEXT(lease, link);
		for (size_t i = 0; i < job->request.n_devices; i++) {
			if (strcmp(lease->device, job->devices[i]) == 0 &&
			    lease->pid == job->client->pid && lease->uid == job->client->uid) {
				lease_end(job->broker, lease, reason);
				break;
			}
		}
	}
}

static int make_leases(struct job *job, uint32_t backend)
{
	for (size_t i = 0; i < job->request.n_devices; i++) {
		struct lease lease = {
			.group = job->groups[i],
			.backend = backend,
			.pid = job->client->pid,
			.uid = job->client->uid,
			.since = time(NULL),
			.pidfd = open_pidfd(job),
		};
		strcpy(lease.device, job->devices[i]);
		int error = lease.pidfd < 0 ? lease.pidfd : lease_add(job->broker, &lease, false);
		if (error < 0) {
			fprintf(job->complaints, "the client's process: %s\n", strerror(-error));
			give_back(job, "error");
			return error;
		}
	}
	return 0;
}

static int get(struct job *job, bool *ret_reads)
{
	struct handout handout;
	int error = allow(job);
	if (error < 0)
		return error;
	job->request.accounting = VIOC_MEMLOCK_NONE;
	error = handout_open(job->broker->ctx, &job->request, job->complaints, &handout);
	if (error < 0)
		return error;
	error = make_leases(job, handout.backend);
	if (error == 0) {
		*ret_reads = wire_send_handout(job->broker->ctx, job->client->fd, &handout) == 0;
		if (!*ret_reads)
			give_back(job, "unsent");
	}
	handout_close(&handout);
	return error;
}

static int release(struct job *job, bool *ret_reads)
{
	give_back(job, "released");
	*ret_reads = wire_send(job->client->fd, "ok\n", 3) == 0;
	return 0;
}

static bool list(struct broker *broker, const struct client *client)
{
	char text[WIRE_ANSWER];
	size_t used = (size_t)snprintf(text, sizeof(text), "ok\n");
	struct lease *lease;
	TAILQ_FOREACH(lease, &broker->leases, link)
	{
		/* Others' only for those who may look into their processes as well. */
		if (client->uid != 0 && client->uid != lease->uid)
			continue;
		int length = snprintf(text + used, sizeof(text) - used, "%s %d %u %" PRId64 " %s\n",
				      lease->device, lease->pid, lease->uid, lease->since,
				      vioc_backend_name(lease->backend));
		if (length >= (int)(sizeof(text) - used))
			break;
		used += (size_t)length;
	}
	return wire_send(client->fd, text, used) == 0;
}

static int run_job(struct job *job, char *request)
{
	char *words = strchr(request, ' ');
	if (words)
		*words++ = '\0';
	bool is_get = strcmp(request, "get") == 0, reads = true;
	int error;
	if (!is_get && strcmp(request, "release") != 0) {
		fprintf(job->complaints, "\"%.64s\" is none of get, release and list\n", request);
		error = -EINVAL;
	} else {
		error = parse(job, words ? words : strchr(request, '\0'));
	}
	if (error == 0)
		error = is_get ? get(job, &reads) : release(job, &reads);
	fflush(job->complaints);
	return error < 0 ? error : reads;
}

bool request_answer(struct broker *broker, struct client *client)
{
	struct job job = { .broker = broker, .client = client };
	char *complaints = NULL;
	size_t size;
	if (strcmp(broker->message.text, "list") == 0)
		return list(broker, client);
	job.complaints = open_memstream(&complaints, &size);
	if (!job.complaints)
		return refuse(&job, -ENOMEM, "out of memory\n");
	int result = run_job(&job, broker->message.text);
	fclose(job.complaints);
	if (result > 0 && *complaints)
		log_event("note", "pid=%d uid=%u text=%s", client->pid, client->uid,
			  log_quote(complaints));
	bool reads = result < 0 ? refuse(&job, result, complaints) : result > 0;
	free(complaints);
	return reads;
}
