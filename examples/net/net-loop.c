// SPDX-License-Identifier: MIT
/* net-loop - sends frames through the loopback of a port and checks each that comes back */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "clock.h"
#include "message.h"
#include "model.h"
#include "pattern.h"
#include "port.h"
#include "session.h"

/* Frames under way: fewer than the receive ring holds, so none can be lost for want of room. */
#define WINDOW	NET_RING_LENGTH / 2
#define IDLE_MS 2000

static const char help[] =
	"usage: net-loop [OPTION]... BDF\n"
	"Sends frames through the MAC loopback of the 82574 (e1000e) or 82576 (igb) at PCI address "
	"BDF, which a\n"
	"vfio driver must hold, and checks every byte of what comes back.\n"
	"\n"
	"  --backend NAME  auto, legacy, iommufd or compat (default: auto)\n"
	"  --frames N      how many (default: 100000)\n"
	"  --size N        bytes in each, 60 to 1514 (default: all sizes in turns)\n"
	"  --extended      use extended descriptors, of an 82574\n"
	"  --json          report one line of JSON\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0 all came back as sent, 1 failed, 2 bad arguments.\n";

struct options {
	struct basic_options basic;
	const char *device;
	uint64_t n_frames;
	uint64_t size; /* 0: all */
	struct net_port_config config;
};

struct loop {
	struct net_port port;
	struct net_pool pool;
	uint64_t n_frames;
	uint16_t size;
	uint64_t sent;
	uint64_t received;
};

static uint16_t size_of(const struct loop *loop, uint64_t number)
{
	uint64_t n_sizes = NET_FRAME_MAX - NET_FRAME_MIN + 1;
	return loop->size ? loop->size : (uint16_t)(NET_FRAME_MIN + number % n_sizes);
}

/* Returns how many were sent. */
static uint32_t send_burst(struct loop *loop)
{
	struct net_buf *bufs[NET_BURST];
	uint32_t count = 0;

	while (count < NET_BURST && loop->sent + count < loop->n_frames &&
	       loop->sent + count - loop->received < WINDOW) {
		struct net_buf *buf = net_pool_get(&loop->pool);
		if (!buf)
			break;
		pattern_fill(buf, loop->port.mac, loop->port.mac, loop->sent + count,
			     size_of(loop, loop->sent + count));
		bufs[count++] = buf;
	}
	if (!count)
		return 0;
	uint32_t sent = net_tx_burst(&loop->port, bufs, count);
	for (uint32_t i = sent; i < count; i++)
		net_pool_put(&loop->pool, bufs[i]);
	loop->sent += sent;
	return sent;
}

static int check(struct loop *loop, const struct net_buf *buf)
{
	uint64_t number;
	int error = pattern_check(buf, loop->port.name, &number);
	if (error == -ENOMSG)
		return fail(-EBADMSG, loop->port.name, "a frame came back that was never sent");
	if (error < 0)
		return error;
	if (number != loop->received)
		return fail(-EBADMSG, loop->port.name,
			    "frame %" PRIu64 " came back, but %" PRIu64 " was due", number,
			    loop->received);
	if (buf->length != size_of(loop, number))
		return fail(-EBADMSG, loop->port.name, "frame %" PRIu64 " has %u bytes of %u",
			    number, buf->length, size_of(loop, number));
	loop->received++;
	return 0;
}

/* Returns how many came, or -errno. */
static int receive_burst(struct loop *loop)
{
	struct net_buf *bufs[NET_BURST];
	uint32_t count = net_rx_burst(&loop->port, bufs, NET_BURST);
	int error = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (error == 0)
			error = check(loop, bufs[i]);
		net_pool_put(&loop->pool, bufs[i]);
	}
	return error < 0 ? error : (int)count;
}

static int run_loop(struct loop *loop)
{
	uint64_t last = clock_ms();

	while (loop->received < loop->n_frames) {
		if (stop_wanted())
			return -ECANCELED;
		uint32_t sent = send_burst(loop);
		int received = receive_burst(loop);
		if (received < 0)
			return received;
		if (sent || received) {
			last = clock_ms();
			continue;
		}
		uint64_t waited = clock_ms() - last;
		if (waited > IDLE_MS)
			return net_port_fail_idle(&loop->port, -ETIMEDOUT, waited);
	}
	return 0;
}

/* What the device counted must be what was sent and seen. */
static int check_counts(struct loop *loop)
{
	struct net_stats *stats = &loop->port.stats;

	net_port_read_stats(&loop->port);
	if (stats->hw_tx_frames == loop->n_frames && stats->hw_rx_frames == loop->n_frames &&
	    !stats->hw_missed && !stats->rx_errors)
		return 0;
	return fail(-EIO, loop->port.name,
		    "of %" PRIu64 " frames it counted GPTC %" PRIu64 " sent, GPRC %" PRIu64
		    " received, MPC %" PRIu64 " missed, and %" PRIu64 " came damaged",
		    loop->n_frames, stats->hw_tx_frames, stats->hw_rx_frames, stats->hw_missed,
		    stats->rx_errors);
}

static void report(const struct loop *loop, const struct options *options, double seconds)
{
	const struct net_port *port = &loop->port;
	const char *backend = vioc_backend_name(vioc_device_get_backend(port->device));
	double rate = seconds > 0 ? (double)loop->received / seconds : 0;

	printf(options->basic.json
		       ? "{\"device\":\"%s\",\"backend\":\"%s\",\"descriptors\":\"%s\",\"frames\":"
			 "%" PRIu64 ",\"bytes\":%" PRIu64
			 ",\"seconds\":%.6f,\"frames_per_second\":%.0f}\n"
		       : "%s by %s, %s descriptors: %" PRIu64 " frames, %" PRIu64
			 " bytes, all as sent, in %.3f s: %.0f frames/s\n",
	       port->name, backend, port->format->name, loop->received, port->stats.rx_bytes,
	       seconds, rate);
}

static int use_port(struct loop *loop, const struct session *session, const struct options *options)
{
	int error = net_port_open(&loop->port, session->ioas, options->device, &loop->pool,
				  &options->config);
	if (error < 0)
		return error;
	uint64_t begin = clock_ns();
	error = run_loop(loop);
	uint64_t end = clock_ns();
	if (error == 0)
		error = check_counts(loop);
	if (error == 0)
		report(loop, options, (double)(end - begin) / 1e9);
	net_port_close(&loop->port);
	return error;
}

static int run(const struct options *options)
{
	struct loop loop = { .n_frames = options->n_frames, .size = (uint16_t)options->size };
	struct session session;

	int error = session_open(&session, options->basic.backend);
	if (error < 0)
		return error;
	error = net_pool_open(&loop.pool, session.ioas, 4 * NET_RING_LENGTH);
	if (error == 0)
		error = use_port(&loop, &session, options);
	net_pool_close(&loop.pool);
	session_close(&session);
	return error;
}

static int take_option(int option, const char *value, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'n':
		return parse_number("--frames", value, 1, UINT32_MAX, &options->n_frames);
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
		{ "frames", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "extended", no_argument, NULL, 'e' },
		{ 0 },
	};
	const struct arguments arguments = { help, known, take_option, options };
	int result = parse_options(argc, argv, &arguments, &options->basic);

	if (result || options->basic.help)
		return result;
	return parse_device(argc, argv, &options->device);
}

int main(int argc, char **argv)
{
	struct options options = { .n_frames = 100000, .config.loopback = true };
	int result = parse(argc, argv, &options);
	if (result || options.basic.help)
		return result;
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
