// SPDX-License-Identifier: MIT
/*
 * Sockets are real, and so are the numbers that they carry; what those stand for follows them in a
 * queue. Both ends are in this process, and nobody receives out of turn.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "sys/message.h"

ssize_t fake_send(void *data, int socket, const struct vioci_message *message)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	ssize_t sent = vioci_sys_send(&vioci_sys_real, socket, message);
	for (size_t i = 0; sent >= 0 && i < message->n_fds; i++) {
		if (fake->n_sent == MAX_SENT || !fake_fd(fake, message->fds[i]))
			abort();
		fake->sent[fake->n_sent] = fake_fd(fake, message->fds[i]);
		fake->sent[fake->n_sent++]->refs++;
	}
	pthread_mutex_unlock(&fake->lock);
	return sent;
}

/* The oldest of what was sent; NULL: the test sent something by itself. */
static struct fake_fd *next_sent(struct fake *fake)
{
	if (!fake->n_sent)
		return NULL;
	struct fake_fd *fd = fake->sent[0];
	memmove(fake->sent, fake->sent + 1, --fake->n_sent * sizeof(fake->sent[0]));
	return fd;
}

ssize_t fake_receive(void *data, int socket, struct vioci_message *message)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	ssize_t got = vioci_sys_receive(&vioci_sys_real, socket, message);
	for (size_t i = 0; got >= 0 && i < message->n_fds; i++) {
		struct fake_fd *fd = next_sent(fake);
		if (!fd) {
			fake_fd_set(fake, message->fds[i], FD_FILE);
			continue;
		}
		fake_fd_share(fake, message->fds[i], fd);
		fake_fd_put(fake, fd);
	}
	pthread_mutex_unlock(&fake->lock);
	return got;
}

void fake_forget_sent(struct fake *fake)
{
	for (struct fake_fd *fd; (fd = next_sent(fake));)
		fake_fd_put(fake, fd);
}

/* No pidfd, as before Linux 6.5: the fake would have to know of it. */
int fake_get_peer(void *data, int socket, struct vioci_peer *ret_peer)
{
	(void)data;
	int error = vioci_sys_get_peer(&vioci_sys_real, socket, ret_peer);
	if (error == 0)
		vioci_sys_close(&vioci_sys_real, &ret_peer->pidfd);
	return error;
}
