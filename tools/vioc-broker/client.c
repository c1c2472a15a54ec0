// SPDX-License-Identifier: MIT
/* Clients: who they are, and that none of them keeps others from being served. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"

static void serve(struct broker *broker, struct watch *watch)
{
	struct client *client = (struct client *)watch;
	int error = wire_receive(client->fd, WIRE_REQUEST, &broker->message);
	if (error == -EAGAIN)
		return;
	if (error < 0) {
		client_drop(broker, client,
			    error == -EMSGSIZE	? "its request is too long"
			    : error == -EBADMSG ? "there is a NUL in its request"
						: strerror(-error));
		return;
	}
	if (broker->message.n_fds) {
		wire_close_fds(&broker->message);
		client_drop(broker, client, "it sent file descriptors");
		return;
	}
	if (!broker->message.length)
		client_drop(broker, client, NULL);
	else if (!request_answer(broker, client))
		client_drop(broker, client, "it does not read its answers");
	else if (client->n_refused >= BROKER_REFUSALS)
		client_drop(broker, client, "too many of its requests were refused");
}

/* Without this, a rule for a group does not apply. */
static void read_groups(struct client *client, gid_t gid)
{
	socklen_t size = sizeof(client->groups) - sizeof(client->groups[0]);
	client->groups[0] = gid;
	client->n_groups = 1;
	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERGROUPS, client->groups + 1, &size) == 0)
		client->n_groups += size / sizeof(client->groups[0]);
}

static struct client *free_place(struct broker *broker)
{
	for (size_t i = 0; i < BROKER_CLIENTS; i++)
		if (broker->clients[i].fd < 0)
			return &broker->clients[i];
	return NULL;
}

/* Trying again at once would be trying for ever. */
static void go_deaf(struct broker *broker, int error)
{
	log_event("accept-error", "reason=%s", log_quote(strerror(error)));
	broker->deaf_until_ms = loop_now_ms() + BROKER_PATIENCE_MS;
}

void client_accept(struct broker *broker)
{
	struct client *client = free_place(broker);
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd = accept4(broker->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			go_deaf(broker, errno);
		return;
	}
	if (!client || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		close(fd);
		return;
	}
	*client = (struct client){
		.watch.ready = serve,
		.fd = fd,
		.pid = peer.pid,
		.uid = peer.uid,
		.since_ms = loop_now_ms(),
	};
	read_groups(client, peer.gid);
	broker->n_clients++;
	if (loop_add(broker, fd, &client->watch) < 0) {
		client_drop(broker, client, "out of memory");
		return;
	}
	/* Most have sent their request by now, and end before their place is wanted. */
	serve(broker, &client->watch);
}

void client_drop(struct broker *broker, struct client *client, const char *reason)
{
	if (reason)
		log_event("drop", "pid=%d uid=%u reason=%s", client->pid, client->uid,
			  log_quote(reason));
	loop_remove(broker, client->fd);
	close(client->fd);
	client->fd = -1;
	broker->n_clients--;
}

static size_t count_of(const struct broker *broker, uid_t uid)
{
	size_t n = 0;
	for (size_t i = 0; i < BROKER_CLIENTS; i++)
		n += broker->clients[i].fd >= 0 && broker->clients[i].uid == uid;
	return n;
}

/* Of the user who has most connections, the oldest. All places are taken. */
static struct client *find_oldest(struct broker *broker)
{
	struct client *oldest = NULL;
	size_t most = 0;
	for (size_t i = 0; i < BROKER_CLIENTS; i++) {
		struct client *client = &broker->clients[i];
		size_t n = count_of(broker, client->uid);
		if (n > most || (n == most && client->since_ms < oldest->since_ms)) {
			oldest = client;
			most = n;
		}
	}
	return oldest;
}

static bool others_wait(const struct broker *broker)
{
	struct pollfd listener = { .fd = broker->listen_fd, .events = POLLIN };
	return poll(&listener, 1, 0) > 0;
}

int client_make_room(struct broker *broker)
{
	if (broker->n_clients < BROKER_CLIENTS)
		return broker->deaf_until_ms > loop_now_ms() ? BROKER_PATIENCE_MS : -1;
	if (!others_wait(broker))
		return BROKER_PATIENCE_MS;
	struct client *oldest = find_oldest(broker);
	uint64_t age = loop_now_ms() - oldest->since_ms;
	if (age < BROKER_PATIENCE_MS)
		return (int)(BROKER_PATIENCE_MS - age);
	client_drop(broker, oldest, "others want its place");
	return -1;
}
