// SPDX-License-Identifier: MIT
/*
 * Network interfaces of a device: what lies on top of them (bonds, bridges, VLANs, and so on up), and the
 * addresses and routes of any of it.
 */
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/netlink.h"
#include "discover/use.h"

/* More of one kind are counted, not named. */
#define MAX_NAMED 4
/* Who changes routes while they are listed makes the list worthless; but not for ever. */
#define MAX_TRIES 8

struct interface {
	int index;
	char name[IFNAMSIZ];
	char below[IFNAMSIZ]; /* what it is on top of; empty: it is the device's own */
	char kind[32];	      /* "bond"; empty: not known */
	bool is_master;	      /* what is below is a member of it */
	bool is_up, has_carrier;
	struct vioci_text addresses, routes;
	size_t n_addresses, n_routes;
};

struct network {
	struct vioci_uses *uses;
	struct nl_cache *links;
	struct interface *interfaces; /* grows while it is walked */
	size_t count;
	size_t room;
	bool is_elsewhere; /* one that sysfs shows is not in this namespace */
	bool out_of_memory;
};

static struct interface *find(const struct network *network, int index)
{
	for (size_t i = 0; i < network->count; i++)
		if (network->interfaces[i].index == index)
			return &network->interfaces[i];
	return NULL;
}

static void add_interface(struct network *network, struct rtnl_link *link, const char *below,
			  bool is_master)
{
	if (network->out_of_memory || find(network, rtnl_link_get_ifindex(link)))
		return;
	if (network->count == network->room) {
		size_t room = network->room ? 2 * network->room : 8;
		void *interfaces = realloc(network->interfaces, room * sizeof(struct interface));
		if (!interfaces) {
			network->out_of_memory = true;
			return;
		}
		network->interfaces = interfaces;
		network->room = room;
	}
	const char *kind = rtnl_link_get_type(link);
	struct interface *added = &network->interfaces[network->count++];
	*added = (struct interface){
		.index = rtnl_link_get_ifindex(link),
		.is_master = is_master,
		.is_up = rtnl_link_get_flags(link) & IFF_UP,
		.has_carrier = rtnl_link_get_carrier(link) == 1,
	};
	snprintf(added->name, sizeof(added->name), "%s", rtnl_link_get_name(link));
	snprintf(added->below, sizeof(added->below), "%s", below);
	snprintf(added->kind, sizeof(added->kind), "%s", kind ? kind : "");
}

static int add_own(void *arg, const char *name)
{
	struct network *network = arg;
	struct rtnl_link *link = rtnl_link_get_by_name(network->links, name);
	if (link)
		add_interface(network, link, "", false);
	else
		network->is_elsewhere = true;
	rtnl_link_put(link);
	return 0;
}

/* Links that name another namespace's interface by its number mean another one. */
static bool is_made_of(struct rtnl_link *link, int index)
{
	int32_t namespace;
	return rtnl_link_get_link(link) == index &&
	       rtnl_link_get_link_netnsid(link, &namespace) < 0;
}

static void add_what_is_above(struct network *network)
{
	for (size_t i = 0; i < network->count; i++) {
		int index = network->interfaces[i].index;
		char name[IFNAMSIZ];
		struct rtnl_link *below = rtnl_link_get(network->links, index);
		int master = below ? rtnl_link_get_master(below) : 0;
		rtnl_link_put(below);
		memcpy(name, network->interfaces[i].name, sizeof(name));
		for (struct nl_object *object = nl_cache_get_first(network->links); object;
		     object = nl_cache_get_next(object)) {
			struct rtnl_link *link = (struct rtnl_link *)object;
			bool is_master = master > 0 && rtnl_link_get_ifindex(link) == master;
			if (is_master || is_made_of(link, index))
				add_interface(network, link, name, is_master);
		}
	}
}

/* Adds to a list of which only the first are named. */
static void name_one(struct vioci_text *list, size_t *n, const char *text)
{
	if (*n < MAX_NAMED)
		vioci_text_add(list, "%s %s", *n ? "," : "", text);
	++*n;
}

static void take_address(struct nl_object *object, void *arg)
{
	struct rtnl_addr *address = (struct rtnl_addr *)object;
	struct interface *interface = find(arg, rtnl_addr_get_ifindex(address));
	struct nl_addr *local = rtnl_addr_get_local(address);
	char text[128];
	if (interface && local && rtnl_addr_get_scope(address) < RT_SCOPE_LINK)
		name_one(&interface->addresses, &interface->n_addresses,
			 nl_addr2str(local, text, sizeof(text)));
}

/* What every interface has by itself: link-local and multicast ones, and those of its own addresses. */
static bool is_own(struct rtnl_route *route)
{
	struct nl_addr *to = rtnl_route_get_dst(route);
	const unsigned char *bytes = nl_addr_get_binary_addr(to);
	unsigned int length = nl_addr_get_prefixlen(to);
	if (rtnl_route_get_type(route) != RTN_UNICAST ||
	    rtnl_route_get_protocol(route) == RTPROT_KERNEL)
		return true;
	if (rtnl_route_get_family(route) == AF_INET)
		return length >= 16 && bytes[0] == 169 && bytes[1] == 254;
	return rtnl_route_get_family(route) == AF_INET6 && length >= 8 &&
	       (bytes[0] == 0xff || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80));
}

static void name_route(struct interface *interface, struct rtnl_route *route)
{
	struct nl_addr *to = rtnl_route_get_dst(route);
	const char *family = rtnl_route_get_family(route) == AF_INET6 ? "IPv6 " : "";
	uint32_t table = rtnl_route_get_table(route);
	char text[128], line[192];
	int used = 0;
	if (nl_addr_get_prefixlen(to) == 0)
		used = snprintf(line, sizeof(line), "the default %sroute", family);
	else
		used = snprintf(line, sizeof(line), "%s", nl_addr2str(to, text, sizeof(text)));
	if (table != RT_TABLE_MAIN)
		snprintf(line + used, sizeof(line) - (size_t)used, " (table %u)", table);
	name_one(&interface->routes, &interface->n_routes, line);
}

static void take_route(struct nl_object *object, void *arg)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	if (is_own(route))
		return;
	for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
		struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, i);
		struct interface *interface = find(arg, rtnl_route_nh_get_ifindex(hop));
		if (interface)
			name_route(interface, route);
	}
}

static int parse_address(struct nl_msg *message, void *arg)
{
	nl_msg_parse(message, take_address, arg);
	return NL_OK;
}

static int parse_route(struct nl_msg *message, void *arg)
{
	nl_msg_parse(message, take_route, arg);
	return NL_OK;
}

/* Nexthops are objects of their own, which routes may then name. */
static int parse_nexthop(struct nl_msg *message, void *arg)
{
	struct nlattr *attributes[NHA_MAX + 1];
	char text[32];
	if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct nhmsg), attributes, NHA_MAX, NULL) < 0 ||
	    !attributes[NHA_OIF] || !attributes[NHA_ID])
		return NL_OK;
	struct interface *interface = find(arg, (int)nla_get_u32(attributes[NHA_OIF]));
	if (!interface)
		return NL_OK;
	snprintf(text, sizeof(text), "nexthop %u", nla_get_u32(attributes[NHA_ID]));
	name_one(&interface->routes, &interface->n_routes, text);
	return NL_OK;
}

static void forget(struct network *network)
{
	for (size_t i = 0; i < network->count; i++) {
		free(vioci_text_take(&network->interfaces[i].addresses));
		free(vioci_text_take(&network->interfaces[i].routes));
	}
	free(network->interfaces);
	network->interfaces = NULL;
	network->count = network->room = 0;
	network->is_elsewhere = false;
}

/* 0 or -NLE_*. */
static int look(struct network *network, struct nl_sock *socket)
{
	int error = rtnl_link_alloc_cache(socket, AF_UNSPEC, &network->links);
	if (error < 0)
		return error;
	vioci_use_list(network->uses, "net", add_own, network);
	add_what_is_above(network);
	nl_cache_free(network->links);
	if (!network->count)
		return 0;
	error = vioci_netlink_dump(socket, RTM_GETADDR, parse_address, network);
	if (error == 0)
		error = vioci_netlink_dump(socket, RTM_GETROUTE, parse_route, network);
	if (error == 0)
		error = vioci_netlink_dump(socket, RTM_GETNEXTHOP, parse_nexthop, network);
	/* Kernels before 5.3 have no such objects. */
	return error == -NLE_OPNOTSUPP || error == -NLE_MSGTYPE_NOSUPPORT ? 0 : error;
}

static struct vioci_diag_draft begin(const struct network *network, int error, const char *name)
{
	struct vioci_diag_draft draft = vioci_use_begin(network->uses, error, VIOC_REASON_NETWORK);
	vioci_diag_fact(&draft, "interface", "%s", name);
	return draft;
}

static void finish(const struct network *network, struct vioci_diag_draft *draft)
{
	vioci_findings_finish(&network->uses->findings, draft);
}

/* "eth0 has 6 addresses: ..., ... and 2 more", and empties the list. */
static void tell_list(const struct network *network, const struct interface *interface,
		      const char *what, struct vioci_text *list, size_t n, const char *advice)
{
	if (!n)
		return;
	struct vioci_diag_draft draft = begin(network, -EBUSY, interface->name);
	char *text = vioci_text_take(list);
	vioci_diag_obstacle(&draft, "%s has %s%s", interface->name, what, text ? text : "");
	if (!text)
		network->uses->findings.out_of_memory = true;
	free(text);
	if (n > MAX_NAMED)
		vioci_diag_obstacle(&draft, " and %zu more", n - MAX_NAMED);
	vioci_diag_advice(&draft, "%s %s", advice, interface->name);
	finish(network, &draft);
}

static void tell_place(const struct network *network, const struct interface *interface)
{
	const char *kind = interface->kind[0] ? interface->kind : "interface";
	struct vioci_diag_draft draft = begin(network, -EBUSY, interface->name);
	if (interface->is_master) {
		vioci_diag_obstacle(&draft, "%s is a member of %s (%s)", interface->below,
				    interface->name, kind);
		vioci_diag_advice(&draft, "ip link set %s nomaster", interface->below);
	} else {
		vioci_diag_obstacle(&draft, "%s (%s) is on top of %s", interface->name, kind,
				    interface->below);
		vioci_diag_advice(&draft, "ip link delete %s", interface->name);
	}
	finish(network, &draft);
}

static void tell_interface(const struct network *network, struct interface *interface)
{
	if (interface->below[0])
		tell_place(network, interface);
	tell_list(network, interface, "addresses:", &interface->addresses, interface->n_addresses,
		  "ip address flush dev");
	tell_list(network, interface, "routes:", &interface->routes, interface->n_routes,
		  "ip [-6] route flush table all dev");
	if (interface->below[0] || !interface->is_up)
		return;
	struct vioci_diag_draft draft = begin(network, 0, interface->name);
	vioci_diag_obstacle(&draft, "%s is up%s", interface->name,
			    interface->has_carrier ? ", with a carrier" : "");
	finish(network, &draft);
}

/* What is not known counts as used. */
static void tell_failure(struct vioci_uses *uses, int error, const char *why)
{
	struct vioci_diag_draft draft = vioci_use_begin(uses, error, VIOC_REASON_NETWORK);
	vioci_diag_obstacle(&draft, "what its network interfaces do can't be found out: %s", why);
	vioci_findings_finish(&uses->findings, &draft);
}

static int any_entry(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
	return 1;
}

/* Drivers that make no interface of a network device. */
static bool makes_interfaces(const struct vioc_found_device *device)
{
	return device->driver && !(device->flags & VIOC_FOUND_VFIO) &&
	       !vioci_leaves_dma_alone(device->driver) && !strstr(device->driver, "uio") &&
	       device->class_code >> 16 == 0x02;
}

/* sysfs and rtnetlink show interfaces of their own namespace only. */
static void tell_elsewhere(struct vioci_uses *uses)
{
	struct vioci_diag_draft draft = vioci_use_begin(uses, -EBUSY, VIOC_REASON_OTHER_NETNS);
	vioci_diag_obstacle(
		&draft,
		"driver %s has it, but no network interface of it is to be seen: it may be "
		"in another network namespace",
		uses->device.driver);
	vioci_diag_advice(&draft,
			  "look into the others: ip -all netns exec ip link, or into those of "
			  "containers");
	vioci_findings_finish(&uses->findings, &draft);
}

static void look_and_tell(struct vioci_uses *uses, struct nl_sock *socket)
{
	struct network network = { .uses = uses };
	int error = -NLE_DUMP_INTR;
	for (int i = 0; error == -NLE_DUMP_INTR && i < MAX_TRIES; i++) {
		forget(&network);
		error = look(&network, socket);
	}
	if (error < 0)
		tell_failure(uses, -EBUSY, nl_geterror(error));
	for (size_t i = 0; i < network.count; i++)
		tell_interface(&network, &network.interfaces[i]);
	if (network.is_elsewhere)
		tell_elsewhere(uses);
	if (network.out_of_memory)
		uses->findings.out_of_memory = true;
	forget(&network);
}

void vioci_use_network(struct vioci_uses *uses)
{
	struct nl_sock *socket;
	bool has_any = false;
	vioci_use_list(uses, "net", any_entry, &has_any);
	if (!has_any && makes_interfaces(&uses->device))
		tell_elsewhere(uses);
	if (!has_any)
		return;
	int error = vioci_netlink_open(uses->ctx, &socket);
	if (error == -EOPNOTSUPP) {
		tell_failure(uses, 0, "this is a copy of another machine's sysfs");
	} else if (error < 0) {
		tell_failure(uses, -EBUSY, "there is no rtnetlink");
	} else {
		look_and_tell(uses, socket);
		nl_socket_free(socket);
	}
}
