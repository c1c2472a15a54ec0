/* SPDX-License-Identifier: MIT */
/*
 * What vioc-broker and its clients say to each other, over SOCK_SEQPACKET: one message of text each way, and
 * after the answer to get a bundle (see vioc_bundle(3)).
 *
 *	get backend=auto device=0000:01:00.0 device=...
 *	release device=0000:01:00.0
 *	list
 *
 * The answer's first line is "ok", for get with the backend's name, or "refused ERRNO". Then comes text for
 * people; for get a line for each name of the handout: name, device or "-", index of its fd in the bundle.
 */
#ifndef TOOLS_WIRE_H
#define TOOLS_WIRE_H

#include "handout.h"

#define WIRE_SOCKET  "/run/vioc-broker.sock"
#define WIRE_REQUEST 4096  /* bytes of a request at most */
#define WIRE_ANSWER  32768 /* of an answer */
#define WIRE_FDS     8	   /* of a message of text */

struct wire_message {
	char text[WIRE_ANSWER + 1]; /* NUL-terminated */
	size_t length;		    /* 0: the other side is gone */
	int fds[WIRE_FDS];	    /* what came with it, which is not wanted */
	size_t n_fds;
};

/* One message. -EAGAIN: the other side does not read, and the socket does not block. */
int wire_send(int socket, const char *text, size_t length);
/*
 * One message; its fds are close-on-exec. -EMSGSIZE: longer than limit, or with more fds than can be, and
 * -EBADMSG: a NUL in it; nothing of it is left open then. -EAGAIN.
 */
int wire_receive(int socket, size_t limit, struct wire_message *ret_message);
void wire_close_fds(struct wire_message *message);

/* The client's side. Each writes what went wrong to complaints. */
int wire_connect(const char *path, FILE *complaints);
/* Asks, and waits for the answer; its first line is "ok". */
int wire_ask(int socket, const char *request, FILE *complaints, struct wire_message *ret_message);
/* Has the broker open what handout_open() would. */
int wire_get(struct vioc_ctx *ctx, int socket, const struct handout_request *request,
	     FILE *complaints, struct handout *ret_handout);

/* The answer to get, for the broker. Whatever the error, the client is of no use any more. */
int wire_send_handout(struct vioc_ctx *ctx, int socket, const struct handout *handout);

#endif
