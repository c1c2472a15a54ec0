// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "report.h"

#define MIB (1024.0 * 1024.0)

static const char *backend_of(const struct nvme_ctrl *ctrl)
{
	return vioc_backend_name(vioc_device_get_backend(ctrl->device));
}

/* Strings of a controller are printable ASCII, so these two are all that JSON minds. */
static void put_string(FILE *stream, const char *key, const char *text)
{
	fprintf(stream, "\"%s\":\"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void put_controller(FILE *stream, const struct nvme_ctrl *ctrl)
{
	fputc('{', stream);
	put_string(stream, "device", ctrl->name);
	fputc(',', stream);
	put_string(stream, "backend", backend_of(ctrl));
	fputc(',', stream);
	put_string(stream, "model", ctrl->model);
	fputc(',', stream);
	put_string(stream, "serial", ctrl->serial);
	fputc(',', stream);
	put_string(stream, "firmware", ctrl->firmware);
}

void report_copy(const struct report *report, const struct nvme_ctrl *ctrl,
		 const struct nvme_namespace *namespace, const struct copy_range *range,
		 const struct copy_result *result)
{
	FILE *stream = report->stream;
	double rate = result->seconds > 0 ? (double)result->bytes / MIB / result->seconds : 0;

	if (!report->json) {
		fprintf(stream,
			"%s: %s, serial %s, by %s: %" PRIu64 " bytes in %.3f s, %.1f MiB/s\n",
			ctrl->name, ctrl->model, ctrl->serial, backend_of(ctrl), result->bytes,
			result->seconds, rate);
		return;
	}
	put_controller(stream, ctrl);
	fprintf(stream,
		",\"namespace\":%" PRIu32 ",\"block_size\":%" PRIu32 ",\"lba\":%" PRIu64
		",\"count\":%" PRIu64 ",\"bytes\":%" PRIu64
		",\"seconds\":%.6f,\"mib_per_second\":%.1f}\n",
		namespace->id, namespace->block_size, range->lba, range->n_blocks, result->bytes,
		result->seconds, rate);
}

void report_controller(const struct report *report, const struct nvme_ctrl *ctrl)
{
	FILE *stream = report->stream;
	bool limited = ctrl->max_transfer != UINT64_MAX;
	uint32_t major = ctrl->version >> 16, minor = ctrl->version >> 8 & 0xff;

	if (!report->json) {
		fprintf(stream,
			"%s: %s, serial %s, firmware %s, NVMe %" PRIu32 ".%" PRIu32 ", by %s\n",
			ctrl->name, ctrl->model, ctrl->serial, ctrl->firmware, major, minor,
			backend_of(ctrl));
		if (limited)
			fprintf(stream, "  at most %" PRIu64 " bytes per command\n",
				ctrl->max_transfer);
		return;
	}
	put_controller(stream, ctrl);
	fprintf(stream, ",\"version\":\"%" PRIu32 ".%" PRIu32 "\",\"max_transfer\":", major, minor);
	if (limited)
		fprintf(stream, "%" PRIu64, ctrl->max_transfer);
	else
		fputs("null", stream);
	fputs(",\"namespaces\":[", stream);
}

void report_namespace(const struct report *report, const struct nvme_namespace *namespace,
		      bool is_first)
{
	if (!report->json) {
		fprintf(report->stream,
			"  namespace %" PRIu32 ": %" PRIu64 " blocks of %" PRIu32
			" bytes, %.1f MiB, metadata %" PRIu32 " bytes per block\n",
			namespace->id, namespace->n_blocks, namespace->block_size,
			(double)namespace->n_blocks * namespace->block_size / MIB,
			namespace->metadata_bytes);
		return;
	}
	fprintf(report->stream,
		"%s{\"id\":%" PRIu32 ",\"blocks\":%" PRIu64 ",\"block_size\":%" PRIu32
		",\"metadata_bytes\":%" PRIu32 "}",
		is_first ? "" : ",", namespace->id, namespace->n_blocks, namespace->block_size,
		namespace->metadata_bytes);
}

void report_end(const struct report *report)
{
	if (report->json)
		fputs("]}\n", report->stream);
}
