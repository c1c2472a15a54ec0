// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/nexthop.h>

#include "discover/netlink.h"

int vioci_netlink_errno(int error)
{
	switch (-error) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OBJ_NOTFOUND:
	case NLE_NODEV:
		return -ENODEV;
	case NLE_OPNOTSUPP:
	case NLE_AF_NOSUPPORT:
	case NLE_PROTO_MISMATCH:
		return -EOPNOTSUPP;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	case NLE_BUSY:
		return -EBUSY;
	default:
		return -EIO;
	}
}

int vioci_netlink_open(const struct vioc_ctx *ctx, struct nl_sock **ret_socket)
{
	if (ctx->sysroot || ctx->sys.ops != vioci_sys_real.ops)
		return -EOPNOTSUPP;
	struct nl_sock *socket = nl_socket_alloc();
	if (!socket)
		return -ENOMEM;
	int error = nl_connect(socket, NETLINK_ROUTE);
	if (error < 0) {
		nl_socket_free(socket);
		return vioci_netlink_errno(error);
	}
	*ret_socket = socket;
	return 0;
}

int vioci_netlink_dump(struct nl_sock *socket, int request, nl_recvmsg_msg_cb_t fn, void *arg)
{
	/* Of all kinds this is the header, or its beginning, which is enough: any family, no filter. */
	struct nhmsg header = { .nh_family = AF_UNSPEC };
	int error = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
	if (error >= 0)
		error = nl_send_simple(socket, request, NLM_F_DUMP, &header, sizeof(header));
	if (error >= 0)
		error = nl_recvmsgs_default(socket);
	return error < 0 ? error : 0;
}
