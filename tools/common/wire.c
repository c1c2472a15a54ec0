// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * HANDOUT_FDS)];
};

int wire_send(int socket, const char *text, size_t length, const int *fds, size_t n_fds)
{
	union control control = { 0 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)text, .iov_len = length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (n_fds) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		control.header = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int) * n_fds),
		};
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
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
	int error = wire_send(socket, request, strlen(request), NULL, 0);
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

static bool parse_line(const char *line, const struct wire_message *message,
		       struct handout *handout)
{
	struct handout_fd *place = &handout->fds[handout->n];
	char device[16];
	unsigned int number;
	if (handout->n == HANDOUT_FDS ||
	    sscanf(line, "%31s %15s %u", place->name, device, &number) != 3 ||
	    number >= message->n_fds)
		return false;
	if (strcmp(device, "-") != 0)
		strcpy(place->device, device);
	place->fd = message->fds[number];
	handout->n++;
	return true;
}

static bool parse_handout(struct wire_message *message, struct handout *handout)
{
	char *rest = NULL, *line = strtok_r(message->text, "\n", &rest);
	if (!line || strncmp(line, "ok ", 3) != 0 ||
	    vioc_backend_from_name(line + 3, &handout->backend) < 0)
		return false;
	while ((line = strtok_r(NULL, "\n", &rest)))
		if (!parse_line(line, message, handout))
			return false;
	return handout->n > 0 && message->n_fds > 0;
}

int wire_get(int socket, const struct handout_request *request, FILE *complaints,
	     struct handout *ret_handout)
{
	struct wire_message *answer = malloc(sizeof(*answer));
	struct handout handout = { 0 };
	char text[WIRE_REQUEST];
	int used =
		snprintf(text, sizeof(text), "get backend=%s", vioc_backend_name(request->backend));
	for (size_t i = 0; i < request->n_devices && used < (int)sizeof(text); i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, " device=%s",
				 request->devices[i]);
	int error = !answer ? -ENOMEM : used >= (int)sizeof(text) ? -EMSGSIZE : 0;
	if (error < 0)
		fprintf(complaints, "%s\n", strerror(-error));
	else
		error = wire_ask(socket, text, complaints, answer);
	if (error == 0 && !parse_handout(answer, &handout)) {
		fputs("the broker's answer makes no sense\n", complaints);
		wire_close_fds(answer);
		error = -EBADMSG;
	}
	free(answer);
	if (error == 0)
		*ret_handout = handout;
	return error;
}

int wire_send_handout(int socket, const struct handout *handout)
{
	char text[WIRE_ANSWER];
	int fds[HANDOUT_FDS];
	size_t n_fds = 0;
	int used = snprintf(text, sizeof(text), "ok %s\n", vioc_backend_name(handout->backend));
	for (size_t i = 0; i < handout->n; i++) {
		const struct handout_fd *one = &handout->fds[i];
		size_t number = 0;
		while (number < n_fds && fds[number] != one->fd)
			number++;
		if (number == n_fds)
			fds[n_fds++] = one->fd;
		/* There is room for all: each line is far shorter than 64. */
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s %s %zu\n", one->name,
				 *one->device ? one->device : "-", number);
	}
	return wire_send(socket, text, (size_t)used, fds, n_fds);
}
