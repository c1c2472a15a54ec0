/* SPDX-License-Identifier: MIT */
/*
 * One process, one thread, one epoll loop. It never waits for a client, and keeps no fd of a device: it
 * opens what it hands out, sends it, and closes it. Of a lease it has the client's pidfd, which says when the
 * client has ended, and with it whatever it had open.
 */
#ifndef BROKER_H
#define BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "wire.h"

#define BROKER_CLIENTS	   24  /* connected at a time; more wait in the socket's queue */
#define BROKER_PATIENCE_MS 200 /* for the oldest one, when others wait */
#define BROKER_REFUSALS	   100 /* of one client; then it is cut off */
#define BROKER_DEVICES	   16  /* in one request */
#define BROKER_PEER_GROUPS 64

struct broker;

/* Something in the loop. */
struct watch {
	void (*ready)(struct broker *broker, struct watch *watch);
};

struct client {
	struct watch watch; /* first */
	int fd;		    /* -1: a free place */
	pid_t pid;
	uid_t uid;
	gid_t groups[BROKER_PEER_GROUPS];
	size_t n_groups;
	uint64_t since_ms;
	unsigned int n_refused;
};

/* A device that somebody has. */
struct lease {
	struct watch watch; /* first */
	TAILQ_ENTRY(lease) link;
	char device[16];
	uint32_t group;
	uint32_t backend;
	pid_t pid;
	uid_t uid;
	int64_t since; /* seconds since 1970 */
	int pidfd;
};

TAILQ_HEAD(lease_list, lease);

/* One line of the policy. */
struct rule {
	struct rule *next;
	unsigned int line;
	bool has_uid, has_gid; /* exactly one */
	uid_t uid;
	gid_t gid;
	uint32_t backends; /* bit VIOC_BACKEND_*; 0: all */
	char devices[HANDOUT_DEVICES][16];
	size_t n_devices;
};

struct broker {
	struct vioc_ctx *ctx;
	const char *policy_path;
	struct rule *rules;
	const char *made_socket; /* to be removed at the end; NULL: it came from outside */
	int epoll;
	struct watch signals;
	int signal_fd;
	struct watch listener;
	int listen_fd;
	bool is_listening;	/* in the loop */
	uint64_t deaf_until_ms; /* no fds were left */
	bool is_ending;
	struct client clients[BROKER_CLIENTS];
	size_t n_clients;
	struct lease_list leases;
	struct wire_message message; /* the request at hand, or the answer */
};

/* log.c: one line on standard error, " key=value" by pairs; values are quoted where they need it. */
__attribute__((format(printf, 2, 3))) void log_event(const char *event, const char *format, ...);
/* Quotes a text as a value, into a buffer that the next call uses again. */
const char *log_quote(const char *text);

/* policy.c: reads the file. On error says all that is wrong with it, and leaves *rules as they were. */
int policy_load(struct vioc_ctx *ctx, const char *path, struct rule **rules);
void policy_free(struct rule *rules);
/*
 * Whether a rule lets the client have all of these by that backend (VIOC_BACKEND_AUTO: by one at least,
 * which *backend then is if there is only one). The rule, or NULL with why in complaints.
 */
const struct rule *policy_find(const struct broker *broker, const struct client *client,
			       const struct handout_request *request, FILE *complaints);
/* Other devices of this one's group that the rule does not have: the first of them in ret_other. */
bool policy_lacks_sibling(const struct vioc_enumerator *all, const struct rule *rule,
			  const char *device, char ret_other[64], uint32_t *ret_group);

/* lease.c */
/* Who has a device of the group now; NULL: nobody. */
struct lease *lease_find(struct broker *broker, uint32_t group);
/* The client has the device from now on. Takes pidfd. -ENOMEM, -errno: then it is closed. */
int lease_add(struct broker *broker, const struct lease *made, bool stored);
void lease_end(struct broker *broker, struct lease *lease, const char *reason);
/* What is left of a broker that ran before: by the name of its pidfd in the fd store. */
void lease_restore(struct broker *broker, const char *name, int pidfd);

/* store.c: the service manager. */
void store_ready(void);
/* Takes over the fds that the service manager passed: the listener, and leases. */
int store_take_fds(struct broker *broker);

/* client.c */
void client_accept(struct broker *broker);
void client_drop(struct broker *broker, struct client *client, const char *reason);
/* Makes room if others wait. Returns for how many ms the loop may sleep; -1: for ever. */
int client_make_room(struct broker *broker);

/* request.c: answers the request in broker->message. False: the client is to be dropped. */
bool request_answer(struct broker *broker, struct client *client);

/* loop.c */
int loop_add(struct broker *broker, int fd, struct watch *watch);
void loop_remove(struct broker *broker, int fd);
int loop_run(struct broker *broker);
uint64_t loop_now_ms(void);

/* list.c: the command "list". The exit status. */
int list_leases(const char *path);

#endif
