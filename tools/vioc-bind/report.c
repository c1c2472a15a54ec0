// SPDX-License-Identifier: MIT
#include <string.h>

#include "bind.h"
#include "complain.h"
#include "json.h"
#include "safely.h"

int bind_complain(struct vioc_ctx *ctx, int error)
{
	uint32_t reason = complain(ctx, "vioc-bind: ", error, stderr);
	return reason == VIOC_REASON_BAD_ARGUMENT ? BIND_USAGE
	       : reason == VIOC_REASON_NO_DEVICE  ? BIND_NO_DEVICE
						  : BIND_ERROR;
}

/* What has the device, in words. */
static const char *driver_of(const struct vioc_binding *binding)
{
	return binding->driver[0]			  ? binding->driver
	       : binding->flags & VIOC_BINDING_ANY_DRIVER ? "the kernel's choice"
							  : "no driver";
}

static void print_finding(const struct bind_options *options, const struct vioc_diag *finding)
{
	uint32_t reason = vioc_diag_get_reason(finding);
	const char *name = vioc_reason_name(reason);
	const char *advice = vioc_diag_get_advice(finding);
	bool hinders = bind_is_refusal(options, finding);
	const char *kind = hinders ? "" : vioc_diag_get_error(finding) < 0 ? "forced, " : "note, ";
	fprintf(stderr, "  %s%s: ", kind, name);
	print_safely(stderr, vioc_diag_get_obstacle(finding));
	putc('\n', stderr);
	if (hinders && *advice) {
		fputs("      -> ", stderr);
		print_safely(stderr, advice);
		if (bind_can_be_forced(reason))
			fprintf(stderr, "; or --force=%s", name);
		putc('\n', stderr);
	}
}

static void print_uses(const struct bind_plan *plan, const struct bind_device *device)
{
	if (device->result == BIND_IN_USE)
		fprintf(stderr, "vioc-bind: %s is in use, and stays with %s:\n", device->name,
			driver_of(&device->before));
	else if (device->uses)
		fprintf(stderr, "vioc-bind: of %s it is known:\n", device->name);
	for (const struct vioc_diag *use = device->uses; use; use = vioc_diag_get_other(use))
		print_finding(plan->options, use);
}

static void print_failure(const struct bind_device *device)
{
	if (!device->failure)
		return;
	fprintf(stderr, "vioc-bind: ");
	fprintf(stderr, "%s\n", vioc_diag_get_text(device->failure));
}

static void print_device(const struct bind_plan *plan, const struct bind_device *device)
{
	const char *from = driver_of(&device->before), *to = driver_of(&device->wanted);
	print_uses(plan, device);
	print_failure(device);
	switch (device->result) {
	case BIND_UNCHANGED:
		printf("%s: has %s already\n", device->name, from);
		break;
	case BIND_PLANNED:
		if (plan->options->dry_run)
			printf("%s: would go from %s to %s\n", device->name, from, to);
		break;
	case BIND_DONE:
		printf("%s: %s -> %s\n", device->name, from, driver_of(&device->now));
		break;
	case BIND_FAILED:
	case BIND_ROLLED_BACK:
		printf("%s: as before, with %s\n", device->name, from);
		break;
	case BIND_GONE:
		printf("%s: is gone\n", device->name);
		break;
	default:
		break;
	}
}

/* What was bound, but can't be opened yet: most often for its group. */
static void print_hindrance(const struct vioc_found_device *found)
{
	if (found->reason == VIOC_REASON_NONE || !(found->flags & VIOC_FOUND_VFIO))
		return;
	if (found->reason == VIOC_REASON_SIBLING_BOUND)
		fprintf(stderr,
			"vioc-bind: %s can't be opened while %s has %s of its group; --group takes "
			"all "
			"of it\n",
			found->name, found->blocker_driver, found->blocker);
	else
		fprintf(stderr, "vioc-bind: %s can't be opened (%s); see vioc-ls --why %s\n",
			found->name, vioc_reason_name(found->reason), found->name);
}

static void print_hindrances(const struct bind_plan *plan)
{
	for (size_t i = 0; i < plan->n_devices; i++) {
		struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
		struct vioc_found_device found = VIOC_SIZED(vioc_found_device);
		struct vioc_enumerator *enumerator;
		opts.slot = plan->devices[i].name;
		if (plan->devices[i].result != BIND_DONE ||
		    vioc_enumerator_new(plan->ctx, &opts, &enumerator) < 0)
			continue;
		if (vioc_enumerator_get_device(enumerator, 0, &found) > 0)
			print_hindrance(&found);
		vioc_enumerator_unref(enumerator);
	}
}

static const char *const result_names[] = {
	[BIND_UNCHANGED] = "unchanged", [BIND_PLANNED] = "planned",
	[BIND_IN_USE] = "refused",	[BIND_DONE] = "done",
	[BIND_FAILED] = "failed",	[BIND_ROLLED_BACK] = "rolled-back",
	[BIND_IS_LOST] = "lost",	[BIND_GONE] = "gone",
};

static void write_binding(FILE *out, const char *key, const struct vioc_binding *binding)
{
	fprintf(out, ",\"%s\":{\"any\":%s", key,
		binding->flags & VIOC_BINDING_ANY_DRIVER ? "true" : "false");
	write_member(out, "driver", binding->driver[0] ? binding->driver : NULL);
	write_member(out, "driver-override",
		     binding->driver_override[0] ? binding->driver_override : NULL);
	putc('}', out);
}

static void write_finding(FILE *out, const struct bind_options *options,
			  const struct vioc_diag *finding)
{
	uint32_t reason = vioc_diag_get_reason(finding);
	fprintf(out, "{\"hinders\":%s,\"can-be-forced\":%s",
		bind_is_refusal(options, finding) ? "true" : "false",
		bind_can_be_forced(reason) ? "true" : "false");
	write_member(out, "reason", vioc_reason_name(reason));
	write_member(out, "obstacle", vioc_diag_get_obstacle(finding));
	write_member(out, "advice", vioc_diag_get_advice(finding));
	putc('}', out);
}

static void write_device(FILE *out, const struct bind_plan *plan, const struct bind_device *device)
{
	fputs("{\"address\":", out);
	write_string(out, device->name);
	write_member(out, "result", result_names[device->result]);
	write_member(out, "failure", device->failure ? vioc_diag_get_text(device->failure) : NULL);
	write_binding(out, "before", &device->before);
	write_binding(out, "wanted", &device->wanted);
	fputs(",\"uses\":[", out);
	const char *comma = "";
	for (const struct vioc_diag *use = device->uses; use; use = vioc_diag_get_other(use)) {
		fputs(comma, out);
		write_finding(out, plan->options, use);
		comma = ",";
	}
	fputs("]}", out);
}

static int report_json(const struct bind_plan *plan)
{
	struct document document;
	if (document_begin(&document) < 0)
		return -1;
	fprintf(document.out, "{\"schema\":1,\"dry-run\":%s,\"devices\":[",
		plan->options->dry_run ? "true" : "false");
	for (size_t i = 0; i < plan->n_devices; i++) {
		fputs(i ? ",\n" : "\n", document.out);
		write_device(document.out, plan, &plan->devices[i]);
	}
	fputs("]}\n", document.out);
	return document_print(&document);
}

int bind_report(const struct bind_plan *plan)
{
	int error = 0;
	if (plan->options->json)
		error = report_json(plan);
	for (size_t i = 0; !plan->options->json && i < plan->n_devices; i++)
		print_device(plan, &plan->devices[i]);
	if (!plan->options->json)
		print_hindrances(plan);
	if (error == 0 && fflush(stdout) == 0)
		return 0;
	fprintf(stderr, "vioc-bind: the report could not be made or written\n");
	return BIND_ERROR;
}
