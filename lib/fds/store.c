// SPDX-License-Identifier: MIT
/* The service manager's fd store, by sd_notify(3)'s protocol. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libvioc/fds.h>

#include "core/node.h"
#include "sys/message.h"

#define NAME_MAX_ 255

static bool is_name(const char *name)
{
	size_t length = name ? strlen(name) : 0;
	for (size_t i = 0; i < length; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == ':')
			return false;
	return length && length <= NAME_MAX_;
}

static int refuse(struct vioc_ctx *ctx, int error, uint32_t reason, const char *obstacle)
{
	return vioci_fail(ctx, error, reason, "use the service manager's fd store", "%s", obstacle);
}

static int notify(struct vioc_ctx *ctx, const char *verb, const char *name, int fd)
{
	char text[NAME_MAX_ + 64];
	const char *address = vioci_getenv("NOTIFY_SOCKET");
	if (!address)
		return refuse(ctx, -ENOTCONN, VIOC_REASON_NO_INTERFACE,
			      "there is no service manager: NOTIFY_SOCKET is not set");
	snprintf(text, sizeof(text), "%s=1\nFDNAME=%s", verb, name);
	int error = vioci_notify(address, text, fd);
	return error < 0 ? refuse(ctx, error, VIOC_REASON_KERNEL,
				  "the message to NOTIFY_SOCKET can't be sent")
			 : 0;
}

VIOC_API int vioc_fd_store(struct vioc_ctx *ctx, int fd, const char *name, uint64_t flags)
{
	struct vioci_fd_facts facts;
	if (!ctx)
		return -EINVAL;
	if ((flags & ~VIOC_FD_STORE_IN_USE) || !is_name(name))
		return refuse(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			      "unknown flags, or the name is not 1 to 255 printable characters "
			      "without a colon");
	int error = vioci_fd_identify(&ctx->sys, fd, VIOC_FD_NONE, &facts);
	if (error < 0)
		return refuse(ctx, error, VIOC_REASON_WRONG_FD, "the fd is not open");
	if (facts.in_use && !(flags & VIOC_FD_STORE_IN_USE))
		return refuse(ctx, -EBUSY, VIOC_REASON_BUSY,
			      "the fd is in use, and its device would go on doing DMA when this "
			      "process has died");
	return notify(ctx, "FDSTORE", name, fd);
}

VIOC_API int vioc_fd_unstore(struct vioc_ctx *ctx, const char *name)
{
	if (!ctx)
		return -EINVAL;
	if (!is_name(name))
		return refuse(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
			      "the name is not 1 to 255 printable characters without a colon");
	return notify(ctx, "FDSTOREREMOVE", name, -1);
}
