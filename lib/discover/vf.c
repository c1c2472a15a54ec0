// SPDX-License-Identifier: MIT
/* Settings of virtual functions, which rtnetlink changes through their physical one. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>
#include <string.h>

#include <libvioc/vf.h>

#include "core/sized.h"
#include "discover/netlink.h"

#define ALL_FIELDS \
	(VIOC_VF_MAC | VIOC_VF_VLAN | VIOC_VF_TRUST | VIOC_VF_SPOOF_CHECK | VIOC_VF_LINK_STATE)

/* The physical function's interface, and one of its virtual functions as it is now. */
struct target {
	struct vioc_ctx *ctx;
	const char *netdev;
	uint32_t vf;
	struct nl_sock *socket;
	struct rtnl_link *link;
	struct rtnl_link_vf *now;
};

static int fail(const struct target *target, int error, const char *what, const char *why)
{
	uint32_t reason = error == -EPERM    ? VIOC_REASON_PERMISSION
			  : error == -ENODEV ? VIOC_REASON_NO_DEVICE
			  : error == -EINVAL ? VIOC_REASON_BAD_ARGUMENT
					     : vioci_reason_for(error);
	if (error == -ENOMEM)
		return vioci_fail_memory(target->ctx);
	return vioci_fail(target->ctx, error, reason, what, "virtual function %u of %s: %s",
			  target->vf, target->netdev, why);
}

static int fail_netlink(const struct target *target, int error, const char *what)
{
	return fail(target, vioci_netlink_errno(error), what, nl_geterror(error));
}

static void close_target(struct target *target)
{
	if (target->now)
		rtnl_link_vf_put(target->now);
	rtnl_link_put(target->link);
	nl_socket_free(target->socket);
}

/* libnl takes for granted that an interface asked for them has virtual functions. */
static struct rtnl_link_vf *find(const struct target *target)
{
	uint32_t count;
	if (rtnl_link_get_num_vf(target->link, &count) < 0 || target->vf >= count)
		return NULL;
	return rtnl_link_vf_get(target->link, target->vf);
}

/* On failure there is nothing to close. */
static int open_target(struct target *target, const char *what)
{
	int error = vioci_netlink_open(target->ctx, &target->socket);
	if (error < 0)
		return fail(target, error, what, "rtnetlink can't be used here");
	error = rtnl_link_get_kernel(target->socket, 0, target->netdev, &target->link);
	if (error < 0)
		error = fail_netlink(target, error, what);
	else if (!(target->now = find(target)))
		error = fail(target, -ENODEV, what, "there is no such");
	if (error < 0)
		close_target(target);
	return error;
}

static void read_vlan(struct rtnl_link_vf *vf, struct vioc_vf_config *config)
{
	nl_vf_vlans_t *vlans;
	if (rtnl_link_vf_get_vlans(vf, &vlans) < 0)
		return;
	if (vlans->size > 0) {
		config->vlan = (uint16_t)vlans->vlans[0].vf_vlan;
		config->vlan_priority = (uint8_t)vlans->vlans[0].vf_vlan_qos;
		config->vlan_protocol = vlans->vlans[0].vf_vlan_proto;
		config->fields |= VIOC_VF_VLAN;
	}
	rtnl_link_vf_vlan_put(vlans);
}

static void read_config(struct rtnl_link_vf *vf, struct vioc_vf_config *config)
{
	struct nl_addr *mac = NULL;
	uint32_t value;
	if (rtnl_link_vf_get_addr(vf, &mac) == 0 && nl_addr_get_len(mac) == sizeof(config->mac)) {
		memcpy(config->mac, nl_addr_get_binary_addr(mac), sizeof(config->mac));
		config->fields |= VIOC_VF_MAC;
	}
	read_vlan(vf, config);
	if (rtnl_link_vf_get_trust(vf, &value) == 0 && value <= 1) {
		config->trust = (uint8_t)value;
		config->fields |= VIOC_VF_TRUST;
	}
	if (rtnl_link_vf_get_spoofchk(vf, &value) == 0 && value <= 1) {
		config->spoof_check = (uint8_t)value;
		config->fields |= VIOC_VF_SPOOF_CHECK;
	}
	if (rtnl_link_vf_get_linkstate(vf, &value) == 0 && value <= VIOC_VF_LINK_DOWN) {
		config->link_state = value;
		config->fields |= VIOC_VF_LINK_STATE;
	}
}

VIOC_API int vioc_vf_get_config(struct vioc_ctx *ctx, const char *netdev, uint32_t vf,
				struct vioc_vf_config *ret_config)
{
	struct target target = { .ctx = ctx, .netdev = netdev, .vf = vf };
	struct vioc_vf_config config = VIOC_SIZED(vioc_vf_config);
	if (!ctx || !netdev)
		return -EINVAL;
	int error = open_target(&target, "read the settings of a virtual function");
	if (error < 0)
		return error;
	read_config(target.now, &config);
	close_target(&target);
	return vioci_ctx_give_sized(ctx, ret_config, &config, sizeof(config));
}

static int set_mac(struct rtnl_link_vf *vf, const struct vioc_vf_config *config)
{
	struct nl_addr *mac = nl_addr_build(AF_LLC, config->mac, sizeof(config->mac));
	if (!mac)
		return -NLE_NOMEM;
	rtnl_link_vf_set_addr(vf, mac);
	nl_addr_put(mac);
	return 0;
}

static int set_vlan(struct rtnl_link_vf *vf, const struct vioc_vf_config *config)
{
	nl_vf_vlans_t *vlans;
	int error = rtnl_link_vf_vlan_alloc(&vlans, 1);
	if (error < 0)
		return error;
	vlans->vlans[0] = (nl_vf_vlan_info_t){
		.vf_vlan = config->vlan,
		.vf_vlan_qos = config->vlan_priority,
		.vf_vlan_proto = config->vlan_protocol ? config->vlan_protocol : ETH_P_8021Q,
	};
	rtnl_link_vf_set_vlans(vf, vlans);
	rtnl_link_vf_vlan_put(vlans);
	return 0;
}

static int set_fields(struct rtnl_link_vf *vf, const struct vioc_vf_config *config)
{
	int error = config->fields & VIOC_VF_MAC ? set_mac(vf, config) : 0;
	if (error >= 0 && config->fields & VIOC_VF_VLAN)
		error = set_vlan(vf, config);
	if (config->fields & VIOC_VF_TRUST)
		rtnl_link_vf_set_trust(vf, config->trust);
	if (config->fields & VIOC_VF_SPOOF_CHECK)
		rtnl_link_vf_set_spoofchk(vf, config->spoof_check);
	if (config->fields & VIOC_VF_LINK_STATE)
		rtnl_link_vf_set_linkstate(vf, config->link_state);
	return error;
}

/* A message with nothing but the virtual function's settings. 0 or -NLE_*. */
static int change(const struct target *target, const struct vioc_vf_config *config)
{
	struct rtnl_link *changes = rtnl_link_alloc();
	struct rtnl_link_vf *vf = rtnl_link_vf_alloc();
	int error = changes && vf ? 0 : -NLE_NOMEM;
	if (error == 0) {
		rtnl_link_vf_set_index(vf, target->vf);
		error = set_fields(vf, config);
	}
	if (error >= 0)
		error = rtnl_link_vf_add(changes, vf);
	if (error >= 0)
		error = rtnl_link_change(target->socket, target->link, changes, 0);
	if (vf)
		rtnl_link_vf_put(vf);
	rtnl_link_put(changes);
	return error;
}

static int check_config(const struct vioc_vf_config *config)
{
	bool is_protocol = !config->vlan_protocol || config->vlan_protocol == ETH_P_8021Q ||
			   config->vlan_protocol == ETH_P_8021AD;
	bool is_good = !(config->fields & ~ALL_FIELDS) && config->vlan < 4095 && is_protocol &&
		       config->vlan_priority <= 7 && config->trust <= 1 &&
		       config->spoof_check <= 1 && config->link_state <= VIOC_VF_LINK_DOWN &&
		       !(config->reserved[0] | config->reserved[1] | config->reserved[2]);
	return is_good ? 0 : -EINVAL;
}

VIOC_API int vioc_vf_set_config(struct vioc_ctx *ctx, const char *netdev, uint32_t vf,
				const struct vioc_vf_config *given)
{
	static const char what[] = "change the settings of a virtual function";
	struct target target = { .ctx = ctx, .netdev = netdev, .vf = vf };
	struct vioc_vf_config config;
	if (!ctx || !netdev)
		return -EINVAL;
	int error = given ? vioci_sized_read(given, &config, sizeof(config)) : -EINVAL;
	if (error == 0)
		error = check_config(&config);
	if (error < 0)
		return fail(&target, error, what, "a value or field that can't be, or no size");
	error = open_target(&target, what);
	if (error < 0)
		return error;
	error = config.fields ? change(&target, &config) : 0;
	close_target(&target);
	return error < 0 ? fail_netlink(&target, error, what) : 0;
}
