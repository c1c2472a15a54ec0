// SPDX-License-Identifier: MIT
/* net-ping - pings a host, and answers to those who ping it, by a driver in this process */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "arguments.h"
#include "clock.h"
#include "message.h"
#include "packet.h"
#include "port.h"
#include "session.h"
#include "stop.h"

#define ARP_TRIES      3
#define ARP_TIMEOUT_MS 1000
#define ICMP_HEADER    8

static const char help[] =
	"usage: net-ping [OPTION]... BDF [ADDRESS]\n"
	"Pings the IPv4 address ADDRESS (default: 10.0.2.2, the gateway of QEMU's user-mode "
	"network)\n"
	"from the 82574 (e1000e), 82576 (igb) or virtual function of an 82576 at PCI address BDF, "
	"which a\n"
	"vfio driver must hold, and answers ARP and ICMP echo meanwhile.\n"
	"\n"
	"  --backend NAME   auto, legacy, iommufd or compat (default: auto)\n"
	"  --source ADDRESS its own address (default: 10.0.2.15)\n"
	"  --count N        how many pings (default: 4)\n"
	"  --interval MS    from one reply to the next request (default: 200)\n"
	"  --timeout MS     how long to wait for a reply (default: 2000)\n"
	"  --size N         bytes of payload (default: 56)\n"
	"  --answer N       ping nobody, but answer N echo requests; 0: until SIGINT\n"
	"  --json           report one line of JSON, and not each reply\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 every ping was answered, 1 failed or some were not, 2 bad arguments.\n";

struct options {
	struct basic_options basic;
	const char *device;
	uint32_t source;
	uint32_t target;
	uint64_t count;
	uint64_t interval_ms;
	uint64_t timeout_ms;
	uint64_t size;
	uint64_t n_answers;
	bool answer;
};

struct ping {
	struct net_port port;
	struct net_pool pool;
	const struct options *options;
	struct net_host self;
	struct net_host target;
	bool resolved;
	struct packet_echo echo; /* the one that is waited for */
	uint64_t replied_ns;	 /* when its reply came; 0: not yet */
	uint64_t n_answered;	 /* echo requests of others */
	int error;		 /* -EBADMSG: its reply was wrong */
};

static int send_frame(struct ping *ping, struct net_buf *buf)
{
	if (net_tx_burst(&ping->port, &buf, 1) == 1)
		return 0;
	net_pool_put(&ping->pool, buf);
	return fail(-EIO, ping->port.name, "its transmit ring is full: it does not send");
}

static int handle_frame(struct ping *ping, struct net_buf *buf)
{
	int answer = packet_answer(buf, &ping->self);
	if (answer != PACKET_NONE) {
		ping->n_answered += answer == PACKET_ECHO;
		return send_frame(ping, buf);
	}
	if (!ping->resolved)
		ping->resolved =
			packet_arp_reply(buf, &ping->self, ping->target.ip, ping->target.mac);
	int match = packet_echo_reply(buf, &ping->self, &ping->target, &ping->echo);
	if (match == 0 && !ping->replied_ns)
		ping->replied_ns = clock_ns();
	if (match == -EBADMSG)
		ping->error = fail(match, ping->port.name,
				   "a reply came with a wrong checksum or payload");
	net_pool_put(&ping->pool, buf);
	return 0;
}

/* Takes what is there now. */
static int poll_port(struct ping *ping)
{
	struct net_buf *bufs[NET_BURST];
	uint32_t count = net_rx_burst(&ping->port, bufs, NET_BURST);
	int error = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (error == 0)
			error = handle_frame(ping, bufs[i]);
		else
			net_pool_put(&ping->pool, bufs[i]);
	}
	return error < 0 ? error : ping->error;
}

static bool is_resolved(const struct ping *ping)
{
	return ping->resolved;
}

static bool is_replied(const struct ping *ping)
{
	return ping->replied_ns != 0;
}

static bool is_never(const struct ping *ping)
{
	(void)ping;
	return false;
}

/* Polls until it is done or time is up. 0, -ETIME: time is up, -EINTR, or another after a message. */
static int poll_until(struct ping *ping, bool (*is_done)(const struct ping *), uint64_t timeout_ms)
{
	uint64_t deadline = clock_ms() + timeout_ms;

	for (;;) {
		bool late = clock_ms() > deadline;
		int error = poll_port(ping);
		if (error < 0)
			return error;
		if (is_done(ping))
			return 0;
		if (stop_wanted())
			return -EINTR;
		if (late)
			return -ETIME;
	}
}

static int resolve(struct ping *ping)
{
	int error = -ETIME;
	for (int try = 0; error == -ETIME && try < ARP_TRIES; try++) {
		struct net_buf *buf = net_pool_get(&ping->pool);
		if (!buf)
			return fail(-ENOMEM, ping->port.name, "the pool is empty");
		packet_arp_request(buf, &ping->self, ping->target.ip);
		error = send_frame(ping, buf);
		if (error == 0)
			error = poll_until(ping, is_resolved, ARP_TIMEOUT_MS);
	}
	if (error == -ETIME)
		return net_port_fail_idle(&ping->port, -ETIMEDOUT, ARP_TRIES * ARP_TIMEOUT_MS);
	return error;
}

/* 0 and the time, or as poll_until(). */
static int ping_once(struct ping *ping, uint64_t number, uint64_t *ret_ns)
{
	struct net_buf *buf = net_pool_get(&ping->pool);
	if (!buf)
		return fail(-ENOMEM, ping->port.name, "the pool is empty");
	ping->echo.sequence = (uint16_t)number;
	ping->replied_ns = 0;
	packet_echo_request(buf, &ping->self, &ping->target, &ping->echo);
	uint64_t begin = clock_ns();
	int error = send_frame(ping, buf);
	if (error == 0)
		error = poll_until(ping, is_replied, ping->options->timeout_ms);
	if (error == 0)
		*ret_ns = ping->replied_ns - begin;
	return error;
}

static const char *text_of(uint32_t ip, char text[INET_ADDRSTRLEN])
{
	const struct in_addr address = { .s_addr = htonl(ip) };
	return inet_ntop(AF_INET, &address, text, INET_ADDRSTRLEN);
}

struct tally {
	uint64_t sent;
	uint64_t received;
	uint64_t least_ns;
	uint64_t most_ns;
	uint64_t sum_ns;
};

static void count_reply(struct tally *tally, uint64_t ns)
{
	tally->least_ns = !tally->received || ns < tally->least_ns ? ns : tally->least_ns;
	tally->most_ns = ns > tally->most_ns ? ns : tally->most_ns;
	tally->sum_ns += ns;
	tally->received++;
}

static const char *backend_of(const struct ping *ping)
{
	return vioc_backend_name(vioc_device_get_backend(ping->port.device));
}

/* One request, what came of it, and the pause. A reply that does not come is no error yet. */
static int ping_next(struct ping *ping, struct tally *tally, const char *text)
{
	const struct options *options = ping->options;
	uint64_t ns = 0;

	int error = ping_once(ping, ++tally->sent, &ns);
	if (error == -ETIME) {
		if (!options->basic.json)
			printf("no reply from %s: seq=%" PRIu64 "\n", text, tally->sent);
		return 0;
	}
	if (error < 0)
		return error;
	count_reply(tally, ns);
	if (!options->basic.json)
		printf("%" PRIu64 " bytes from %s by %s: seq=%" PRIu64 " time=%.3f ms\n",
		       options->size + ICMP_HEADER, text, backend_of(ping), tally->sent,
		       (double)ns / 1e6);
	if (tally->sent == options->count)
		return 0;
	error = poll_until(ping, is_never, options->interval_ms);
	return error == -ETIME ? 0 : error;
}

/* For one reply at least. */
static void report(const struct ping *ping, const struct tally *tally, const char *text)
{
	double mean = (double)tally->sum_ns / (double)tally->received;

	printf(ping->options->basic.json
		       ? "{\"device\":\"%s\",\"backend\":\"%s\",\"target\":\"%s\",\"sent\":%" PRIu64
			 ",\"replies\":%" PRIu64
			 ",\"min_ms\":%.3f,\"mean_ms\":%.3f,\"max_ms\":%.3f}\n"
		       : "%s by %s, %s: %" PRIu64 " sent, %" PRIu64
			 " replies; round trip in ms: min %.3f, mean %.3f, max %.3f\n",
	       ping->port.name, backend_of(ping), text, tally->sent, tally->received,
	       (double)tally->least_ns / 1e6, mean / 1e6, (double)tally->most_ns / 1e6);
}

static int ping_all(struct ping *ping)
{
	struct tally tally = { 0 };
	char text[INET_ADDRSTRLEN];
	int error = 0;

	text_of(ping->target.ip, text);
	while (error == 0 && tally.sent < ping->options->count)
		error = ping_next(ping, &tally, text);
	if (error < 0 && error != -EINTR)
		return error;
	if (!tally.received)
		return fail(-EIO, ping->port.name, "no reply from %s: sent %" PRIu64, text,
			    tally.sent);
	report(ping, &tally, text);
	return tally.sent == tally.received ? 0 : -EIO;
}

static bool has_answered(const struct ping *ping)
{
	return ping->options->n_answers && ping->n_answered >= ping->options->n_answers;
}

/* To answer a count of requests is a success; to be stopped is one if there was no count. */
static int answer_all(struct ping *ping)
{
	int error = poll_until(ping, has_answered, UINT32_MAX);
	printf("%" PRIu64 " echo requests answered\n", ping->n_answered);
	return error == -EINTR && !ping->options->n_answers ? 0 : error;
}

static int use_port(struct ping *ping)
{
	memcpy(ping->self.mac, ping->port.mac, NET_MAC_LENGTH);
	if (ping->options->answer) {
		/* For whoever waits for it. */
		printf("answering\n");
		fflush(stdout);
		return answer_all(ping);
	}
	int error = resolve(ping);
	return error < 0 ? error : ping_all(ping);
}

static int run(const struct options *options)
{
	struct ping ping = {
		.options = options,
		.self.ip = options->source,
		.target.ip = options->target,
		.echo = { .id = 0x7669, .length = (uint16_t)options->size },
	};
	struct session session;

	int error = session_open(&session, options->basic.backend);
	if (error < 0)
		return error;
	error = net_pool_open(&ping.pool, session.ioas, 4 * NET_RING_LENGTH);
	if (error == 0)
		error = net_port_open(&ping.port, session.ioas, options->device, &ping.pool, NULL);
	if (error == 0)
		error = use_port(&ping);
	net_port_close(&ping.port);
	net_pool_close(&ping.pool);
	session_close(&session);
	return error;
}

static int parse_ip(const char *text, uint32_t *ret_ip)
{
	struct in_addr address;
	if (inet_pton(AF_INET, text, &address) != 1)
		return fail_usage("\"%s\" is no IPv4 address: write it as 10.0.2.2", text);
	*ret_ip = ntohl(address.s_addr);
	return 0;
}

static int take_option(int option, const char *value, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'f':
		return parse_ip(value, &options->source);
	case 'n':
		return parse_number("--count", value, 1, UINT16_MAX, &options->count);
	case 'i':
		return parse_number("--interval", value, 0, 60000, &options->interval_ms);
	case 't':
		return parse_number("--timeout", value, 1, 60000, &options->timeout_ms);
	case 's':
		return parse_number("--size", value, 0, PACKET_PAYLOAD_MAX, &options->size);
	case 'a':
		options->answer = true;
		return parse_number("--answer", value, 0, UINT32_MAX, &options->n_answers);
	}
	return 0;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "source", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'n' },
		{ "interval", required_argument, NULL, 'i' },
		{ "timeout", required_argument, NULL, 't' },
		{ "size", required_argument, NULL, 's' },
		{ "answer", required_argument, NULL, 'a' },
		{ 0 },
	};
	const struct arguments arguments = { help, known, take_option, options };
	int result = parse_options(argc, argv, &arguments, &options->basic);

	if (result || options->basic.help)
		return result;
	if (options->answer && options->basic.json)
		return fail_usage("--answer makes no report: no --json");
	int n_arguments = argc - optind;
	if (n_arguments < 1 || n_arguments > (options->answer ? 1 : 2))
		return fail_usage("one PCI address%s is needed (see --help)",
				  options->answer ? "" : ", and perhaps one IPv4 address,");
	options->device = argv[optind];
	result = check_address(options->device);
	if (result || n_arguments == 1)
		return result;
	return parse_ip(argv[optind + 1], &options->target);
}

int main(int argc, char **argv)
{
	struct options options = {
		.source = 0x0a00020f,
		.target = 0x0a000202,
		.count = 4,
		.interval_ms = 200,
		.timeout_ms = 2000,
		.size = 56,
	};
	int result = parse(argc, argv, &options);
	if (result || options.basic.help)
		return result;
	stop_on_signals();
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
