// SPDX-License-Identifier: MIT
/* net-fwd - two ports of one wire: what comes at one goes out at the other, for ever */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "clock.h"
#include "message.h"
#include "model.h"
#include "pattern.h"
#include "port.h"
#include "session.h"
#include "stop.h"

#define N_PORTS 2
#define IDLE_MS 2000
/* Rounds between two looks at the clock */
#define ROUNDS_PER_CLOCK 256

static const char help[] =
	"usage: net-fwd [OPTION]... BDF BDF\n"
	"Forwards frames between two 82574 (e1000e) or 82576 (igb) that vfio drivers hold. The two "
	"must be on "
	"one\n"
	"wire: the program sends a burst of 32 frames from each port, and what a port receives "
	"goes\n"
	"out at the other, so they go round for ever. At the end it checks that all are still "
	"there\n"
	"and that every byte is as it was sent.\n"
	"\n"
	"  --backend NAME  auto, legacy, iommufd or compat (default: auto)\n"
	"  --mode MODE     io: as they are; mac: swap the two MAC addresses (default: io)\n"
	"  --seconds N     how long; 0 is until SIGINT (default: 5)\n"
	"  --size N        bytes in each frame, 60 to 1514 (default: 60)\n"
	"  --extended      use extended descriptors, of an 82574\n"
	"  --json          report one line of JSON\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0 fine, 1 failed or frames were lost or changed, 2 bad arguments.\n";

struct options {
	struct basic_options basic;
	const char *devices[N_PORTS];
	uint64_t ms;
	uint64_t size;
	struct net_port_config config;
	bool swap;
};

struct forward {
	struct net_port ports[N_PORTS];
	struct net_pool pool;
	const struct options *options;
	double seconds; /* what it took */
};

/* Frame number n starts at port n / 32. */
static int send_first(struct forward *forward, uint32_t from)
{
	struct net_port *port = &forward->ports[from];
	const uint8_t *to = forward->ports[!from].mac;
	struct net_buf *bufs[NET_BURST];

	for (uint32_t i = 0; i < NET_BURST; i++) {
		bufs[i] = net_pool_get(&forward->pool);
		if (!bufs[i])
			return fail(-ENOMEM, port->name, "the pool is empty");
		pattern_fill(bufs[i], to, port->mac, from * NET_BURST + i,
			     (uint16_t)forward->options->size);
	}
	if (net_tx_burst(port, bufs, NET_BURST) != NET_BURST)
		return fail(-EIO, port->name, "no room for the first burst");
	return 0;
}

static void swap_macs(struct net_buf *buf)
{
	uint8_t mac[NET_MAC_LENGTH];
	memcpy(mac, buf->data, sizeof(mac));
	memcpy(buf->data, buf->data + NET_MAC_LENGTH, sizeof(mac));
	memcpy(buf->data + NET_MAC_LENGTH, mac, sizeof(mac));
}

/* What came at one port goes out at the other. Returns how many. */
static uint32_t forward_burst(struct forward *forward, uint32_t from)
{
	struct net_buf *bufs[NET_BURST];
	uint32_t count = net_rx_burst(&forward->ports[from], bufs, NET_BURST);
	if (!count)
		return 0;
	if (forward->options->swap)
		for (uint32_t i = 0; i < count; i++)
			swap_macs(bufs[i]);
	uint32_t sent = net_tx_burst(&forward->ports[!from], bufs, count);
	/* A ring that is full loses frames, as a wire does; here that shows at the end. */
	for (uint32_t i = sent; i < count; i++)
		net_pool_put(&forward->pool, bufs[i]);
	return count;
}

static int run_forward(struct forward *forward)
{
	uint64_t begin = clock_ns(), last = begin, now = begin;
	uint64_t end = forward->options->ms ? begin + forward->options->ms * 1000000 : UINT64_MAX;
	bool moved = false;

	for (uint32_t round = 1; now < end && !stop_wanted(); round++) {
		moved |= forward_burst(forward, 0) != 0;
		moved |= forward_burst(forward, 1) != 0;
		if (round % ROUNDS_PER_CLOCK)
			continue;
		now = clock_ns();
		if (moved)
			last = now;
		else if (now - last > IDLE_MS * UINT64_C(1000000))
			return net_port_fail_idle(&forward->ports[0], -ETIMEDOUT,
						  (now - last) / 1000000);
		moved = false;
	}
	forward->seconds = (double)(now - begin) / 1e9;
	return 0;
}

/* The MACs of a frame are those of the ports, in one order or, if they are swapped, either. */
static bool macs_fit(const struct forward *forward, const uint8_t *data, uint32_t from)
{
	return memcmp(data, forward->ports[!from].mac, NET_MAC_LENGTH) == 0 &&
	       memcmp(data + NET_MAC_LENGTH, forward->ports[from].mac, NET_MAC_LENGTH) == 0;
}

static int check_frame(const struct forward *forward, const struct net_port *port,
		       const struct net_buf *buf, uint64_t *seen)
{
	uint64_t number;
	int error = pattern_check(buf, port->name, &number);
	if (error == -ENOMSG)
		return 0; /* of somebody else on the wire */
	if (error < 0)
		return error;
	if (number >= N_PORTS * NET_BURST || (*seen & UINT64_C(1) << number))
		return fail(-EBADMSG, port->name, "frame %" PRIu64 " came twice, or never went",
			    number);
	*seen |= UINT64_C(1) << number;
	uint32_t from = (uint32_t)(number / NET_BURST);
	if (macs_fit(forward, buf->data, from) ||
	    (forward->options->swap && macs_fit(forward, buf->data, !from)))
		return 0;
	return fail(-EBADMSG, port->name, "frame %" PRIu64 " has other MAC addresses", number);
}

/* Returns how many frames came, or -errno. */
static int check_burst(struct forward *forward, struct net_port *port, uint64_t *seen)
{
	struct net_buf *bufs[NET_BURST];
	uint32_t count = net_rx_burst(port, bufs, NET_BURST);
	int error = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (error == 0)
			error = check_frame(forward, port, bufs[i], seen);
		net_pool_put(&forward->pool, bufs[i]);
	}
	return error < 0 ? error : (int)count;
}

/* Takes all frames from the wire: each must be there, once, and whole. */
static int check_all(struct forward *forward)
{
	static_assert(N_PORTS * NET_BURST == 64, "a bit for each frame");
	uint64_t seen = 0, deadline = clock_ms() + IDLE_MS;

	while (seen != UINT64_MAX) {
		bool late = clock_ms() > deadline;
		for (uint32_t i = 0; i < N_PORTS; i++) {
			int count = check_burst(forward, &forward->ports[i], &seen);
			if (count < 0)
				return count;
		}
		if (late && seen != UINT64_MAX)
			return fail(-EIO, forward->ports[0].name,
				    "%d of %u frames were lost on the way",
				    __builtin_popcountll(~seen), N_PORTS * NET_BURST);
	}
	return 0;
}

/* What the devices counted must be what was sent and seen. */
static int check_counts(struct forward *forward)
{
	for (uint32_t i = 0; i < N_PORTS; i++) {
		struct net_stats *stats = &forward->ports[i].stats;
		net_port_read_stats(&forward->ports[i]);
		if (stats->hw_tx_frames != stats->tx_frames ||
		    stats->hw_rx_frames != stats->rx_frames || stats->hw_missed)
			return fail(-EIO, forward->ports[i].name,
				    "it counted GPTC %" PRIu64 " sent, GPRC %" PRIu64
				    " received, MPC %" PRIu64 " missed, and the driver %" PRIu64
				    " sent and %" PRIu64 " received",
				    stats->hw_tx_frames, stats->hw_rx_frames, stats->hw_missed,
				    stats->tx_frames, stats->rx_frames);
	}
	return 0;
}

static void report(const struct forward *forward)
{
	const struct options *options = forward->options;
	const char *mode = options->swap ? "mac" : "io";
	const char *kind = forward->ports[0].format->name;

	for (uint32_t i = 0; i < N_PORTS; i++) {
		const struct net_port *port = &forward->ports[i];
		const char *backend = vioc_backend_name(vioc_device_get_backend(port->device));
		double rate = (double)port->stats.rx_frames / forward->seconds;
		printf(options->basic.json
			       ? "{\"device\":\"%s\",\"backend\":\"%s\",\"mode\":\"%s\","
				 "\"descriptors\":\"%s\",\"frames\":%" PRIu64
				 ",\"seconds\":%.6f,\"frames_per_second\":%.0f}\n"
			       : "%s by %s, %s, %s descriptors: %" PRIu64
				 " frames forwarded in %.3f s, none lost: %.0f frames/s\n",
		       port->name, backend, mode, kind, port->stats.rx_frames, forward->seconds,
		       rate);
	}
}

static int use_ports(struct forward *forward)
{
	int error = send_first(forward, 0);
	if (error == 0)
		error = send_first(forward, 1);
	if (error == 0)
		error = run_forward(forward);
	if (error == 0)
		error = check_all(forward);
	if (error == 0)
		error = check_counts(forward);
	if (error == 0)
		report(forward);
	return error;
}

static int open_ports(struct forward *forward, const struct session *session)
{
	int error = net_pool_open(&forward->pool, session->ioas, 8 * NET_RING_LENGTH);
	for (uint32_t i = 0; error == 0 && i < N_PORTS; i++)
		error = net_port_open(&forward->ports[i], session->ioas,
				      forward->options->devices[i], &forward->pool,
				      &forward->options->config);
	return error;
}

static int run(const struct options *options)
{
	struct forward forward = { .options = options };
	struct session session;

	int error = session_open(&session, options->basic.backend);
	if (error < 0)
		return error;
	error = open_ports(&forward, &session);
	if (error == 0)
		error = use_ports(&forward);
	for (uint32_t i = 0; i < N_PORTS; i++)
		net_port_close(&forward.ports[i]);
	net_pool_close(&forward.pool);
	session_close(&session);
	return error;
}

static int parse_mode(const char *text, bool *ret_swap)
{
	if (strcmp(text, "io") != 0 && strcmp(text, "mac") != 0)
		return fail_usage("--mode: \"%s\" is neither io nor mac", text);
	*ret_swap = text[0] == 'm';
	return 0;
}

static int take_option(int option, const char *value, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'm':
		return parse_mode(value, &options->swap);
	case 't':
		return parse_seconds("--seconds", value, 0, &options->ms);
	case 's':
		return parse_number("--size", value, NET_FRAME_MIN, NET_FRAME_MAX, &options->size);
	case 'e':
		options->config.extended = true;
		return 0;
	}
	return 0;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "seconds", required_argument, NULL, 't' },
		{ "size", required_argument, NULL, 's' },
		{ "extended", no_argument, NULL, 'e' },
		{ 0 },
	};
	const struct arguments arguments = { help, known, take_option, options };
	int result = parse_options(argc, argv, &arguments, &options->basic);

	if (result || options->basic.help)
		return result;
	if (argc - optind != N_PORTS)
		return fail_usage("two PCI addresses are needed (see --help)");
	for (int i = 0; result == 0 && i < N_PORTS; i++) {
		options->devices[i] = argv[optind + i];
		result = check_address(options->devices[i]);
	}
	return result;
}

int main(int argc, char **argv)
{
	/* Promiscuous, for forwarding as it is brings frames that are for the other port. */
	struct options options = { .ms = 5000, .size = NET_FRAME_MIN, .config.promiscuous = true };
	int result = parse(argc, argv, &options);
	if (result || options.basic.help)
		return result;
	stop_on_signals();
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
