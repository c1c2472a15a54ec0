/* SPDX-License-Identifier: MIT */
/* rtnetlink, through libnl-3 and libnl-route-3. */
#ifndef VIOCI_NETLINK_H
#define VIOCI_NETLINK_H

#include <netlink/netlink.h>

#include "core/ctx.h"

/*
 * A socket of the caller's, to be freed. -EOPNOTSUPP: the context shows another system than that of this
 * process. -errno.
 */
int vioci_netlink_open(const struct vioc_ctx *ctx, struct nl_sock **ret_socket);

/* Dumps all objects of a kind (RTM_GETROUTE...), calling fn for each message. 0 or -NLE_*. */
int vioci_netlink_dump(struct nl_sock *socket, int request, nl_recvmsg_msg_cb_t fn, void *arg);

/* What -NLE_* is as -errno. */
int vioci_netlink_errno(int error);

#endif
