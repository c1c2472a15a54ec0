// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "complain.h"
#include "wire.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
};

int wire_send(int socket, const char *text, size_t length)
{
	return send(socket, text, length, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *header, struct wire_message *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		/* Not more than the buffer had room for. */
		size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fds + message->n_fds, CMSG_DATA(part), n * sizeof(int));
		message->n_fds += n;
	}
}

void wire_close_fds(struct wire_message *message)
{
	for (size_t i = 0; i < message->n_fds; i++)
		close(message->fds[i]);
	message->n_fds = 0;
}

int wire_receive(int socket, size_t limit, struct wire_message *ret_message)
{
	union control control;
	struct iovec part = { .iov_base = ret_message->text, .iov_len = limit };
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	if (length < 0)
		return -errno;
	ret_message->n_fds = 0;
	take_fds(&header, ret_message);
	ret_message->length = (size_t)length;
	ret_message->text[length] = '\0';
	int error = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)	   ? -EMSGSIZE
		    : memchr(ret_message->text, 0, (size_t)length) ? -EBADMSG
								   : 0;
	if (error < 0)
		wire_close_fds(ret_message);
	return error;
}

int wire_connect(const char *path, FILE *complaints)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(complaints, "%s: too long for a socket\n", path);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int error = -errno;
	fprintf(complaints, "%s: %s\n", path, strerror(-error));
	if (fd >= 0)
		close(fd);
	return error;
}

static int read_refusal(const struct wire_message *message, FILE *complaints)
{
	int number = 0, used = 0;
	if (sscanf(message->text, "refused %d\n%n", &number, &used) < 1 || number <= 0) {
		fputs("the broker's answer makes no sense\n", complaints);
		return -EBADMSG;
	}
	fputs(message->text + used, complaints);
	return -number;
}

int wire_ask(int socket, const char *request, FILE *complaints, struct wire_message *ret_message)
{
	int error = wire_send(socket, request, strlen(request));
	if (error == 0)
		error = wire_receive(socket, WIRE_ANSWER, ret_message);
	if (error == 0 && !ret_message->length)
		error = -ECONNRESET;
	if (error < 0) {
		fprintf(complaints, "the broker: %s\n", strerror(-error));
		return error;
	}
	if (strncmp(ret_message->text, "ok", 2) == 0)
		return 0;
	wire_close_fds(ret_message);
	return read_refusal(ret_message, complaints);
}

struct received {
	struct vioc_bundle_fd fds[HANDOUT_FDS];
	int n_fds;
};

static bool parse_line(const char *line, const struct received *received, struct handout *handout)
{
	struct handout_fd *place = &handout->fds[handout->n];
	char device[16];
	int index;
	if (handout->n == HANDOUT_FDS ||
	    sscanf(line, "%31s %15s %d", place->name, device, &index) != 3 || index < 0 ||
	    index >= received->n_fds)
		return false;
	if (strcmp(device, "-") != 0)
		strcpy(place->device, device);
	place->fd = received->fds[index].fd;
	handout->n++;
	return true;
}

static bool parse_handout(char *text, const struct received *received, struct handout *handout)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);
	if (!line || strncmp(line, "ok ", 3) != 0 ||
	    vioc_backend_from_name(line + 3, &handout->backend) < 0)
		return false;
	while ((line = strtok_r(NULL, "\n", &rest)))
		if (!parse_line(line, received, handout))
			return false;
	return handout->n > 0;
}

/* Those of the bundle go with it. */
static int keep_fds(const struct received *received, struct handout *handout)
{
	int kept[HANDOUT_FDS];
	for (int i = 0; i < received->n_fds; i++) {
		kept[i] = fcntl(received->fds[i].fd, F_DUPFD_CLOEXEC, 3);
		if (kept[i] < 0) {
			int error = -errno;
			while (i--)
				close(kept[i]);
			return error;
		}
	}
	for (size_t i = 0; i < handout->n; i++) {
		int index = 0;
		while (received->fds[index].fd != handout->fds[i].fd)
			index++;
		handout->fds[i].fd = kept[index];
	}
	return 0;
}

static int take_bundle(const struct vioc_bundle *bundle, char *text, struct handout *ret_handout)
{
	struct handout handout = { 0 };
	struct received received;
	received.n_fds = vioc_bundle_get_fds(bundle, received.fds, HANDOUT_FDS);
	if (received.n_fds < 1 || received.n_fds > HANDOUT_FDS ||
	    !parse_handout(text, &received, &handout))
		return -EBADMSG;
	int error = keep_fds(&received, &handout);
	if (error == 0)
		*ret_handout = handout;
	return error;
}

static int format_get(const struct handout_request *request, char text[WIRE_REQUEST])
{
	int used =
		snprintf(text, WIRE_REQUEST, "get backend=%s", vioc_backend_name(request->backend));
	for (size_t i = 0; i < request->n_devices && used < WIRE_REQUEST; i++)
		used += snprintf(text + used, WIRE_REQUEST - (size_t)used, " device=%s",
				 request->devices[i]);
	return used < WIRE_REQUEST ? 0 : -EMSGSIZE;
}

static int receive_handout(struct vioc_ctx *ctx, int socket, char *text, FILE *complaints,
			   struct handout *ret_handout)
{
	struct vioc_bundle *bundle = NULL;
	int error = vioc_bundle_recv(ctx, socket, NULL, &bundle);
	if (error < 0)
		complain(ctx, "", error, complaints);
	else
		error = take_bundle(bundle, text, ret_handout);
	vioc_bundle_unref(bundle);
	return error;
}

int wire_get(struct vioc_ctx *ctx, int socket, const struct handout_request *request,
	     FILE *complaints, struct handout *ret_handout)
{
	struct wire_message *answer = malloc(sizeof(*answer));
	char text[WIRE_REQUEST];
	int error = answer ? format_get(request, text) : -ENOMEM;
	if (error < 0)
		fprintf(complaints, "%s\n", strerror(-error));
	else
		error = wire_ask(socket, text, complaints, answer);
	if (error == 0) {
		wire_close_fds(answer);
		error = receive_handout(ctx, socket, answer->text, complaints, ret_handout);
		if (error < 0)
			fprintf(complaints, "what the broker sent is of no use: %s\n",
				strerror(-error));
	}
	free(answer);
	return error;
}

/* Those of the handout stay its own. Returns the first one's index for an fd that is there already. */
static int add_fd(struct vioc_bundle *bundle, const struct handout_fd *one, const int *added,
		  size_t n)
{
	struct vioc_fd_opts opts = VIOC_SIZED(vioc_fd_opts);
	for (size_t i = 0; i < n; i++)
		if (added[i] == one->fd)
			return (int)i;
	opts.flags = VIOC_FD_BORROWED;
	int error = vioc_bundle_add_fd(bundle, one->fd, &opts);
	return error < 0 ? error : (int)n;
}

/* Fills the bundle, and the lines that say what is what in it. */
static int fill_bundle(struct vioc_bundle *bundle, const struct handout *handout,
		       char text[WIRE_ANSWER])
{
	int added[HANDOUT_FDS];
	size_t n_added = 0;
	int used = snprintf(text, WIRE_ANSWER, "ok %s\n", vioc_backend_name(handout->backend));
	for (size_t i = 0; i < handout->n; i++) {
		const struct handout_fd *one = &handout->fds[i];
		int index = add_fd(bundle, one, added, n_added);
		if (index < 0)
			return index;
		if ((size_t)index == n_added)
			added[n_added++] = one->fd;
		/* There is room for all: each line is far shorter than 64. */
		used += snprintf(text + used, WIRE_ANSWER - (size_t)used, "%s %s %d\n", one->name,
				 *one->device ? one->device : "-", index);
	}
	return used;
}

int wire_send_handout(struct vioc_ctx *ctx, int socket, const struct handout *handout)
{
	/* Whom it is for, the policy has said; and nobody is waited for. */
	struct vioc_bundle_opts opts = VIOC_SIZED(vioc_bundle_opts);
	struct vioc_bundle *bundle = NULL;
	char text[WIRE_ANSWER];
	opts.flags = VIOC_BUNDLE_ANY_PEER;
	opts.timeout_ms = -1;
	int result = vioc_bundle_new(ctx, &bundle);
	if (result == 0)
		result = fill_bundle(bundle, handout, text);
	if (result > 0)
		result = wire_send(socket, text, (size_t)result);
	if (result == 0)
		result = vioc_bundle_send(bundle, socket, &opts);
	vioc_bundle_unref(bundle);
	return result;
}
