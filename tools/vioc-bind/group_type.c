// SPDX-License-Identifier: MIT
/* Shows and sets the default domains of devices' groups. */
#include <inttypes.h>
#include <string.h>

#include "bind.h"
#include "json.h"

static bool has_device(const struct bind_plan *plan, const struct vioc_enumerator *enumerator,
		       uint32_t group)
{
	struct vioc_found_device device = VIOC_SIZED(vioc_found_device);
	for (size_t i = 0; vioc_enumerator_get_device(enumerator, i, &device) > 0; i++)
		for (size_t j = 0; j < plan->n_devices; j++)
			if (device.flags & VIOC_FOUND_GROUP && device.group == group &&
			    strcmp(device.name, plan->devices[j].name) == 0)
				return true;
	return false;
}

static void print_group(const struct vioc_found_group *group)
{
	printf("group %" PRIu32 ": %s:", group->number, group->type ? group->type : "unknown");
	for (size_t i = 0; i < group->n_devices; i++)
		printf(" %s", group->devices[i]);
	putchar('\n');
}

static void write_group(FILE *out, const struct vioc_found_group *group)
{
	fprintf(out, "{\"group\":%" PRIu32, group->number);
	write_member(out, "type", group->type);
	fputs(",\"devices\":[", out);
	for (size_t i = 0; i < group->n_devices; i++) {
		fputs(i ? "," : "", out);
		write_string(out, group->devices[i]);
	}
	fputs("]}", out);
}

static int show(const struct bind_plan *plan, const struct vioc_enumerator *enumerator)
{
	struct vioc_found_group group = VIOC_SIZED(vioc_found_group);
	struct document document;
	const char *comma = "";
	if (plan->options->json && document_begin(&document) < 0)
		return BIND_ERROR;
	if (plan->options->json)
		fputs("{\"schema\":1,\"groups\":[", document.out);
	for (size_t i = 0; vioc_enumerator_get_group(enumerator, i, &group) > 0; i++) {
		if (!has_device(plan, enumerator, group.number))
			continue;
		if (!plan->options->json) {
			print_group(&group);
			continue;
		}
		fputs(comma, document.out);
		write_group(document.out, &group);
		comma = ",";
	}
	if (plan->options->json)
		fputs("]}\n", document.out);
	if (plan->options->json && document_print(&document) < 0)
		return BIND_ERROR;
	return fflush(stdout) == 0 ? 0 : BIND_ERROR;
}

static int set(const struct bind_plan *plan, const struct vioc_enumerator *enumerator)
{
	struct vioc_found_group group = VIOC_SIZED(vioc_found_group);
	for (size_t i = 0; vioc_enumerator_get_group(enumerator, i, &group) > 0; i++) {
		if (!has_device(plan, enumerator, group.number) || plan->options->dry_run)
			continue;
		int error = vioc_group_set_type(plan->ctx, group.number, plan->options->group_type);
		if (error < 0)
			return bind_complain(plan->ctx, error);
	}
	return 0;
}

static int look(const struct bind_plan *plan, struct vioc_enumerator **ret_enumerator)
{
	struct vioc_enumerator_opts opts = VIOC_SIZED(vioc_enumerator_opts);
	opts.flags = VIOC_ENUMERATE_BRIDGES;
	int error = vioc_enumerator_new(plan->ctx, &opts, ret_enumerator);
	return error < 0 ? bind_complain(plan->ctx, error) : 0;
}

int bind_group_types(struct bind_plan *plan)
{
	struct vioc_enumerator *enumerator;
	int status = look(plan, &enumerator);
	if (status == 0 && plan->options->group_type) {
		status = set(plan, enumerator);
		vioc_enumerator_unref(enumerator);
		if (status != 0)
			return status;
		status = look(plan, &enumerator);
	}
	if (status != 0)
		return status;
	status = show(plan, enumerator);
	vioc_enumerator_unref(enumerator);
	return status;
}
