// SPDX-License-Identifier: MIT
/* nvme-read - reads blocks of an NVMe controller by a driver in this process */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller.h"
#include "copy.h"
#include "identify.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "session.h"

/*
 * Functions return 0, -errno after a message about what failed, or EXIT_USAGE after one about what
 * was asked for.
 */

static int pick_namespace(struct nvme_ctrl *ctrl, uint32_t wanted,
			  struct nvme_namespace *ret_namespace)
{
	uint32_t ids[NVME_NAMESPACE_LIST_MAX];
	/* The first active one from the wanted one on. */
	int count = nvme_identify_list(ctrl, wanted ? wanted - 1 : 0, ids);
	if (count < 0)
		return count;
	if (!wanted && !count)
		return fail(-ENXIO, ctrl->name, "no namespace is active: attach one");
	if (wanted && (!count || ids[0] != wanted))
		return fail_usage("--namespace %" PRIu32
				  ": the controller has no such active namespace (--identify "
				  "lists them)",
				  wanted);
	return nvme_identify_namespace(ctrl, ids[0], ret_namespace);
}

static int pick_range(const struct options *options, const struct nvme_namespace *namespace,
		      struct copy_range *ret_range)
{
	if (options->lba >= namespace->n_blocks)
		return fail_usage("--lba %" PRIu64 " is past the end: namespace %" PRIu32
				  " has %" PRIu64 " blocks",
				  options->lba, namespace->id, namespace->n_blocks);
	uint64_t rest = namespace->n_blocks - options->lba;
	if (options->count > rest)
		return fail_usage("--count %" PRIu64 " is past the end: from LBA %" PRIu64
				  " on, namespace %" PRIu32 " has %" PRIu64 " blocks",
				  options->count, options->lba, namespace->id, rest);
	*ret_range = (struct copy_range){
		.lba = options->lba,
		.n_blocks = options->count ? options->count : rest,
	};
	return 0;
}

static int check_format(const struct nvme_ctrl *ctrl, const struct nvme_namespace *namespace)
{
	if (!namespace->metadata_bytes)
		return 0;
	return fail(-EOPNOTSUPP, ctrl->name,
		    "namespace %" PRIu32 " has %" PRIu32
		    " bytes of metadata with each block, which this driver can't read",
		    namespace->id, namespace->metadata_bytes);
}

static bool is_stdout(const struct options *options)
{
	return options->out && strcmp(options->out, "-") == 0;
}

/* For messages. */
static const char *out_name(const struct options *options)
{
	return is_stdout(options) ? "stdout" : options->out;
}

/* fd -1: nowhere. */
static int open_out(const struct options *options, int *ret_fd)
{
	int fd = -1;
	if (is_stdout(options))
		fd = STDOUT_FILENO;
	else if (options->out)
		fd = open(options->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (options->out && fd < 0)
		return fail(-errno, options->out, "can't open: %s", strerror(errno));
	*ret_fd = fd;
	return 0;
}

/* Some file systems tell of a full disk only here. An earlier result that is no success stays. */
static int close_out(const struct options *options, int fd, int result)
{
	if (fd < 0 || close(fd) == 0 || result)
		return result;
	return fail(-errno, out_name(options), "can't write: %s", strerror(errno));
}

static FILE *report_stream(const struct options *options)
{
	return options->basic.json && !is_stdout(options) ? stdout : stderr;
}

static int read_blocks(struct nvme_ctrl *ctrl, const struct options *options)
{
	struct nvme_namespace namespace;
	struct copy_range range;
	struct copy_result copied;
	int fd = -1;

	int result = pick_namespace(ctrl, options->namespace, &namespace);
	if (result == 0)
		result = check_format(ctrl, &namespace);
	if (result == 0)
		result = pick_range(options, &namespace, &range);
	if (result == 0)
		result = open_out(options, &fd);
	if (result)
		return result;
	result = copy_run(ctrl, &namespace, &range, fd, out_name(options), &copied);
	result = close_out(options, fd, result);
	if (result)
		return result;

	const struct report report = { .stream = report_stream(options),
				       .json = options->basic.json };
	report_copy(&report, ctrl, &namespace, &range, &copied);
	return 0;
}

static int report_namespaces(struct nvme_ctrl *ctrl, const struct report *report)
{
	uint32_t ids[NVME_NAMESPACE_LIST_MAX];
	struct nvme_namespace namespace;
	uint32_t last = 0;
	int count, error = 0;

	while (error == 0 && (count = nvme_identify_list(ctrl, last, ids)) > 0) {
		for (int i = 0; error == 0 && i < count; i++) {
			error = nvme_identify_namespace(ctrl, ids[i], &namespace);
			if (error == 0)
				report_namespace(report, &namespace, last == 0);
			last = ids[i];
		}
	}
	return error == 0 ? count : error;
}

/* Into memory first: half a line of JSON is worse than none. */
static int identify(struct nvme_ctrl *ctrl, const struct options *options)
{
	char *text = NULL;
	size_t length;
	const struct report report = {
		.stream = open_memstream(&text, &length),
		.json = options->basic.json,
	};
	if (!report.stream)
		return fail(-ENOMEM, ctrl->name, "out of memory");
	report_controller(&report, ctrl);
	int error = report_namespaces(ctrl, &report);
	report_end(&report);
	bool lost = fclose(report.stream) != 0;
	if (error == 0 && lost)
		error = fail(-ENOMEM, ctrl->name, "out of memory");
	if (error == 0)
		fputs(text, report_stream(options));
	free(text);
	return error;
}

static int use_controller(const struct session *session, const struct options *options)
{
	struct nvme_ctrl ctrl;
	int result = nvme_ctrl_open(&ctrl, session->ctx, session->ioas, options->device, NULL);
	if (result < 0)
		return result;
	result = options->identify ? identify(&ctrl, options) : read_blocks(&ctrl, options);
	nvme_ctrl_close(&ctrl);
	return result;
}

static int run(const struct options *options)
{
	struct session session;
	int result = session_open(&session, options->basic.backend);
	if (result < 0)
		return result;
	result = use_controller(&session, options);
	session_close(&session);
	return result;
}

int main(int argc, char **argv)
{
	struct options options;
	int result = options_parse(argc, argv, &options);
	if (result || options.basic.help)
		return result;
	/* A reader of stdout that goes away is an error like others, after which all is undone. */
	signal(SIGPIPE, SIG_IGN);
	result = run(&options);
	if (fflush(stdout) != 0 && result == 0)
		result = fail(-EIO, "stdout", "can't write the report");
	return result < 0 ? EXIT_FAILURE : result;
}
