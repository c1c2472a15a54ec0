// SPDX-License-Identifier: MIT
/*
 * Bundles on their way: the bytes of wire.c in pieces, each a message that says which part it is of
 * how much, with its share of the fds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sized.h"
#include "fds/bundle.h"
#include "sys/message.h"

#define PIECE	32768
#define VERSION 1

struct head {
	char magic[4];
	uint16_t version;
	uint16_t n_fds;	    /* in this message */
	uint32_t total;	    /* bytes, without heads */
	uint32_t offset;    /* of this piece */
	uint32_t total_fds; /* in all messages */
	uint32_t reserved;
};

static const char magic[4] = { 'v', 'i', 'o', 'c' };

struct message {
	struct head head;
	unsigned char bytes[PIECE];
};

/* A transfer under way. */
struct transfer {
	struct vioc_ctx *ctx;
	int socket;
	int32_t timeout_ms; /* as in the options */
	uint64_t deadline;  /* if that is above 0 */
	const char *what;
};

static int fail(const struct transfer *transfer, int error, const char *obstacle)
{
	uint32_t reason = error == -EPERM			? VIOC_REASON_PERMISSION
			  : error == -EBADMSG			? VIOC_REASON_WRONG_FD
			  : error == -EMSGSIZE			? VIOC_REASON_NO_SPACE
			  : error == -EINVAL || error == -E2BIG ? VIOC_REASON_BAD_ARGUMENT
								: VIOC_REASON_KERNEL;
	return vioci_bundle_fail(transfer->ctx, error, reason, transfer->what, obstacle);
}

static int check_peer(const struct transfer *transfer, uint64_t flags)
{
	const struct vioci_sys *sys = &transfer->ctx->sys;
	struct vioci_peer peer;
	int error = vioci_sys_get_peer(sys, transfer->socket, &peer);
	if (error < 0)
		return fail(transfer, error, "it is no UNIX socket");
	vioci_sys_close(sys, &peer.pidfd);
	if (!peer.keeps_messages)
		return fail(transfer, -EPROTOTYPE, "the socket is not of type SOCK_SEQPACKET");
	if ((flags & VIOC_BUNDLE_ANY_PEER) || !peer.uid || peer.uid == vioci_effective_uid())
		return 0;
	char who[96];
	snprintf(who, sizeof(who), "the peer, pid %u, is of uid %u: neither root nor this user",
		 peer.pid, peer.uid);
	return fail(transfer, -EPERM, who);
}

static int begin(struct transfer *transfer, const struct vioc_bundle_opts *given)
{
	struct vioc_bundle_opts opts;
	int error = vioci_sized_read(given, &opts, sizeof(opts));
	if (error == 0 && ((opts.flags & ~VIOC_BUNDLE_ANY_PEER) || opts.reserved))
		error = -EINVAL;
	if (error < 0)
		return fail(transfer, error,
			    "the options have unknown flags, a bad size or unknown fields");
	transfer->timeout_ms = opts.timeout_ms;
	if (opts.timeout_ms > 0)
		transfer->deadline = vioci_now_ms() + (uint64_t)opts.timeout_ms;
	return check_peer(transfer, opts.flags);
}

/* Until the socket can be used again; error is what it said. */
static int wait(const struct transfer *transfer, bool to_write, int error)
{
	uint64_t now = vioci_now_ms();
	if (error != -EAGAIN || transfer->timeout_ms < 0)
		return error;
	if (transfer->deadline && now >= transfer->deadline)
		return -ETIMEDOUT;
	int left = transfer->deadline ? (int)(transfer->deadline - now) : -1;
	error = vioci_sys_wait(&transfer->ctx->sys, transfer->socket, to_write, left);
	return error == -EINTR ? 0 : error < 0 ? error : 0;
}

static int send_message(const struct transfer *transfer, const struct vioci_message *message)
{
	for (;;) {
		ssize_t sent = vioci_sys_send(&transfer->ctx->sys, transfer->socket, message);
		if (sent >= 0)
			return 0;
		int error = wait(transfer, true, (int)sent);
		if (error < 0)
			return error;
	}
}

/* The part of the bytes, and of the fds, that is next. */
static int send_piece(const struct transfer *transfer, const struct vioci_content *content,
		      const unsigned char *bytes, struct head *head, size_t *sent_fds)
{
	struct message piece = { .head = *head };
	struct vioci_message message = { .bytes = &piece };
	size_t length = head->total - head->offset < PIECE ? head->total - head->offset : PIECE;
	while (message.n_fds < VIOCI_MESSAGE_FDS && *sent_fds < content->n_fds)
		message.fds[message.n_fds++] = content->fds[(*sent_fds)++].fd;
	piece.head.n_fds = (uint16_t)message.n_fds;
	memcpy(piece.bytes, bytes + head->offset, length);
	message.length = sizeof(*head) + length;
	head->offset += (uint32_t)length;
	return send_message(transfer, &message);
}

static int send_content(const struct transfer *transfer, const struct vioci_content *content)
{
	size_t total = vioci_content_size(content), sent_fds = 0;
	if (total > VIOCI_BUNDLE_BYTES)
		return -EMSGSIZE;
	unsigned char *bytes = malloc(total);
	if (!bytes)
		return -ENOMEM;
	vioci_content_write(content, bytes);
	struct head head = {
		.version = VERSION,
		.total = (uint32_t)total,
		.total_fds = (uint32_t)content->n_fds,
	};
	memcpy(head.magic, magic, sizeof(magic));
	int error = 0;
	while (error == 0 && (head.offset < total || sent_fds < content->n_fds))
		error = send_piece(transfer, content, bytes, &head, &sent_fds);
	free(bytes);
	return error;
}

VIOC_API int vioc_bundle_send(struct vioc_bundle *bundle, int socket,
			      const struct vioc_bundle_opts *opts)
{
	if (!bundle)
		return -EINVAL;
	struct transfer transfer = {
		.ctx = bundle->ctx,
		.socket = socket,
		.what = "send a bundle",
	};
	int error = begin(&transfer, opts);
	if (error < 0)
		return error;
	error = send_content(&transfer, &bundle->content);
	return error < 0 ? fail(&transfer, error, "it did not get through") : 0;
}

/* What came so far. */
struct arrival {
	struct head head; /* of the first message; .offset is how many bytes are there */
	unsigned char *bytes;
	size_t room;
	int *fds;
	size_t n_fds;
	const char *mistake;
};

static int reject(struct arrival *arrival, int error, const char *mistake)
{
	arrival->mistake = mistake;
	return error;
}

static void arrival_free(const struct vioci_sys *sys, struct arrival *arrival)
{
	for (size_t i = 0; i < arrival->n_fds; i++)
		vioci_sys_close(sys, &arrival->fds[i]);
	free(arrival->fds);
	free(arrival->bytes);
}

/* Whether a message is the next one. */
static int check_head(struct arrival *arrival, const struct head *head, size_t length, size_t n_fds)
{
	const struct head *first = &arrival->head;
	if (length < sizeof(*head) || memcmp(head->magic, magic, sizeof(magic)) != 0)
		return reject(arrival, -EBADMSG, "a message is no part of a bundle");
	if (head->version != VERSION)
		return reject(arrival, -EPROTONOSUPPORT, "it is of another version");
	if (head->n_fds != n_fds || head->total_fds > VIOCI_BUNDLE_FDS || head->reserved ||
	    head->total > VIOCI_BUNDLE_BYTES || head->offset != first->offset)
		return reject(arrival, -EBADMSG,
			      "it has other fds than it says, is too large, or a part is missing");
	if (first->total && (head->total != first->total || head->total_fds != first->total_fds))
		return reject(arrival, -EBADMSG, "its parts are of different bundles");
	/* Every message brings something. */
	if (!head->total || (length == sizeof(*head) && !n_fds) ||
	    length - sizeof(*head) > head->total - head->offset ||
	    n_fds > head->total_fds - arrival->n_fds)
		return reject(arrival, -EBADMSG, "it has more, or less, than it says");
	return 0;
}

/* Room for what is there already, and no more than twice that: the sender may promise anything. */
static int make_room(struct arrival *arrival, size_t length)
{
	size_t wanted = arrival->head.offset + length;
	if (wanted <= arrival->room)
		return 0;
	size_t room = 2 * wanted;
	unsigned char *bytes = realloc(arrival->bytes, room);
	if (!bytes)
		return -ENOMEM;
	arrival->bytes = bytes;
	arrival->room = room;
	return 0;
}

/* Takes over the message's fds. */
static int take_message(struct arrival *arrival, const struct message *piece,
			const struct vioci_message *message, size_t length)
{
	size_t n_bytes = length - sizeof(piece->head);
	int *fds = realloc(arrival->fds, (arrival->n_fds + message->n_fds + 1) * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	arrival->fds = fds;
	if (make_room(arrival, n_bytes + 1) < 0)
		return -ENOMEM;
	uint32_t offset = arrival->head.offset;
	memcpy(arrival->bytes + offset, piece->bytes, n_bytes);
	memcpy(fds + arrival->n_fds, message->fds, message->n_fds * sizeof(*fds));
	arrival->n_fds += message->n_fds;
	arrival->head = piece->head;
	arrival->head.offset = offset + (uint32_t)n_bytes;
	return 0;
}

static int receive_message(const struct transfer *transfer, struct vioci_message *message)
{
	for (;;) {
		ssize_t got = vioci_sys_receive(&transfer->ctx->sys, transfer->socket, message);
		if (got > 0)
			return (int)got;
		int error = got ? wait(transfer, false, (int)got) : -ECONNRESET;
		if (error < 0)
			return error;
	}
}

static int receive_piece(const struct transfer *transfer, struct arrival *arrival)
{
	struct message piece;
	struct vioci_message message = { .bytes = &piece, .length = sizeof(piece) };
	int length = receive_message(transfer, &message);
	if (length == -EBADMSG)
		return reject(arrival, length, "a message has more bytes or fds than any has");
	if (length < 0)
		return length;
	int error = check_head(arrival, &piece.head, (size_t)length, message.n_fds);
	if (error == 0)
		error = take_message(arrival, &piece, &message, (size_t)length);
	for (size_t i = 0; error < 0 && i < message.n_fds; i++)
		vioci_sys_close(&transfer->ctx->sys, &message.fds[i]);
	return error;
}

static int receive_all(const struct transfer *transfer, struct arrival *arrival)
{
	int error;
	do {
		error = receive_piece(transfer, arrival);
	} while (error == 0 && (arrival->head.offset < arrival->head.total ||
				arrival->n_fds < arrival->head.total_fds));
	return error;
}

/* Says that, and behind it what is wrong with the fd. */
static int refuse_fd(const struct transfer *transfer)
{
	struct vioci_diag_draft draft = vioci_diag_draft(-EBADMSG, VIOC_REASON_WRONG_FD);
	vioci_diag_tried(&draft, "%s", transfer->what);
	vioci_diag_obstacle(&draft, "an fd is not what it is said to be");
	return vioci_ctx_leave_after(transfer->ctx, &draft, vioci_ctx_take_diag(transfer->ctx));
}

/* Whether each fd is what the message says; the facts count from then on. */
static int check_fds(const struct transfer *transfer, struct vioci_content *content)
{
	for (size_t i = 0; i < content->n_fds; i++) {
		struct vioc_bundle_fd *fd = &content->fds[i];
		const struct vioc_fd_opts opts = vioci_bundle_claim(fd);
		struct vioci_fd_facts facts;
		if (vioci_check_fd(transfer->ctx, fd->fd, &opts, &facts) < 0)
			return refuse_fd(transfer);
		vioci_bundle_note(fd, &facts);
	}
	return 0;
}

/* Makes the content of what arrived; the fds go over to it. */
static int unpack(struct arrival *arrival, struct vioci_content *content)
{
	int error = vioci_content_parse(arrival->bytes, arrival->head.total, arrival->n_fds,
					content, &arrival->mistake);
	if (error < 0)
		return error;
	for (size_t i = 0; i < content->n_fds; i++)
		content->fds[i].fd = arrival->fds[i];
	arrival->n_fds = 0;
	return 0;
}

VIOC_API int vioc_bundle_recv(struct vioc_ctx *ctx, int socket, const struct vioc_bundle_opts *opts,
			      struct vioc_bundle **ret_bundle)
{
	struct transfer transfer = { .ctx = ctx, .socket = socket, .what = "receive a bundle" };
	struct arrival arrival = { .mistake = "it did not get through" };
	struct vioc_bundle *bundle;
	if (!ctx)
		return -EINVAL;
	if (!ret_bundle)
		return fail(&transfer, -EINVAL, "no place for it is given");
	int error = begin(&transfer, opts);
	if (error == 0)
		error = vioc_bundle_new(ctx, &bundle);
	if (error < 0)
		return error;
	error = receive_all(&transfer, &arrival);
	if (error == 0)
		error = unpack(&arrival, &bundle->content);
	arrival_free(&ctx->sys, &arrival);
	if (error < 0)
		fail(&transfer, error, arrival.mistake);
	else
		error = check_fds(&transfer, &bundle->content);
	if (error < 0) {
		vioc_bundle_unref(bundle);
		return error;
	}
	*ret_bundle = bundle;
	return 0;
}

VIOC_API int vioc_fd_get_peer(struct vioc_ctx *ctx, int socket, struct vioc_peer *ret_peer)
{
	struct transfer transfer = { .ctx = ctx, .what = "see who is at the other end" };
	struct vioci_peer peer;
	if (!ctx)
		return -EINVAL;
	if (!ret_peer)
		return fail(&transfer, -EINVAL, "no place for it is given");
	int error = vioci_sys_get_peer(&ctx->sys, socket, &peer);
	if (error < 0)
		return fail(&transfer, error, "it is no UNIX socket");
	*ret_peer = (struct vioc_peer){ peer.pid, peer.uid, peer.gid, peer.pidfd };
	return 0;
}
