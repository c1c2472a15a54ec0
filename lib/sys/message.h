/* SPDX-License-Identifier: MIT */
/* Messages with fds over UNIX sockets, and whom they come from. */
#ifndef VIOCI_MESSAGE_H
#define VIOCI_MESSAGE_H

#include "sys/sys.h"

/* Fewer than the kernel's limit of 253. */
#define VIOCI_MESSAGE_FDS 128

struct vioci_message {
	void *bytes;
	size_t length; /* of bytes; when receiving, what there is room for */
	int fds[VIOCI_MESSAGE_FDS];
	size_t n_fds;
};

struct vioci_peer {
	uint32_t pid;
	uint32_t uid;
	uint32_t gid;
	int pidfd;	     /* -1: the kernel gives none; else the caller's */
	bool keeps_messages; /* SOCK_SEQPACKET: what is sent as one arrives as one */
};

/* Does not wait: -EAGAIN. Raises no signal. Returns the bytes sent, all or none. */
static inline ssize_t vioci_sys_send(const struct vioci_sys *sys, int socket,
				     const struct vioci_message *message)
{
	return sys->ops->send(sys->data, socket, message);
}

/*
 * Does not wait: -EAGAIN. Returns how many bytes the message has, 0 at the end. The fds are
 * close-on-exec. -EBADMSG: there was no room for all of it; its fds are closed.
 */
static inline ssize_t vioci_sys_receive(const struct vioci_sys *sys, int socket,
					struct vioci_message *message)
{
	return sys->ops->receive(sys->data, socket, message);
}

/* -ENOTSOCK; -EPROTOTYPE: no UNIX socket. */
static inline int vioci_sys_get_peer(const struct vioci_sys *sys, int socket,
				     struct vioci_peer *ret_peer)
{
	return sys->ops->get_peer(sys->data, socket, ret_peer);
}

/* Whom this process acts as. */
uint32_t vioci_effective_uid(void);

/* Sends a text, and an fd unless that is -1, to a datagram socket; "@..." is abstract. */
int vioci_notify(const char *address, const char *text, int fd);

/* message.c, for real.c */
ssize_t vioci_real_send(void *data, int socket, const struct vioci_message *message);
ssize_t vioci_real_receive(void *data, int socket, struct vioci_message *message);
int vioci_real_get_peer(void *data, int socket, struct vioci_peer *ret_peer);

#endif
