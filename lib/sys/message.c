// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/real.h"
#include "sys/message.h"

/* Newer than the C libraries we build with. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Room for the fds of one message, aligned as the kernel wants it. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(VIOCI_MESSAGE_FDS * sizeof(int))];
};

static void put_fds(struct msghdr *header, union control *control, const int *fds, size_t n_fds)
{
	size_t size = n_fds * sizeof(int);
	if (!n_fds)
		return;
	memset(control, 0, sizeof(*control));
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(size);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), fds, size);
}

ssize_t vioci_real_send(void *data, int socket, const struct vioci_message *message)
{
	(void)data;
	union control control;
	struct iovec part = { .iov_base = message->bytes, .iov_len = message->length };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;
	put_fds(&header, &control, message->fds, message->n_fds);
	do {
		sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/* What came, in whatever order and number of control messages; they are 253 at most. */
static void take_fds(struct msghdr *header, struct vioci_message *message)
{
	message->n_fds = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fds + message->n_fds, CMSG_DATA(c), count * sizeof(int));
		message->n_fds += count;
	}
}

static void close_all(struct vioci_message *message)
{
	for (size_t i = 0; i < message->n_fds; i++)
		close(message->fds[i]);
	message->n_fds = 0;
}

/* Whatever arrived is this process' already, so that it can be closed; none is 0 to 2. */
static int keep_all(struct vioci_message *message)
{
	int error = 0;
	for (size_t i = 0; i < message->n_fds && error == 0; i++) {
		int kept = vioci_real_keep(message->fds[i]);
		error = kept < 0 ? kept : 0;
		message->fds[i] = kept;
	}
	return error;
}

ssize_t vioci_real_receive(void *data, int socket, struct vioci_message *message)
{
	(void)data;
	union control control;
	struct iovec part = { .iov_base = message->bytes, .iov_len = message->length };
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;
	do {
		got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	take_fds(&header, message);
	int error = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : keep_all(message);
	if (error == 0)
		return got;
	close_all(message);
	return error;
}

static int get_option(int socket, int option, void *value, socklen_t size)
{
	return getsockopt(socket, SOL_SOCKET, option, value, &size) < 0 ? -errno : 0;
}

int vioci_real_get_peer(void *data, int socket, struct vioci_peer *ret_peer)
{
	(void)data;
	struct ucred credentials;
	int domain, type, pidfd;
	int error = get_option(socket, SO_DOMAIN, &domain, sizeof(domain));
	if (error == 0)
		error = get_option(socket, SO_TYPE, &type, sizeof(type));
	if (error < 0)
		return error;
	if (domain != AF_UNIX)
		return -EPROTOTYPE;
	error = get_option(socket, SO_PEERCRED, &credentials, sizeof(credentials));
	if (error < 0)
		return error;
	/* Since Linux 6.5. */
	if (get_option(socket, SO_PEERPIDFD, &pidfd, sizeof(pidfd)) < 0)
		pidfd = -1;
	*ret_peer = (struct vioci_peer){
		.pid = (uint32_t)credentials.pid,
		.uid = credentials.uid,
		.gid = credentials.gid,
		.pidfd = pidfd < 0 ? -1 : vioci_real_keep(pidfd),
		.keeps_messages = type == SOCK_SEQPACKET,
	};
	return 0;
}

uint32_t vioci_effective_uid(void)
{
	return geteuid();
}

static int send_to(int socket, const char *address, const char *text, int fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(address);
	union control control;
	struct iovec part = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
	struct msghdr header = {
		.msg_name = &to,
		.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	if (length >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, address, length);
	if (address[0] == '@')
		to.sun_path[0] = '\0';
	put_fds(&header, &control, &fd, fd >= 0);
	return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int vioci_notify(const char *address, const char *text, int fd)
{
	int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (made < 0)
		return -errno;
	int error = send_to(made, address, text, fd);
	close(made);
	return error;
}
