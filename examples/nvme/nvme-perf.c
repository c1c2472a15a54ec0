// SPDX-License-Identifier: MIT
/* nvme-perf - how many operations a second, how long each takes, and whether data stays what it is */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "message.h"
#include "session.h"
#include "workload.h"

static const char help[] =
	"usage: nvme-perf [OPTION]... BDF\n"
	"Reads or writes the first namespace of the NVMe controller at PCI address BDF, which a "
	"vfio\n"
	"driver must hold, and tells operations per second and latencies.\n"
	"\n"
	"  --backend NAME  auto, legacy, iommufd or compat (default: auto)\n"
	"  --mode MODE     randread, read, randwrite or write (default: randread)\n"
	"  --bytes N       per operation, in multiples of 512 (default: 4096)\n"
	"  --depth N       operations under way per queue, 1 to 256 (default: 32)\n"
	"  --queues N      queue pairs, each with a thread of its own, 1 to 32 (default: 1)\n"
	"  --seconds N     how long (default: 5)\n"
	"  --range N       only the first N bytes (default: all)\n"
	"  --sgl           say where data is by SGLs (default: PRPs)\n"
	"  --interrupts    sleep until MSI-X tells of completions (default: spin)\n"
	"  --verify        write everything first, check what each read brings, and all at the "
	"end\n"
	"  --overwrite     needed for everything that writes: DATA ON THE DRIVE IS LOST\n"
	"  --json          report one line of JSON\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0 fine, 1 failed or data was not what it should be, 2 bad arguments.\n";

static const struct mode {
	const char *name;
	bool write;
	bool random;
} modes[] = {
	{ "randread", false, true },
	{ "read", false, false },
	{ "randwrite", true, true },
	{ "write", true, false },
};

struct options {
	struct basic_options basic;
	const char *device;
	const struct mode *mode;
	uint64_t op_bytes;
	uint64_t depth;
	uint64_t n_queues;
	uint64_t ms;
	uint64_t n_bytes;
	bool sgl;
	bool interrupts;
	bool verify;
	bool overwrite;
};

static void report(const struct nvme_ctrl *ctrl, const struct options *options,
		   const struct workload_result *result)
{
	const struct histogram *latency = &result->latency;
	double iops = (double)result->n_ops / result->seconds;
	double mean = latency->n_values ? (double)latency->sum / (double)latency->n_values : 0;

	printf(options->basic.json
		       ? "{\"device\":\"%s\",\"backend\":\"%s\",\"mode\":\"%s\",\"bytes\":%" PRIu64
			 ",\"queues\":%" PRIu64 ",\"depth\":%" PRIu64
			 ",\"data\":\"%s\",\"completions\":\"%s\",\"operations\":%" PRIu64
			 ",\"seconds\":%.6f,\"iops\":%.0f,\"mib_per_second\":%.1f,\"mean_us\":%.1f,"
			 "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
			 "\"checked\":%" PRIu64 "}\n"
		       : "%s by %s, %s, %" PRIu64 " bytes, %" PRIu64 " queues of %" PRIu64
			 ", %s, %s: %" PRIu64
			 " operations in %.3f s, %.0f/s, %.1f MiB/s; latency in us: mean %.1f, "
			 "p50 %.1f, p99 %.1f, p99.9 %.1f, max %.1f; %" PRIu64 " reads checked\n",
	       ctrl->name, vioc_backend_name(vioc_device_get_backend(ctrl->device)),
	       options->mode->name, options->op_bytes, options->n_queues, options->depth,
	       options->sgl ? "SGL" : "PRP", options->interrupts ? "MSI-X" : "polled",
	       result->n_ops, result->seconds, iops,
	       iops * (double)options->op_bytes / (1024.0 * 1024.0), mean / 1e3,
	       (double)histogram_percentile(latency, 0.5) / 1e3,
	       (double)histogram_percentile(latency, 0.99) / 1e3,
	       (double)histogram_percentile(latency, 0.999) / 1e3, (double)latency->most / 1e3,
	       result->n_checked);
}

static int first_namespace(struct nvme_ctrl *ctrl, struct nvme_namespace *ret_namespace)
{
	uint32_t ids[NVME_NAMESPACE_LIST_MAX];
	int count = nvme_identify_list(ctrl, 0, ids);
	if (count == 0)
		return fail(-ENXIO, ctrl->name, "no namespace is active: attach one");
	int error = count < 0 ? count : nvme_identify_namespace(ctrl, ids[0], ret_namespace);
	if (error == 0 && ret_namespace->metadata_bytes)
		return fail(-EOPNOTSUPP, ctrl->name,
			    "namespace %" PRIu32 " has metadata, which this driver can't handle",
			    ids[0]);
	return error;
}

static int use_controller(struct nvme_ctrl *ctrl, const struct options *options)
{
	const struct workload workload = {
		.write = options->mode->write,
		.random = options->mode->random,
		.sgl = options->sgl,
		.verify = options->verify,
		.n_queues = (uint16_t)options->n_queues,
		.depth = (uint16_t)options->depth,
		.op_bytes = (uint32_t)options->op_bytes,
		.n_bytes = options->n_bytes,
		.ms = options->ms,
	};
	struct nvme_namespace namespace;
	struct workload_result result;

	int error = first_namespace(ctrl, &namespace);
	if (error == 0)
		error = workload_run(ctrl, &namespace, &workload, &result);
	if (error == 0)
		report(ctrl, options, &result);
	return error;
}

static int run(const struct options *options)
{
	const struct nvme_ctrl_opts opts = {
		.n_io_queues = (uint16_t)options->n_queues,
		.interrupts = options->interrupts,
	};
	struct session session;
	struct nvme_ctrl ctrl;

	int error = session_open(&session, options->basic.backend);
	if (error < 0)
		return error;
	error = nvme_ctrl_open(&ctrl, session.ctx, session.ioas, options->device, &opts);
	if (error == 0) {
		error = use_controller(&ctrl, options);
		nvme_ctrl_close(&ctrl);
	}
	session_close(&session);
	return error;
}

static int parse_mode(const char *text, const struct mode **ret_mode)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(text, modes[i].name) == 0) {
			*ret_mode = &modes[i];
			return 0;
		}
	return fail_usage("--mode: \"%s\" is none of randread, read, randwrite, write", text);
}

static int parse_bytes(const char *text, uint64_t *ret_bytes)
{
	int result = parse_number("--bytes", text, 512, 1u << 20, ret_bytes);
	if (result == 0 && *ret_bytes % 512)
		return fail_usage("--bytes: %s is no multiple of 512", text);
	return result;
}

static int take_option(int option, const char *value, void *arg)
{
	struct options *options = arg;

	switch (option) {
	case 'm':
		return parse_mode(value, &options->mode);
	case 's':
		return parse_bytes(value, &options->op_bytes);
	case 'd':
		return parse_number("--depth", value, 1, WORKLOAD_DEPTH_MAX, &options->depth);
	case 'q':
		return parse_number("--queues", value, 1, WORKLOAD_QUEUES_MAX, &options->n_queues);
	case 't':
		return parse_seconds("--seconds", value, 1, &options->ms);
	case 'r':
		return parse_number("--range", value, 1, UINT64_MAX, &options->n_bytes);
	case 'g':
		options->sgl = true;
		return 0;
	case 'i':
		options->interrupts = true;
		return 0;
	case 'v':
		options->verify = true;
		return 0;
	case 'o':
		options->overwrite = true;
		return 0;
	}
	return 0;
}

static int check(const struct options *options)
{
	if ((options->mode->write || options->verify) && !options->overwrite)
		return fail_usage("%s%s writes: add --overwrite if the data on %s may be lost",
				  options->verify ? "--verify" : "--mode ",
				  options->verify ? "" : options->mode->name, options->device);
	return 0;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "bytes", required_argument, NULL, 's' },
		{ "depth", required_argument, NULL, 'd' },
		{ "queues", required_argument, NULL, 'q' },
		{ "seconds", required_argument, NULL, 't' },
		{ "range", required_argument, NULL, 'r' },
		{ "sgl", no_argument, NULL, 'g' },
		{ "interrupts", no_argument, NULL, 'i' },
		{ "verify", no_argument, NULL, 'v' },
		{ "overwrite", no_argument, NULL, 'o' },
		{ 0 },
	};
	const struct arguments arguments = { help, known, take_option, options };
	int result = parse_options(argc, argv, &arguments, &options->basic);

	if (result || options->basic.help)
		return result;
	result = parse_device(argc, argv, &options->device);
	return result ? result : check(options);
}

int main(int argc, char **argv)
{
	struct options options = {
		.mode = &modes[0],
		.op_bytes = 4096,
		.depth = 32,
		.n_queues = 1,
		.ms = 5000,
	};
	int result = parse(argc, argv, &options);
	if (result || options.basic.help)
		return result;
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
